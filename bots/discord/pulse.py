"""One thread that gives every joined voice channel its packet, every twenty milliseconds."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from time import perf_counter, sleep
from typing import Final, Protocol

log = logging.getLogger(__name__)

TICK: Final = 0.02
_SKIPPED = 3
"""Ticks by which we may be late and still catch up; beyond, what is missed is missed."""
_CLOSEST = TICK / 2
"""Late packets follow each other no closer: nobody's ear is served by a burst."""
_SWITCHING = 0.000_2
"""Seconds for which another thread may keep the interpreter from us while somebody speaks."""
_FAVOUR = -11
"""How much sooner than others we are to run: a packet must not wait for what can."""
_PARTING = 1.0


class Beating(Protocol):
    """What is called in the pulse's thread; neither may wait."""

    def send(self) -> None:
        """Let out what was prepared, be there anything or not."""
        ...

    def prepare(self) -> bool:
        """Make ready what goes out next; False: nothing does, until `Pulse.wake`."""
        ...


class Pulse:
    """The thread lives as long as somebody has joined, and sleeps while nobody speaks.

    Its times are absolute, so that being late once is made up for, and nothing drifts.
    """

    def __init__(self, *, switching: float = _SWITCHING) -> None:
        self._switching = switching
        self._lock = threading.Lock()
        self._lines: tuple[Beating, ...] = ()
        self._thread: threading.Thread | None = None
        self._awake = threading.Event()
        self._failing: set[int] = set()

    @property
    def runs(self) -> bool:
        return self._thread is not None

    def join(self, line: Beating) -> None:
        with self._lock:
            if line in self._lines:
                return
            self._lines += (line,)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="voice-pulse", daemon=True)
                self._thread.start()
        self._awake.set()

    def part(self, line: Beating) -> None:
        """Its `send` and `prepare` are not called any more, once a tick that runs is over."""
        with self._lock:
            self._lines = tuple(one for one in self._lines if one is not line)
            self._failing.discard(id(line))
        self._awake.set()

    def wake(self) -> None:
        """Somebody has something to say; from any thread."""
        self._awake.set()

    def settle(self, seconds: float = _PARTING) -> bool:
        """Wait for the thread to end, where nobody is left; whether it has."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return thread is None or not thread.is_alive()

    def _run(self) -> None:
        _ask_to_run_first()
        while True:
            with self._lock:
                if not self._lines:
                    self._thread = None
                    return
            self._awake.wait()
            before = sys.getswitchinterval()
            sys.setswitchinterval(min(before, self._switching))
            try:
                self._speak(perf_counter())
            finally:
                sys.setswitchinterval(before)

    def _speak(self, due: float) -> None:
        """Tick until nobody has anything to say."""
        while True:
            self._awake.clear()
            with self._lock:
                lines = self._lines
            began = perf_counter()
            for line in lines:
                self._wall(line, line.send)
            goes_on = False
            for line in lines:
                goes_on = self._wall(line, line.prepare) or goes_on
            if not goes_on and not self._awake.is_set():
                return
            due += TICK
            if began - due > _SKIPPED * TICK:
                due = began + TICK
            pause = max(due, began + _CLOSEST) - perf_counter()
            if pause > 0:
                sleep(pause)

    def _wall(self, line: Beating, do: Callable[[], bool | None]) -> bool:
        """What befalls one channel is its own."""
        try:
            return bool(do())
        except Exception:
            if id(line) not in self._failing:
                self._failing.add(id(line))
                log.exception("a voice channel cannot be spoken into; said once")
            return False


def _ask_to_run_first() -> None:
    """Best effort: mostly only those may who administer the machine, and elsewhere a thread has no
    priority of its own."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _FAVOUR)


PULSE: Final = Pulse()
"""That of this process: two would only stand in each other's way."""
