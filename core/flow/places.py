"""So many at once; a place is waited for in line, or taken on the spot where one is free."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from core.messages import Address


@dataclass(slots=True, eq=False)
class Waiter:
    """Who stands in line: a room whose oldest message could go."""

    address: Address | None
    place: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def seat(self) -> None:
        """Let it go on, with the place of whoever called it up."""
        if not self.place.done():
            self.place.set_result(None)


class Places:
    """asyncio.Semaphore lets nobody take a place without awaiting, and a grant cannot await."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._line: deque[Waiter] = deque()

    def take_now(self) -> bool:
        """Take a place if one is free; what waits in line goes before."""
        if self._free == 0:
            return False
        self._free -= 1
        return True

    async def take(self, address: Address | None = None) -> None:
        """Wait in line; with an address, somebody may `call_up` the room meanwhile."""
        if self.take_now():
            return
        waiter = Waiter(address)
        self._line.append(waiter)
        try:
            await waiter.place
        except asyncio.CancelledError:
            if not waiter.place.cancelled():
                self.give_back()  # it became ours in the moment that we were cancelled
            raise

    @property
    def first(self) -> Address | None:
        """The room at the head of the line, if there is one."""
        while self._line and self._line[0].place.done():
            self._line.popleft()
        return self._line[0].address if self._line else None

    def call_up(self) -> Waiter:
        """Take the first out of the line: it gets no other place than the caller's, by `seat`."""
        return self._line.popleft()

    def give_back(self) -> None:
        """Hand the place to the first who still waits for one."""
        while self._line:
            waiter = self._line.popleft()
            if not waiter.place.done():
                waiter.seat()
                return
        self._free += 1
