"""Work that nobody waits for: by priority, in batches, a few at a time, again when it fails."""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from core.backoff import Backoff
from core.clock import Clock

log = logging.getLogger(__name__)

T = TypeVar("T")


class Priority(StrEnum):
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


_RANK = {Priority.LOW: 0, Priority.NORMAL: 1, Priority.HIGH: 2}


class PriorityQueue(Generic[T]):
    """The highest priority first, and among equals what came first.

    When it is full, the oldest of the lowest priority goes; what is lower still is not taken.
    """

    def __init__(self, name: str, *, most: int = 1_000) -> None:
        self._name = name
        self._most = max(1, most)
        self._waiting: dict[Priority, deque[T]] = {one: deque() for one in Priority}
        self._warned = False

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def named(self, priority: str) -> Priority:
        """Anything unknown counts as normal, and is told of once (BQ-04)."""
        try:
            return Priority(priority)
        except ValueError:
            if not self._warned:
                log.warning("queue %s: an unknown priority counts as normal", self._name)
            self._warned = True
            return Priority.NORMAL

    def put(self, item: T, priority: str = Priority.NORMAL) -> T | None:
        """What had to go for it: nothing mostly, else an older one or the item itself."""
        own, gone = self.named(priority), None
        if len(self) >= self._most:
            lowest = min((one for one in Priority if self._waiting[one]), key=_RANK.__getitem__)
            if _RANK[own] < _RANK[lowest]:
                return item
            gone = self._waiting[lowest].popleft()
        self._waiting[own].append(item)
        return gone

    def take(self, most: int, *, least: Priority = Priority.LOW) -> list[T]:
        """The next ones, none of a priority below `least`."""
        taken: list[T] = []
        for priority in Priority:
            waiting = self._waiting[priority]
            while waiting and len(taken) < most and _RANK[priority] >= _RANK[least]:
                taken.append(waiting.popleft())
        return taken

    def firsts(self) -> dict[Priority, T]:
        """Of each priority the one that came first."""
        return {one: waiting[0] for one, waiting in self._waiting.items() if waiting}


@dataclass(slots=True)
class _Entry(Generic[T]):
    item: T
    priority: Priority
    since: float
    failed: int = 0


class BatchQueue(Generic[T]):
    """Things wait until there is a batch of them, or the oldest has waited `max_age` seconds.

    Of high priority they do not wait. At most `max_parallel` batches are worked on at a time; one
    that raises has each of its things queued anew after a pause, `max_retries` times. Nothing runs
    while nothing waits but `run()` itself. What is left when it is full goes to `on_overflow`, what
    has failed too often to `on_exhausted`.
    """

    def __init__(
        self,
        name: str,
        process_batch: Callable[[Sequence[T]], Awaitable[object]],
        clock: Clock,
        *,
        batch_size: int = 10,
        max_age: float = 0.1,
        max_parallel: int = 10,
        max_retries: int = 3,
        max_size: int = 1_000,
        get_priority: Callable[[T], str] = lambda item: Priority.NORMAL,
        backoff: Backoff | None = None,
        on_exhausted: Callable[[T, Exception], object] | None = None,
        on_overflow: Callable[[T], object] | None = None,
        drain_high_priority_on_stop: bool = True,
    ) -> None:
        self._name = name
        self._process = process_batch
        self._clock = clock
        self._batch_size = batch_size
        self._max_age = max_age
        self._max_parallel = max_parallel
        self._max_retries = max_retries
        self._get_priority = get_priority
        self._backoff = backoff or Backoff()
        self._on_exhausted = on_exhausted
        self._on_overflow = on_overflow
        self._drain = drain_high_priority_on_stop
        self._queue: PriorityQueue[_Entry[T]] = PriorityQueue(name, most=max_size)
        self._failed: list[tuple[float, int, _Entry[T]]] = []
        self._failures = 0
        self._full = False
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False
        self._group: asyncio.TaskGroup | None = None
        self._context = contextvars.Context()
        self._timer: tuple[float, asyncio.Task[None]] | None = None

    def __len__(self) -> int:
        """What waits, also for its next try; not what is being worked on."""
        return len(self._queue) + len(self._failed)

    def enqueue(self, item: T, priority: str = "") -> bool:
        """False after `stop`, and where it is full of what is more important."""
        if self._stopping:
            return False
        wanted = self._queue.named(priority or self._get_priority(item))
        entry = _Entry(item, wanted, self._clock.monotonic())
        taken = self._put(entry)
        self._go_on()
        return taken

    async def run(self) -> None:
        """Until cancelled; what is queued before it begins waits for it."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            # The work is nobody's turn and nobody's request, whoever has queued it.
            self._context = contextvars.copy_context()
            try:
                self._go_on()
                await asyncio.Event().wait()
            finally:
                self._group = None
                self._timer = None

    async def stop(self) -> None:
        """Take nothing more; do what is of high priority, one after the other and once each.

        What is under way comes to its end. The rest is left undone.
        """
        self._stopping = True
        if self._timer is not None:
            self._timer[1].cancel()
            self._timer = None
        self._retry(float("inf"))
        while self._drain and (left := self._queue.take(1, least=Priority.HIGH)):
            await self._attempt(left, last=True)
        await self._idle.wait()

    # --- going on ------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Begin whatever is due, and come back when the next thing is."""
        group = self._group
        if group is None or self._stopping:
            return
        now = self._clock.monotonic()
        self._retry(now)
        while self._running < self._max_parallel and self._due(now):
            batch = self._queue.take(self._batch_size)
            self._running += 1
            self._idle.clear()
            group.create_task(self._work(batch), context=self._context.copy())
        if self._running < self._max_parallel:
            self._come_back(group)

    def _due(self, now: float) -> bool:
        firsts = self._queue.firsts()
        if not firsts:
            return False
        if Priority.HIGH in firsts or len(self._queue) >= self._batch_size:
            return True
        return min(one.since for one in firsts.values()) + self._max_age <= now

    def _retry(self, now: float) -> None:
        while self._failed and self._failed[0][0] <= now:
            self._put(heapq.heappop(self._failed)[2])

    def _come_back(self, group: asyncio.TaskGroup) -> None:
        times = [one.since + self._max_age for one in self._queue.firsts().values()]
        times += [due for due, _, _ in self._failed[:1]]
        if not times:
            return
        due = min(times)
        if self._timer is not None:
            if self._timer[0] <= due and not self._timer[1].done():
                return
            self._timer[1].cancel()
        task = group.create_task(self._wait_until(due), context=self._context.copy())
        self._timer = (due, task)

    async def _wait_until(self, due: float) -> None:
        await self._clock.sleep(due - self._clock.monotonic())
        self._timer = None
        self._go_on()

    # --- working -------------------------------------------------------------------------------

    async def _work(self, batch: list[_Entry[T]]) -> None:
        try:
            await self._attempt(batch, last=False)
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()
        self._go_on()

    async def _attempt(self, batch: list[_Entry[T]], *, last: bool) -> None:
        try:
            await self._process([entry.item for entry in batch])
        except Exception as error:  # noqa: BLE001 - the wall around one batch
            log.debug("queue %s: a batch has failed (%s)", self._name, type(error).__name__)
            for entry in batch:
                self._again(entry, error, last=last)

    def _again(self, entry: _Entry[T], error: Exception, *, last: bool) -> None:
        entry.failed += 1
        if last or entry.failed > self._max_retries:
            if self._on_exhausted is not None:
                self._on_exhausted(entry.item, error)
            return
        due = self._clock.monotonic() + self._backoff.pause(entry.failed)
        self._failures += 1  # so that entries themselves are never compared
        heapq.heappush(self._failed, (due, self._failures, entry))

    def _put(self, entry: _Entry[T]) -> bool:
        gone = self._queue.put(entry, entry.priority)
        if gone is None:
            self._full = False
            return True
        if not self._full:
            log.warning("queue %s is full; what is least important is left out", self._name)
        self._full = True
        if self._on_overflow is not None:
            self._on_overflow(gone.item)
        return gone is not entry
