"""What tests of voice channels have in common: a listener that remembers, and sound to measure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from core.ports.speech import RATE
from core.ports.voices import Present, Utterance

Sound = NDArray[np.float64]


def tone(seconds: float, pitch: float = 440.0, loud: float = 0.3) -> bytes:
    time = np.arange(round(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * pitch * time) * loud * 32_767).astype("<i2").tobytes()


def samples(pcm: bytes | bytearray) -> Sound:
    return np.frombuffer(bytes(pcm), "<i2").astype(float)


def loud(pcm: bytes | bytearray, least: float = 600.0) -> Sound:
    """From its first loud sample to its last."""
    sound = samples(pcm)
    found = np.flatnonzero(np.abs(sound) > least)
    return sound[found[0] : found[-1] + 1] if found.size else sound[:0]


def longest_gap(sound: Sound, least: float = 600.0) -> float:
    """Seconds between two loud samples."""
    found = np.flatnonzero(np.abs(sound) > least)
    return float(np.diff(found).max()) / RATE if found.size > 1 else 0.0


def longest_jump(sound: Sound) -> float:
    """From one sample to the next: what is heard as a click."""
    return float(np.abs(np.diff(sound)).max()) if sound.size > 1 else 0.0


def pitch_of(sound: Sound) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(sound.size)))
    return float(spectrum.argmax() * RATE / sound.size)


class Notes:
    """Implements Listener."""

    def __init__(self) -> None:
        self.began_: list[str] = []
        self.said: list[Utterance] = []
        self.there: list[list[str]] = []
        self.moves: list[str] = []
        self.ends: list[str] = []

    def began(self, person: str) -> None:
        self.began_.append(person)

    def insists(self, person: str) -> None: ...
    def ended(self, said: Utterance) -> None:
        self.said.append(said)

    def dropped(self, person: str) -> None: ...
    def present(self, now: Sequence[Present]) -> None:
        self.there.append([one.who.name for one in now])

    def moved(self, channel: str) -> None:
        self.moves.append(channel)

    def closed(self, reason: str) -> None:
        self.ends.append(reason)


async def until(so: Callable[[], object], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not so():  # noqa: ASYNC110 - sound has no event for it
            await asyncio.sleep(0.01)
