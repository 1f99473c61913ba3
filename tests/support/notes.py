"""Voice messages as whoever gets one hears them: decoded, measured; and a voice that needs no vendor."""

from __future__ import annotations

import array
import io
import math
from dataclasses import dataclass

import av

from core.ports import RATE, Clip
from core.speech.convert import spoken_clip

_FRAME = 160
"""Samples of 16 kHz that are judged together: 10 ms."""
_HEARD_RATE = 16_000
_SILENT = 300
"""Of 32,767: quieter than any speech."""
PER_SIGN = 0.05
"""Seconds for which Voice says one character."""


@dataclass(frozen=True, slots=True)
class Measured:
    codec: str
    channels: int
    rate: int
    seconds: float
    """Of sound that comes out, whatever the file says."""
    gap: float
    """The longest silence between the first sound and the last."""
    pcm: bytes
    """16 kHz, one channel, 16 bits: as a transcriber takes it."""


def measured(data: bytes) -> Measured:
    """Raises av.error.FFmpegError for what nobody could play."""
    pcm = bytearray()
    with av.open(io.BytesIO(data)) as box:
        stream = box.streams.audio[0]
        made = stream.codec_context
        to_heard = av.AudioResampler(format="s16", layout="mono", rate=_HEARD_RATE)
        for frame in (*box.decode(stream), None):
            for part in to_heard.resample(frame):
                pcm += bytes(part.planes[0])[: part.samples * 2]
        codec, channels, rate = made.name, made.channels, made.sample_rate
    seconds = len(pcm) / 2 / _HEARD_RATE
    return Measured(codec, channels, rate, seconds, _longest_gap(pcm), bytes(pcm))


def _longest_gap(pcm: bytes | bytearray) -> float:
    samples = array.array("h", bytes(pcm))
    loud = [
        max(map(abs, samples[at : at + _FRAME])) > _SILENT for at in range(0, len(samples), _FRAME)
    ]
    if True not in loud:
        return math.inf
    inside = loud[loud.index(True) : len(loud) - loud[::-1].index(True)]
    longest = run = 0
    for one in inside:
        run = 0 if one else run + 1
        longest = max(longest, run)
    return longest * _FRAME / _HEARD_RATE


class Voice:
    """core.ports.Clips: a hum for as long as somebody would take to say it."""

    def __init__(self, *fails: Exception) -> None:
        self.asked: list[str] = []
        self.private: list[bool] = []
        self.fails = list(fails)
        """What the next ones raise."""

    async def __call__(self, text: str, *, private: bool = False) -> Clip:
        self.asked.append(text)
        self.private.append(private)
        if self.fails:
            raise self.fails.pop(0)
        return await spoken_clip(hum(len(text) * PER_SIGN))


def hum(seconds: float, *, rate: int = RATE, pitch: float = 220.0) -> bytes:
    steps = (math.sin(2 * math.pi * pitch * n / rate) for n in range(round(seconds * rate)))
    return array.array("h", (round(9_000 * step) for step in steps)).tobytes()


def near(found: float, wanted: float, *, within: float = 0.02) -> bool:
    """Within 2 % of it."""
    return abs(found - wanted) <= wanted * within
