"""Channels that a character wants to be in and cannot: she tries again, for as long as she wants to."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from core.clock import Clock
from core.errors import BadInput, CannotJoin
from core.flow.cast import Cast, Part
from core.flow.seats import Seat
from core.flow.voice_places import Places, Wanted
from core.flow.voice_reports import AGAIN
from core.flow.voice_ways import is_taken, named, rooms_of
from core.ids import Account
from core.settings.layers import Settings

log = logging.getLogger(__name__)

Still = Callable[[], bool]
"""Whether she is to be there yet; somebody may have sent her away meanwhile."""


_WRONG = "one of my settings is wrong, and my log says which"


def always() -> bool:
    return True


class Retries:
    """Each channel has a wall of its own: none of them keeps her out of another."""

    def __init__(
        self,
        cast: Cast,
        places: Places,
        clock: Clock,
        enter: Callable[[Part, Seat, Still], Awaitable[object]],
    ) -> None:
        """`enter` goes in, or raises CannotJoin; it asks whether it still should."""
        self._cast = cast
        self._places = places
        self._clock = clock
        self._enter = enter

    async def run(self) -> None:
        while True:
            await self._clock.sleep(AGAIN)
            for account, wanted in self._places.wanted:
                await self._again(account, wanted)

    async def attempt(self, part: Part, seat: Seat, still: Still = always) -> None:
        """Go there; where that cannot be, it is tried again."""
        try:
            await self._attempt(part, seat, still)
        except Exception:
            log.exception("the wall round one voice channel that somebody is to go into")

    async def reload(self, part: Part, before: Settings) -> None:
        """Only where her settings name something else than they did."""
        known, now = named(before), named(part.settings)
        self._places.renounce(part.platform.account, set(known) - set(now))
        for channel in now:
            if channel not in known:
                await self.attempt(part, Seat("", channel))

    async def _attempt(self, part: Part, seat: Seat, still: Still) -> None:
        account, rooms = part.platform.account, rooms_of(part)
        if rooms is None or is_taken(part, rooms, self._places, seat) or not still():
            return
        try:
            await self._enter(part, seat, still)
        except (CannotJoin, BadInput) as error:
            if not still():
                return
            # What is wrong with a setting, and where it stands, is not for everybody.
            why = _WRONG if isinstance(error, BadInput) else str(error)
            known = self._places.want(account, seat, why)
            if known is None or (why == _WRONG and known.why != why):
                name = part.character.name
                log.warning("%s cannot go into voice channel %s: %s", name, seat.channel, error)

    async def _again(self, account: Account, wanted: Wanted) -> None:
        part, channel = self._cast.on(account), wanted.seat.channel
        if part is None or rooms_of(part) is None:
            self._places.renounce(account, [channel])
        else:
            await self.attempt(part, wanted.seat, lambda: self._places.wants(account, channel))
