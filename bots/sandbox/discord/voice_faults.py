"""Trouble on the way of sound, by hand: what is lost, late, doubled, spoiled or silent."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bots.sandbox.discord.voice_rtp import FRAME_SECONDS, SILENCE, Frame

_TAG = 8  # bytes of a supplement, ahead of its nonce, its length and its mark
_PICTURE = 101  # how RTP is told that a packet is part of one
_PAUSE = 0.5  # seconds without a packet, after which a spell of speech is a new one


@dataclass(frozen=True, slots=True, eq=False)
class Trouble:
    """What befalls packets; shares are from 0 to 1. Whom it befalls, None means anybody."""

    loss: float = 0.0
    reorder: float = 0.0
    """A packet comes behind the one after it."""
    jitter: float = 0.0
    """Seconds at most by which each is late, so that they overtake each other too."""
    doubled: float = 0.0
    undecryptable: float = 0.0
    """Its end-to-end encryption fits no key that anybody has."""
    first: float = 0.0
    """Seconds from the start of each spell of speech that are undecryptable (`NoValidCryptor`)."""
    plain: float = 0.0
    """Of a person on the stage: not end-to-end encrypted, with a supplement behind it."""
    padded: float = 0.0
    wrong_key: bool = False
    """Encrypted for the receiver by a key that it was not given."""
    silent: bool = False
    """No packet gets through, and no line is cut."""
    camera: bool = False
    """Beside each packet of sound comes one of a picture, by an ssrc that is nobody's."""
    no_speaking: bool = False
    """SPEAKING is not passed on."""
    guild: int | None = None
    channel: int | None = None
    of: int | None = None
    """Who speaks."""
    to: int | None = None
    """Who would hear."""


@dataclass(frozen=True, slots=True)
class Way:
    """From whom to whom, and where."""

    guild: int
    channel: int
    of: int
    to: int

    def meets(self, trouble: Trouble) -> bool:
        return (
            trouble.guild in {None, self.guild}
            and trouble.channel in {None, self.channel}
            and trouble.of in {None, self.of}
            and trouble.to in {None, self.to}
        )


class VoiceFaults:
    """The troubles that stand now; a packet meets each of them that is meant for its way."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._standing: list[Trouble] = []
        self._spells: dict[tuple[int, int], tuple[float, float]] = {}
        """By whom and to whom: when a spell of speech began, and when the last of it came."""
        self.befallen = 0
        """Packets that something happened to."""

    @property
    def none(self) -> bool:
        return not self._standing

    def add(self, trouble: Trouble) -> Trouble:
        self._standing.append(trouble)
        return trouble

    def end(self, trouble: Trouble) -> None:
        if trouble in self._standing:
            self._standing.remove(trouble)

    @contextmanager
    def during(self, trouble: Trouble) -> Iterator[Trouble]:
        """It stands inside."""
        self.add(trouble)
        try:
            yield trouble
        finally:
            self.end(trouble)

    def clear(self) -> None:
        self._standing.clear()

    def tells_speaking(self, way: Way) -> bool:
        return not any(each.no_speaking and way.meets(each) for each in self._standing)

    def is_plain(self, guild: int, channel: int, of: int) -> bool:
        """Whether somebody's next frame goes out without end-to-end encryption."""
        way = Way(guild, channel, of, 0)
        return any(
            each.plain and way.meets(replace(each, to=None)) and self._random.random() < each.plain
            for each in self._standing
        )

    def meet(self, way: Way, frame: Frame) -> list[tuple[float, Frame]]:
        """What arrives of a frame, and how many seconds late each; most often just itself."""
        arriving = [(0.0, frame)]
        for trouble in self._standing:
            if way.meets(trouble):
                arriving = [
                    (late + more, each)
                    for late, before in arriving
                    for more, each in self._befall(trouble, way, before)
                ]
        if arriving != [(0.0, frame)]:
            self.befallen += 1
        return arriving

    def _befall(self, trouble: Trouble, way: Way, frame: Frame) -> Iterable[tuple[float, Frame]]:
        if trouble.silent or self._meets(trouble.loss):
            return
        if self._meets(trouble.undecryptable) or self._is_first(trouble, way, frame):
            frame = replace(frame, payload=_spoilt(frame.payload))
        if self._meets(trouble.padded):
            frame = replace(frame, padding=self._random.choice((4, 8, 12)))
        if trouble.wrong_key:
            frame = replace(frame, spoiled=True)
        late = self._random.uniform(0, trouble.jitter) if trouble.jitter else 0.0
        if self._meets(trouble.reorder):
            late += 1.5 * FRAME_SECONDS
        yield late, frame
        if trouble.camera:
            ssrc = (frame.ssrc + 1) & 0xFFFFFFFF
            yield (
                late,
                replace(frame, ssrc=ssrc, kind=_PICTURE, payload=self._random.randbytes(900)),
            )
        if self._meets(trouble.doubled):
            yield late, frame

    def _meets(self, share: float) -> bool:
        return share > 0 and self._random.random() < share

    def _is_first(self, trouble: Trouble, way: Way, frame: Frame) -> bool:
        if not trouble.first or frame.payload == SILENCE:
            return False
        now = time.monotonic()
        began, last = self._spells.get((way.of, way.to), (now, now))
        if now - last > _PAUSE:
            began = now
        self._spells[way.of, way.to] = began, now
        return now - began < trouble.first


def _spoilt(payload: bytes) -> bytes:
    """The same with a tag that no key makes; what is not encrypted stays as it is."""
    if payload[-2:] != b"\xfa\xfa" or payload[-3] > len(payload):
        return payload
    tag = len(payload) - payload[-3]
    return (
        payload[:tag] + bytes(byte ^ 0xA5 for byte in payload[tag : tag + 4]) + payload[tag + 4 :]
    )


def supplement() -> bytes:
    """What stands behind an encrypted frame: a tag, a nonce, its own length, its mark."""
    return random.randbytes(_TAG) + b"\x01" + b"\x0c" + b"\xfa\xfa"
