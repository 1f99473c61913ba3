"""Blocking functions, in a few threads beside the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from queue import Full, Queue
from typing import Any, TypeVar

T = TypeVar("T")

_WAITING = 256


@dataclass(slots=True)
class _Job:
    work: Callable[[], Any]
    context: Context
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[Any]


@dataclass(slots=True)
class Aside:
    """A bounded set of daemon threads.

    No thread can be stopped from outside: when the limit of a call has passed, its caller goes on,
    while the function keeps its thread until it returns. Where all of them hang, further calls wait
    for their own limit and get nothing; the loop and the end of the process never wait for one,
    as they would with an executor, whose threads are joined at exit.
    """

    most: int = 8
    _jobs: Queue[_Job] = field(default_factory=lambda: Queue(_WAITING), init=False)
    _threads: int = field(default=0, init=False)
    _free: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0), init=False)

    async def run(self, work: Callable[[], T]) -> T:
        """Its result; the caller's context variables are visible to it. RuntimeError when too much
        waits already."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        try:
            self._jobs.put_nowait(_Job(work, copy_context(), loop, done))
        except Full:
            raise RuntimeError("too many blocking calls wait already") from None
        if not self._free.acquire(blocking=False) and self._threads < self.most:
            self._threads += 1
            threading.Thread(target=self._work, name=f"aside-{self._threads}", daemon=True).start()
        return await done

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if not job.done.cancelled():
                _do(job)
            del job  # what it holds is not to live until the next one comes
            self._free.release()


def _do(job: _Job) -> None:
    result: Any = None
    error: Exception | None = None
    try:
        result = job.context.run(job.work)
    except StopIteration:
        error = RuntimeError("StopIteration")  # a future takes none
    except Exception as raised:  # noqa: BLE001 - it is raised where the call is awaited
        error = raised
    except BaseException as raised:  # noqa: BLE001 - the thread goes on with other people's calls
        error = RuntimeError(type(raised).__name__)
    try:
        job.loop.call_soon_threadsafe(_tell, job.done, result, error)
    except RuntimeError:
        pass  # the loop is closed; nobody waits any more


def _tell(done: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
