"""How sound begins, ends and is laid over other sound without a click: 48 kHz, one channel."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.ports.speech import RATE

Samples = NDArray[np.float32]

FRAME: Final = RATE // 50
FADE: Final = RATE // 200
"""Five milliseconds: too short to be heard as a fade, too long to be heard as a click."""
_LEAST = FADE // 4
_QUIET = 48.0
"""Where a wave may be broken off without anybody's hearing it."""
_LOUDEST = 32_767.0

_UP: Final = np.sin(np.linspace(0.0, np.pi / 2, FADE, dtype=np.float32)) ** 2
_DOWN: Final = _UP[::-1].copy()


def rising(sound: Samples) -> Samples:
    """The same, its first five milliseconds from nothing."""
    length = min(FADE, len(sound))
    sound[:length] *= _UP[:length]
    return sound


def falling(sound: Samples) -> Samples:
    """The same, its last five milliseconds into nothing."""
    length = min(FADE, len(sound))
    sound[len(sound) - length :] *= _DOWN[FADE - length :]
    return sound


def ending(ahead: Samples, last: float) -> Samples | None:
    """What follows a wave that is broken off at `last`; `ahead` is what would have come.

    None where it may be broken off as it is.
    """
    if len(ahead) >= _LEAST:
        return falling(ahead[:FADE].astype(np.float32))
    if abs(last) < _QUIET:
        return None
    return _DOWN * np.float32(last)


def louder(sound: Samples, before: float, now: float) -> Samples:
    """Gains change over a frame, not between two samples."""
    if before == now:
        return sound * np.float32(now)
    return sound * np.linspace(before, now, len(sound), dtype=np.float32)


def laid_over(sound: Samples | None, other: Samples | None) -> Samples:
    """Both together, as one frame."""
    frame = np.zeros(FRAME, dtype=np.float32)
    for one in (sound, other):
        if one is not None:
            frame[: len(one)] += one
    return frame


def as_pcm(frame: Samples) -> bytes:
    return np.clip(np.rint(frame), -_LOUDEST, _LOUDEST).astype("<i2").tobytes()
