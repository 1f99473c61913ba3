"""A character as her author writes her: elizaOS' file shape, checked, secrets taken out at once."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

from core.errors import Finding
from core.ids import CharacterId, string_to_uuid
from core.secrets import Secret
from core.settings import schema

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _lines(value: object) -> object:
    """One text counts as a list of one; blank entries are left out."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list | tuple):
        return [item for item in value if not (isinstance(item, str) and not item.strip())]
    return value


def _named(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("blank", "is empty")
    return value.strip()


def _uuid(value: str) -> str:
    if not _UUID.fullmatch(value.lower()):
        raise PydanticCustomError("uuid", "is not a UUID")
    return value.lower()


def _conversations(value: object) -> object:
    if isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        raise PydanticCustomError(
            "flat", "must be a list of conversations, each of which is a list of messages"
        )
    return value


def _knowledge(value: Any) -> Any:
    for item in value:
        if not isinstance(item, str) and not (
            isinstance(item, Mapping)
            and any(isinstance(item.get(place), str) for place in ("path", "directory", "text"))
        ):
            raise PydanticCustomError(
                "knowledge", "holds something that is neither a text nor an object with a path"
            )
    return value


Lines = Annotated[tuple[str, ...], BeforeValidator(_lines, json_schema_input_type=str | list[str])]


class _Shape(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,
        extra="ignore",
    )


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
            return {**value, "actions": value["action"]}  # before elizaOS 1.0
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
    bio: Lines
    lore: Lines = ()
    topics: Lines = ()
    adjectives: Lines = ()
    style: Style = Field(default_factory=Style)
    message_examples: Annotated[
        tuple[tuple[Example, ...], ...], BeforeValidator(_conversations)
    ] = ()
    post_examples: Lines = ()
    knowledge: Annotated[tuple[Any, ...], AfterValidator(_knowledge)] = ()
    plugins: Lines = ()
    templates: dict[str, str] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    people: Lines = ()
    clients: Lines = ()
    model_provider: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_absent(cls, value: object) -> object:
        if isinstance(value, Mapping):
            return {key: item for key, item in value.items() if item is not None}
        return value

    @model_validator(mode="after")
    def _has_a_life(self) -> Character:
        if not self.bio:
            raise PydanticCustomError("bio", "bio is empty")
        return self

    @property
    def agent_id(self) -> CharacterId:
        """The same at every start: the file's own id, else made of the name (CH-04)."""
        return CharacterId(self.id or string_to_uuid(self.name))

    @property
    def handle(self) -> str:
        """The user name, else the name in lower case with underscores (CH-05)."""
        return self.username or re.sub(r"\s+", "_", self.name.lower())


@dataclass(frozen=True, slots=True)
class Validation:
    """elizaOS' `validateCharacter` answer, with every error and not only the first."""

    valid: bool
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one file's data: a character where nothing is wrong."""

    character: Character | None
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def validate_character(data: object) -> Validation:
    reading = read_character(data, where="character")
    return Validation(reading.character is not None, tuple(map(str, reading.findings)))


def read_character(data: object, *, where: str) -> Reading:
    """Data of a file to a character, its secrets apart; `where` names the file in findings."""
    if not isinstance(data, Mapping):
        finding = Finding(where, "is not one character", 'Write one object: {"name": ..., ...}')
        return Reading(None, findings=(finding,))
    secrets, settings, findings = _apart(data, where)
    rest = {str(key): value for key, value in data.items() if key not in ("secrets", "settings")}
    try:
        character = Character.model_validate({**rest, "settings": _without_secrets(settings)})
    except ValidationError as error:
        findings += [_finding(details, where) for details in error.errors(include_input=False)]
        character = None
    except RecursionError:
        findings.append(Finding(where, "is nested too deeply"))
        character = None
    if findings:
        return Reading(None, findings=tuple(findings))
    return Reading(character, secrets, settings, tuple(_notes(rest)))


# --- secrets -----------------------------------------------------------------------------------


def _apart(
    data: Mapping[Any, Any], where: str
) -> tuple[dict[str, Secret], dict[str, Any], list[Finding]]:
    """Secrets, other settings, and what is wrong with either."""
    findings: list[Finding] = []
    settings = _map(data.get("settings"), f"{where}: settings", findings)
    # The inner map wins over the outer one (CX-13), and both over a secret written in the open.
    written = {
        **{name: value for name, value in settings.items() if schema.is_secret(name)},
        **_map(data.get("secrets"), f"{where}: secrets", findings),
        **_map(settings.get("secrets"), f"{where}: settings.secrets", findings),
    }
    plain = {
        name: _hidden(value)
        for name, value in settings.items()
        if name != "secrets" and not schema.is_secret(name)
    }
    secrets: dict[str, Secret] = {}
    for name, value in written.items():
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        if isinstance(value, Mapping | list | tuple):
            findings.append(Finding(f"{where}: secrets.{name}", "must be a text"))
            continue
        text = str(value).lower() if isinstance(value, bool) else str(value).strip()
        if schema.find(name) is None or schema.is_secret(name):
            secrets[name] = Secret(text)
        else:
            plain[name] = text  # a model's name or a flag: masking it would riddle the logs
    for name in (*plain, *secrets):
        key = schema.find(name)
        if key is not None and key.scope == "process":
            findings.append(
                Finding(
                    f"{where}: settings.{name}",
                    "belongs to the whole process, not to one character",
                    f"Put {key.name}=... into .env",
                )
            )
    return secrets, plain, findings


def _map(value: object, where: str, findings: list[Finding]) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    what = f"must be an object, and is {_kind(value)}"
    findings.append(Finding(where, what, 'Write {"NAME": "value"}'))
    return {}


def _hidden(value: Any) -> Any:
    """Nested settings as they are, with a Secret in place of what looks like one."""
    if isinstance(value, Mapping):
        return {
            str(name): Secret(item)
            if isinstance(item, str) and item and schema.is_secret(str(name))
            else _hidden(item)
            for name, item in value.items()
        }
    return [_hidden(item) for item in value] if isinstance(value, list | tuple) else value


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _without_secrets(item)
            for name, item in value.items()
            if not isinstance(item, Secret)
        }
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value


# --- telling -----------------------------------------------------------------------------------

_LEGACY = {
    "modelProvider": "which model answers is a setting: OPENAI_LARGE_MODEL",
    "model": "which model answers is a setting: OPENAI_LARGE_MODEL",
    "clients": "a platform is used where the character has a token for it",
}
_KINDS: dict[str, tuple[str, str]] = {
    "string_type": ("must be a text", ""),
    "tuple_type": ("must be a list", "Write [ ... ] around it"),
    "list_type": ("must be a list", "Write [ ... ] around it"),
    "dict_type": ("must be an object", "Write { ... }"),
    "model_type": ("must be an object", "Write { ... }"),
    "model_attributes_type": ("must be an object", "Write { ... }"),
    "missing": ("is missing", ""),
}
_MENDS = {
    "name": "Every character has one",
    "bio": "Say in a sentence or two who she is",
    "content": 'Write {"text": "..."}',
    "id": "Leave it out, and it is made of the name",
}


def _finding(details: ErrorDetails, where: str) -> Finding:
    what, mend = _KINDS.get(details["type"], (details["msg"], ""))
    path = _path(details["loc"])
    if details["type"] == "bio":
        path, what = "bio", "is empty"
    last = path.rpartition(".")[2]
    return Finding(f"{where}: {path}" if path else where, what, mend or _MENDS.get(last, ""))


def _path(location: Sequence[str | int]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _notes(data: Iterable[str]) -> Iterable[str]:
    ours = {"$schema", *Character.model_fields, *map(to_camel, Character.model_fields)}
    for name in data:
        if name in _LEGACY or to_camel(name) in _LEGACY:
            yield f"{name} is not used: {_LEGACY[to_camel(name)]}"
        elif name not in ours:
            yield f"{name} is not a part of a character that we know, and is left aside"


def _kind(value: object) -> str:
    if isinstance(value, list | tuple):
        return "a list"
    return "a text" if isinstance(value, str) else "something else"


def json_schema() -> dict[str, Any]:
    """For editors: what a character file may hold."""
    shape = Character.model_json_schema(by_alias=True)
    shape["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    shape["properties"]["$schema"] = {"type": "string"}
    shape["properties"]["secrets"] = {
        "type": "object",
        "description": "Taken out while loading. Better in .env than in a file you may share.",
    }
    return shape


if __name__ == "__main__":
    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
