"""What was heard and is not stored yet: in order, bounded, held where something older is missing."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from core.messages import Received


class Heard:
    """Order is kept within a room; a room that is held lets the others pass."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._queue: deque[Received] = deque()
        self._aside: dict[str, list[Received]] = {}
        self._out: list[Received] = []
        self._shut = False
        self._size = 0
        self._more = asyncio.Event()
        self._less = asyncio.Event()

    def __len__(self) -> int:
        return self._size

    @property
    def is_full(self) -> bool:
        return self._size >= self._most

    async def relieved(self) -> None:
        """Wait until half of the room is free again."""
        while self._size > self._most // 2:
            self._less.clear()
            await self._less.wait()

    def add(self, received: Received) -> None:
        self._queue.append(received)
        self._size += 1
        self._more.set()

    def shut(self) -> None:
        """Hold everything."""
        for room in tuple(self._aside):
            self.release(room)
        self._shut = True

    def open(self, held: Iterable[str] = ()) -> None:
        """Let everything through but what these rooms say."""
        self._aside |= {room: [] for room in held}
        self._shut = False
        self._more.set()

    def release(self, room: str) -> None:
        # All of it is older than whatever that room still has in the queue.
        self._queue.extendleft(reversed(self._aside.pop(room, [])))
        self._more.set()

    async def take(self, most: int = 100) -> list[Received]:
        """The oldest that may pass; give back what could not be stored."""
        while not (batch := self._next(most)):
            self._more.clear()
            await self._more.wait()
        self._size -= len(batch)
        self._less.set()
        self._out = batch
        return batch

    def give_back(self, batch: list[Received]) -> None:
        self._queue.extendleft(reversed(batch))
        self._size += len(batch)
        self._more.set()

    def _next(self, most: int) -> list[Received]:
        batch: list[Received] = []
        while self._queue and len(batch) < most and not self._shut:
            one = self._queue.popleft()
            aside = self._aside.get(one.address.room)
            (batch if aside is None else aside).append(one)
        return batch

    def oldest_message(self) -> int:
        """The lowest number of a message that is perhaps not stored; 0 when there is none."""
        parts = (self._out, self._queue, *self._aside.values())
        waiting = [one.seq for part in parts for one in part]
        return min((seq for seq in waiting if seq), default=0)
