"""A clock that tests turn by hand; nobody sleeps for real."""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime, timedelta


class FakeClock:
    """core.clock.Clock: `advance` moves both clocks and wakes whoever's sleep is over."""

    def __init__(self, now: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)) -> None:
        self._start = now
        self._passed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self._passed + seconds, self._count, woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Step from one sleeper's time to the next, letting each run before the next one wakes."""
        await settle()  # whoever is about to sleep begins now, not at the end
        until = self._passed + seconds
        while self._sleepers and self._sleepers[0][0] <= until:
            due, _, woken = heapq.heappop(self._sleepers)
            self._passed = max(self._passed, due)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self._passed = until
        await settle()


async def settle(rounds: int = 30) -> None:
    """Let everything that can run now run."""
    for _ in range(rounds):
        await asyncio.sleep(0)


class QuickClock:
    """A clock on which no wait is long; it remembers how long each should have been."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(min(max(seconds, 0.0), 0.02))


class TurnedClock:
    """The real time, and whatever the test has turned it on by, which is over for who sleeps too."""

    def __init__(self) -> None:
        self._turned = 0.0
        self._sleepers: set[asyncio.Future[None]] = set()

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._turned)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() + self._turned

    async def sleep(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        await asyncio.sleep(0)
        while (left := until - self.monotonic()) > 0:
            turned = asyncio.get_running_loop().create_future()
            self._sleepers.add(turned)
            try:
                await asyncio.wait((turned,), timeout=left)
            finally:
                self._sleepers.discard(turned)

    def turn(self, seconds: float) -> None:
        self._turned += seconds
        for turned in self._sleepers:
            if not turned.done():
                turned.set_result(None)
