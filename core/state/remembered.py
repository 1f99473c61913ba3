"""What came to mind for a turn, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

from core.messages import Memory


@dataclass(frozen=True, slots=True)
class Recollection:
    memory: Memory
    why: str
    """"words", "meaning", "both", "about" (a fact about who speaks), "newest", "beside" (what was
    answered to the one before it, or what that one answers)."""
    score: float = 0.0

    @property
    def trace(self) -> dict[str, Any]:
        """For the turn's record: where it is and why, none of its words (KN-14)."""
        return {"id": self.memory.id, "table": self.memory.table, "why": self.why,
                "score": round(self.score, 3)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Remembered:
    """Within the budget already, the best first."""

    facts: tuple[Recollection, ...] = ()
    talk: tuple[Recollection, ...] = ()
    knowledge: tuple[Recollection, ...] = ()
    more: bool = False
    """Words found little, and nobody has looked by meaning: who tries harder may remember more."""

    def __bool__(self) -> bool:
        return bool(self.facts or self.talk or self.knowledge)

    def __iter__(self) -> Iterator[Recollection]:
        return chain(self.facts, self.talk, self.knowledge)

    @property
    def trace(self) -> list[dict[str, Any]]:
        return [one.trace for one in self]


class Remembering(Protocol):
    """core.memory.recall.Recall, as providers see it."""

    async def __call__(self, scene: Any, *, deep: bool = False, query: str = "") -> Remembered:
        """What has to do with what was said just now, or with the query.

        `deep` may ask a model for the question's vector whatever that costs. Never raises for a
        model or database that is away: then less comes to mind.
        """
        ...
