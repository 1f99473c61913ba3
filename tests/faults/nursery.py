"""Gateways that are born quickly: forked from a process that has imported all that they need.

Two seconds of a start are imports. What is forked is a process of its own all the same, with a
number, an environment, a folder and an end of its own; nothing but the imports came before it.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_LARGEST = 1 << 20


class Born:
    """As much of asyncio.subprocess.Process as tests of a gateway need."""

    def __init__(self, pid: int, ends: int) -> None:
        self.pid = pid
        self._ends = ends
        self._code: int | None = None
        os.set_blocking(ends, False)

    @property
    def returncode(self) -> int | None:
        if self._code is None:
            with contextlib.suppress(BlockingIOError):
                told = os.read(self._ends, 16)
                os.close(self._ends)
                self._code = int(told or b"-1")
        return self._code

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # just over
                os.kill(self.pid, number)

    async def wait(self) -> int:
        loop = asyncio.get_running_loop()
        while self.returncode is None:
            over = asyncio.Event()
            loop.add_reader(self._ends, over.set)
            try:
                await over.wait()
            finally:
                loop.remove_reader(self._ends)
        assert self._code is not None
        return self._code


class Nursery:
    """One for each process that runs tests; it ends, with all it has borne, when that one ends."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._line: socket.socket | None = None

    async def bear(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], log: int
    ) -> Born:
        """`python -m bots`, with these arguments; `log` is an open file that it writes into."""
        asked = [list(arguments), str(folder), dict(environment)]
        return await asyncio.to_thread(self._bear, json.dumps(asked).encode(), log)

    def _bear(self, asked: bytes, log: int) -> Born:
        with self._one_at_a_time:
            if self._line is None:
                self._line = self._opened()
            ours, theirs = os.pipe()
            socket.send_fds(self._line, [asked], [log, theirs])
            os.close(theirs)
            return Born(int(self._line.recv(16)), ours)

    def _opened(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            theirs.set_inheritable(True)
            command = [sys.executable, "-m", "tests.faults.nursery", str(theirs.fileno())]
            kept = {
                name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ
            }
            os.posix_spawn(sys.executable, command, {**kept, "PYTHONPATH": str(_ROOT)})
        atexit.register(ours.close)
        return ours


NURSERY = Nursery()


def _import_all() -> None:
    """Whatever a gateway may ever import of ours, and with it what that imports of others."""
    import bots
    import core

    for package in (bots, core):
        for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if one.name.endswith("__main__") or one.name.startswith("bots.sandbox"):
                continue
            with contextlib.suppress(ImportError):  # of an extra that is not installed
                importlib.import_module(one.name)


def _serve(line: socket.socket) -> list[Any] | None:
    """Bear whatever is asked for; returns in the process that was born, with what was asked."""
    borne: dict[int, tuple[int, int]] = {}
    with selectors.DefaultSelector() as watched:
        watched.register(line, selectors.EVENT_READ)
        while True:
            for key, _ in watched.select():
                if key.fileobj is not line:
                    _tell(borne.pop(key.fd))
                    watched.unregister(key.fd)
                    os.close(key.fd)
                    continue
                asked, given, _, _ = socket.recv_fds(line, _LARGEST, 2)
                if not asked:  # nobody is there any more
                    for pid, _ in borne.values():
                        os.kill(pid, signal.SIGKILL)
                    return None
                log, ends = given
                if not (pid := os.fork()):
                    for watching, (_, other) in borne.items():
                        os.close(watching)
                        os.close(other)
                    os.close(ends)
                    os.dup2(log, 1)
                    os.dup2(log, 2)
                    os.close(log)
                    line.close()
                    found: list[Any] = json.loads(asked)
                    return found
                os.close(log)
                watching = os.pidfd_open(pid)
                borne[watching] = (pid, ends)
                watched.register(watching, selectors.EVENT_READ)
                line.send(str(pid).encode())


def _tell(over: tuple[int, int]) -> None:
    pid, ends = over
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with contextlib.suppress(BrokenPipeError):
        os.write(ends, str(code).encode())
    os.close(ends)


def _live(arguments: list[str], folder: str, environment: dict[str, str], before: set[str]) -> None:
    """What the interpreter does at a start, as far as it was done for somebody else."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    paths = environment.get("PYTHONPATH", "").split(os.pathsep)
    rest = [path for path in sys.path if path not in before]
    sys.path[:] = [folder, *(path for path in paths if path), *rest]
    importlib.invalidate_caches()
    sys.argv[1:] = arguments
    runpy.run_module("bots", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _import_all()
    gc.collect()
    gc.freeze()
    if (life := _serve(socket.socket(fileno=int(sys.argv[1])))) is not None:
        _live(*life, before={"", str(Path.cwd()), str(_ROOT)})
