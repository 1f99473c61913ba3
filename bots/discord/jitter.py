"""One speaker's packets in their order again: late ones, doubled ones, lost ones, a new stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from core.speech.opus import SILENCE, OpusFailed, packet_samples

TICK = 960
"""Samples of a packet as nearly everybody sends them: 20 ms at 48 kHz."""
LEAST, MOST = 3, 5
"""Packets that wait for one that is missing: more where the way is rough."""
PATIENCE = 0.02
"""Seconds that each of these is worth."""
CONCEALED = 3
"""Lost packets in a row that are made up for; what is longer is silence."""

_SEQUENCES = 1 << 16
_STAMPS = 1 << 32
_FAR = 100
_STRAY = 5
"""Packets in a row, each behind the last, by which a stream that began anew is known."""
_STILL = 0.5
"""Seconds without a packet after which one out of order begins the stream anew."""
_CALM = 500
"""Packets in order after which the way counts as smoother."""


class How(Enum):
    """What to do for 20 ms of sound."""

    PLAY = "play"
    RECOVER = "recover"
    """From what the packet behind it carries of it."""
    CONCEAL = "conceal"


@dataclass(frozen=True, slots=True)
class Piece:
    how: How
    packet: bytes = field(default=b"", repr=False)
    apart: bool = False
    """It need not join what was heard before: there may have been a pause."""


class Jitter:
    """In order, each once, and nothing held for longer than `MOST` packets take."""

    def __init__(self) -> None:
        self.lost = 0
        """Packets that did not come in time."""
        self.depth = LEAST
        self._held: dict[int, tuple[int, bytes | None, float]] = {}
        self._next: int | None = None
        self._stamp = 0
        """Of the packet that is next, if nobody pauses."""
        self._apart = True
        self._last = 0.0
        self._unread = 0
        self._given_up = 0
        self._stray = (0, 0)
        self._calm = 0
        self._came: dict[tuple[int, int], None] = {}

    def is_double(self, sequence: int, stamp: int) -> bool:
        """Whether this very packet has come before; asked once for each that comes."""
        if (sequence, stamp) in self._came:
            return True
        self._came[sequence, stamp] = None
        if len(self._came) > _FAR:
            del self._came[next(iter(self._came))]
        return False

    @property
    def due(self) -> float | None:
        """When to ask `overdue`; None where nothing waits."""
        if not self._held:
            return None
        return min(at for _, _, at in self._held.values()) + self.depth * PATIENCE

    def put(self, sequence: int, stamp: int, packet: bytes | None, now: float) -> list[Piece]:
        """What can be played now that it is there; None for a packet that cannot be read."""
        if self._next is None:
            self._begin(sequence, stamp)
        still = now - self._last > _STILL
        ahead = _ahead(sequence, self._next or 0, _SEQUENCES)
        out: list[Piece] = []
        if not 0 <= ahead < _FAR:
            if not (still or self._is_anew(sequence, stamp, ahead)):
                self._late(ahead)
                return out
            out = self._flush()
            self._begin(sequence, stamp)
        elif sequence in self._held:
            return out
        self._last = now
        self._stray = (0, 0)
        if not self._held and sequence == self._next:
            self._calmer()
            self._play(stamp, packet, out)
            return out
        self._held[sequence] = (stamp, packet, now)
        self._onward(out)
        while len(self._held) > self.depth:
            self._skip(out)
        return out

    def overdue(self, now: float) -> list[Piece]:
        """What must not wait any longer for what is missing."""
        out: list[Piece] = []
        while (due := self.due) is not None and due <= now:
            self._skip(out)
        return out

    def _begin(self, sequence: int, stamp: int) -> None:
        self._next, self._stamp, self._apart = sequence, stamp, True
        self._given_up = 0

    def _flush(self) -> list[Piece]:
        out: list[Piece] = []
        while self._held:
            self._skip(out)
        return out

    def _onward(self, out: list[Piece]) -> None:
        """Play what has come up to the next packet that is missing."""
        while self._next is not None and (held := self._held.pop(self._next, None)) is not None:
            stamp, packet, _ = held
            self._play(stamp, packet, out)

    def _skip(self, out: list[Piece]) -> None:
        """Give up what is missing before the first packet that waits, and go on from there."""
        at = self._next or 0
        first = min(self._held, key=lambda sequence: _ahead(sequence, at, _SEQUENCES))
        missing = _ahead(first, at, _SEQUENCES)
        stamp, packet, _ = self._held[first]
        self.lost += missing
        self._given_up = missing
        self._calm = 0
        # Nothing is made up for a silence, nor for so much that nobody can guess it.
        paused = _ahead(stamp, self._stamp, _STAMPS) > (missing + 1) * TICK
        if self._apart or paused or missing > CONCEALED:
            self._apart = True
        else:
            out.extend([Piece(How.CONCEAL)] * (missing - 1))
            out.append(Piece(How.RECOVER, packet) if packet else Piece(How.CONCEAL))
            self._stamp = stamp
        self._next = first
        self._onward(out)

    def _play(self, stamp: int, packet: bytes | None, out: list[Piece]) -> None:
        gap = _ahead(stamp, self._stamp, _STAMPS)
        apart = self._apart or not 0 <= gap <= TICK
        self._next = ((self._next or 0) + 1) % _SEQUENCES
        if packet is None:
            # Behind a silence nobody knows whether it would have been one too.
            if not apart:
                out.append(Piece(How.CONCEAL))
            self._unread += 1
            self._apart = apart or self._unread >= CONCEALED
            self._stamp = (stamp + TICK) % _STAMPS
            return
        self._unread = 0
        out.append(Piece(How.PLAY, packet, apart))
        self._apart = packet == SILENCE
        self._stamp = (stamp + _length(packet)) % _STAMPS

    def _late(self, ahead: int) -> None:
        """A packet behind its time; one that was given up says that the way is rough."""
        self._calm = 0
        if -self._given_up - MOST <= ahead < 0 and self._given_up:
            self.depth = min(MOST, self.depth + 1)
            self._given_up = 0

    def _calmer(self) -> None:
        self._calm += 1
        if self._calm >= _CALM:
            self.depth, self._calm = max(LEAST, self.depth - 1), 0

    def _is_anew(self, sequence: int, stamp: int, ahead: int) -> bool:
        """Whether so many have come in a row elsewhere that the stream must have begun anew."""
        if abs(ahead) < _FAR and 0 < _ahead(self._stamp, stamp, _STAMPS) <= _FAR * 6 * TICK:
            return False  # only late, or doubled: its time tells
        expected, run = self._stray
        run = run + 1 if sequence == expected and run else 1
        self._stray = ((sequence + 1) % _SEQUENCES, run)
        return run >= _STRAY


def _ahead(one: int, other: int, modulus: int) -> int:
    """How far the one is ahead of the other, going round the shorter way."""
    return (one - other + modulus // 2) % modulus - modulus // 2


def _length(packet: bytes) -> int:
    try:
        return packet_samples(packet)
    except OpusFailed:
        return TICK
