"""What may make a character speak first by the clock: a time of day, a long silence."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from core.clock import Clock
from core.flow.cast import Cast, Part
from core.flow.habits import Habits
from core.ids import Account, EntityId
from core.messages import Address, Room
from core.ports import Store, Unit

_ROOMS = 20_000
_LATELY = timedelta(days=7)
"""Rooms in which nobody has spoken for longer are left alone."""
_LATE = timedelta(minutes=10)
"""So long after its time of day something is still said: the process may have been away."""
_LINES = 20
"""Of a room's newest talk; one of hers among them shows that she takes part."""
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Occasion:
    address: Address
    reason: str
    """For the model."""
    key: str
    """The same for the same occasion, also in the next process."""


class Occasions:
    """Rooms in which people and a character have talked lately; kept only for those who ask.

    Nothing here is stored: an occasion that is found twice is a double in the inbox.
    """

    def __init__(self, cast: Cast, store: Store, clock: Clock) -> None:
        self._cast = cast
        self._store = store
        self._clock = clock
        self._talk: OrderedDict[Address, datetime] = OrderedDict()
        self._read: set[Account] = set()
        self._found: OrderedDict[tuple[Account, str], None] = OrderedDict()

    def heard(self, address: Address, at: datetime, *, takes_part: bool) -> None:
        """Somebody has spoken; `takes_part` where she is known to answer there."""
        known = self._talk.get(address)
        if known is None and not takes_part:
            return
        self._talk[address] = max(known, at) if known else at
        self._talk.move_to_end(address)
        if len(self._talk) > _ROOMS:
            self._talk.popitem(last=False)

    def moved(self, old: Address, new: Address) -> None:
        if (last := self._talk.pop(old, None)) is not None:
            self._talk[new] = last

    def last_heard(self, address: Address) -> datetime | None:
        return self._talk.get(address)

    def rooms(self, account: Account) -> list[Address]:
        """Where there has been talk lately, the newest first."""
        since = self._clock.now() - _LATELY
        found = [
            (last, address)
            for address, last in self._talk.items()
            if address.account == account and last >= since
        ]
        return [address for _, address in sorted(found, reverse=True)]

    async def due(self) -> list[Occasion]:
        """What has come up since this was asked last."""
        found: list[Occasion] = []
        for part in list(self._cast):
            habits = part.policy.habits
            if habits is None or not (habits.at or habits.after or habits.on):
                continue
            await self.know(part)
            now = self._clock.now()
            for occasion in (*self._times(part, habits, now), *self._silences(part, habits, now)):
                key = occasion.address.account, occasion.key
                if key in self._found:
                    continue
                self._found[key] = None
                found.append(occasion)
        while len(self._found) > 2 * _ROOMS:
            self._found.popitem(last=False)
        return found

    async def know(self, part: Part) -> None:
        """Learn from the database where this character has talked; once for each account."""
        account = part.platform.account
        if account in self._read:
            return
        self._read.add(account)
        rooms = await self._store.read(lambda unit: unit.rooms.within(part.id))
        ours = [room for room in rooms if room.address.account == account]
        for start in range(0, len(ours), _AT_ONCE):
            some = ours[start : start + _AT_ONCE]
            for address, last in await self._store.read(partial(_talks, rooms=some)):
                known = self._talk.get(address)
                self._talk[address] = max(known, last) if known else last

    def _times(self, part: Part, habits: Habits, now: datetime) -> Iterator[Occasion]:
        for moment in habits.at:
            for day in (now.date(), now.date() - timedelta(days=1)):
                at = datetime.combine(day, moment, now.tzinfo)
                if not at <= now < at + _LATE:
                    continue
                reason = f"It is {moment:%H:%M} UTC, a time at which you say something by yourself."
                for address in self.rooms(part.platform.account):
                    key = f"at:{at:%Y%m%d%H%M}:{address.key}"
                    yield Occasion(address, reason, key)

    def _silences(self, part: Part, habits: Habits, now: datetime) -> Iterator[Occasion]:
        if not habits.after:
            return
        silence = timedelta(seconds=habits.after)
        long_ago = now - max(_LATELY, 2 * silence)
        reason = f"Nobody has said anything here for {told(habits.after)}."
        for address, last in list(self._talk.items()):
            if address.account == part.platform.account and long_ago <= last <= now - silence:
                key = f"silence:{round(last.timestamp() * 1000)}:{address.key}"
                yield Occasion(address, reason, key)


def _talks(unit: Unit, rooms: list[Room]) -> list[tuple[Address, datetime]]:
    found = []
    for room in rooms:
        lines = unit.memories.recent(room.character, room.id, _LINES)
        if any(one.author == EntityId(room.character) for one in lines):
            theirs = [one.created_at for one in lines if one.author != EntityId(room.character)]
            found.append((room.address, max(theirs or [lines[-1].created_at])))
    return found


def told(seconds: float) -> str:
    """A silence in words."""
    hours = seconds / 3600
    if hours < 1:
        minutes = max(1, round(hours * 60))
        return "a minute" if minutes == 1 else f"{minutes} minutes"
    if hours >= 48:
        return f"{hours / 24:.0f} days"
    return "an hour" if hours == 1 else f"{hours:.3g} hours"
