"""A thread that notices a stuck loop, writes down where it is stuck, and lets systemd end it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
import threading
import time
import traceback

log = logging.getLogger(__name__)

_BEAT = 0.5


class Watchdog:
    """`run` beats in the loop; the thread looks. `notify` is systemd's NOTIFY_SOCKET.

    systemd ends and restarts a service whose WATCHDOG=1 stops coming (sd_notify(3)); the ledgers
    then go on where they were.
    """

    def __init__(self, patience: float, notify: str = "") -> None:
        self._patience = patience
        self._notify = notify
        self._beaten = time.monotonic()
        self._stuck = False
        self._stop = threading.Event()

    async def run(self) -> None:
        """Until cancelled."""
        loop_thread = threading.get_ident()
        watcher = threading.Thread(
            target=self._watch, args=(loop_thread,), name="watchdog", daemon=True
        )
        watcher.start()
        self._tell(b"READY=1")
        try:
            while True:
                self._beaten = time.monotonic()
                self._tell(b"WATCHDOG=1")
                await asyncio.sleep(_BEAT)
        finally:
            self._tell(b"STOPPING=1")
            self._stop.set()

    def _watch(self, loop_thread: int) -> None:
        while not self._stop.wait(_BEAT):
            silent = time.monotonic() - self._beaten
            if silent > self._patience and not self._stuck:
                self._stuck = True
                frame = sys._current_frames().get(loop_thread)
                where = "".join(traceback.format_stack(frame)) if frame else "unknown"
                log.critical("the loop has been stuck for %.1f s, here:", silent)
                for line in where.splitlines():  # a log shows the end of a line as \\n
                    log.critical("%s", line)
            elif self._stuck and silent < _BEAT * 2:
                self._stuck = False
                log.warning("the loop runs again")

    def _tell(self, state: bytes) -> None:
        if not self._notify:
            return
        address = "\0" + self._notify[1:] if self._notify.startswith("@") else self._notify
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link,
        ):
            link.sendto(state, address)
