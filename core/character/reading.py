"""Data of a file to a character: secrets apart, every fault told at once, nothing lost silently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic.alias_generators import to_camel, to_snake
from pydantic_core import ErrorDetails

from core.character.plain import one_line, plain
from core.character.shape import Character
from core.character.years import notes_on, with_switches
from core.errors import Finding
from core.secrets import Secret
from core.settings import schema


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
        what = f"is not one character, but {_kind(data)}"
        finding = Finding(where, what, 'Write one object: {"name": ..., ...}')
        return Reading(None, findings=(finding,))
    written, findings = plain(data, where)
    if not written and findings:
        return Reading(None, findings=tuple(findings))
    findings += _twice(written, where)
    secrets, settings, wrong = _apart(written, where)
    findings += wrong
    lost: list[str] = []
    rest = {
        key: value if key == "templates" else _stripped(value, key, lost)
        for key, value in written.items()
        if key not in ("secrets", "settings") and not _strays(key, value, key, lost)
    }
    try:
        character = Character.model_validate({**rest, "settings": _without_secrets(settings)})
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        findings += [_finding(details, where, written) for details in faults]
        character = None
    if findings:
        return Reading(None, findings=tuple(dict.fromkeys(findings)))
    notes = (one_line(note) for note in (*notes_on(rest, settings), *lost))
    return Reading(character, secrets, settings, tuple(notes))


def _twice(data: Mapping[str, Any], where: str) -> Iterator[Finding]:
    """A field in both spellings: nobody can know which one is meant."""
    for name in Character.model_fields:
        camel = to_camel(name)
        if camel != name and name in data and camel in data:
            what = f"is there as {name} as well"
            yield Finding(f"{where}: {camel}", what, "Keep one of them")


# --- secrets -----------------------------------------------------------------------------------


def _apart(
    data: Mapping[str, Any], where: str
) -> tuple[dict[str, Secret], dict[str, Any], list[Finding]]:
    """Secrets, other settings, and what is wrong with either."""
    findings: list[Finding] = []
    settings = _map(data.get("settings"), f"{where}: settings", findings)
    settings = with_switches(settings, data)
    # The inner map wins over the outer one (CX-13), and both over a secret written in the open.
    written: dict[str, tuple[str, Any]] = {}
    for place, there in (
        ("settings", {name: one for name, one in settings.items() if schema.is_secret(name)}),
        ("secrets", _map(data.get("secrets"), f"{where}: secrets", findings)),
        ("settings.secrets", _map(settings.get("secrets"), f"{where}: settings.secrets", findings)),
    ):
        written.update({name: (place, value) for name, value in there.items()})
    shown = {
        name: _hidden(value)
        for name, value in settings.items()
        if name != "secrets" and not schema.is_secret(name)
    }
    secrets: dict[str, Secret] = {}
    for name, (place, value) in written.items():
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        if isinstance(value, Mapping | list | tuple):
            findings.append(Finding(f"{where}: {place}.{one_line(name)}", "must be a text"))
            continue
        text = str(value).lower() if isinstance(value, bool) else str(value).strip()
        if schema.find(name) is None or schema.is_secret(name):
            secrets[name] = Secret(text)
        else:
            shown[name] = text  # a model's name or a flag: masking it would riddle the logs
    for name in (*shown, *secrets):
        key = schema.find(name)
        if key is not None and key.scope == "process":
            place = written[name][0] if name in written else "settings"
            what = "belongs to the whole process, not to one character"
            mend = f"Put {key.name}=... into .env"
            findings.append(Finding(f"{where}: {place}.{name}", what, mend))
    return secrets, shown, findings


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
            name: Secret(item) if _is_secret(name, item) else _hidden(item)
            for name, item in value.items()
        }
    return [_hidden(item) for item in value] if isinstance(value, list) else value


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _without_secrets(item)
            for name, item in value.items()
            if not isinstance(item, Secret)
        }
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value


def _strays(name: str, value: Any, path: str, lost: list[str]) -> bool:
    """A secret beside the places for secrets: it is not kept, since what is kept is shown."""
    if not _is_secret(name, value):
        return False
    Secret(value)  # so that no log shows it
    lost.append(f"{path} is a secret in a place where nobody looks for one; put it into .env")
    return True


def _stripped(value: Any, path: str, lost: list[str]) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _stripped(item, f"{path}.{name}", lost)
            for name, item in value.items()
            if not _strays(name, item, f"{path}.{name}", lost)
        }
    if isinstance(value, list):
        return [_stripped(item, f"{path}[{at}]", lost) for at, item in enumerate(value)]
    return value


def _is_secret(name: str, value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and schema.is_secret(name)


# --- telling -----------------------------------------------------------------------------------

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
    "plugins": "Name each plugin",
}


def _finding(details: ErrorDetails, where: str, data: Mapping[str, Any]) -> Finding:
    what, mend = _KINDS.get(details["type"], (details["msg"], ""))
    location = details["loc"]
    path = _path(location, data)
    last = next((part for part in reversed(location) if isinstance(part, str)), "")
    place = f"{where}: {one_line(path)}" if path else where
    return Finding(place, one_line(what), mend or _MENDS.get(last, ""))


def _path(location: tuple[str | int, ...], data: Any) -> str:
    """The way to a place as it is written in this very file, in whatever spelling."""
    path = ""
    for part in location:
        if isinstance(part, int):
            if isinstance(data, Mapping) and "examples" in data:
                path, data = f"{path}.examples", data["examples"]
            path += f"[{part}]"
            data = data[part] if isinstance(data, list) and part < len(data) else None
            continue
        if isinstance(data, Mapping) and part not in data and to_snake(part) in data:
            part = to_snake(part)
        path += f".{part}" if path else part
        data = data.get(part) if isinstance(data, Mapping) else None
    return path


def _kind(value: object) -> str:
    if isinstance(value, list | tuple):
        return "a list"
    return "a text" if isinstance(value, str) else "something else"
