"""What a person may ask of the database about themselves (GAP-17), and what goes with time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from core.ids import CharacterId, EntityId, RoomId


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is gone."""

    counts: Mapping[str, int] = field(default_factory=dict)
    """By kind, in people's words: "messages", "facts", "relationships" ..."""
    rooms: tuple[RoomId, ...] = ()
    """Where something was; whoever holds lines of them in memory must read them anew."""
    files: tuple[str, ...] = ()
    """Refs of files of ours that nobody names any more."""
    character: CharacterId | None = None
    entity: EntityId | None = None
    """Who was forgotten, and by whom."""
    tasks: tuple[str, ...] = ()
    """Those that are gone."""

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Traced:
    """What a look has found: whoever erases somebody after it need look at what is newer alone."""

    upto: int
    """The last memory's row that was looked at."""
    said: tuple[int, ...] = ()
    answers: tuple[int, ...] = ()
    """Rows; those in company."""
    messages: frozenset[str] = frozenset()
    """By which answers name what they answer."""
    authors: tuple[tuple[str, str], ...] = ()
    """Account and author, as the inbox names them."""


class Persons(Protocol):
    def traced(self, character: CharacterId, entity: EntityId) -> Traced:
        """Look for somebody beside the writer, which would hold up all others for seconds where
        there are a million memories."""
        ...

    def forget(
        self,
        character: CharacterId,
        entity: EntityId,
        now: datetime,
        traced: Traced | None = None,
    ) -> Forgotten:
        """Erase a person from one character: what they said, what was answered to them, what is
        known of them, their names, settings, tasks, documents, and their words in both ledgers.

        Of a direct chat nothing is left. Rows that guard against doubles keep their keys alone.
        """
        ...

    def export(self, character: CharacterId, entity: EntityId) -> Mapping[str, Any]:
        """Everything of theirs and nothing of others', fit for JSON, oldest first."""
        ...

    def named(
        self, name: str, character: CharacterId | None = None, *, limit: int = 20
    ) -> Sequence[tuple[CharacterId, EntityId, str]]:
        """People of that name, platform id or entity id: whose, who, under which name."""
        ...

    def expire(
        self, character: CharacterId, before: datetime, *, facts: int, limit: int = 1000
    ) -> int:
        """Drop talk older than that, and of each room's facts all but so many, the surest and
        newest first; documents and knowledge stay. At most `limit` rows, how many (ME-11)."""
        ...
