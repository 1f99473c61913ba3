"""Speech over ours: it makes us pause at once, and stop where something was really said."""

from __future__ import annotations

from collections.abc import Callable

from core.clock import Clock
from core.flow.aloud import Aloud, Start
from core.flow.backchannels import BRIEF, is_nod, is_stop
from core.flow.taking_down import Uttered
from core.ports import Utterance
from core.settings.layers import Settings

_EARLY = 0.25
"""Seconds of ours in which nobody can interrupt: they had begun before us."""


class Interruptions:
    """Of one channel; `aloud` is what we say there now."""

    def __init__(
        self,
        settings: Callable[[], Settings | None],
        speaks: Callable[[str], bool],
        start: Start,
        clock: Clock,
    ) -> None:
        """`speaks` tells whether somebody is speaking at this moment."""
        self._settings = settings
        self._speaks = speaks
        self._start = start
        self._clock = clock
        self._over: dict[str, Aloud] = {}
        """What of ours was being said when somebody began."""
        self._held: set[str] = set()
        """For whom we have paused."""
        self.aloud: Aloud | None = None

    @property
    def sounding(self) -> Aloud | None:
        return self.aloud if self.aloud is not None and self.aloud.sounding else None

    def began(self, person: str) -> None:
        if (aloud := self.sounding) is not None:
            self._over[person] = aloud

    def insists(self, person: str) -> None:
        aloud = self.sounding
        if aloud is None or not self._may_interrupt:
            return
        early = _EARLY - aloud.played
        if early > 0:
            self._start(self._insist_later(person, aloud, early))
        else:
            self._pause(person, aloud)

    def ended(self, said: Utterance) -> Uttered:
        """What they have said may mean nothing: then we go on, and do not wait long to know."""
        over = self._over.pop(said.person, None) or self.sounding
        held = said.person in self._held
        if held:
            self._start(self._resume_later(said.person))
        return Uttered(said, over, held)

    def dropped(self, person: str) -> None:
        """Nothing was said after all, or they are not there any more."""
        self._over.pop(person, None)
        self.release(person)

    def counts(self, uttered: Uttered, text: str) -> bool:
        """Whether it is a part of the talk; where it is, and was said over ours, we stop."""
        said, over = uttered.said, uttered.over
        over = over if over is not None and over.sounding else None
        if not text or (over and said.speech <= BRIEF and is_nod(text)):
            self.release(said.person)
            return False
        stops = is_stop(text)
        if over and self._may_interrupt and (uttered.insisted or stops):
            self._held.clear()
            over.stop()
            return not stops
        self.release(said.person)
        return True

    def hush(self) -> None:
        """Nobody hears us any more: what they have not heard is to be written."""
        self._held.clear()
        if self.aloud is not None:
            self.aloud.hush()

    def release(self, person: str) -> None:
        """Go on where we stopped, once nobody is left for whom we have."""
        if person in self._held:
            self._held.discard(person)
            if not self._held and self.aloud is not None:
                self.aloud.resume()

    @property
    def _may_interrupt(self) -> bool:
        settings = self._settings()
        return settings is not None and settings.number("VOICE_INTERRUPTION", 0.5) > 0

    def _pause(self, person: str, aloud: Aloud) -> None:
        self._held.add(person)
        aloud.pause()

    async def _insist_later(self, person: str, aloud: Aloud, seconds: float) -> None:
        await self._clock.sleep(seconds)
        if self._speaks(person) and aloud.sounding:
            self._pause(person, aloud)

    async def _resume_later(self, person: str) -> None:
        settings = self._settings()
        await self._clock.sleep(settings.number("VOICE_FALSE_INTERRUPTION", 2) if settings else 0.0)
        if not self._speaks(person):
            self.release(person)
