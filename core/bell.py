"""Bell: an event that also interrupts what is going on, asyncio's missing cancel scope."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Bell:
    """Rung once; who waits wakes up, and who works inside `interrupts()` is stopped.

    Rings only from the loop's own thread.
    """

    __slots__ = ("_event", "_scopes")

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._scopes: set[asyncio.Timeout] = set()

    def ring(self) -> None:
        if self._event.is_set():
            return  # whoever works inside is being stopped already
        self._event.set()
        for scope in self._scopes:
            scope.reschedule(asyncio.get_running_loop().time())

    @property
    def rung(self) -> bool:
        return self._event.is_set()

    async def heard(self) -> None:
        await self._event.wait()

    async def nap(self, seconds: float) -> bool:
        """Sleep, unless the bell rings first; True when it rang."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        return True

    @asynccontextmanager
    async def interrupts(self) -> AsyncIterator[None]:
        """Stop the block when the bell rings; execution goes on after it, `rung` tells why.

        A TimeoutError of the block's own passes through.
        """
        if self.rung:
            # Entering a rung scope must not run the block at all, yet a generator-based manager
            # cannot skip its body: the scope expires at the body's first await.
            deadline: float | None = asyncio.get_running_loop().time()
        else:
            deadline = None
        scope = asyncio.timeout_at(deadline)
        try:
            async with scope:
                self._scopes.add(scope)
                try:
                    yield
                finally:
                    self._scopes.discard(scope)
        except TimeoutError:
            if not scope.expired():
                raise
