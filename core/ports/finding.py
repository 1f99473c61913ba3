"""What recall asks of the database: memories by their words and by their meaning, within a scope."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.ids import CharacterId, EntityId, MemoryId, RoomId
from core.messages import Memory


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose memories, of which rooms: without both, nothing can be asked for (G36)."""

    character: CharacterId
    rooms: tuple[RoomId, ...]
    """Never empty, never another character's."""
    table: str = "messages"
    entity: EntityId | None = None
    """Only what this person has said, or what is known of them."""
    before: datetime | None = None
    """Only what is older: what is newer stands in the prompt already."""


@dataclass(frozen=True, slots=True)
class Found:
    memory: Memory
    score: float
    """By meaning the cosine, -1 to 1; by words the sum of what each shared word is worth here."""
    words: tuple[str, ...] = ()
    """Of the question, those that are in it."""
    seq: int = 0
    """The memory's row."""


Shared = tuple[str, ...]
"""Words of a question that a memory has."""
Judge = Callable[[Sequence[Shared]], Sequence[bool]]
"""Which of these hits, by the words that they share, are worth reading."""


@dataclass(frozen=True, slots=True)
class Hits:
    found: Sequence[Found] = ()
    others: Sequence[Shared] = ()
    """What those share that were not worth reading."""


class Passages(Protocol):
    """The full-text index. It follows behind: what was just said is in the prompt anyway."""

    def behind(self, limit: int) -> int:
        """Take the next memories in, at most so many; how many there were. Within a write."""
        ...

    def waiting(self) -> int:
        """How many rows have not been looked at yet."""
        ...

    def find(self, scope: Scope, words: Sequence[str], limit: int) -> list[Found]:
        """Those that share most with the question, the best first; `words` as `core.words` makes
        them. As everywhere, nothing of a room from before its fresh start."""
        ...

    def find_each(
        self,
        wanted: Sequence[tuple[Scope, int]],
        words: Sequence[str],
        judge: Judge | None = None,
    ) -> list[Hits]:
        """As `find` of each scope with its limit, for little more than one of them costs.

        What `judge` does not hold worth reading is not read.
        """
        ...


class Vectors(Protocol):
    """Vectors by the model that made them; those of different models never meet."""

    def missing(
        self, character: CharacterId, model: str, after: int, limit: int
    ) -> tuple[list[tuple[int, Memory]], int]:
        """The next memories with words and without a vector of this model, with their rows, oldest
        first; and how far that was looked. `after` is where the last look has ended, 0 at first."""
        ...

    def put(self, model: str, rows: Sequence[tuple[int, Memory, Sequence[float]]]) -> int:
        """Keep them in place of older ones; a memory that is gone meanwhile, or whose words have
        changed, is left out. How many were kept. A vector of zeros says nothing and is left out."""
        ...

    def of(
        self, character: CharacterId, model: str, memories: Collection[MemoryId]
    ) -> dict[MemoryId, Sequence[float]]: ...
    def nearest(
        self,
        scope: Scope,
        model: str,
        vector: Sequence[float],
        limit: int,
        *,
        least: float = -1.0,
    ) -> list[Found]:
        """By cosine, the nearest first; exact. Raises ValueError for a vector of another width."""
        ...

    def count(self, character: CharacterId, model: str) -> tuple[int, int]:
        """How many of a character's memories have one, and how many should."""
        ...

    def drop_others(self, character: CharacterId, model: str, limit: int = 1000) -> int:
        """Drop vectors of other models, once this one's are complete; how many."""
        ...
