"""Files that nobody is going to send any more go: private ones at once, others after a day."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from core.clock import Clock
from core.files import Files, is_private, refs_in
from core.messages import Delivery, DeliveryStatus
from core.ports import Store, Unit

log = logging.getLogger(__name__)

_DAY = 24 * 3600.0
_ABANDONED = 3600.0
"""Seconds after which a private file that no row names belongs to a turn that has died."""


class Janitor:
    def __init__(self, files: Files, store: Store, clock: Clock) -> None:
        self._files = files
        self._store = store
        self._clock = clock
        self._done: deque[str] = deque()
        self._news = asyncio.Event()

    def settled(self, row: Delivery, status: DeliveryStatus) -> None:
        """To be told of every delivery that has come to its end."""
        if not row.private or status not in (DeliveryStatus.SENT, DeliveryStatus.FAILED):
            return
        self._done.extend(filter(is_private, refs_in(row.payload.decode())))
        if self._done:
            self._news.set()

    async def run(self) -> None:
        """Until cancelled; what it leaves behind is swept in a later life."""
        while True:
            await self._news.wait()
            self._news.clear()
            done, self._done = self._done, deque()
            named = await self._store.read(_named)
            for ref in done:
                if ref not in named:
                    await self._drop(ref)

    async def sweep(self) -> None:
        now = self._clock.now().timestamp()
        named = await self._store.read(_named)
        try:
            await self._files.sweep(named, before=now - _DAY, private_before=now - _ABANDONED)
        except OSError as error:  # a disk in trouble costs nobody the sweeping of the ledgers
            log.warning("old files could not be swept (%s)", type(error).__name__)

    async def _drop(self, ref: str) -> None:
        try:
            await self._files.drop(ref)
        except OSError as error:
            log.warning("a file that was sent could not be dropped (%s)", type(error).__name__)


def _named(unit: Unit) -> set[str]:
    rows = unit.deliveries.open()
    return {ref for row in rows for ref in refs_in(row.payload.decode())}
