"""Blocking code of a plugin, in a few threads of its own, so that it never holds the loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Job:
    call: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class Threads:
    """At most `most` at work, none while there is nothing to do.

    Not an executor: its threads are waited for when the process ends, and a plugin that hangs in
    one would keep everybody from leaving.
    """

    def __init__(self, name: str, most: int = 4) -> None:
        self._name = name
        self._most = most
        self._jobs: deque[_Job] = deque()
        self._busy = 0
        self._lock = threading.Lock()  # held for a few instructions only

    async def run(self, fn: Callable[..., T], /, *args: Any) -> T:
        """The result, or what it raises; who stops waiting leaves it to run in vain."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        job = _Job(partial(copy_context().run, fn, *args), loop, future)
        with self._lock:
            self._jobs.append(job)
            one_more = self._busy < self._most
            self._busy += one_more
        if one_more:
            threading.Thread(target=self._work, name=f"plugin {self._name}", daemon=True).start()
        return await future

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._busy -= 1
                    return
                job = self._jobs.popleft()
            if not job.future.cancelled():
                _do(job)


def _do(job: _Job) -> None:
    result: Any = None
    failure: Exception | None = None
    try:
        result = job.call()
    except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
        failure = error
    except BaseException as error:  # noqa: BLE001 - sys.exit() in a plugin ends the plugin's call only
        failure = RuntimeError(f"it wanted to end the process ({type(error).__name__})")
    if isinstance(failure, StopIteration):  # no future takes one
        failure = RuntimeError("it raised StopIteration")
    try:
        job.loop.call_soon_threadsafe(_settle, job.future, result, failure)
    except RuntimeError:
        pass  # the loop has been closed meanwhile: nobody waits


def _settle(future: asyncio.Future[Any], result: Any, failure: Exception | None) -> None:
    if future.done():
        return
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)
