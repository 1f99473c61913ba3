"""From a packet to what its speaker says: opened, put in order, decoded, cut into utterances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from bots.discord.ears_whose import Crowd, Whose
from bots.discord.jitter import How, Jitter, Piece
from bots.discord.rtp import OPUS, Packet, parse
from bots.discord.secrecy import MARKED, Endwise, Health, Keys, Transport
from core.ports.speech import HEARD_RATE
from core.ports.voices import Listening
from core.speech.hearing import Hearing, Told
from core.speech.opus import Decoder, OpusFailed
from core.speech.vad import Detector

_STREAMS = 64
_QUIET = 60.0
"""Seconds without a packet after which a stream is forgotten."""
_DOUBTFUL = 25
"""Packets in a row that do not open, after which a stream may be somebody else's by now."""


class Line(Keys, Protocol):
    """A voice connection, which also says which stream is our own."""

    @property
    def ssrc(self) -> int: ...


@dataclass(slots=True)
class _Stream:
    """One person's sound, as it comes."""

    person: int
    last: float
    jitter: Jitter = field(default_factory=Jitter)
    decoder: Decoder = field(default_factory=lambda: Decoder(HEARD_RATE))
    failures: int = 0


class Reading:
    """All streams of one connection; for one thread, with its time as an argument.

    `unseen` is told of people who send sound though nobody has seen them come.
    """

    def __init__(
        self,
        ways: Listening,
        told: Told,
        crowd: Crowd,
        ailing: Callable[[str], None],
        unseen: Callable[[], None],
    ) -> None:
        self.undecrypted = 0
        self._crowd = crowd
        self._unseen = unseen
        self._health = Health(ailing)
        self._whose = Whose()
        self._streams: dict[int, _Stream] = {}
        self._ways = ways
        self._hearing = Hearing(ways, told, lambda: Detector(self._ways))
        self._line: Line | None = None
        self._transport: Transport | None = None
        self._endwise: Endwise | None = None
        self._lost = 0

    @property
    def lost(self) -> int:
        return self._lost + sum(stream.jitter.lost for stream in tuple(self._streams.values()))

    @property
    def fails(self) -> bool:
        """Hardly anything can be decrypted."""
        return self._health.fails

    @property
    def due(self) -> float | None:
        """When to ask `advance`, if nothing comes before; None for nothing to wait for."""
        dues = [stream.jitter.due for stream in self._streams.values()]
        return min((due for due in (*dues, self._hearing.due) if due is not None), default=None)

    def listen(self, ways: Listening) -> None:
        """In these from now on."""
        self._ways = ways
        self._hearing.listen(ways)

    def begin(self, line: Line) -> None:
        """Another connection, or the same one made anew: people's numbers begin anew as well."""
        self._line, self._transport, self._endwise = line, Transport(line), Endwise(line)
        for ssrc in list(self._streams):
            self._shut(ssrc)

    def tell(self, ssrc: int, person: int) -> None:
        """This stream is theirs."""
        self._whose.tell(ssrc, person)

    def gone(self, person: int) -> None:
        """They have left."""
        self._whose.gone(person)
        for ssrc in [each for each, stream in self._streams.items() if stream.person == person]:
            self._shut(ssrc)
        self._hearing.gone(str(person))

    def forget(self, person: str) -> None:
        """They are not to be heard: what they are just saying has not been said."""
        self._hearing.forget(person)

    def advance(self, now: float) -> None:
        """Time has passed: give up what does not come, end what is over."""
        for stream in self._streams.values():
            if (due := stream.jitter.due) is not None and due <= now:
                self._sound(stream, stream.jitter.overdue(now), now)
        self._hearing.advance(now)

    def read(self, data: bytes, at: float) -> None:
        """One packet, which came at `at`."""
        packet = parse(data)
        line, transport, endwise = self._line, self._transport, self._endwise
        if packet is None or line is None or transport is None or endwise is None:
            return
        if packet.kind != OPUS or packet.ssrc == line.ssrc:
            return
        person = self._whose.of(packet.ssrc)
        if person is not None and not self._hears(person):
            return
        carried = transport.open(packet)
        if carried is None:
            self.undecrypted += 1
            self._health.failed(at)
            return
        opened: bytes | None = None
        if person is None:
            found = self._whose.guess(packet.ssrc, carried, self._crowd, endwise)
            if found is None or not self._hears(found[0]):
                return
            person, opened = found
        self._take(packet, person, carried, opened, at)

    def _take(
        self, packet: Packet, person: int, carried: bytes, opened: bytes | None, at: float
    ) -> None:
        stream = self._streams.get(packet.ssrc)
        if stream is None or stream.person != person:
            stream = self._open(packet.ssrc, person, at)
        # What is encrypted end to end opens once only.
        if stream.jitter.is_double(packet.sequence, packet.timestamp):
            return
        stream.last = at
        frame = self._opened(stream, packet.ssrc, carried, at) if opened is None else opened
        pieces = stream.jitter.put(packet.sequence, packet.timestamp, frame, at)
        self._sound(stream, pieces, at)

    def _opened(self, stream: _Stream, ssrc: int, carried: bytes, at: float) -> bytes | None:
        endwise = self._endwise
        if endwise is None:
            return None
        frame = endwise.open(stream.person, carried, at)
        if frame is None:
            self.undecrypted += 1
            stream.failures += 1
            if not endwise.forgiven:
                self._health.failed(at)
                if stream.failures % _DOUBTFUL == 0:
                    self._whose.guess(ssrc, carried, self._crowd, endwise)
        elif carried.endswith(MARKED) or not endwise.wanted:
            stream.failures = 0
            self._health.well()
        return frame

    def _hears(self, person: int) -> bool:
        heard = self._crowd.hears(person)
        if heard is None:
            self._unseen()
        return bool(heard)

    def _sound(self, stream: _Stream, pieces: list[Piece], now: float) -> None:
        for piece in pieces:
            pcm = _decoded(stream.decoder, piece)
            self._hearing.hear(str(stream.person), pcm, now, apart=piece.apart)

    def _open(self, ssrc: int, person: int, now: float) -> _Stream:
        for other, stream in list(self._streams.items()):
            if now - stream.last > _QUIET:
                self._shut(other)
        while len(self._streams) >= _STREAMS:
            self._shut(min(self._streams, key=lambda each: self._streams[each].last))
        self._shut(ssrc)
        stream = self._streams[ssrc] = _Stream(person, now)
        return stream

    def _shut(self, ssrc: int) -> None:
        if (stream := self._streams.pop(ssrc, None)) is not None:
            self._lost += stream.jitter.lost


def _decoded(decoder: Decoder, piece: Piece) -> bytes:
    try:
        if piece.how is How.PLAY:
            return decoder.decode(piece.packet)
        if piece.how is How.RECOVER:
            return decoder.recover(piece.packet)
    except OpusFailed:
        pass  # no Opus: as if it had been lost
    return decoder.conceal()
