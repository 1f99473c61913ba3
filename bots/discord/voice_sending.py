"""One channel's beat: a frame from the mouth, Opus, a packet; made in one tick, let out in the next."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

from bots.discord.mouth import ChannelMouth, Frame
from bots.discord.pulse import TICK
from bots.discord.voice_packets import Packets, Way

log = logging.getLogger(__name__)

_SILENCE = b"\xf8\xff\xfe"
_SILENCES = 5
"""Frames of silence behind what was said, so that nobody's decoder makes up how it went on."""
_KEEPS_PLACE = round(5 / TICK)
"""Ticks without a connection for which speech waits; beyond, it goes on unheard."""
_PAUSE = 3 * TICK


class Encodes(Protocol):
    def encode(self, pcm: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class _Ready:
    socket: socket.socket
    packet: bytes = field(repr=False)
    frame: Frame | None


class Sending:
    """Implements Beating; all of it runs in the pulse's thread."""

    def __init__(
        self,
        mouth: ChannelMouth,
        way: Callable[[], Way | None],
        encoder: Encodes,
        speaks: Callable[[bool], None],
    ) -> None:
        """`way` is None while nothing can go out; `speaks` is told when it begins and ends."""
        self._mouth = mouth
        self._way = way
        self._encoder = encoder
        self._speaks = speaks
        self._packets = Packets()
        self._ready: _Ready | None = None
        self._went = self._says = False
        self._silences = 0
        self._held = 0
        self._last = 0.0
        self._failed = False

    def send(self) -> None:
        ready, self._ready = self._ready, None
        self._went = ready is not None
        if ready is None:
            return
        try:
            ready.socket.send(ready.packet)
        except OSError:  # as on any way, some packets do not arrive
            if ready.frame is not None:
                self._mouth.lost(ready.frame)
            return
        if ready.frame is not None:
            self._mouth.sent(ready.frame)

    def prepare(self) -> bool:
        way = self._way()
        if way is None:
            return self._hold()
        self._held = 0
        if not self._make(way):
            return False
        if not self._went:  # what has just begun need not wait for the next tick
            self.send()
            self._make(way)
        return True

    def _hold(self) -> bool:
        if not self._mouth.due:
            return False
        self._held += 1
        if self._held > _KEEPS_PLACE and (frame := self._mouth.take()) is not None:
            self._mouth.lost(frame)
        return True

    def _make(self, way: Way) -> bool:
        frame = self._mouth.take()
        if frame is None and not self._silences:
            return False
        self._silences = _SILENCES if frame is not None else self._silences - 1
        self._tell(self._silences > 0)
        now = perf_counter()
        if now - self._last > _PAUSE:
            self._packets.skip(round((now - self._last) / TICK) - 1)
        self._last = now
        try:
            opus = _SILENCE if frame is None else self._encoder.encode(frame.pcm)
            self._ready = _Ready(way.socket, self._packets.seal(way, opus), frame)
        except Exception as error:  # noqa: BLE001 - the wall round one packet, which davey may refuse
            self._complain(error)
            if frame is not None:
                self._mouth.lost(frame)
        return True

    def _tell(self, says: bool) -> None:
        if says != self._says:
            self._says = says
            self._speaks(says)

    def _complain(self, error: Exception) -> None:
        if not self._failed:
            self._failed = True
            log.warning("a packet of speech cannot be made (%s); said once", type(error).__name__)
