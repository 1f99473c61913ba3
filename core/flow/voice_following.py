"""Whom a character follows into voice channels: whoever asked her to, and whom her settings name."""

from __future__ import annotations

from collections.abc import Mapping

from core.flow.cast import Part
from core.flow.seats import Seats
from core.flow.voice_ways import may_go, named
from core.ids import Account


class Following:
    """Kept over a restart; read once for each account."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._known: dict[Account, Mapping[str, frozenset[str]]] = {}
        """By their servers."""

    async def read(self, part: Part) -> None:
        if part.platform.account not in self._known:
            self._known[part.platform.account] = await self._seats.followed(part)

    async def follows(self, part: Part, world: str, person: str) -> bool:
        await self.read(part)
        asked = self._known[part.platform.account].get(world, frozenset())
        return person in asked or person in part.settings.csv("DISCORD_VOICE_FOLLOW")

    async def comes(self, part: Part, world: str, person: str, channel: str, *, away: bool) -> bool:
        """Whether she goes where somebody has gone; `away` from that server's channels also where
        her settings want her: she had left because she was alone."""
        if not channel or not may_go(part.settings):
            return False
        if await self.follows(part, world, person):
            return True
        return away and channel in named(part.settings)

    async def change(self, part: Part, world: str, person: str, *, on: bool) -> None:
        """From now on, or no more."""
        await self.read(part)
        known = self._known[part.platform.account]
        people = known.get(world, frozenset())
        people = people | {person} if on else people - {person}
        await self._seats.follow(part, world, people)
        self._known[part.platform.account] = {**known, world: people}
