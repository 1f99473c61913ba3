"""Write down, drop doubles, then let the platform be told: nothing is confirmed before its commit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from core.clock import Clock
from core.ids import Account
from core.messages import Received
from core.ports import Lanes, Store

log = logging.getLogger(__name__)

_LOOK_AGAIN = 0.05
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""Rows are numbered by the microseconds since then: upwards, over every restart."""


class _Arrival:
    """What has come in together, from the writer's first word of it to the end of its commit."""

    def __init__(self, lanes: Lanes, received: Sequence[Received]) -> None:
        self._lanes = lanes
        self._received = received
        self._begun: list[Received] = []
        self._over = False

    def begin(self, rows: Sequence[int | None]) -> None:
        """It is about to be durable; the writer's first word of it counts."""
        if self._over or self._begun:
            return
        self._begun = self._new(rows)
        for one in self._begun:
            self._lanes.enqueue(one, stored=False)

    def settle(self, rows: Sequence[int | None]) -> None:
        """It is durable."""
        self._over = True
        if not self._begun:
            for one in self._new(rows):
                self._lanes.enqueue(one)
            return
        kept = set(rows)
        self._lanes.confirm([one for one in self._begun if one.id in kept])
        # Another way was faster when it had to be written again.
        self._lanes.withdraw([one for one in self._begun if one.id not in kept])

    def give_up(self) -> None:
        """Nobody waits for its commit any more."""
        self._over = True
        self._lanes.withdraw(self._begun)

    def _new(self, rows: Sequence[int | None]) -> list[Received]:
        return [one for one, row in zip(self._received, rows, strict=True) if row is not None]


class Intake:
    """core.ports.Intake: the one door through which events come in.

    Above `most_open` unfinished messages it lets nobody in: the platforms keep what they have
    (Telegram for 24 hours), and memory stays bounded.
    """

    def __init__(
        self,
        store: Store,
        lanes: Lanes,
        clock: Clock,
        *,
        most_open: int = 20_000,
        owed: Callable[[], int] = lambda: 0,
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._most_open = most_open
        self._owed = owed
        self._full = asyncio.Lock()
        self._last = 0
        self._cut: set[Account] = set()
        self.doubles = 0

    async def __call__(self, received: Sequence[Received]) -> None:
        if not received:
            return
        if self._is_full():
            await self._space()
        now = self._clock.now()
        numbered = [replace(one, id=self.number(now)) for one in received]
        arrival = _Arrival(self._lanes, numbered)
        try:
            # Where the disk is awaited for this alone, the turns begin to think meanwhile.
            rows = await self._store.write(
                lambda unit: unit.inbox.add(numbered, now), arrival.begin
            )
        except BaseException:
            arrival.give_up()
            # It may be written all the same, and nobody would take it up before the next start.
            self._cut.update(one.address.account for one in received)
            raise
        self.doubles += rows.count(None)
        arrival.settle(rows)
        # The turns go first: each sends its model call off before the next poll is even made.
        await asyncio.sleep(0)
        for account in {one.address.account for one in received} & self._cut:
            self._cut.discard(account)
            await self.replay(account)

    def number(self, now: datetime) -> int:
        """The next row's. Rows are numbered here, so that one that has to be written again is still the same."""
        self._last = max(self._last + 1, int((now.timestamp() - _EPOCH) * 1_000_000))
        return self._last

    async def newest(self, account: Account) -> Mapping[str, int]:
        return await self._store.read(lambda unit: unit.inbox.newest(account))

    async def replay(self, account: Account) -> int:
        """Take up what is open in the inbox and does not wait here yet; how many are open.

        From an earlier process, or from a link that was cut between storing and queueing.
        """
        ours, last = await self._store.read(
            lambda unit: (unit.inbox.waiting(account), unit.inbox.last())
        )
        self._last = max(self._last, last)
        for one in ours:
            self._lanes.remind(one)
        if ours:
            log.info("%s: %d messages are still open and taken up", account, len(ours))
        return len(ours)

    async def _space(self) -> None:
        """One waits and says so; whoever comes after it looks again for itself."""
        async with self._full:
            if not self._is_full():
                return
            log.warning("%d messages are open; asking for no more for now", self._lanes.open)
            while self._is_full():
                await self._clock.sleep(_LOOK_AGAIN)

    def _is_full(self) -> bool:
        return self._lanes.open + self._owed() >= self._most_open
