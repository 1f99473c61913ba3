"""Write down, drop doubles, then let the platform be told: nothing is confirmed before its commit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from core.clock import Clock
from core.ids import Account
from core.messages import Received
from core.ports import Lanes, Store

log = logging.getLogger(__name__)

_LOOK_AGAIN = 0.05


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
        self.doubles = 0

    async def __call__(self, received: Sequence[Received]) -> None:
        if not received:
            return
        if self._is_full():
            await self._space()
        now = self._clock.now()
        ids = await self._store.write(lambda unit: unit.inbox.add(received, now))
        for one, row in zip(received, ids, strict=True):
            if row is None:
                self.doubles += 1
            else:
                self._lanes.enqueue(replace(one, id=row))
        # The turns go first: each sends its model call off before the next poll is even made.
        await asyncio.sleep(0)

    async def newest(self, account: Account) -> Mapping[str, int]:
        return await self._store.read(lambda unit: unit.inbox.newest(account))

    async def replay(self, account: Account) -> int:
        """Take up what is open in the inbox and does not wait here yet; how many are open.

        From an earlier process, or from a link that was cut between storing and queueing.
        """
        ours = await self._store.read(lambda unit: unit.inbox.waiting(account))
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
