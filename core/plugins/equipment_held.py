"""One thing that is held open in a task of its own, and closed in the task that opened it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

from core.plugins.equipment_shelf import working

_GRACE = 1.0


class NotOpened(Exception):
    """It took too long, or gave itself up."""


class Held:
    """A plugin's context manager, entered, kept and left by one task.

    Whatever happens in there stays there: its failures, its wish to end the process, and the
    cancelling by which a TaskGroup inside it tells of a child that has failed.
    """

    def __init__(self, plugin: str, opens: AbstractAsyncContextManager[Any]) -> None:
        self._plugin = plugin
        self._opens = opens
        self._closing = asyncio.Event()
        self._ready: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None
        self._lost: Callable[[BaseException], None] | None = None
        self._failure: BaseException | None = None

    async def open(
        self,
        group: asyncio.TaskGroup,
        limit: float,
        lost: Callable[[BaseException], None] | None = None,
    ) -> Any:
        """What it gives; raises what it raises, or NotOpened. `lost` is told when it fails later."""
        self._lost = lost
        self._task = group.create_task(self._keep(limit))
        try:
            async with asyncio.timeout(limit + _GRACE):
                return await self._ready
        except TimeoutError:
            if not self._ready.cancelled():
                raise  # its own
            self._task.cancel()
            raise NotOpened(f"it would not stop after {limit:g} s") from None
        except asyncio.CancelledError:
            self._task.cancel()  # nobody is there any more to close it
            raise

    async def close(self, limit: float) -> BaseException | None:
        """Leave it, by force after `limit` seconds; what went wrong."""
        self._closing.set()
        if self._task is None:
            return None
        _, late = await asyncio.wait({self._task}, timeout=limit)
        if late:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=_GRACE)
            return NotOpened(f"it has not closed within {limit:g} s")
        return self._failure

    async def _keep(self, limit: float) -> None:
        scope = asyncio.timeout(limit)
        try:
            with working(self._plugin):
                async with AsyncExitStack() as stack:
                    async with scope:
                        thing = await stack.enter_async_context(self._opens)
                    self._tell(thing, None)
                    await self._closing.wait()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the wall around one thing of a plugin
            if scope.expired() and isinstance(error, TimeoutError):
                error = NotOpened(f"it has not come within {limit:g} s")
            self._fail(error)
        finally:
            # Reached without an answer only when it was cancelled, by others or by itself.
            self._tell(None, NotOpened("it was cancelled"))

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        if not self._ready.done():
            # An exit of the process is none of a plugin's business, and no future takes it.
            shown = error if isinstance(error, Exception) else NotOpened("it wanted to exit")
            self._tell(None, shown)
        elif not self._closing.is_set() and self._lost is not None:
            self._lost(error)

    def _tell(self, thing: Any, error: Exception | None) -> None:
        if self._ready.done():
            return
        if error is None:
            self._ready.set_result(thing)
        else:
            self._ready.set_exception(error)
