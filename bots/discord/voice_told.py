"""A wall between a voice channel and whoever is told what happens there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from core.clock import Clock
from core.ports.voices import Listener, Present, Utterance

log = logging.getLogger(__name__)


class Telling:
    """Implements Listener for another one, and remembers when somebody was heard last."""

    def __init__(self, listener: Listener, clock: Clock) -> None:
        self.listener = listener
        self._clock = clock
        self.heard_at = clock.monotonic()

    def began(self, person: str) -> None:
        self.heard_at = self._clock.monotonic()
        self._wall(self.listener.began, person)

    def insists(self, person: str) -> None:
        self._wall(self.listener.insists, person)

    def sound(self, person: str, pcm: bytes) -> None:
        self._wall(self.listener.sound, person, pcm)

    def ended(self, said: Utterance) -> None:
        self.heard_at = self._clock.monotonic()
        self._wall(self.listener.ended, said)

    def dropped(self, person: str) -> None:
        self._wall(self.listener.dropped, person)

    def present(self, now: Sequence[Present]) -> None:
        self._wall(self.listener.present, now)

    def moved(self, channel: str) -> None:
        self._wall(self.listener.moved, channel)

    def closed(self, reason: str) -> None:
        self._wall(self.listener.closed, reason)

    def _wall(self, tell: Callable[..., None], *told: object) -> None:
        try:
            tell(*told)
        except Exception:
            log.exception("whoever listens in a voice channel failed")
