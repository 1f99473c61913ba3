"""One thread that hears for all joined voice channels: whoever has packets gets their turn in each round."""

from __future__ import annotations

import logging
import threading
from typing import Final, Protocol

log = logging.getLogger(__name__)

_ROUND = 0.02
"""Seconds between two rounds while somebody is speaking."""
_SHORTEST = 0.005


class Hears(Protocol):
    """What is called in the thread of the rounds."""

    def turn(self) -> bool:
        """Hear all that waits; whether packets did."""
        ...

    @property
    def left(self) -> float | None:
        """Seconds until there is something to do though nothing comes; None for never."""
        ...


class Rounds:
    """The thread lives as long as somebody listens, and sleeps while nobody speaks.

    A thread for each channel would be woken fifty times a second for one packet, and waking costs
    more than hearing it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ears: tuple[Hears, ...] = ()
        self._thread: threading.Thread | None = None
        self._bell = threading.Event()
        self._parted = threading.Event()

    def join(self, ears: Hears) -> None:
        with self._lock:
            if ears in self._ears:
                return
            self._ears += (ears,)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ears", daemon=True)
                self._thread.start()
        self._bell.set()

    def part(self, ears: Hears) -> None:
        """They get no turn any more, once one that they have is over: nobody waits for that."""
        with self._lock:
            self._ears = tuple(one for one in self._ears if one is not ears)
        self._parted.set()
        self._bell.set()

    def ring(self) -> None:
        """Something waits for somebody; from any thread."""
        if not self._bell.is_set():
            self._bell.set()

    def _run(self) -> None:
        while True:
            with self._lock:
                everybody = self._ears
                if not everybody:
                    self._thread = None
                    return
            busy, left = False, None
            for one in everybody:
                try:
                    busy = one.turn() or busy
                    if (its := one.left) is not None:
                        left = its if left is None else min(left, its)
                except Exception:  # what befalls one channel is its own
                    log.exception("a voice channel is listened to no more")
                    self.part(one)
            if busy:
                # Packets of a few people come together: one waking is enough for all.
                self._parted.wait(_ROUND)
                self._parted.clear()
            else:
                self._bell.wait(None if left is None else max(_SHORTEST, left))
                self._bell.clear()


ROUNDS: Final = Rounds()
"""Those of this process."""
