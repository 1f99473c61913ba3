"""A talk that leaves its channel for a thread of its own: when it does, and what it takes along."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from core.clock import Clock
from core.flow.work import Work
from core.ids import Account, RoomId
from core.memory.recent import line_of
from core.messages import Address, ChannelType, Kind
from core.ports import Store
from core.state import Line
from core.text import clean

_WITHIN = 600.0
"""Seconds in which the exchanges have to lie."""
_TALKS = 5_000
_THREADS = 5_000
_LED = 20
"""Lines of the channel that are known in its thread."""
_LASTS = timedelta(days=180)
_A_MOMENT = timedelta(seconds=1)
"""The answer that opens a thread is written down just after it was decided."""
_LONGEST = 60
_TITLED = "Our talk"
"""What a thread is called that hangs from a message without words."""

_Talk = tuple[Account, str, str]


class Threads:
    """Of whom she has answered how often in a channel is forgotten by a restart; threads are not.

    A thread is known by the message that it hangs from, whose number it has.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._answered: OrderedDict[_Talk, deque[float]] = OrderedDict()
        self._opened: OrderedDict[Address, tuple[RoomId, datetime] | None] = OrderedDict()
        """From which room and when, of each thread that was looked up; None: not by her."""

    # --- in a channel ----------------------------------------------------------------------------

    def title(self, work: Work) -> str:
        """What the thread is called in which the answer is said; empty where it stays here."""
        most = self._most(work)
        if not most:
            return ""
        times = self._answered.get(_talk(work), ())
        since = self._clock.monotonic() - _WITHIN
        if sum(at > since for at in times) < most:
            return ""
        return _titled(work.lead.text)

    def answered(self, work: Work, title: str) -> None:
        """Called where the answer is about to be written down; with a `title`, it opens a thread."""
        most, talk = self._most(work), _talk(work)
        if not most:
            return
        if not title:
            times = self._answered.setdefault(talk, deque(maxlen=most))
            times.append(self._clock.monotonic())
            self._answered.move_to_end(talk)
            if len(self._answered) > _TALKS:
                self._answered.popitem(last=False)
            return
        self._answered.pop(talk, None)
        lead, part, now = work.lead, work.part, self._clock.now()
        thread = lead.address._replace(room=lead.message)
        room, until = work.spot.room, now + _A_MOMENT
        self._keep(thread, (room, until))
        told = {"from": room, "until": until.isoformat()}
        work.later.append(
            lambda unit: unit.cache.put(part.id, _key(thread), told, expires=now + _LASTS)
        )

    def _most(self, work: Work) -> int:
        """Exchanges after which one goes aside; 0 where that cannot be."""
        lead, part = work.lead, work.part
        possible = (
            part.platform.limits.threads
            and lead.kind is Kind.MESSAGE
            and lead.place.channel is ChannelType.GROUP
            and lead.message
            and not (lead.is_direct or lead.address.thread or lead.via or lead.author.is_bot)
        )
        return part.policy.threads if possible else 0

    # --- in a thread -----------------------------------------------------------------------------

    def is_hers(self, address: Address) -> bool:
        """Whether she has opened it; of what `look` has not looked up, no."""
        return self._opened.get(address) is not None

    async def look(self, work: Work) -> None:
        """Find out whether she has opened this thread; if so, what was said before it is known."""
        address, place = work.lead.address, work.lead.place
        if place.channel is not ChannelType.THREAD or not work.part.platform.limits.threads:
            return
        if address not in self._opened:
            self._keep(address, await self._found(work))
        opened = self._opened[address]
        if opened is not None:
            work.led = await self._led(work, *opened)

    async def _found(self, work: Work) -> tuple[RoomId, datetime] | None:
        part, key, now = work.part, _key(work.lead.address), self._clock.now()
        found = await self._store.read(lambda unit: unit.cache.get(part.id, key, now))
        if not isinstance(found, dict):
            return None
        return RoomId(found["from"]), datetime.fromisoformat(found["until"])

    async def _led(self, work: Work, room: RoomId, until: datetime) -> Sequence[Line]:
        part = work.part
        most = min(_LED, part.policy.history)
        if not most or work.spot.since > until:
            return ()
        # Read each time: what is forgotten in the channel is forgotten here.
        said = await self._store.read(
            lambda unit: unit.memories.find(part.id, rooms=[room], end=until, limit=most)
        )
        return [line for line in map(line_of, reversed(said)) if line.text]

    def _keep(self, address: Address, opened: tuple[RoomId, datetime] | None) -> None:
        self._opened[address] = opened
        self._opened.move_to_end(address)
        if len(self._opened) > _THREADS:
            self._opened.popitem(last=False)


def _talk(work: Work) -> _Talk:
    address = work.lead.address
    return address.account, address.room, work.lead.author.id


def _key(thread: Address) -> str:
    return f"troupe:thread:{thread.account}:{thread.room}"


def _titled(text: str) -> str:
    """The first words of what was said."""
    words = " ".join(clean(text).split())
    if len(words) > _LONGEST:
        words = words[:_LONGEST].rpartition(" ")[0] or words[:_LONGEST]
    return words.strip(" .,;:-") or _TITLED
