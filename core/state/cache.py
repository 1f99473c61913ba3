"""States that were composed lately, by the message they were composed for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from core.clock import Clock
from core.state.composing import Provider, compose
from core.state.scene import Scene
from core.state.sections import State

_SWEEP = 60.0
"""Seconds between two looks for what has grown old."""


class _Entry(NamedTuple):
    at: float
    state: State


class StateCache:
    """At most `most` states, none older than `lasts` seconds; the oldest goes first (R-106)."""

    def __init__(self, clock: Clock, *, most: int = 1000, lasts: float = 300.0) -> None:
        self._clock = clock
        self._most = most
        self._lasts = lasts
        # In the order of their times, since whatever is put moves to the end.
        self._kept: dict[str, _Entry] = {}
        self._swept = clock.monotonic()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, message: str | None) -> State | None:
        entry = self._kept.get(message) if message else None
        if entry is None or self._clock.monotonic() - entry.at > self._lasts:
            return None
        return entry.state

    def put(self, message: str | None, state: State) -> None:
        """A message without an id is not kept: the next one without would find it."""
        if not message:
            return
        now = self._clock.monotonic()
        self._kept.pop(message, None)
        self._kept[message] = _Entry(now, state)
        if now - self._swept >= _SWEEP:
            self._swept = now
            for old in [key for key, one in self._kept.items() if now - one.at > self._lasts]:
                del self._kept[old]
        while len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]

    def drop(self, message: str) -> None:
        """Something was changed by which it has become untrue."""
        self._kept.pop(message, None)

    def clear(self) -> None:
        """Somebody is to be forgotten, whose words may stand in any of them."""
        self._kept.clear()

    async def compose(
        self,
        message: str | None,
        scene: Scene,
        providers: Iterable[Provider],
        include: Iterable[str] = (),
        *,
        only: bool = False,
        skip_cache: bool = False,
        limit: float = 30.0,
    ) -> State:
        """elizaOS' composeState: who is asked answers anew, what others said for this message
        stays (R-105, X-13)."""
        known = None if skip_cache else self.get(message)
        state = await compose(scene, providers, include, only=only, onto=known, limit=limit)
        self.put(message, state)
        return state
