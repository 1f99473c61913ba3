"""Why a bot is away from its voice server, told as soon as that is more than a moment."""

from __future__ import annotations

from collections.abc import Callable

from bots.discord.voice_sending import KEEPS_PLACE
from core.clock import Clock

_NO_WAY = "no sound gets to Discord's voice server"


class Absence:
    """Of one bot from one channel. What is shorter than speech keeps its place is none."""

    def __init__(self, clock: Clock, way: Callable[[], object]) -> None:
        """`way` is None while nothing can go out."""
        self._clock = clock
        self._way = way
        self._since: float | None = None
        self._why = ""
        self._for_good = False

    @property
    def why(self) -> str:
        """In words; empty while she is there, or may be again in a moment."""
        if self._for_good:
            return self._why
        if self._since is None or self._way() is not None:
            return ""
        return self._why if self._clock.monotonic() - self._since >= KEEPS_PLACE else ""

    def begin(self) -> None:
        """The connection is lost; maybe it has been for a while."""
        if self._since is None:
            self._since = self._clock.monotonic()

    def because(self, why: str) -> None:
        """She could not come back."""
        if not self._for_good:
            self._why = why

    def lasts(self, why: str) -> bool:
        """Speech has waited for as long as it may; whether it would wait on."""
        if self._for_good or self._way() is not None:
            return False
        self._since = float("-inf")
        self._why = self._why or why or _NO_WAY
        return True

    def over(self) -> None:
        """She is there again."""
        if not self._for_good:
            self._since, self._why = None, ""

    def end(self, why: str) -> None:
        """The channel is left: because of this, or not for being away at all."""
        self._for_good, self._why = True, why

    @property
    def last(self) -> str:
        """Why she could not come back, however short that is ago."""
        return self._why
