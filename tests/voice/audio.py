"""Sound as people in a voice channel say and hear it: made, timed, measured, written down again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from core.ports import RATE, Form, Sound, Spent
from core.ports.speech import HEARD, HEARD_RATE
from core.speech.offline import OfflineVoice
from core.speech.offline_ear import OfflineEar
from core.speech.pcm import resampled

SOFTEST = 600
"""Of 32,767: what is softer is no sound."""
_FRAME = RATE // 50
_PAUSE = 0.6
"""Seconds: longer than any between two sentences of one who goes on speaking."""


async def said(text: str, voice: str = "") -> bytes:
    """By a voice that needs no key, from its first sound to its last."""
    pieces = OfflineVoice(voice).stream(text, Form.PCM, Spent())
    return trimmed(b"".join([piece async for piece in pieces]))


def trimmed(pcm: bytes) -> bytes:
    loud = np.flatnonzero(np.abs(np.frombuffer(pcm, "<i2")) > SOFTEST)
    return pcm[2 * loud[0] : 2 * loud[-1] + 2] if loud.size else b""


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE))


def cough(seconds: float) -> bytes:
    """Loud, without any word in it: two bursts of noise, as from a throat."""
    chance = np.random.default_rng(3)
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.convolve(chance.standard_normal(time.size), np.hanning(24), "same")
    shape = np.exp(-((time % (seconds / 2)) * 7)) * (1 - np.exp(-(time % (seconds / 2)) * 200))
    hum = np.sign(np.sin(2 * np.pi * 130 * time)) * 2
    loud = (noise + hum) * shape
    pcm: bytes = (loud / np.abs(loud).max() * 15_000).astype("<i2").tobytes()
    return pcm


def seconds_of(pcm: bytes | bytearray) -> float:
    return len(pcm) / 2 / RATE


def loud_until(pcm: bytes, seconds: float) -> float:
    """When so much of it was loud, by frames of 20 ms."""
    loud = [
        np.abs(np.frombuffer(pcm[at : at + 2 * _FRAME], "<i2")).max() > SOFTEST
        for at in range(0, len(pcm), 2 * _FRAME)
    ]
    return float(np.flatnonzero(loud)[round(seconds / 0.02) - 1] + 1) * 0.02


def pitch_of(pcm: bytes) -> float:
    """How high a voice is: the commonest distance of its waves, by frames of 60 ms."""
    sound = np.frombuffer(pcm, "<i2").astype(float)
    found = []
    size, low, high = RATE * 60 // 1000, RATE // 300, RATE // 60
    for at in range(0, sound.size - size, size // 2):
        frame = sound[at : at + size]
        if np.abs(frame).max() < 3_000:
            continue
        frame = frame - frame.mean()
        spectrum = np.fft.rfft(frame, 2 * size)
        alike = np.fft.irfft(spectrum * spectrum.conj())[:high]
        best = int(alike[low:].argmax()) + low
        if alike[best] > 0.4 * alike[0]:
            found.append(RATE / best)
    return float(np.median(found)) if found else 0.0


async def in_words(pcm: bytes, ear: OfflineEar) -> str:
    """What is said in some sound of 48 kHz."""
    sound = Sound(resampled(pcm, RATE, HEARD_RATE), HEARD)
    return await ear.transcribe(sound, Spent())


def same_sound(one: bytes, other: bytes) -> float:
    """How much the loudness of one goes with that of the other, 0 to 1, a few frames to and fro."""
    first, second = _loudness(one), _loudness(other)
    found = []
    for late in range(-10, 11):
        size = min(first.size - max(late, 0), second.size - max(-late, 0))
        a, b = first[max(late, 0) :][:size], second[max(-late, 0) :][:size]
        found.append(float(np.corrcoef(a, b)[0, 1]))
    return max(found)


def _loudness(pcm: bytes) -> NDArray[np.float64]:
    sound = np.frombuffer(pcm, "<i2").astype(float)
    frames = sound[: sound.size // _FRAME * _FRAME].reshape(-1, _FRAME)
    loudness: NDArray[np.float64] = np.sqrt((frames**2).mean(axis=1))
    return loudness


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def alike(one: str, other: str) -> float:
    """How much of two texts are the same words in the same order, 0 to 1."""
    return SequenceMatcher(None, words(one), words(other), autojunk=False).ratio()


@dataclass(slots=True)
class Track:
    """What came of one speaker, frame by frame, with the time of each."""

    frames: list[tuple[float, bytes]] = field(default_factory=list)

    def add(self, at: float, pcm: bytes) -> None:
        self.frames.append((at, pcm))

    def since(self, at: float) -> Track:
        return Track([one for one in self.frames if one[0] >= at])

    def until(self, at: float) -> Track:
        return Track([one for one in self.frames if one[0] <= at])

    @property
    def sounding(self) -> bytes:
        """From the first frame to the last that is not silent."""
        pcm = self.pcm
        loud = np.flatnonzero(np.abs(np.frombuffer(pcm, "<i2")) > SOFTEST)
        return pcm[: 2 * loud[-1] + 2] if loud.size else b""

    @property
    def pcm(self) -> bytes:
        """All of it, one frame behind the other: what was silence between is not in it."""
        return b"".join(pcm for _, pcm in self.frames)

    @property
    def spells(self) -> list[tuple[float, float]]:
        """From when to when there was sound; pauses of a sentence are part of a spell."""
        spells: list[tuple[float, float]] = []
        for at, pcm in self.frames:
            if np.abs(np.frombuffer(pcm, "<i2")).max(initial=0) <= SOFTEST:
                continue
            if spells and at - spells[-1][1] < _PAUSE:
                spells[-1] = spells[-1][0], at
            else:
                spells.append((at, at))
        return spells

    @property
    def sounded(self) -> float:
        """When the last sound came; 0 for none."""
        spells = self.spells
        return spells[-1][1] if spells else 0.0
