"""What each room is owed, oldest first, and how much that is in all."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator

from core.messages import Address, Delivery


class Queues:
    """Open rows by their room; a room that is owed nothing is not in it."""

    def __init__(self) -> None:
        self._rooms: dict[Address, deque[Delivery]] = {}
        self._owed = 0
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        """Rows, of all rooms."""
        return self._owed

    def __contains__(self, address: Address) -> bool:
        return address in self._rooms

    def __iter__(self) -> Iterator[Address]:
        return iter(list(self._rooms))

    def of(self, address: Address) -> deque[Delivery]:
        return self._rooms.get(address) or deque()

    def put(self, delivery: Delivery) -> None:
        self._rooms.setdefault(delivery.address, deque()).append(delivery)
        self._owed += 1
        self._empty.clear()

    def take(self, queue: deque[Delivery]) -> None:
        """Its first row is closed."""
        queue.popleft()
        self._owed -= 1

    def drain(self, queue: deque[Delivery]) -> list[Delivery]:
        """All of it, which is owed elsewhere from now on."""
        rows = list(queue)
        queue.clear()
        self._owed -= len(rows)
        return rows

    def left(self, address: Address) -> None:
        """Nobody is at work on this room any more."""
        if not self._rooms.get(address):
            self._rooms.pop(address, None)
        if not self._rooms:
            self._empty.set()

    async def empty(self) -> None:
        """Return when no room is owed anything."""
        await self._empty.wait()
