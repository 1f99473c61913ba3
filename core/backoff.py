"""How long to wait before trying again: longer each time, up to a bound."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    base: float = 0.25
    most: float = 4.0
    factor: float = 2.0

    def pause(self, retry: int) -> float:
        """Before the first retry, 1, and those after it."""
        return min(self.most, self.base * self.factor ** min(retry - 1, 64))
