"""What is still to be made of a character's memories, and what goes into one request."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.ids import CharacterId
from core.memory.making import Vector
from core.messages import Memory
from core.ports import Unit
from core.queueing import Priority
from core.settings.layers import Settings

log = logging.getLogger(__name__)

NEVER = float("inf")
FULL = 64
"""Texts of one request."""
_KEY = "embeddings"
"""Of the cache: how far each model has come, by its name."""
_STEP = 500
_WEIGHTY = frozenset({"facts", "knowledge", "documents"})


@dataclass(slots=True)
class Watch:
    """What is known of one character's memories; whatever is lost of it, the database knows."""

    settings: Settings
    name: str = ""
    after: int | None = None
    """The row up to which all is done; None before that was read."""
    news: int = 0
    """Turns since then that are not in the index of words, without which nothing is found."""
    found: int = 0
    """And those that are."""
    waiting: int = 0
    """Too few to ask for, when they were last looked for."""
    since: float = NEVER
    look: bool = True
    soon: bool = False
    busy: bool = False
    not_before: float = 0.0
    size: int = FULL
    suspect: int | None = None
    """Where a text was refused alone; it is left out if the next one passes."""
    whole: bool = False
    checked: float = -NEVER
    others: bool = True
    """Vectors of other models may be there still."""
    total: tuple[int, int] | None = None
    """How many have a vector, of how many, while there are many to be made."""

    def counted(self, kept: int) -> None:
        if self.total is None:
            return
        had, should = self.total
        self.total = (min(had + kept, should), should)
        before, now = (10 * one // should for one in (had, self.total[0]))
        if now > before:
            name = self.settings.character_name
            log.info("%d %% of the memories of %s have vectors", now * 10, name)


@dataclass(frozen=True, slots=True)
class Portion:
    """What goes into one request."""

    character: CharacterId
    settings: Settings
    name: str
    rows: tuple[tuple[int, Memory], ...]
    looked: int
    since: float
    backlog: bool
    """There is more."""
    paid: int = 0
    """Requests taken from the allowance."""

    @property
    def texts(self) -> list[str]:
        """Each once: people say many things twice."""
        return list(dict.fromkeys(memory.content.text for _, memory in self.rows))

    @property
    def priority(self) -> Priority:
        weighty = any(memory.table in _WEIGHTY for _, memory in self.rows)
        return Priority.NORMAL if weighty else Priority.LOW


def marks_of(unit: Unit, character: CharacterId, now: datetime) -> dict[str, Any]:
    found = unit.cache.get(character, _KEY, now)
    return found if isinstance(found, dict) else {}


def keep(
    portion: Portion,
    name: str,
    rows: Sequence[tuple[int, Memory, Vector]],
    now: datetime,
    unit: Unit,
) -> int:
    """Vectors and how far that is, together: a crash leaves both or neither. How many were kept."""
    kept = unit.vectors.put(name, rows)
    marks = marks_of(unit, portion.character, now)
    marks[portion.name] = {"after": portion.looked} if name == portion.name else {"real": name}
    unit.cache.put(portion.character, _KEY, marks)
    return kept


def drop_others(character: CharacterId, name: str, now: datetime, unit: Unit) -> bool:
    """Drop some vectors of other models; whether there may be more."""
    if unit.vectors.drop_others(character, name, _STEP) >= _STEP:
        return True
    marks = marks_of(unit, character, now)
    # Whoever goes back to another model begins at its first row.
    kept = {key: mark for key, mark in marks.items() if name in (key, mark.get("real"))}
    unit.cache.put(character, _KEY, kept)
    return False
