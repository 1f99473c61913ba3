"""Character Cards V1, V2 and V3 as their specifications have them, put right where cards are not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from core.cards.world import from_world, is_worldly

Spec = Literal["v1", "v2", "v3"]
SPECS: Mapping[Spec, tuple[str, str]] = {
    "v2": ("chara_card_v2", "2.0"),
    "v3": ("chara_card_v3", "3.0"),
}


def _text(value: Any) -> Any:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list() if all(isinstance(one, str) for one in value):
            return "\n".join(value)
        case list() | dict():
            return json.dumps(value, ensure_ascii=False)
    return value


def _texts(value: Any) -> Any:
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, Mapping):
        return [_text(one) for one in value.values()]
    if isinstance(value, list):
        return [_text(one) for one in value if one is not None]
    return [] if value is None else [_text(value)]


def _words(value: Any) -> Any:
    """Keys and tags: one text holds several with commas between them, or one pattern."""
    if isinstance(value, str) and value.startswith("/"):
        return [value]
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    return _texts(value)


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return value
        if abs(number) >= 1e300 or number != number:
            return value
        return int(number) if number == int(number) else number
    return value


def _order(value: Any) -> Any:
    number = _number(value)
    return number if isinstance(number, int | float) else 0


def _flag(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip().lower() not in ("", "0", "false", "no", "off", "null")
    return bool(value)


def _on(value: Any) -> Any:
    return True if value is None else _flag(value)


def _object(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value
    return {"value": value} if value not in (None, "", [], False) else {}


def _texts_by_name(value: Any) -> Any:
    there = _object(value)
    return {name: _text(one) for name, one in there.items()}


def _place(value: Any) -> Any:
    """As numbers it is chub's, who got them from SillyTavern."""
    named: dict[Any, str] = {0: "before_char", "0": "before_char", 1: "after_char"}
    named["1"] = "after_char"
    return value if isinstance(value, bool | list | dict) else named.get(value, value)


def _entries(value: Any) -> Any:
    """SillyTavern's own books have an object of numbers in place of a list."""
    return [from_world(one) if is_worldly(one) else one for one in _rows(value)]


def _rows(value: Any) -> list[Mapping[str, Any]]:
    there = list(value.values()) if isinstance(value, Mapping) else value
    return [one for one in there if isinstance(one, Mapping)] if isinstance(there, list) else []


Text = Annotated[str, BeforeValidator(_text)]
Texts = Annotated[list[str], BeforeValidator(_texts)]
Words = Annotated[list[str], BeforeValidator(_words)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Object = Annotated[dict[str, Any], BeforeValidator(_object)]
Loose = Annotated[Any, BeforeValidator(_number)]
"""A number where it is one. What cannot be read as one stays as it is: nothing is lost."""


class _Shape(BaseModel):
    """Whatever else stands there is kept; a field that may be absent is as good as null."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        ours = cls.model_fields
        return {key: one for key, one in value.items() if one is not None or key not in ours}

    @model_serializer(mode="wrap")
    def _absent_stays_absent(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        ours = type(self).model_fields
        there: dict[str, Any] = written(self)
        return {key: one for key, one in there.items() if one is not None or key not in ours}


class Asset(_Shape):
    type: Text = ""
    uri: Text = ""
    name: Text = ""
    ext: Text = ""


class Entry(_Shape):
    keys: Words = Field(default_factory=list)
    content: Text = ""
    extensions: Object = Field(default_factory=dict)
    enabled: Annotated[bool, BeforeValidator(_on)] = True
    insertion_order: Annotated[int | float, BeforeValidator(_order)] = 0
    case_sensitive: Flag | None = None
    use_regex: Flag | None = None
    constant: Flag | None = None
    name: Text | None = None
    priority: Loose = None
    id: Any = None
    comment: Text | None = None
    selective: Flag | None = None
    secondary_keys: Words | None = None
    position: Annotated[Any, BeforeValidator(_place)] = None


class Book(_Shape):
    name: Text | None = None
    description: Text | None = None
    scan_depth: Loose = None
    token_budget: Loose = None
    recursive_scanning: Flag | None = None
    extensions: Object = Field(default_factory=dict)
    entries: Annotated[list[Entry], BeforeValidator(_entries)] = Field(default_factory=list)


def _book(value: Any) -> Any:
    if isinstance(value, list):
        return {"entries": value}
    if not isinstance(value, Mapping) or not value:
        return None
    if isinstance(value.get("data"), Mapping) and "entries" not in value:
        value = value["data"]  # {"spec": "lorebook_v3", "data": ...}
    entries = _rows(value.get("entries"))
    if value.get("recursive_scanning") is None and any(map(is_worldly, entries)):
        return {**value, "recursive_scanning": True}  # as that program has it
    return value


class CardV1(_Shape):
    """Six texts; from 2023, and still what many cards amount to."""

    name: Text = ""
    description: Text = ""
    personality: Text = ""
    scenario: Text = ""
    first_mes: Text = ""
    mes_example: Text = ""


class CardV2(CardV1):
    creator_notes: Text = ""
    system_prompt: Text = ""
    post_history_instructions: Text = ""
    alternate_greetings: Texts = Field(default_factory=list)
    character_book: Annotated[Book | None, BeforeValidator(_book)] = None
    tags: Words = Field(default_factory=list)
    creator: Text = ""
    character_version: Text = ""
    extensions: Object = Field(default_factory=dict)


class CardV3(CardV2):
    assets: Annotated[list[Asset] | None, BeforeValidator(_rows)] = None
    nickname: Text | None = None
    creator_notes_multilingual: (
        Annotated[dict[str, str], BeforeValidator(_texts_by_name)] | None
    ) = None
    source: Texts | None = None
    group_only_greetings: Texts = Field(default_factory=list)
    creation_date: Loose = None
    modification_date: Loose = None


def put_right_book(book: Mapping[str, Any]) -> dict[str, Any]:
    """One lorebook, of whatever program, as cards have it."""
    return Book.model_validate(_book(book) or {}).model_dump()


def put_right(data: Mapping[str, Any], spec: Spec) -> tuple[dict[str, Any], list[str]]:
    """The data of a card as its specification has it, and which of its fields were not so.

    A V1 card becomes a V2 card. What nobody specified stays as it is.
    """
    # Fields of V3 are found in cards that call themselves V2: read as such, not demanded.
    right = CardV3.model_validate(data).model_dump()
    if spec != "v3" and "group_only_greetings" not in data:
        del right["group_only_greetings"]
    for entry in right.get("character_book", {}).get("entries", ()) if spec == "v3" else ():
        entry.setdefault("use_regex", False)
    changed = [
        f"{name} was not what a card holds there; it was put right"
        for name, one in data.items()
        if one is not None and name in CardV3.model_fields and right.get(name) != one
    ]
    # In the order of the card, then what it lacks.
    return {name: right[name] for name in (*[n for n in data if n in right], *right)}, changed
