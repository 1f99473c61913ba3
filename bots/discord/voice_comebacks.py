"""How often, and how soon, a bot comes back into a voice channel whose connection it has lost."""

from __future__ import annotations

import random

from core.clock import Clock

_WITHIN = 120.0
_PAUSES = (0.0, 1.0, 4.0, 12.0, 30.0)
"""Seconds before the first time within two minutes, the second, and so on; then it is enough."""
_FEW = 2


class Comebacks:
    def __init__(self, clock: Clock, chance: random.Random) -> None:
        self._clock = clock
        self._chance = chance
        self._times: list[float] = []

    def next(self) -> float | None:
        """Seconds to wait before coming back; None: no more."""
        count = self._recent()
        if count == len(_PAUSES):
            return None
        self._times.append(self._clock.monotonic())
        return self._chance.uniform(_PAUSES[count] / 2, _PAUSES[count])

    @property
    def few(self) -> bool:
        """There are so few that another costs nobody the channel."""
        return self._recent() < _FEW

    def _recent(self) -> int:
        since = self._clock.monotonic() - _WITHIN
        self._times = [one for one in self._times if one > since]
        return len(self._times)
