"""So many at once; a place is waited for in line, or taken on the spot where one is free."""

from __future__ import annotations

import asyncio
from collections import deque


class Places:
    """asyncio.Semaphore lets nobody take a place without awaiting, and a grant cannot await."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._line: deque[asyncio.Future[None]] = deque()

    def take_now(self) -> bool:
        """Take a place if one is free; what waits in line goes before."""
        if self._free == 0:
            return False
        self._free -= 1
        return True

    async def take(self) -> None:
        if self.take_now():
            return
        place = asyncio.get_running_loop().create_future()
        self._line.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():
                self.give_back()  # it became ours in the moment that we were cancelled
            raise

    def give_back(self) -> None:
        """Hand the place to the first who still waits for one."""
        while self._line:
            place = self._line.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
