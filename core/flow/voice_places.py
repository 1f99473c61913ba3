"""In which voice channels ours are now, and into which they could not go: nothing but the list."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from core.flow.seats import Seat
from core.flow.voice_talk import VoiceTalk
from core.ids import Account
from core.messages import Address


@dataclass(slots=True)
class Place:
    """One server in which she is in a voice channel."""

    talk: VoiceTalk
    channel: str
    told: bool
    """People there know that she listens."""
    hears: bool = False
    """What people say there is written down."""
    telling: asyncio.Task[None] | None = None
    """Runs while she says that she listens."""
    alone: asyncio.Task[None] | None = None
    """Runs while nobody is with her."""

    def stop_waiting(self) -> None:
        if self.alone is not None:
            self.alone.cancel()
            self.alone = None

    def move(self, channel: str) -> None:
        """Where she is now, nobody has been told of her."""
        self.channel, self.told = channel, False
        if self.telling is not None:
            self.telling.cancel()
            self.telling = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A channel that she could not go into, or was lost: she tries again."""

    seat: Seat
    why: str


class Places:
    """One for each account and server, which is as many as there can be."""

    def __init__(self) -> None:
        self._places: dict[tuple[Account, str], Place] = {}
        self._wanted: dict[tuple[Account, str], Wanted] = {}
        """By their channels."""

    def __iter__(self) -> Iterator[tuple[Account, Place]]:
        return iter([(account, place) for (account, _), place in self._places.items()])

    def at(self, account: Account, world: str) -> Place | None:
        return self._places.get((account, world))

    def of(self, talk: VoiceTalk) -> Place | None:
        return next((one for one in self._places.values() if one.talk is talk), None)

    def talk(self, address: Address) -> VoiceTalk | None:
        for (account, _), place in self._places.items():
            if account == address.account and place.talk.channel.id == address.room:
                return place.talk
        return None

    def put(
        self, account: Account, world: str, place: Place, channels: Collection[str] = ()
    ) -> None:
        """She wants nothing else of that server, whose `channels` these are."""
        self._places[account, world] = place
        self.renounce(account, {place.channel, *channels}, world=world)

    def take(self, account: Account, world: str) -> Place | None:
        """Out of the list."""
        return self._places.pop((account, world), None)

    # --- what is tried again ---------------------------------------------------------------------

    @property
    def wanted(self) -> tuple[tuple[Account, Wanted], ...]:
        return tuple((account, one) for (account, _), one in self._wanted.items())

    def want(self, account: Account, seat: Seat, why: str) -> Wanted | None:
        """What was known of it before."""
        known = self._wanted.get((account, seat.channel))
        self._wanted[account, seat.channel] = Wanted(seat, why)
        return known

    def wants(self, account: Account, channel: str) -> bool:
        return (account, channel) in self._wanted

    def renounce(
        self, account: Account, channels: Collection[str], *, world: str = ""
    ) -> Wanted | None:
        """By the channels or their server, which is not known of every one that she wants; the
        first that is not tried any more."""
        found: Wanted | None = None
        for (its, room), one in tuple(self._wanted.items()):
            if its == account and (room in channels or (world and one.seat.world == world)):
                del self._wanted[its, room]
                found = found or one
        return found
