"""A character who is alone in a voice channel waits for a while, and goes."""

from __future__ import annotations

import logging
from collections.abc import Callable

from core.clock import Clock
from core.flow.cast import Part
from core.flow.voice_places import Place, Places

log = logging.getLogger(__name__)


class Alone:
    def __init__(self, places: Places, clock: Clock, go: Callable[[Part, Place], None]) -> None:
        """`go` takes her out, and must not be a task of the talk's own, which ends with it."""
        self._places = places
        self._clock = clock
        self._go = go

    def wait(self, part: Part, place: Place) -> None:
        """From now on, if she is alone and does not wait already."""
        talk = place.talk
        if not talk.alone:
            place.stop_waiting()
        seconds = part.settings.number("DISCORD_VOICE_ALONE", 60)
        if talk.alone and place.alone is None and seconds > 0:
            place.alone = talk.start(self._leave(part, place, seconds))

    async def _leave(self, part: Part, place: Place, seconds: float) -> None:
        await self._clock.sleep(seconds)
        if place.talk.alone and self._places.of(place.talk) is place:
            log.info("%s leaves a voice channel where nobody is", part.character.name)
            self._go(part, place)
