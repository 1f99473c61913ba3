"""One process of our own beside this one: begun when it is wanted, ended when it is idle, late, or not well."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_HOME = str(Path(__file__).resolve().parents[1])


class Child:
    """It has a thread that speaks to it, one job after the other, so that nothing holds up the loop."""

    def __init__(self, name: str, begin: str, *, idle: float) -> None:
        """`begin` is what it runs, in Python; without a job for `idle` seconds it is ended."""
        # It is isolated from where it stands and from the environment; it is told where we live,
        # behind everything that is installed.
        self._begins = f"import sys; sys.path.append({_HOME!r}); sys.argv = [{name!r}]; {begin}"
        self._name = name
        self._idle = idle
        self._used = 0.0
        self._look: asyncio.TimerHandle | None = None
        self._lane: ThreadPoolExecutor | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        self._closed = False
        self._lane = ThreadPoolExecutor(1, thread_name_prefix=self._name)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._closed = True
        if self._look is not None:
            self._look.cancel()
            self._look = None
        self.kill()
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.submit(self.end)
            await asyncio.to_thread(lane.shutdown)

    @property
    def is_open(self) -> bool:
        """Jobs are taken: between entering and leaving."""
        return self._lane is not None

    @property
    def is_closed(self) -> bool:
        return self._closed

    def submit(self, job: Callable[P, T], *args: P.args, **more: P.kwargs) -> Future[T]:
        """On its thread, behind what is waiting there."""
        assert self._lane is not None
        return self._lane.submit(job, *args, **more)

    def kill(self) -> None:
        """Whoever is speaking to it finds the line broken."""
        if (process := self._process) is not None:
            process.kill()

    def rest(self) -> None:
        """A job is over: see to it that an idle child ends. On the loop."""
        if self._look is None and self._lane is not None:
            self._look = asyncio.get_running_loop().call_later(self._idle, self._look_again)

    def _look_again(self) -> None:
        """Nobody waits for an idle child to end: whatever comes next waits behind it."""
        self._look = None
        if self._lane is None or self._process is None:
            return
        left = self._used + self._idle - time.monotonic()
        if left > 0:
            self._look = asyncio.get_running_loop().call_later(left, self._look_again)
        else:
            self._lane.submit(self.end)

    # --- on its thread -------------------------------------------------------------------------

    @contextmanager
    def spoken_to(
        self, seconds: float, late: threading.Event
    ) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """Lines to it and from it, for so long; then it is killed, and `late` is set.

        A dead one is begun anew. Reading and writing raise OSError, or end early, when it dies.
        """
        if self._process is not None and self._process.poll() is not None:
            self.end()
        process = self._process or self._begin()

        def ring() -> None:
            late.set()
            process.kill()

        alarm = threading.Timer(seconds, ring)
        alarm.daemon = True
        alarm.start()
        try:
            yield _lines(process)
        finally:
            alarm.cancel()
            alarm.join()
            self._used = time.monotonic()

    def _begin(self) -> subprocess.Popen[bytes]:
        self._process = process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-X", "utf8", "-c", self._begins],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what a parser complains of holds people's words
            cwd=Path(_HOME).anchor,
            env=_environment(),
            start_new_session=True,
        )
        if self._closed:
            process.kill()
        return process

    def end(self) -> None:
        """The next job gets a new one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for line in _lines(process):
            with suppress(OSError):  # what was still to be written has nobody to read it
                line.close()
        process.wait()


def _lines(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def _environment() -> dict[str, str]:
    """None; Windows starts nothing without knowing where it is."""
    if sys.platform != "win32":
        return {}
    return {"SYSTEMROOT": os.path.expandvars("%SYSTEMROOT%")}
