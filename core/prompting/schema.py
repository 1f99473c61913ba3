"""Named fields that an answer must have, and the codes by which a cut or skipped one is noticed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.prompting import loose_json
from core.prompting.loose import Found, truth
from core.prompting.marks import ASIDES

Format = Literal["json", "xml"]

_FIELD = re.compile(r"[A-Za-z_][\w-]{0,30}")
_OURS = re.compile(r"code\d+[ab]|(?:first|middle|last)_(?:code|again)|response")
_ENDS = ("first", "middle", "last")
_SPLIT = re.compile(r"[,;\n]")
_BULLET = re.compile(r"^[-*•\s]+")


@dataclass(frozen=True, slots=True)
class Row:
    """One field that is asked for."""

    field: str
    description: str = ""
    type: str = "text"
    """text, number, integer, boolean, list or object, or what other languages call them."""
    required: bool = False
    """It must say something: blanks and empty lists are nothing, 0 and False are something."""
    validate: bool | None = None
    """Codes around it; None leaves that to the level."""
    stream: bool | None = None
    """Shown while it is written; None: only the one called "text"."""

    @property
    def streams(self) -> bool:
        return self.field == "text" if self.stream is None else self.stream

    @property
    def wordy(self) -> bool:
        """Words, whatever tags stand in them."""
        return self.type.strip().lower() in ("text", "string", "str")

    @classmethod
    def of(cls, given: Row | Mapping[str, Any]) -> Row:
        """Also a mapping as elizaOS writes it: key or field, validateField, streamField."""
        if isinstance(given, Row):
            return given
        return cls(
            field=str(given.get("field") or given.get("key") or given.get("name") or ""),
            description=str(given.get("description") or ""),
            type=str(given.get("type") or "text"),
            required=truth(given.get("required")),
            validate=_choice(given, "validate", "validateField", "validate_field"),
            stream=_choice(given, "stream", "streamField", "stream_field"),
        )


def rows_of(given: Iterable[Row | Mapping[str, Any]]) -> tuple[Row, ...]:
    """Raises ValueError where nothing is asked for, or where two fields are one."""
    rows = tuple(map(Row.of, given))
    if not rows:
        raise ValueError("the schema has no rows; name at least one field")
    seen: set[str] = set()
    for row in rows:
        low = row.field.lower()
        if not _FIELD.fullmatch(row.field):
            raise ValueError(f"{row.field[:40]!r} is no field name; use letters, digits and _")
        if low in seen:
            raise ValueError(f"the schema has two fields called {row.field}; rename one")
        if low in ASIDES or _OURS.fullmatch(low):
            raise ValueError(f"no field may be called {row.field}; choose another name")
        seen.add(low)
    return rows


@dataclass(frozen=True, slots=True)
class Codes:
    """What an answer must repeat; made anew for every call, so that nobody can know them."""

    fields: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    """By field: the name before it, the name after it, the code."""
    ends: Mapping[str, str] = field(default_factory=dict)
    """By place in the prompt: first, middle, last."""
    twice: bool = False
    """The ends are to be repeated after the fields as well."""

    @classmethod
    def make(cls, rows: Sequence[Row], level: int, fresh: Callable[[], str]) -> Codes:
        coded = [
            (place, row)
            for place, row in enumerate(rows, 1)
            if (level == 1 if row.validate is None else row.validate)
        ]
        fields = {row.field: (f"code{at}a", f"code{at}b", fresh()) for at, row in coded}
        ends = {place: fresh() for place in _ENDS} if level >= 2 else {}
        return cls(fields, ends, level >= 3)

    @property
    def all(self) -> tuple[str, ...]:
        return (*(code for _, _, code in self.fields.values()), *self.ends.values())

    @property
    def names(self) -> frozenset[str]:
        """Fields that hold codes and nothing else."""
        around = {name for before, after, _ in self.fields.values() for name in (before, after)}
        return frozenset({*around, *self._at_the_ends("code"), *self._at_the_ends("again")})

    def _at_the_ends(self, word: str) -> list[str]:
        return [f"{place}_{word}" for place in self.ends]

    def shape(self, rows: Sequence[Row]) -> list[tuple[str, str]]:
        """The fields of an answer in order, each with what it is to hold."""
        shape = [
            (name, f"the {place} code")
            for name, place in zip(self._at_the_ends("code"), self.ends, strict=True)
        ]
        for row in rows:
            around = self.fields.get(row.field)
            if around:
                shape.append((around[0], around[2]))
            shape.append((row.field, _wish(row)))
            if around:
                shape.append((around[1], around[2]))
        if self.twice:
            again = zip(self._at_the_ends("again"), self.ends, strict=True)
            shape += [(name, f"the {place} code once more") for name, place in again]
        return shape

    def kept(self, values: Mapping[str, Any]) -> bool:
        """Whether the codes of the ends came back."""
        words = ("code", "again") if self.twice else ("code",)
        return all(
            _same(values.get(f"{place}_{word}"), code)
            for word in words
            for place, code in self.ends.items()
        )

    def around(self, name: str, values: Mapping[str, Any]) -> bool:
        """Whether the codes before and after this field are right."""
        before, after, code = self.fields[name]
        return _same(values.get(before), code) and _same(values.get(after), code)

    def without(self, value: Any) -> Any:
        """The same without any code that strayed into it."""
        if isinstance(value, str):
            for code in self.all:
                value = value.replace(code, "")
            return value.strip()
        if isinstance(value, dict):
            return {key: self.without(one) for key, one in value.items()}
        return [self.without(one) for one in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Checked:
    """What one answer is worth."""

    good: Mapping[str, Any]
    """Fields that are surely whole."""
    problem: str
    """Why the answer as a whole cannot be used, in our words; empty where it can."""


def checked(found: Found | None, rows: Sequence[Row], codes: Codes) -> Checked:
    if found is None:
        return Checked({}, "nothing in it could be read")
    values = {key.lower(): value for key, value in found.values.items()}
    sound = found.complete and codes.kept(values)
    good: dict[str, Any] = {}
    problems: list[str] = []
    if not codes.kept(values):
        problems.append("codes are missing or wrong")
    elif not found.complete and any(row.field not in codes.fields for row in rows):
        problems.append("it was cut off")  # where every field has its codes, those say more
    for row in rows:
        coded = row.field in codes.fields
        if coded and not codes.around(row.field, values):
            problems.append(f"{row.field} has lost its codes")
            continue
        value = codes.without(fitted(values.get(row.field.lower()), row.type))
        if missing(value):
            if row.required:
                problems.append(f"{row.field} is missing")
        elif coded or sound:
            good[row.field] = value
    if not good and not problems:
        problems.append("no field was given")
    return Checked(good, "; ".join(problems))


def missing(value: Any) -> bool:
    """Nothing was said: blanks, empty lists and objects; 0 and False are answers."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, list | dict) and not value)


def fitted(value: Any, kind: str) -> Any:
    """The value as the type that was asked for; None where it cannot be."""
    kind = kind.strip().lower()
    if value is None:
        return None
    if kind in ("number", "float", "integer", "int"):
        return _number(value, whole=kind.startswith("int"))
    if kind in ("boolean", "bool"):
        return truth(value) if value != "" and not isinstance(value, list | dict) else None
    if kind in ("list", "array") or kind.endswith("[]"):
        return _list(value)
    if kind in ("object", "dict", "json", "map"):
        return _object(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "\n".join(str(one) for one in value) if _all_words(value) else None
    return None if isinstance(value, dict) else str(value)


def _all_words(values: list[Any]) -> bool:
    return all(isinstance(one, str | int | float) for one in values)


def _number(value: Any, *, whole: bool) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str):
        found = loose_json.find(f'{{"n": {value.strip()[:64]}}}')
        value = found[0].get("n") if found else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if whole or (isinstance(value, float) and value.is_integer()) else value


def _list(value: Any) -> list[Any] | None:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        # <tags><tag>a</tag><tag>b</tag></tags>
        if len(value) != 1:
            return None
        inner = next(iter(value.values()))
        return inner if isinstance(inner, list) else [inner]
    if not isinstance(value, str):
        return [value]
    if value.lstrip().startswith("["):
        found = loose_json.find(f'{{"l": {value}}}')
        if found and found[1] and isinstance(found[0].get("l"), list):
            return list(found[0]["l"])
    parts = (_BULLET.sub("", part).strip() for part in _SPLIT.split(value))
    return [part for part in parts if part]


def _object(value: Any) -> dict[str, Any] | None:
    if isinstance(value, str):
        found = loose_json.find(value)
        return found[0] if found and found[1] else None
    return value if isinstance(value, dict) else None


def _same(value: Any, code: str) -> bool:
    return isinstance(value, str | int) and str(value).strip() == code


def _wish(row: Row) -> str:
    words = [row.description or row.field, row.type]
    return ", ".join((*words, "required") if row.required else words)


def _choice(given: Mapping[str, Any], *names: str) -> bool | None:
    return next((truth(given[name]) for name in names if given.get(name) is not None), None)
