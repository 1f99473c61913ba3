"""In which voice channels ours are now, and into which they could not go: nothing but the list."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
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
    """People there know that she listens, or she does not."""
    alone: asyncio.Task[None] | None = None
    """Runs while nobody is with her."""

    def stop_waiting(self) -> None:
        if self.alone is not None:
            self.alone.cancel()
            self.alone = None


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

    def put(self, account: Account, world: str, place: Place) -> None:
        self._places[account, world] = place
        for key, one in tuple(self._wanted.items()):
            if key == (account, place.channel) or (key[0] == account and one.seat.world == world):
                del self._wanted[key]

    def take(self, account: Account, world: str) -> Place | None:
        """Out of the list."""
        return self._places.pop((account, world), None)

    # --- what is tried again ---------------------------------------------------------------------

    @property
    def wanted(self) -> tuple[tuple[Account, Wanted], ...]:
        return tuple((account, one) for (account, _), one in self._wanted.items())

    def want(self, account: Account, seat: Seat, why: str) -> bool:
        """Whether that is news."""
        known = (account, seat.channel) in self._wanted
        self._wanted[account, seat.channel] = Wanted(seat, why)
        return not known

    def renounce(self, account: Account, *, world: str = "", channel: str = "") -> Wanted | None:
        """By the server in which she was, or by the channel; the first that is not tried any more."""
        found: Wanted | None = None
        for (its, room), one in tuple(self._wanted.items()):
            if its == account and (room == channel or (world and one.seat.world == world)):
                del self._wanted[its, room]
                found = found or one
        return found
