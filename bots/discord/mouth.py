"""What one voice channel is to hear: handed in as it comes, taken out twenty milliseconds at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bots.discord.mixing import (
    FADE,
    FRAME,
    Samples,
    as_pcm,
    ending,
    falling,
    laid_over,
    louder,
    rising,
)
from core.ports.speech import RATE

log = logging.getLogger(__name__)

_MOST = 120 * RATE
_NOTHING = np.zeros(0, dtype="<i2")


@dataclass(frozen=True, slots=True)
class Frame:
    pcm: bytes = field(repr=False)
    samples: int
    """How many of them were handed in: the rest is silence, or the end of a fade."""
    stops: int
    """How often the mouth had been stopped when it was taken."""


class ChannelMouth:
    """Implements Mouth. Said on the loop, played by the pulse: each touches it from its thread."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        wake: Callable[[], None],
        *,
        volume: float = 1.0,
    ) -> None:
        """`wake` is called, from any thread, as soon as there is something to take."""
        self._loop = loop
        self._wake = wake
        self._lock = threading.Lock()
        self._queue: deque[NDArray[np.int16]] = deque()
        self._odd = b""
        self._queued = 0
        self._taken = 0
        """Samples that were taken and have not gone out yet."""
        self._played = 0
        self._stops = 0
        self._ended = False
        self._paused = False
        self._closed = False
        self._sounds = False
        """The last frame has ended in the middle of a wave."""
        self._last = 0.0
        self._tail: Samples | None = None
        self._volume = self._gain = min(2.0, max(0.0, volume))
        self._waiters: list[asyncio.Future[None]] = []
        self._overflowed = False

    # --- said on the loop ------------------------------------------------------------------------

    def say(self, pcm: bytes) -> None:
        with self._lock:
            if self._closed:
                return
            pcm = self._odd + pcm
            whole = len(pcm) // 2 * 2
            self._odd = pcm[whole:]
            sound = np.frombuffer(pcm[:whole], dtype="<i2")
            if self._queued + len(sound) > _MOST:
                sound = sound[: _MOST - self._queued]
                self._complain()
            if not len(sound):
                return
            self._queue.append(sound)
            self._queued += len(sound)
            self._ended = False
        self._wake()

    def end(self) -> None:
        with self._lock:
            self._ended = True
            self._odd = b""
        self._wake()

    @property
    def played(self) -> float:
        return max(0, self._played) / RATE

    @property
    def waiting(self) -> float:
        with self._lock:
            return (self._queued + self._taken) / RATE

    @property
    def speaking(self) -> bool:
        return self._queued + self._taken > 0

    def begin(self) -> None:
        with self._lock:
            self._played = -self._taken  # what is on its way is not of what follows

    def pause(self) -> None:
        with self._lock:
            self._paused = True

    def resume(self) -> None:
        with self._lock:
            self._paused = False
        self._wake()

    def stop(self) -> None:
        with self._lock:
            if self._sounds:
                self._tail = self._broken_off()
            self._throw_away()
        self._wake()
        self._told_quiet()

    async def quiet(self) -> None:
        while self.speaking and not self._closed:
            waiter: asyncio.Future[None] = self._loop.create_future()
            self._waiters.append(waiter)
            if not self.speaking:  # it has gone out between the two
                self._told_quiet()
            await waiter

    @property
    def volume(self) -> float:
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        """0 to 2; it is come to within 20 ms."""
        self._volume = min(2.0, max(0.0, volume))

    def close(self) -> None:
        """The channel is left: nothing goes out any more, and nobody waits for it."""
        with self._lock:
            self._closed = True
            self._throw_away()
            self._tail = None
        self._told_quiet()

    # --- played by the pulse ---------------------------------------------------------------------

    @property
    def due(self) -> bool:
        """Whether `take` has something to give."""
        with self._lock:
            return self._tail is not None or self._sounds or self._may_pull()

    def take(self) -> Frame | None:
        """The next 20 ms; None while nothing is to be heard. Each taken one is `sent` or `lost`."""
        with self._lock:
            tail, self._tail = self._tail, None
            if self._may_pull():
                return self._pull(tail)
            if self._sounds:  # paused, or it comes more slowly than it is said, or it is over
                tail = laid_over(tail, self._broken_off())
            if tail is None:
                return None
            return Frame(as_pcm(laid_over(None, tail)), 0, self._stops)

    def sent(self, frame: Frame) -> None:
        """It has gone out."""
        self._done(frame, frame.samples)

    def lost(self, frame: Frame) -> None:
        """It went nowhere: it is waited for no more, and nobody has heard it."""
        self._done(frame, 0)

    def _done(self, frame: Frame, heard: int) -> None:
        with self._lock:
            if frame.stops != self._stops:
                return
            self._taken -= frame.samples
            self._played += heard
            is_quiet = self._queued + self._taken <= 0
        if is_quiet and self._waiters:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and all who waited there
                self._loop.call_soon_threadsafe(self._told_quiet)

    # --- under the lock --------------------------------------------------------------------------

    def _may_pull(self) -> bool:
        if self._paused or not self._queued:
            return False
        return self._ended or self._queued >= FRAME

    def _pull(self, tail: Samples | None) -> Frame:
        sound = self._samples(FRAME)
        length = len(sound)
        self._drop(length)
        self._taken += length
        is_last = self._ended and not self._queued
        is_plain = self._sounds and not is_last and tail is None
        if is_plain and self._gain == self._volume == 1.0:
            self._last = float(sound[-1])
            return Frame(sound.tobytes(), length, self._stops)
        wave = louder(sound.astype(np.float32), self._gain, self._volume)
        self._gain = self._volume
        if not self._sounds:
            wave = rising(wave)
        if is_last:
            wave = falling(wave)
        self._sounds = not is_last
        self._last = float(wave[-1])
        return Frame(as_pcm(laid_over(wave, tail)), length, self._stops)

    def _broken_off(self) -> Samples | None:
        """The end of a wave that goes on later, or never; what is ahead stays where it is."""
        self._sounds = False
        ahead = self._samples(FADE).astype(np.float32) * np.float32(self._gain)
        return ending(ahead, self._last)

    def _samples(self, most: int) -> NDArray[np.int16]:
        """The next ones, left where they are."""
        if not self._queue:
            return _NOTHING
        if len(self._queue[0]) >= most:
            return self._queue[0][:most]
        parts, length = [], 0
        for part in self._queue:
            parts.append(part[: most - length])
            length += len(parts[-1])
            if length == most:
                break
        return np.concatenate(parts)

    def _drop(self, samples: int) -> None:
        self._queued -= samples
        while samples:
            first = self._queue.popleft()
            if len(first) > samples:
                self._queue.appendleft(first[samples:])
                return
            samples -= len(first)

    def _throw_away(self) -> None:
        self._queue.clear()
        self._odd = b""
        self._queued = self._taken = self._played = 0
        self._stops += 1
        self._paused = self._sounds = False
        self._ended = True

    def _complain(self) -> None:
        if not self._overflowed:
            self._overflowed = True
            log.warning("more than %d s wait to be said; the rest is not said", _MOST // RATE)

    def _told_quiet(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
