"""A store that waits out a full, locked or absent database instead of failing its callers."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from core.clock import Clock
from core.errors import StoreUnavailable
from core.ids import CharacterId, RoomId
from core.ports import Store, Unit

log = logging.getLogger(__name__)
T = TypeVar("T")

_SHORTEST, _LONGEST = 0.1, 2.0
_TELL_EVERY = 60.0


class PatientStore:
    """core.ports.Store that repeats until it is kept; nothing is confirmed to anyone meanwhile.

    `trouble` is what /ready shows: empty while all is well.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._told = float("-inf")
        self._spoken_of = False
        self._refused = 0
        self.trouble = ""

    async def write(self, work: Callable[[Unit], T], early: Callable[[T], None] | None = None) -> T:
        try:
            result = await self._store.write(work, early)
        except StoreUnavailable as error:
            return await self._insist(lambda: self._store.write(work), error)
        if self.trouble:
            self._relieved()
        return result

    async def read(self, work: Callable[[Unit], T]) -> T:
        try:
            return await self._store.read(work)
        except StoreUnavailable as error:
            return await self._insist(lambda: self._store.read(work), error)

    async def extend(self, owner: str, schema: Any) -> None:
        try:
            await self._store.extend(owner, schema)
        except StoreUnavailable as error:
            await self._insist(lambda: self._store.extend(owner, schema), error)

    def evict(self, character: CharacterId, room: RoomId | None = None) -> None:
        self._store.evict(character, room)

    async def scrub(self, *, whole: bool = False) -> bool:
        """Nobody waits for it, so it is not insisted on: it comes again."""
        try:
            return await self._store.scrub(whole=whole)
        except StoreUnavailable as error:
            log.warning("traces of what was forgotten could not be overwritten yet (%s)", error)
            return False

    async def _insist(self, again: Callable[[], Awaitable[T]], error: StoreUnavailable) -> T:
        self._refused += 1
        try:
            result = await self._repeat(again, error)
        finally:
            self._refused -= 1
        self._relieved()
        return result

    async def _repeat(self, again: Callable[[], Awaitable[T]], error: StoreUnavailable) -> T:
        pause = _SHORTEST
        while True:
            self.trouble = str(error)
            now = self._clock.monotonic()
            if now - self._told >= _TELL_EVERY:
                self._told, self._spoken_of = now, True
                log.error("the database cannot be used now (%s); waiting, nothing is lost", error)
            await self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST)
            try:
                return await again()
            except StoreUnavailable as refused:
                error = refused

    def _relieved(self) -> None:
        """Something was kept; all is well once nothing that was refused waits any more.

        A full disk takes a small write, and not the large one that waits beside it.
        """
        if self._refused:
            return
        self.trouble = ""
        if self._spoken_of:
            self._spoken_of = False
            log.warning("the database takes writes again")
