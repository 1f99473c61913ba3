"""The threads behind `asyncio.to_thread` and name lookups: a plugin fills its own lane, not ours."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class _Lane:
    jobs: deque[tuple[Future[Any], Callable[[], Any]]] = field(default_factory=deque)
    threads: int = 0


class Threads(ThreadPoolExecutor):
    """A loop's default executor, with at most `most` threads for each of those whom `whose` names.

    The usual one has a handful for everybody, so that six calls of a plugin that hang would leave
    nobody a thread to look up an address in; and its threads are waited for when the process ends.
    """

    def __init__(self, whose: Callable[[], str], most: int = 32) -> None:
        super().__init__(max_workers=1)  # a loop takes no other kind; this one begins no thread
        self._whose = whose
        self._most = most
        self._lanes: dict[str, _Lane] = {}
        self._lock = threading.Lock()  # held for a few instructions only
        self._shut = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        name = self._whose()
        with self._lock:
            if self._shut:
                raise RuntimeError("its loop has come to an end")
            lane = self._lanes.setdefault(name, _Lane())
            lane.jobs.append((done, partial(fn, *args, **kwargs)))
            one_more = lane.threads < self._most
            lane.threads += one_more
        if one_more:
            title = f"aside {name}".strip()
            threading.Thread(target=self._work, args=(name,), name=title, daemon=True).start()
        return done

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Takes no more; waits for nobody, since whoever still runs may run for ever."""
        with self._lock:
            self._shut = True
            waiting = [job for lane in self._lanes.values() for job in lane.jobs]
            for lane in self._lanes.values():
                lane.jobs.clear()
        for done, _ in waiting:
            done.cancel()

    def _work(self, name: str) -> None:
        while True:
            with self._lock:
                lane = self._lanes[name]
                if not lane.jobs:
                    lane.threads -= 1
                    if not lane.threads:
                        del self._lanes[name]
                    return
                done, call = lane.jobs.popleft()
            if done.set_running_or_notify_cancel():
                _do(done, call)
            del done, call  # what they hold is not to live until the next one comes


def _do(done: Future[Any], call: Callable[[], Any]) -> None:
    try:
        result = call()
    except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
        done.set_exception(error)
    except BaseException as error:  # noqa: BLE001 - sys.exit() in a thread is the thread's own
        done.set_exception(RuntimeError(f"it wanted to end the process ({type(error).__name__})"))
    else:
        done.set_result(result)
