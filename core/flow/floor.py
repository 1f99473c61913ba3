"""Who has the word among several characters in one room, and when they have said enough."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from core.ids import Account
from core.messages import Address

_ROOMS = 5_000
_PAIRS = 5_000
_WAIT = 10.0
"""Seconds that one character waits for another who thinks: an ill one must not silence a room."""
_WORD = 120.0
"""Seconds for which a word that was given is kept."""
_LINES = 8
_WINDOW = 60.0


class Where(NamedTuple):
    """A room as all of our characters see it: the same whoever's account hears of it."""

    platform: str
    room: str
    thread: str

    @classmethod
    def of(cls, address: Address) -> Where:
        return cls(address.platform, address.room, address.thread)


@dataclass(frozen=True, slots=True)
class Uttered:
    """What one of ours has said in a room, before the platform brings it to the others."""

    account: Account
    name: str
    text: str
    at: datetime


@dataclass(slots=True)
class _Room:
    here: dict[Account, None] = field(default_factory=dict)
    word: asyncio.Lock = field(default_factory=asyncio.Lock)
    given: Account | None = None
    given_at: float = float("-inf")
    said: deque[Uttered] = field(default_factory=lambda: deque(maxlen=_LINES))


@dataclass(slots=True)
class _Pair:
    times: deque[float] = field(default_factory=deque)
    silent_until: float = float("-inf")


class Floor:
    """The rooms in which more than one of ours has been seen; for all others it does nothing."""

    def __init__(self) -> None:
        self._rooms: OrderedDict[Where, _Room] = OrderedDict()
        self._pairs: OrderedDict[tuple[Where, frozenset[str]], _Pair] = OrderedDict()

    def seen(self, address: Address) -> None:
        """One of ours hears what is said there."""
        where = Where.of(address)
        room = self._rooms.get(where)
        if room is None:
            room = self._rooms[where] = _Room()
            if len(self._rooms) > _ROOMS:
                self._rooms.popitem(last=False)
        room.here.setdefault(address.account, None)

    def gone(self, account: Account) -> None:
        for room in self._rooms.values():
            room.here.pop(account, None)

    def others(self, address: Address) -> list[Account]:
        """Our other characters there, in the order in which they were first seen."""
        room = self._rooms.get(Where.of(address))
        return [one for one in room.here if one != address.account] if room else []

    # --- the word ------------------------------------------------------------------------------

    @asynccontextmanager
    async def word(self, address: Address) -> AsyncIterator[None]:
        """Speak one after the other: whoever comes later sees what the earlier one has said."""
        room = self._rooms.get(Where.of(address))
        if room is None or len(room.here) < 2:
            yield
            return
        held = False
        try:
            async with asyncio.timeout(_WAIT):
                held = await room.word.acquire()
        except TimeoutError:
            pass
        try:
            yield
        finally:
            if held:
                room.word.release()

    def utter(self, address: Address, uttered: Uttered) -> None:
        room = self._rooms.get(Where.of(address))
        if room is not None and len(room.here) > 1:
            room.said.append(uttered)

    def said_since(self, address: Address, when: datetime) -> list[Uttered]:
        """By our other characters, oldest first."""
        room = self._rooms.get(Where.of(address))
        if room is None:
            return []
        return [one for one in room.said if one.account != address.account and one.at >= when]

    def give(self, address: Address, account: Account, now: float) -> None:
        """Name who speaks next."""
        room = self._rooms.get(Where.of(address))
        if room is not None and account in room.here:
            room.given, room.given_at = account, now

    def given_to(self, address: Address, now: float) -> Account | None:
        """Who was named and has not spoken yet."""
        room = self._rooms.get(Where.of(address))
        if room is None or now - room.given_at > _WORD:
            return None
        return room.given

    def taken(self, address: Address) -> None:
        """Somebody speaks, so that nobody is next any more: the one named, or a person."""
        room = self._rooms.get(Where.of(address))
        if room is not None:
            room.given = None

    # --- enough is enough ----------------------------------------------------------------------

    def may_exchange(self, address: Address, other: str, most: int, now: float) -> bool:
        """Whether this character may answer that bot once more (G39); counts it if so.

        `most` in a minute for each pair in a room, then a minute of silence between them.
        """
        us = address.account.partition(":")[2]
        key = (Where.of(address), frozenset((us, other)))
        pair = self._pairs.get(key)
        if pair is None:
            pair = self._pairs[key] = _Pair()
            if len(self._pairs) > _PAIRS:
                self._pairs.popitem(last=False)
        self._pairs.move_to_end(key)
        if now < pair.silent_until:
            return False
        while pair.times and now - pair.times[0] >= _WINDOW:
            pair.times.popleft()
        if len(pair.times) >= most:
            pair.silent_until = now + _WINDOW
            pair.times.clear()
            return False
        pair.times.append(now)
        return True
