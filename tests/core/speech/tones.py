"""Sounds for tests, and how they are compared."""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray


def vowel(seconds: float, rate: int = 48_000, pitch: float = 140) -> bytes:
    """A gliding tone with its overtones."""
    time = np.arange(round(seconds * rate)) / rate
    phase = 2 * math.pi * np.cumsum(pitch + 20 * np.sin(2 * math.pi * time)) / rate
    wave = sum(np.sin(phase * n) / n for n in range(1, 12))
    return np.asarray(wave * 5_000).astype("<i2").tobytes()


def tone(hertz: float, seconds: float, rate: int = 48_000, peak: float = 10_000) -> bytes:
    time = np.arange(round(seconds * rate)) / rate
    return np.asarray(np.sin(2 * math.pi * hertz * time) * peak).astype("<i2").tobytes()


def samples(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm, dtype="<i2").astype(float)


def strength(pcm: bytes, hertz: float, rate: int = 48_000) -> float:
    """The peak of a tone of that height within a sound."""
    sound = samples(pcm)
    time = np.arange(len(sound)) / rate
    return float(abs(2 * np.mean(sound * np.exp(-2j * math.pi * hertz * time))))


def as_file(pcm: bytes, kind: str, codec: str, rate: int, layout: str = "mono") -> bytes:
    """As people's programs write it."""
    import av

    out = io.BytesIO()
    with av.open(out, "w", format=kind) as file:
        stream = file.add_stream(codec, rate=rate, layout=layout)
        channels = stream.codec_context.layout.nb_channels
        sound = np.repeat(np.frombuffer(pcm, dtype="<i2"), channels)
        frame = av.AudioFrame.from_ndarray(sound[None, :], format="s16", layout=layout)
        frame.sample_rate = rate
        cut = av.AudioResampler(
            stream.codec_context.format.name,
            layout,
            rate,
            frame_size=stream.codec_context.frame_size or 1_024,
        )
        for part in [*cut.resample(frame), *cut.resample(None)]:
            for packet in stream.encode(part):
                file.mux(packet)
        for packet in stream.encode(None):
            file.mux(packet)
    return out.getvalue()
