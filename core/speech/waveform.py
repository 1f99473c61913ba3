"""How loud a voice message is from beginning to end, as Discord draws it."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.ports.speech import RATE
from core.speech.pcm import WIDTH, samples_of

MOST: Final = 256
_A_SECOND = 10
"""Levels: Discord draws no more than that of a short one."""
_SOFTEST = 0.02
"""The loudest of what is softer than that is not drawn as if somebody shouted."""


class Waveform:
    """Raw sound of one channel, in pieces of any length, to at most 256 levels of 0 to 255."""

    def __init__(self, rate: int = RATE) -> None:
        self._size = rate // _A_SECOND
        self._rest = b""
        self._levels: list[float] = []

    def feed(self, pcm: bytes) -> None:
        pcm = self._rest + pcm
        whole = len(pcm) // (self._size * WIDTH)
        self._rest = pcm[whole * self._size * WIDTH :]
        if whole:
            parts = samples_of(pcm)[: whole * self._size].reshape(whole, self._size)
            self._levels += np.sqrt(np.mean(parts.astype(np.float32) ** 2, axis=1)).tolist()

    def done(self) -> bytes:
        """One level at least, be it of nothing."""
        rest = samples_of(self._rest).astype(np.float32)
        last = [float(np.sqrt(np.mean(rest**2)))] if len(rest) else []
        levels = np.array((self._levels + last) or [0.0])
        if len(levels) > MOST:
            edges = np.linspace(0, len(levels), MOST, endpoint=False).astype(int)
            levels = np.maximum.reduceat(levels, edges)
        loudest = max(float(levels.max()), _SOFTEST * 32_767)
        return bytes(np.rint(levels / loudest * 255).astype(np.uint8))


def waveform(pcm: bytes, rate: int = RATE) -> bytes:
    drawn = Waveform(rate)
    drawn.feed(pcm)
    return drawn.done()
