"""One turn at a time in each room; rooms side by side, and what is said aloud beside what is written."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from core.bell import Bell
from core.flow.opened import Open, Postponed, Superseded
from core.messages import Address, Delivery, Kind, Received
from core.ports import Handler, Store, Waiting, message_key

log = logging.getLogger(__name__)

_HOT = 2_000
"""Payloads kept in memory; the others are read again from the inbox when their turn comes."""
_LONGEST_REST = 1.5
"""Seconds for which the rest of a message is waited for."""


_Key = tuple[Address, bool]
"""A room; and whether it is what is said aloud there, which nothing that is written waits for."""


@dataclass(slots=True)
class _Lane:
    """It exists while its room is served, or stands in the list of those that wait for a place."""

    queue: deque[Waiting] = field(default_factory=deque)
    running: Open | None = None
    gone: set[str] = field(default_factory=set)
    """The keys of what is taken back, until that has been looked after."""
    rests: float = 0.0
    """Seconds for which its oldest message is put off."""
    timer: asyncio.TimerHandle | None = None
    """Runs while the rest of its oldest message is waited for."""

    def unfinished(self, now: float) -> float:
        """Seconds for which the rest of its oldest message may still come."""
        if not self.queue or not (head := self.queue[0]).due:
            return 0.0
        last = self.queue[-1]
        due = last.due if last.author == head.author else head.due
        return min(due, head.since + _LONGEST_REST) - now


class Mailbox:
    """core.ports.Lanes within one process.

    `keeps(address)` tells whether every message gets an answer of its own there, unless a message
    says so itself; it is asked once, when a message comes. Where not, the newest of one person
    wins: its turn answers whatever of that person is still open, and nobody else's answer is
    touched. A busy room has one task, an idle one nothing at all.
    """

    def __init__(
        self, store: Store, keeps: Callable[[Address], bool], *, at_once: int = 256
    ) -> None:
        self._store = store
        self._keeps = keeps
        self._at_once = at_once
        self._lanes: dict[_Key, _Lane] = {}
        self._ready: deque[_Key] = deque()
        self._hot: OrderedDict[int, Received] = OrderedDict()
        self._held: set[int] = set()
        """Rows that wait here or are being answered."""
        self._unstored: dict[int, asyncio.Event] = {}
        """Rows whose commit is still under way."""
        self._group: asyncio.TaskGroup | None = None
        self._handler: Handler | None = None
        self._active = 0
        self._closing = False
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def open(self) -> int:
        """Messages that wait or are being answered."""
        return len(self._held)

    @property
    def running(self) -> int:
        return self._active

    def is_gone(self, row: Delivery) -> bool:
        """The message that is to be changed was taken away, and the word of that waits here."""
        lane = self._lanes.get((row.address, False))
        return lane is not None and message_key(row.address.room, row.target or "") in lane.gone

    def enqueue(self, received: Received, *, stored: bool = True) -> None:
        if not stored:
            self._unstored[received.id] = asyncio.Event()
        self._hot[received.id] = received
        if len(self._hot) > _HOT:
            self._hot.popitem(last=False)
        now = asyncio.get_running_loop().time() if received.rests else 0.0
        self.remind(
            Waiting(
                received.id,
                received.address,
                received.author,
                received.kind,
                received.keep,
                since=now,
                due=now + received.rests if received.rests else 0.0,
                unsays=received.unsays,
                aloud=received.aloud,
            )
        )

    def remind(self, waiting: Waiting) -> None:
        """Queue a row that is in the inbox already; one that waits here stays where it is."""
        if waiting.id in self._held:
            return
        self._held.add(waiting.id)
        key = waiting.address, waiting.aloud
        if waiting.keep is None:
            waiting = replace(waiting, keep=self._keeps(waiting.address))
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(deque([waiting]), gone=set(waiting.unsays))
            if waiting.due:
                self._rest(key, lane)
            else:
                self._ready.append(key)
                self._pump()
            return
        lane.queue.append(waiting)
        lane.gone.update(waiting.unsays)
        if lane.timer is not None and lane.queue[0].due:
            self._rest(key, lane)
        if lane.running is not None:
            lane.running.meet(waiting)

    def confirm(self, received: Sequence[Received]) -> None:
        """Their commit is through."""
        for one in received:
            if (commit := self._unstored.pop(one.id, None)) is not None:
                commit.set()

    def withdraw(self, received: Sequence[Received]) -> None:
        """There is no commit of theirs: no turn may end with them, or wait for it for ever."""
        for one in received:
            self._held.discard(one.id)
            self._hot.pop(one.id, None)
            if (lane := self._lanes.get((one.address, one.aloud))) is not None:
                lane.queue = deque(waiting for waiting in lane.queue if waiting.id != one.id)
                if lane.running is not None and one in lane.running.items:
                    lane.running.interrupt()
        # Whoever waited for it has been interrupted by now.
        self.confirm(received)

    async def run(self, handler: Handler) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group, self._handler = group, handler
            self._pump()
            try:
                await asyncio.Event().wait()
            finally:
                self._closing = True  # whoever is cancelled now has nobody begin after it

    async def settle(self) -> None:
        """Begin nothing new; return when nothing is running. What waits stays in the inbox."""
        self._closing = True
        await self._quiet.wait()

    def _pump(self) -> None:
        if self._group is None or self._closing:
            return
        while self._ready and self._active < self._at_once:
            key = self._ready.popleft()
            self._active += 1
            self._quiet.clear()
            self._group.create_task(self._serve(key))

    async def _serve(self, key: _Key) -> None:
        lane = self._lanes[key]
        try:
            while lane.queue and not self._closing:
                if lane.unfinished(asyncio.get_running_loop().time()) > 0:
                    break
                await self._one(key[0], lane)
                if (
                    lane.rests or self._ready
                ):  # others wait for a place: go to the end of their line
                    break
        finally:
            self._active -= 1
            if lane.queue and lane.rests:
                asyncio.get_running_loop().call_later(lane.rests, self._rested, key)
                lane.rests = 0.0
            elif lane.unfinished(asyncio.get_running_loop().time()) > 0:
                self._rest(key, lane)
            elif lane.queue:
                self._ready.append(key)
            else:
                del self._lanes[key]
            if self._active == 0:
                self._quiet.set()
            self._pump()

    def _rest(self, key: _Key, lane: _Lane) -> None:
        """Wait for the rest of a message; what has just come may be the last of it."""
        if lane.timer is not None:
            lane.timer.cancel()
        loop = asyncio.get_running_loop()
        wait = max(0.0, lane.unfinished(loop.time()))
        lane.timer = loop.call_later(wait, self._rested, key)

    def _rested(self, key: _Key) -> None:
        if (lane := self._lanes.get(key)) is not None:
            lane.timer = None
            self._ready.append(key)
            self._pump()

    async def _one(self, address: Address, lane: _Lane) -> None:
        taken = self._take(address, lane)
        bell = Bell()
        comes_again = False
        try:
            items = await self._fetch(taken)
            if not items:
                return
            lane.running = Open(
                address,
                items,
                bell,
                self._unstored,
                lambda: lane.queue,
                lane.gone,
                # Nothing is taken behind one that has an answer of its own.
                keep=bool(taken[0].keep or taken[-1].keep),
            )
            assert self._handler is not None
            finished = False
            try:
                async with bell.interrupts():
                    await self._handler(lane.running)
                    finished = True
            except Superseded:
                pass
            except Postponed as postponed:
                lane.rests = postponed.seconds
            if not finished:
                comes_again = True
                for received in items:
                    if received.id in self._held:
                        self._hot[received.id] = received
                lane.queue.extendleft(one for one in reversed(taken) if one.id in self._held)
        except Exception:  # the wall of one turn: the room goes on
            log.exception("a turn failed outside its own wall; its messages stay in the inbox")
        finally:
            lane.running = None
            if not comes_again:
                self._held.difference_update(one.id for one in taken)
                lane.gone.difference_update(taken[0].unsays)

    def _take(self, address: Address, lane: _Lane) -> list[Waiting]:
        """The oldest, and whatever its author has said since, where the newest wins."""
        head = lane.queue.popleft()
        taken = [head]
        if head.kind is Kind.EDIT:
            # Of several changes the last one counts; what is said between them stands between.
            while lane.queue and _changes_more(head, lane.queue[0]):
                taken.append(lane.queue.popleft())
        elif head.keep:
            # An answer for each message, and one message may have come in pieces.
            while taken[-1].due and lane.queue and _goes_on(taken[-1], lane.queue[0]):
                taken.append(lane.queue.popleft())
        elif head.kind is Kind.MESSAGE and lane.queue:
            rest: deque[Waiting] = deque()
            while lane.queue:
                one = lane.queue.popleft()
                if one.author != head.author:
                    rest.append(one)
                elif one.kind is Kind.MESSAGE:
                    taken.append(one)
                    if one.keep:  # it answers what was open before it, and then itself for sure
                        break
                elif one.kind is Kind.COMMAND:  # a command cuts: what follows it is a new matter
                    rest.append(one)
                    break
                else:
                    rest.append(one)
            lane.queue.extendleft(reversed(rest))
        return taken

    async def _fetch(self, taken: list[Waiting]) -> tuple[Received, ...]:
        found = [self._hot.pop(one.id, None) for one in taken]
        items = tuple(one for one in found if one is not None)
        if len(items) == len(taken):
            return items
        for one in taken:
            if (commit := self._unstored.get(one.id)) is not None:
                await commit.wait()
        ids = [one.id for one in taken]
        return tuple(await self._store.read(lambda unit: unit.inbox.load(ids)))


def _changes_more(one: Waiting, following: Waiting) -> bool:
    return following.kind is Kind.EDIT and following.author == one.author


def _goes_on(one: Waiting, following: Waiting) -> bool:
    return following.kind is Kind.MESSAGE and following.author == one.author
