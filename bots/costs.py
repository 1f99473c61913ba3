"""`troupe costs`: what model calls have cost, as a plain table; names of people only when asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from core.casting import load_characters, sources_of
from core.errors import BadInput, Finding
from core.ids import CharacterId, EntityId, RoomId, string_to_uuid
from core.kept import Spending
from core.ports import Unit
from core.settings.layers import Environment, Settings
from core.store.engine import database_file
from core.store.looking import looking

By = Literal["character", "person", "room", "model", "day"]
BY: Sequence[By] = get_args(By)

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_SPAN = re.compile(r"(\d{1,4})([hdw])")
_NOBODY = "(none)"
"""Whose calls were made for no person and in no room, by a plugin of its own accord."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be told."""

    by: By = "character"
    since: datetime | None = None
    character: str = ""
    names: bool = False
    """People and rooms by their names, too."""
    on_stage: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    key: str
    sum: Spending
    calls: int
    unpriced: int


def since(text: str, now: datetime) -> datetime:
    """Of "7d", "12h", "2w" or "2026-11-01" in UTC; raises BadInput."""
    if span := _SPAN.fullmatch(text.strip().lower()):
        return now - int(span[1]) * _UNITS[span[2]]
    try:
        day = datetime.fromisoformat(text.strip())
    except ValueError:
        mend = "For example 7d, 12h, 2w or 2026-11-01"
        raise BadInput(Finding("--since", f"{text!r} is no time", mend)) from None
    return day if day.tzinfo else day.replace(tzinfo=now.tzinfo)


def costs(asked: Asked, environment: Environment, folder: Path = Path("characters")) -> list[str]:
    """The lines of the table, from the database of a gateway that runs or is stopped.

    Raises BadInput where there is none, and for a character that nobody knows.
    """
    settings = Settings(environment)
    data = Path(settings.text("TROUPE_DATA_DIR", "data"))
    stage, url = data / "stage", settings.text("DATABASE_URL")
    known = _characters(environment, folder)
    if not (url or asked.on_stage or database_file(url, data).exists()) and stage.exists():
        mend = "See what the stage has cost with --stage"
        raise BadInput(Finding(str(data), "nobody has played on a platform yet", mend))
    with looking(url or None, stage if asked.on_stage else data) as unit:
        return _table(unit, asked, known)


def _table(unit: Unit, asked: Asked, known: Mapping[CharacterId, str]) -> list[str]:
    spent = [CharacterId(key) for key, _, _ in unit.spendings.total("character")]
    whose = _whose(asked.character, known, spent)
    rows = _rows(unit, asked, whose)
    if not rows:
        return ["No model has been asked in that time."]
    if asked.by == "day":
        rows.sort(key=lambda one: one.key)
    called = _shown(unit, asked, rows, known, spent)
    lines = _aligned(
        [
            (asked.by, "calls", "prompt", "cached", "completion", "dollars"),
            *(_cells(called[one.key], one) for one in rows),
            _cells("all", _sum(rows)),
        ]
    )
    if any(one.unpriced for one in rows):
        lines += ["", *_unpriced(unit, asked, whose)]
    return lines


def _rows(unit: Unit, asked: Asked, whose: CharacterId | None) -> list[_Row]:
    total = partial(unit.spendings.total, asked.by, character=whose, since=asked.since)
    unpriced = {key: calls for key, _, calls in total(priced=False)}
    return [_Row(key, sum, calls, unpriced.get(key, 0)) for key, sum, calls in total()]


def _sum(rows: Sequence[_Row]) -> _Row:
    known = [one.sum.cost for one in rows if one.sum.cost is not None]
    return _Row(
        "",
        Spending(
            CharacterId(""),
            "",
            "",
            sum(one.sum.prompt_tokens for one in rows),
            sum(one.sum.completion_tokens for one in rows),
            sum(one.sum.cached_tokens for one in rows),
            cost=sum(known) if known else None,
        ),
        sum(one.calls for one in rows),
        sum(one.unpriced for one in rows),
    )


def _cells(name: str, row: _Row) -> tuple[str, ...]:
    spent = row.sum
    tokens = (spent.prompt_tokens, spent.cached_tokens, spent.completion_tokens)
    return (name, f"{row.calls:,}", *(f"{one:,}" for one in tokens), _dollars(row))


def _dollars(row: _Row) -> str:
    """Never 0 for what nobody knows."""
    if row.sum.cost is None:
        return "unknown"
    return f"{row.sum.cost:,.4f}{' + unknown' if row.unpriced else ''}"


def _unpriced(unit: Unit, asked: Asked, whose: CharacterId | None) -> Iterable[str]:
    found = unit.spendings.total("model", character=whose, since=asked.since, priced=False)
    for model, _, calls in found:
        yield f"The price of {model} is not known ({calls:,} {'call' if calls == 1 else 'calls'})."
    yield "MODEL_PRICES names a file with prices of your own; what was spent before stays as it is."


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The first column to the left, numbers to the right; what follows a sum hangs over."""
    widths = [max(len(row[at].partition(" +")[0]) for row in rows) for at in range(1, len(rows[0]))]
    first = max(len(row[0]) for row in rows)
    lines = []
    for row in rows:
        cells = []
        for text, width in zip(row[1:], widths, strict=True):
            number, plus, rest = text.partition(" +")
            cells.append(f"{number:>{width}}{plus}{rest}")
        lines.append("  ".join((f"{row[0]:<{first}}", *cells)).rstrip())
    return lines


# --- who is who ------------------------------------------------------------------------------------


def _characters(environment: Environment, folder: Path) -> dict[CharacterId, str]:
    """By their files, as far as they can be read; a bad one is `troupe check`'s matter."""
    roster = load_characters(sources_of([], environment, folder))
    return {one.id: one.name for one in roster.loaded}


def _whose(
    name: str, known: Mapping[CharacterId, str], spent: Sequence[CharacterId]
) -> CharacterId | None:
    """By name or id, also of one whose file is gone: ids are made of names."""
    if not name:
        return None
    for one, called in known.items():
        if name.casefold() in (called.casefold(), one):
            return one
    made = CharacterId(string_to_uuid(name))
    if made in spent:
        return made
    there = ", ".join(sorted(known.values()))
    raise BadInput(Finding("--character", f"nobody here is called {name}", f"There is {there}"))


def _names(unit: Unit, by: By, keys: Sequence[str], spent: Sequence[CharacterId]) -> dict[str, str]:
    """Of people or rooms; each character has ids of her own for them."""
    names: dict[str, str] = {}
    for one in spent:
        for at in range(0, len(keys), _AT_ONCE):
            some = keys[at : at + _AT_ONCE]
            if by == "room":
                rooms = unit.rooms.get(one, [RoomId(key) for key in some])
                names |= {room.id: room.name for room in rooms}
            else:
                people = unit.people.known(one, [EntityId(key) for key in some])
                names |= {person.id: person.names[0] for person in people if person.names}
    return names


def _shown(
    unit: Unit,
    asked: Asked,
    rows: Sequence[_Row],
    known: Mapping[CharacterId, str],
    spent: Sequence[CharacterId],
) -> dict[str, str]:
    """How each row is called: by its id, and by a name where that may be told."""
    keys = [one.key for one in rows if one.key]
    called: dict[str, str] = {key: key for key in keys} | {"": _NOBODY}
    if asked.by == "character":
        return called | {key: known.get(CharacterId(key), key) for key in keys}
    if asked.by in ("person", "room") and asked.names:
        for key, name in _names(unit, asked.by, keys, spent).items():
            # Whatever people call themselves, it stays on its line.
            called[key] += " " + "".join(letter for letter in name if letter.isprintable())
    return called
