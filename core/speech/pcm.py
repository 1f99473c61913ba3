"""Raw sound, signed 16 bits and little-endian: louder and softer, faster and slower, mixed, in WAV."""

from __future__ import annotations

import struct
from functools import lru_cache
from math import gcd
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from core.errors import TroupeError
from core.ports.speech import RATE

WIDTH: Final = 2
"""Bytes of a sample."""
FRAME_SECONDS: Final = 0.02
FRAME: Final = RATE // 50
"""Samples of what a channel is given at once."""
FRAME_BYTES: Final = FRAME * WIDTH

_LOUDEST = 32_767
_CROSSINGS = 16
"""Of the resampler's filter, to each side: more are sharper, and later."""
_STEEPNESS = 8.0
_PASSES = 0.92
"""The part of the narrower band that is left as it was."""
_SLOWEST, _FASTEST = 4_000, 192_000

Samples = NDArray[np.int16]


class UnreadableSound(TroupeError):
    """Bytes that are no sound for us; says in one sentence why, and none of what is in them."""


class SoundTooLong(UnreadableSound):
    """It may be sound, and there is more of it than anybody is to hear."""


def samples_of(pcm: bytes) -> Samples:
    """Read-only, over the same bytes; half a sample at the end is dropped."""
    return np.frombuffer(pcm, dtype="<i2", count=len(pcm) // WIDTH)


def seconds_of(pcm: bytes, rate: int = RATE) -> float:
    return len(pcm) / WIDTH / rate


def silence(seconds: float, rate: int = RATE) -> bytes:
    return bytes(round(seconds * rate) * WIDTH)


def louder(pcm: bytes, gain: float, until: float | None = None) -> bytes:
    """By `gain`, or from there in an even slope to `until`: a slope makes no click."""
    if gain == 1 and until in (None, 1):
        return pcm
    sound = samples_of(pcm)
    if until is None:
        return _whole(sound * np.float32(gain))
    slope = np.linspace(gain, until, len(sound), endpoint=False, dtype=np.float32)
    return _whole(sound * slope)


def faded(pcm: bytes, rate: int = RATE, *, seconds: float = 0.01) -> bytes:
    """With its beginning and its end sloped, so that it can stand alone."""
    edge = min(round(seconds * rate), len(pcm) // WIDTH // 2) * WIDTH
    if not edge:
        return pcm
    return louder(pcm[:edge], 0, 1) + pcm[edge:-edge] + louder(pcm[-edge:], 1, 0)


def mixed(*voices: bytes) -> bytes:
    """All at once, as long as the longest; what is too loud for 16 bits is cut there."""
    if len(voices) == 1:
        return voices[0]
    total = np.zeros(max((len(voice) // WIDTH for voice in voices), default=0), np.int32)
    for voice in voices:
        sound = samples_of(voice)
        total[: len(sound)] += sound
    return np.clip(total, -_LOUDEST - 1, _LOUDEST).astype("<i2").tobytes()


def mono(pcm: bytes, channels: int) -> bytes:
    """Interleaved channels as one, their mean."""
    if channels == 1:
        return pcm
    whole = len(pcm) // (WIDTH * channels) * channels
    return _whole(samples_of(pcm)[:whole].reshape(-1, channels).mean(axis=1, dtype=np.float32))


def loudness(pcm: bytes) -> float:
    """The root of its mean square, 0 to 1."""
    sound = samples_of(pcm).astype(np.float32)
    return float(np.sqrt(np.mean(sound * sound))) / _LOUDEST if len(sound) else 0.0


def evened(pcm: bytes, peak: float = 0.7) -> bytes:
    """So loud that its loudest sample is at `peak`; silence stays silence."""
    sound = samples_of(pcm)
    most = int(np.abs(sound.astype(np.int32)).max(initial=0))
    return louder(pcm, peak * _LOUDEST / most) if most > 32 else pcm


class Resampler:
    """A stream of one channel from one rate to another, in pieces of any length, half samples too.

    What comes out is as long as what went in and not later than it; where the pieces met cannot
    be heard.
    """

    def __init__(self, source: int, target: int = RATE) -> None:
        if not (_SLOWEST <= source <= _FASTEST and _SLOWEST <= target <= _FASTEST):
            raise UnreadableSound(f"sound of {source} Hz is not made {target} Hz")
        common = gcd(source, target)
        self._up, self._down = target // common, source // common
        self._half = b""
        self._came = 0
        """Samples that went in."""
        self._made = 0
        if self._up == self._down:
            return
        self._bank = _bank(self._up, self._down)
        self._side = self._bank.shape[1] // 2
        # The window over the first sample reaches back before it.
        self._waiting: NDArray[np.float32] = np.zeros(self._side, np.float32)
        self._dropped = -self._side
        """The place of the first waiting sample in the stream."""

    def feed(self, pcm: bytes) -> bytes:
        pcm = self._half + pcm
        whole = len(pcm) // WIDTH * WIDTH
        self._half, pcm = pcm[whole:], pcm[:whole]
        self._came += whole // WIDTH
        if self._up == self._down or not pcm:
            return pcm
        self._waiting = np.concatenate((self._waiting, samples_of(pcm).astype(np.float32)))
        return self._drawn(self._came - self._side)

    def flush(self) -> bytes:
        """What is left of the stream; the next piece begins a new one."""
        rest = b""
        if self._up != self._down and self._came:
            self._waiting = np.concatenate((self._waiting, np.zeros(self._side + 1, np.float32)))
            rest = self._drawn(self._came)
            self._waiting = np.zeros(self._side, np.float32)
            self._dropped = -self._side
        self._half, self._came, self._made = b"", 0, 0
        return rest

    def _drawn(self, until: int) -> bytes:
        """All that lies before this sample of what came in."""
        end = -(-max(until, 0) * self._up // self._down)
        if end <= self._made:
            return b""
        places = np.arange(self._made, end) * self._down
        first = places // self._up - self._side + 1 - self._dropped
        windows = sliding_window_view(self._waiting, self._bank.shape[1])[first]
        made = np.einsum("ij,ij->i", windows, self._bank[places % self._up])
        self._made = end
        done = max(0, end * self._down // self._up - self._side + 1 - self._dropped)
        self._waiting = self._waiting[done:]
        self._dropped += done
        return _whole(made)


def resampled(pcm: bytes, source: int, target: int) -> bytes:
    resampler = Resampler(source, target)
    return resampler.feed(pcm) + resampler.flush()


def wav(pcm: bytes, rate: int, channels: int = 1) -> bytes:
    size = len(pcm)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * channels * WIDTH,
                       channels * WIDTH, 16)  # fmt: skip
    head = struct.pack("<4sI4s", b"RIFF", 4 + len(form) + 8 + size, b"WAVE")
    return head + form + struct.pack("<4sI", b"data", size) + pcm


def read_wav(data: bytes) -> tuple[bytes, int]:
    """One channel of it and its rate; only what has 16 bits a sample."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise UnreadableSound("it is no WAV")
    at, rate, channels = 12, 0, 0
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        at += 8
        if name == b"fmt " and size >= 16 and at + 16 <= len(data):
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", data, at)
            if kind not in (1, 0xFFFE) or bits != 16 or not 1 <= channels <= 8 or not rate:
                raise UnreadableSound("it is a WAV of another kind than 16 bits")
        elif name == b"data" and channels:
            # Who streams a WAV does not know its length, and writes the largest.
            return mono(data[at : at + size], channels), rate
        at += size + (size & 1)
    raise UnreadableSound("it is a WAV without sound")


@lru_cache(8)
def _bank(up: int, down: int) -> NDArray[np.float32]:
    """The filter, one row for each place that a new sample can have between two old ones."""
    narrow = min(1.0, up / down) * _PASSES
    side = int(np.ceil(_CROSSINGS / min(1.0, up / down)))
    before = np.arange(up)[:, None] / up + np.arange(side - 1, -side - 1, -1)[None, :]
    window = np.i0(_STEEPNESS * np.sqrt(np.clip(1 - (before / side) ** 2, 0, 1)))
    bank = np.sinc(before * narrow) * window
    bank /= bank.sum(axis=1, keepdims=True)
    return np.asarray(bank, np.float32)


def _whole(sound: NDArray[np.float32]) -> bytes:
    return np.clip(np.rint(sound), -_LOUDEST - 1, _LOUDEST).astype("<i2").tobytes()
