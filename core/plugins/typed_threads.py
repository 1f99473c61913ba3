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

_MOST_GIVEN_UP = 16


@dataclass(slots=True)
class _Job:
    call: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    running: bool = False
    given_up: bool = False
    """Nobody waits for it any more, and its thread has been written off."""


class Threads:
    """At most `most` at work, none while there is nothing to do.

    Not an executor: its threads are waited for when the process ends, and a plugin that hangs in
    one would keep everybody from leaving. A thread that hangs after its caller has left is
    replaced, up to a bound, so that it takes nothing from other characters with this plugin.
    """

    def __init__(self, name: str, most: int = 4) -> None:
        self._name = name
        self._most = most
        self._jobs: deque[_Job] = deque()
        self._busy = 0
        self._given_up = 0
        self._lock = threading.Lock()  # held for a few instructions only

    async def run(self, fn: Callable[..., T], /, *args: Any) -> T:
        """The result, or what it raises; who stops waiting leaves it to run in vain."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        job = _Job(partial(copy_context().run, fn, *args), loop, future)
        with self._lock:
            self._jobs.append(job)
            one_more = self._has_room()
        if one_more:
            self._begin()
        try:
            return await future
        except asyncio.CancelledError:
            self._give_up(job)
            raise

    def _has_room(self) -> bool:
        """Whether a thread is to be begun; counts it. Under the lock."""
        room = bool(self._jobs) and self._busy < self._most
        self._busy += room
        return room

    def _begin(self) -> None:
        threading.Thread(target=self._work, name=f"plugin {self._name}", daemon=True).start()

    def _give_up(self, job: _Job) -> None:
        with self._lock:
            if not job.running or self._given_up >= _MOST_GIVEN_UP:
                return
            job.given_up = True
            self._given_up += 1
            self._busy -= 1
            one_more = self._has_room()
        if one_more:
            self._begin()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._busy -= 1
                    return
                job = self._jobs.popleft()
                job.running = not job.future.cancelled()
            if not job.running:
                continue
            _do(job)
            with self._lock:
                job.running = False
                if job.given_up:
                    self._given_up -= 1
                    return  # another one has its place


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
