"""Who has the word among several characters in one room, and when they have said enough."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from core.ids import Account
from core.messages import Address, Place

_ROOMS = 5_000
_PAIRS = 5_000
_WAIT = 10.0
"""Seconds that one character waits for another who thinks: an ill one must not silence a room."""
_WORD = 120.0
"""Seconds for which a word that was given is kept."""
_LINES = 8
_LONGEST_LINE = 2_000
"""As prompts cut it."""
_LATE = timedelta(seconds=60)
"""What has not come round by then was not said in a hurry, or will never come."""
_WINDOW = 60.0
_NEVER = datetime.min.replace(tzinfo=UTC)


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
    """What one of ours has said in a room, before the others are told of it."""

    account: Account
    name: str
    text: str
    at: datetime
    key: str = ""
    """The same for a repeat."""
    aloud: bool = False
    """In a voice channel, and nowhere in writing."""


@dataclass(slots=True)
class _Word:
    """Whoever holds the lock speaks, since then."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    since: float = 0.0


@dataclass(slots=True)
class _Room:
    place: Place
    here: dict[Account, None] = field(default_factory=dict)
    words: dict[bool, _Word] = field(default_factory=lambda: {False: _Word(), True: _Word()})
    """In writing, and aloud: nobody waits for the one with the other."""
    given: Account | None = None
    given_at: float = float("-inf")
    given_when: datetime = _NEVER
    said: deque[tuple[Uttered, set[Account]]] = field(default_factory=lambda: deque(maxlen=_LINES))
    """With those who have heard of it by now."""


@dataclass(slots=True)
class _Pair:
    times: deque[float] = field(default_factory=deque)
    silent_until: float = float("-inf")


class Floor:
    """The groups that our characters are in; where one of them is alone, nobody waits for anybody.

    `wait` is for how many seconds one keeps the word while others want it.
    """

    def __init__(self, *, wait: float = _WAIT) -> None:
        self._wait = wait
        self._rooms: OrderedDict[Where, _Room] = OrderedDict()
        self._pairs: OrderedDict[tuple[Where, frozenset[str]], _Pair] = OrderedDict()

    def knows(self, address: Address) -> bool:
        """Whether anybody's presence there has been noted yet."""
        return Where.of(address) in self._rooms

    def seen(self, address: Address, place: Place, also: Iterable[Account] = ()) -> bool:
        """One of ours hears what is said there; `also` are known to be there from earlier.

        True for one who was not known to be there.
        """
        where = Where.of(address)
        room = self._rooms.get(where)
        if room is None:
            room = self._rooms[where] = _Room(place)
            if len(self._rooms) > _ROOMS:
                self._rooms.popitem(last=False)
        else:
            self._rooms.move_to_end(where)
            room.place = place
        new = address.account not in room.here
        for account in (*also, address.account):
            room.here.setdefault(account, None)
        return new

    def left(self, address: Address, server: str = "") -> None:
        """One of ours is not there any more, in none of its threads; or nowhere in a server."""
        for where, room in self._rooms.items():
            is_there = where.room == address.room or (server and room.place.world == server)
            if where.platform == address.platform and is_there:
                room.here.pop(address.account, None)

    def others(self, address: Address) -> list[Account]:
        """Our other characters there, in the order in which they were first seen."""
        room = self._rooms.get(Where.of(address))
        return [one for one in room.here if one != address.account] if room else []

    def place(self, address: Address) -> Place | None:
        """What the platform has told of it."""
        room = self._rooms.get(Where.of(address))
        return room.place if room else None

    # --- the word ------------------------------------------------------------------------------

    @asynccontextmanager
    async def word(self, address: Address, *, aloud: bool = False) -> AsyncIterator[None]:
        """Speak one after the other: whoever comes later sees what the earlier one has said.

        Also where one of ours seems alone: the others may be about to hear the same message.
        """
        room = self._rooms.get(Where.of(address))
        if room is None:
            yield
            return
        word = await self._wait_for(room.words, aloud)
        try:
            yield
        finally:
            word.lock.release()

    def speaks(self, address: Address) -> None:
        """Whoever has the word there is being heard: nobody takes it over for now."""
        room = self._rooms.get(Where.of(address))
        if room is not None and (word := room.words[True]).lock.locked():
            word.since = asyncio.get_running_loop().time()

    async def _wait_for(self, words: dict[bool, _Word], aloud: bool) -> _Word:
        """Take it over from whoever has had it for too long, once and for everybody after us."""
        loop = asyncio.get_running_loop()
        while True:
            word = words[aloud]
            begun = word.since if word.lock.locked() else loop.time()
            try:
                async with asyncio.timeout_at(begun + self._wait):
                    await word.lock.acquire()
            except TimeoutError:
                # Whoever has it now may have got it only while we waited.
                overdue = word.lock.locked() and loop.time() >= word.since + self._wait
                if overdue and words[aloud] is word:
                    words[aloud] = _Word()
                continue
            if word is words[aloud]:
                word.since = loop.time()
                return word
            word.lock.release()  # it was taken over by somebody else meanwhile

    def utter(self, address: Address, uttered: Uttered) -> None:
        room = self._rooms.get(Where.of(address))
        if room is None:
            return
        if len(room.here) < 2:
            room.said.clear()  # for whoever is about to be seen here the last line will do
        text = uttered.text[:_LONGEST_LINE]
        room.said.append((replace(uttered, text=text), {uttered.account}))

    def forget(self, address: Address, key: str) -> None:
        """It was said earlier, and is known."""
        room = self._rooms.get(Where.of(address))
        if room is not None:
            for one in [one for one in room.said if one[0].key == key]:
                room.said.remove(one)

    def hush(self, address: Address) -> None:
        """Somebody there is to be forgotten: nobody is told any more what was said to them."""
        room = self._rooms.get(Where.of(address))
        if room is not None:
            room.said.clear()

    def heard(self, address: Address, author: str, text: str) -> None:
        """One of ours has been told what `author` has said, or a part of it."""
        room = self._rooms.get(Where.of(address))
        if room is None or not room.said:
            return
        account, plain = f"{address.platform}:{author}", _plain(text)
        for one, hearers in room.said:
            if one.account == account and address.account not in hearers:
                whole = _plain(one.text)
                if plain in whole or whole in plain:
                    hearers.add(address.account)
                    return

    def unheard(self, address: Address, now: datetime) -> list[Uttered]:
        """What our others have said there lately and this one was not told yet, oldest first."""
        room = self._rooms.get(Where.of(address))
        if room is None:
            return []
        since = now - _LATE
        return [one for one, heard in room.said if address.account not in heard and one.at >= since]

    def give(self, address: Address, account: Account, now: float, when: datetime) -> None:
        """Name who speaks next; `now` and `when` are the same moment by both clocks."""
        room = self._rooms.get(Where.of(address))
        if room is not None and account in room.here:
            # Telegram tells times by whole seconds.
            room.given, room.given_at = account, now
            room.given_when = when.replace(microsecond=0)

    def given_to(self, address: Address, now: float) -> Account | None:
        """Who was named and has not spoken yet."""
        room = self._rooms.get(Where.of(address))
        if room is None or now - room.given_at > _WORD:
            return None
        return room.given

    def taken(self, address: Address, said: datetime | None = None) -> None:
        """Somebody speaks, so that nobody is next any more: the one named, or a person.

        What a person has `said` before the word was given, and one of ours hears only now, counts
        no more.
        """
        room = self._rooms.get(Where.of(address))
        if room is not None and (said is None or said >= room.given_when):
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


def _plain(text: str) -> str:
    """Without what platforms change on the way: marks, spaces, case."""
    return "".join(filter(str.isalnum, text)).casefold()
