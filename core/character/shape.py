"""A character as her author writes her: elizaOS' file shapes of all years, as one model."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    field_serializer,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from core.character.books import checked
from core.ids import CharacterId, string_to_uuid

Template = str | Callable[[Mapping[str, Any]], str]
"""A text, or of a Python module also a function of the values."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _one_or_many(value: object) -> object:
    """One text counts as a list of one."""
    return [value] if isinstance(value, str) else value


def _without_blanks(value: tuple[str, ...]) -> tuple[str, ...]:
    # After the entries were judged: a complaint about the third must mean the third.
    return tuple(item for item in value if item.strip())


def _named(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("blank", "is empty")
    if len(value.strip().splitlines()) > 1:
        raise PydanticCustomError("lines", "must be one line")
    return value.strip()


def _lived(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise PydanticCustomError("blank", "is empty")
    return value


def _uuid(value: str) -> str:
    if not _UUID.fullmatch(value.lower()):
        raise PydanticCustomError("uuid", "is not a UUID")
    return value.lower()


def _conversations(value: object) -> object:
    """Pages on Discord put a question and its answer into one flat object (V-21)."""
    if isinstance(value, list | tuple):
        value = [_both_said(item) for item in value]
    if isinstance(value, list | tuple) and any(
        isinstance(item, Mapping) and "examples" not in item for item in value
    ):
        raise PydanticCustomError(
            "flat", "must be a list of conversations, each of which is a list of messages"
        )
    return value


def _both_said(item: object) -> object:
    if not (isinstance(item, Mapping) and item.keys() == {"user", "content", "response"}):
        return item
    asked = {"name": item["user"], "content": item["content"]}
    return [asked, {"name": "{{char}}", "content": item["response"]}]


def _conversation(value: object) -> object:
    """The newest files put each conversation into an object of its own."""
    if not isinstance(value, Mapping):
        return value
    beside = ", ".join(sorted(key for key in value if key != "examples"))
    if beside:
        raise PydanticCustomError(
            "beside", "holds {beside} beside its examples, which has no place", {"beside": beside}
        )
    return value["examples"]


def _knowledge(value: Any) -> Any:
    """A text stays one; an object names a file or a folder, or holds a text."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        value = _flat(value)
        places = [place for place in ("path", "directory", "text") if place in value]
        if len(places) == 1 and isinstance(value[places[0]], str):
            if isinstance(value.get("shared", False), bool):
                return value
            raise PydanticCustomError("shared", "has a `shared` that is neither true nor false")
    raise PydanticCustomError(
        "knowledge", "must be a text, or an object with either a path, a directory or a text"
    )


def _document(value: Any) -> Any:
    return _knowledge({"path": value} if isinstance(value, str) else value)


def _flat(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """`{"item": {"case": "path", "value": "a.md"}}` of the newest files as `{"path": "a.md"}`."""
    item = value.get("item")
    if not isinstance(item, Mapping) or item.get("case") not in ("path", "directory"):
        return value
    place = item.get("value")
    if not isinstance(place, Mapping):
        place = {item["case"]: place}
    elif item["case"] == "directory" and "path" in place:
        place = {"directory" if key == "path" else key: one for key, one in place.items()}
    return {**{key: one for key, one in value.items() if key != "item"}, **place}


def _template(value: Any) -> Any:
    if isinstance(value, str) or callable(value):
        return value
    raise PydanticCustomError("string_type", "must be a text")


Lines = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_many, json_schema_input_type=str | list[str]),
    AfterValidator(_without_blanks),
]


class _Shape(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,
        extra="allow",
    )

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_absent(cls, value: object) -> object:
        if isinstance(value, Mapping):
            return {key: item for key, item in value.items() if item is not None}
        return value

    @property
    def extra(self) -> Mapping[str, Any]:
        """What else its author wrote there: kept as it is, without effect."""
        return self.model_extra or {}


class Said(_Shape):
    """What somebody says in an example."""

    text: str
    actions: Lines = ()

    @model_validator(mode="before")
    @classmethod
    def _one_text(cls, value: object) -> object:
        if isinstance(value, str):
            return {"text": value}
        if isinstance(value, Mapping) and "action" in value and "actions" not in value:
            # As it was before elizaOS 1.0.
            value = {**value, "actions": value["action"]}
            del value["action"]
        if isinstance(value, Mapping) and value.get("actions") and "text" not in value:
            return {**value, "text": ""}  # somebody who acts need not speak
        return value


class Example(_Shape):
    """One message of an example conversation; `{{user1}}` stands for whoever talks to her."""

    name: str = Field(validation_alias=AliasChoices("name", "user"))
    content: Said


class Style(_Shape):
    all: Lines = ()
    chat: Lines = ()
    post: Lines = ()


class Character(_Shape):
    """Who she is. Never holds a secret: those are taken out before a file becomes this."""

    id: Annotated[str, AfterValidator(_uuid)] | None = None
    name: Annotated[str, AfterValidator(_named)]
    username: str = ""
    system: str | None = None
    bio: Annotated[Lines, AfterValidator(_lived)]
    lore: Lines = ()
    topics: Lines = ()
    adjectives: Lines = ()
    style: Style = Field(default_factory=Style)
    message_examples: Annotated[
        tuple[Annotated[tuple[Example, ...], BeforeValidator(_conversation)], ...],
        BeforeValidator(_conversations),
    ] = ()
    post_examples: Lines = ()
    knowledge: tuple[Annotated[Any, AfterValidator(_knowledge)], ...] = ()
    documents: tuple[Annotated[Any, AfterValidator(_document)], ...] = ()
    """Of the newest files, which name files here and nothing else."""
    plugins: Lines = ()
    templates: dict[
        str, Annotated[Template, PlainValidator(_template, json_schema_input_type=str)]
    ] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    personality: str = ""
    scenario: str = ""
    greetings: Lines = ()
    """Opening lines, the usual one first; `{{user}}` is whoever is greeted."""
    final_instructions: str = ""
    """Of her author, shown after the conversation."""
    lorebook: Annotated[dict[str, Any], AfterValidator(checked)] | None = None
    """A Character Card V3 lorebook: told when its keywords are said. `{"path": "world.json"}` names
    a file in her folder, or several; what is loaded holds the books themselves."""
    card: dict[str, Any] = Field(default_factory=dict)
    """What else was on the character card that she came from."""
    people: Lines = ()
    clients: Lines = ()
    model_provider: str | None = None

    @field_serializer("templates")
    def _texts(self, templates: dict[str, Template]) -> dict[str, str]:
        return {name: one for name, one in templates.items() if isinstance(one, str)}

    @property
    def agent_id(self) -> CharacterId:
        """The same at every start: the file's own id, else made of the name (CH-04)."""
        return CharacterId(self.id or string_to_uuid(self.name))

    @property
    def handle(self) -> str:
        """The user name, else the name in lower case with underscores (CH-05)."""
        return self.username or re.sub(r"\s+", "_", self.name.lower())

    def to_file(self) -> dict[str, Any]:
        """As elizaOS writes files today, fit for JSON; reading it gives the same character.

        Whatever the author wrote that we do not know is in it. Secrets are not, nor templates that
        are functions.
        """
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
