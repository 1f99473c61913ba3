"""One channel's beat: a frame from the mouth, Opus, a packet; made in one tick, let out in the next."""

from __future__ import annotations

import ctypes
import logging
import os
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
KEEPS_PLACE = 5.0
"""Seconds without a connection for which speech waits, to go on where it was."""
_HOLDS = round(KEEPS_PLACE / TICK)
_HOLDS_MOST = _HOLDS + round(1 / TICK)
"""Ticks. Whoever speaks was told by then; what is still said goes on unheard."""
_PAUSE = 3 * TICK


def _by_the_system() -> Callable[[socket.socket, bytes], object]:
    """How a packet is let out without letting go of the interpreter.

    It takes some microseconds, and whoever lets go for them waits for the others to let go in
    turn: of ten channels the last was up to 2 ms late by that.
    """
    if os.name != "posix":  # where a socket is no file
        return lambda line, packet: line.send(packet)
    send = ctypes.PyDLL(None, use_errno=True).send
    send.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int)
    send.restype = ctypes.c_ssize_t

    def hand_over(line: socket.socket, packet: bytes) -> None:
        # One that was closed meanwhile has the number -1, which is refused.
        if send(line.fileno(), packet, len(packet), socket.MSG_DONTWAIT) < 0:
            raise OSError(ctypes.get_errno(), "a packet did not go out")

    return hand_over


hand_over = _by_the_system()
"""Send a packet by a socket that is connected, without ever waiting; raises OSError."""


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
        waits: Callable[[], None] = lambda: None,
    ) -> None:
        """`way` is None while nothing can go out; `speaks` is told when it begins and ends, `waits`
        when speech has waited for a way for as long as it keeps its place."""
        self._mouth = mouth
        self._way = way
        self._encoder = encoder
        self._speaks = speaks
        self._waits = waits
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
            hand_over(ready.socket, ready.packet)
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
            self._held = 0
            return False
        self._held += 1
        if self._held == _HOLDS:
            self._waits()
        if self._held > _HOLDS_MOST and (frame := self._mouth.take()) is not None:
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
