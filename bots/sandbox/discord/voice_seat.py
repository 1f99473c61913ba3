"""A person in a voice channel who lives in this process: says what is given, keeps what is heard."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

from bots.sandbox.discord import voice_opus
from bots.sandbox.discord.voice_call import Call
from bots.sandbox.discord.voice_keys import Keys
from bots.sandbox.discord.voice_opus import FRAME_BYTES, RATE
from bots.sandbox.discord.voice_rtp import (
    FRAME_SAMPLES,
    FRAME_SECONDS,
    OPUS,
    SILENCE,
    Frame,
)

_SILENT_FRAMES = 5
_LATEST = 0.5  # seconds behind: then frames are late for good, and time begins anew


@dataclass(slots=True, eq=False)
class Heard:
    """What came of one speaker."""

    pcm: bytearray = field(default_factory=bytearray, repr=False)
    """The last of it, at 48 kHz, one channel, signed 16 bits; what was silence between is not."""
    frames: int = 0
    silent: int = 0
    """Of these, frames of silence as they end a spell of speech; they are in `pcm` too."""
    undecrypted: int = 0
    began: float = 0.0
    """By the loop's clock, of the first frame since this was last forgotten."""
    ended: float = 0.0
    """Of the last frame that was no silence."""


class Pace:
    """Every 20 ms, by one schedule, all who speak get their turn."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._speakers: dict[Seat, None] = {}
        self._next = 0.0
        self._timer: asyncio.Handle | None = None

    def follow(self, seat: Seat) -> None:
        self._speakers[seat] = None
        if self._timer is None:
            self._next = self._loop.time()
            self._timer = self._loop.call_soon(self._beat)

    def leave(self, seat: Seat) -> None:
        self._speakers.pop(seat, None)

    def close(self) -> None:
        self._speakers.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self) -> None:
        now = self._loop.time()
        if now - self._next > _LATEST:
            self._next = now
        while self._next <= now:
            self._next += FRAME_SECONDS
            for seat in tuple(self._speakers):
                seat.tick()
        self._timer = self._loop.call_at(self._next, self._beat) if self._speakers else None


class Seat:
    """Has its own keys and its own Opus, as a person's client has; open mics cost nothing."""

    def __init__(
        self,
        call: Call,
        user: int,
        pace: Pace,
        is_plain: Callable[[Call, int], bool],
        *,
        listens: bool = True,
        keeps: float = 120.0,
        dave: int = 1,
    ) -> None:
        self.user: Final = user
        self.dave: Final = dave
        self.ssrc: Final = secrets.randbits(31) + 1
        self.deaf = not listens
        self.muted = False
        self.speaking = False
        self.heard: dict[int, Heard] = {}
        """By the id of who spoke."""
        self.on_heard: Callable[[int, bytes], None] | None = None
        """Told of every frame, whose it is and its samples, as it comes."""
        self.on_leave: Callable[[], object] = lambda: None
        self._keeps = int(keeps * RATE) * 2
        self._call = call
        self._loop = asyncio.get_running_loop()
        self._pace = pace
        self._is_plain = is_plain
        self._keys = Keys(user, self)
        self._waiting = bytearray()
        self._more = False
        self._silence = 0
        self._sequence = secrets.randbits(16)
        self._origin = secrets.randbits(32)
        self._began = self._loop.time()
        self._timestamp = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._encoder = voice_opus.Encoder()
        self._decoders: dict[int, voice_opus.Decoder] = {}
        self._gone = False

    def enter(self) -> Self:
        """Into the call, if not yet in it."""
        self._keys.begin(self._call.welcome(self))
        self._call.enter(self)
        self._call.speak(self, 0)
        return self

    @property
    def channel(self) -> int:
        return self._call.channel

    @property
    def privacy_code(self) -> str:
        """What everybody in the call can compare; empty without end-to-end encryption."""
        return self._keys.privacy_code

    @property
    def encrypted(self) -> bool:
        return self._keys.ready

    # -- speaking --------------------------------------------------------------------------------

    def say(self, pcm: bytes, *, more: bool = False) -> float:
        """Behind what waits, played as time goes: 48 kHz, one channel, signed 16 bits.

        With `more`, what does not fill a frame waits for the next piece, as of a microphone.
        Gives the seconds that are now to be said.
        """
        self._waiting += pcm
        self._more = more
        if self._waiting and not self._gone:
            self._idle.clear()
            self._pace.follow(self)
        return self.waiting

    def stop(self) -> None:
        """Fall silent in the middle of it."""
        self._waiting.clear()
        self._more = False

    @property
    def waiting(self) -> float:
        """Seconds that are still to be said."""
        return len(self._waiting) / 2 / RATE

    async def quiet(self) -> None:
        """Return when all has been said, the silence behind it too."""
        await self._idle.wait()

    def tick(self) -> None:
        """20 ms have passed."""
        pcm = self._next()
        if pcm is not None:
            if not self.speaking:
                self._begin()
            self._silence = _SILENT_FRAMES
            self._send(self._encoder.encode(pcm))
        elif self._silence:
            self._silence -= 1
            self._send(SILENCE)
        else:
            self._end()

    def _next(self) -> bytes | None:
        if len(self._waiting) < FRAME_BYTES and (self._more or not self._waiting):
            return None
        pcm = bytes(self._waiting[:FRAME_BYTES])
        del self._waiting[:FRAME_BYTES]
        return pcm.ljust(FRAME_BYTES, b"\0")

    def _begin(self) -> None:
        self.speaking = True
        # A microphone's clock goes on while nobody speaks.
        passed = math.ceil((self._loop.time() - self._began) / FRAME_SECONDS) * FRAME_SAMPLES
        self._timestamp = max(self._timestamp, passed)
        self._call.speak(self, 1)

    def _end(self) -> None:
        self._pace.leave(self)
        self._idle.set()
        if self.speaking:
            self.speaking = False
            self._call.speak(self, 0)

    def _send(self, packet: bytes) -> None:
        plain = packet is not SILENCE and self._is_plain(self._call, self.user)
        payload = self._keys.seal(packet, plain=plain)
        self._sequence = (self._sequence + 1) & 0xFFFF
        timestamp = (self._origin + self._timestamp) & 0xFFFFFFFF
        self._timestamp += FRAME_SAMPLES
        self._call.forward(self, Frame(self.ssrc, self._sequence, timestamp, payload))

    # -- hearing ---------------------------------------------------------------------------------

    def hear(self, frame: Frame) -> None:
        if self._gone or frame.kind != OPUS:
            return
        user = self._call.who(frame.ssrc)
        heard = self.heard.setdefault(user, Heard())
        packet = None if frame.spoiled else self._keys.unseal(user, frame.payload)
        if packet is None:
            heard.undecrypted += 1
            return
        now = self._loop.time()
        heard.began = heard.began or now
        heard.frames += 1
        if packet == SILENCE:
            heard.silent += 1
        else:
            heard.ended = now
        if frame.ssrc not in self._decoders:
            self._decoders[frame.ssrc] = voice_opus.Decoder()
        try:
            pcm = self._decoders[frame.ssrc].decode(packet)
        except voice_opus.Broken:
            heard.undecrypted += 1
            return
        heard.pcm += pcm
        if len(heard.pcm) > self._keeps:
            del heard.pcm[: len(heard.pcm) - self._keeps]
        if self.on_heard is not None:
            self.on_heard(user, pcm)

    def forget(self) -> None:
        """Begin to keep anew."""
        self.heard.clear()

    # -- what the server tells ---------------------------------------------------------------------

    def tell(self, op: int, told: object) -> None:
        # Later, as over a network: nobody answers in the middle of being told.
        self._loop.call_soon(self._told, self._call, op, told)

    def tell_bytes(self, op: int, told: bytes) -> None:
        self._loop.call_soon(self._told, self._call, op, told)

    def _told(self, call: Call, op: int, told: object) -> None:
        if self._gone or call is not self._call:
            return  # it was on its way when we went
        before = self._keys.privacy_code
        self._keys.obey(op, told)
        if self._keys.privacy_code != before:
            self._call.has_other_keys()

    def answer(self, op: int, told: object) -> None:
        self._loop.call_soon(self._call.obey, self, op, told)

    # -- being there -----------------------------------------------------------------------------

    def move(self, call: Call) -> None:
        """Into another call, with keys that are new; what was still to be said is not."""
        if call is self._call:
            return
        self._fall_silent()
        self._call.leave(self)
        self._call = call
        self._keys = Keys(self.user, self)
        self.enter()

    def leave(self) -> None:
        """Out of the call; what was still to be said is not."""
        if self._gone:
            return
        self._fall_silent()
        self._gone = True
        self._call.leave(self)
        self.on_leave()
        self._encoder.close()
        for decoder in self._decoders.values():
            decoder.close()

    def _fall_silent(self) -> None:
        self.stop()
        self._silence = 0
        self._end()
