"""One client's voice session, gateway v8: from hello to close, and what a RESUME replays."""

from __future__ import annotations

import asyncio
import secrets
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import orjson

from bots.sandbox.discord.socket import Closed, Socket, operation_in
from bots.sandbox.discord.voice_call import SPEAKING, Call
from bots.sandbox.discord.voice_media import Media
from bots.sandbox.discord.voice_rtp import MODE, Frame, seal

__all__ = ["Admission", "Closed", "Line", "Wire"]

IDENTIFY, SELECT_PROTOCOL, READY, HEARTBEAT, SESSION_DESCRIPTION = 0, 1, 2, 3, 4
HEARTBEAT_ACK, RESUME, HELLO, RESUMED = 6, 7, 8, 9
_RESUMABLE: Final = frozenset({4009, 4015})
"""After any other code of ours the session is gone."""
_IGNORED: Final = frozenset({12, 14, 15, 16, 18, 20})  # of cameras, quality and versions
_REPLAYED = 1_000
_LONGEST = 1 << 16


@dataclass(slots=True, eq=False)
class Admission:
    """Who may come to which channel, as the main gateway has told them."""

    guild: int
    channel: int
    user: int
    session_id: str
    region: str
    token: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)
    deaf: bool = False
    muted: bool = False

    def comes_as(self, other: Admission) -> bool:
        """Nothing but the token tells them apart."""
        mine = self.channel, self.session_id, self.region
        return mine == (other.channel, other.session_id, other.region)


class House(Protocol):
    """What a socket asks of the house that it belongs to."""

    heartbeat: float
    survives: float
    media: Media

    def admitted(self, asked: dict[str, Any], region: str) -> Admission: ...
    def line_of(self, asked: dict[str, Any]) -> Line: ...
    def begin(self, line: Line) -> None: ...
    def call_of(self, admission: Admission) -> Call: ...
    def over(self, line: Line) -> None: ...


class Line:
    """A client in a call: it outlives a socket that breaks, for as long as it may be resumed."""

    def __init__(self, house: House, admission: Admission, dave: int) -> None:
        self._house = house
        self.admission = admission
        self.user: Final = admission.user
        self.dave: Final = dave
        self.ssrc: Final = secrets.randbits(31) + 1
        self.key: Final = secrets.token_bytes(32)
        self.call: Call | None = None
        self.wire: Wire | None = None
        self.expiry: asyncio.TimerHandle | None = None
        self.sent = 0
        """Packets to it."""
        self.received = 0
        self._seq = 0
        self._kept: deque[tuple[int, str | bytes]] = deque(maxlen=_REPLAYED)

    @property
    def deaf(self) -> bool:
        return self.admission.deaf

    @property
    def muted(self) -> bool:
        return self.admission.muted

    # -- what it is told -------------------------------------------------------------------------

    def tell(self, op: int, told: object) -> None:
        self._seq = (self._seq + 1) & 0xFFFF
        self._put(orjson.dumps({"op": op, "d": told, "seq": self._seq}).decode())

    def tell_bytes(self, op: int, told: bytes) -> None:
        self._seq = (self._seq + 1) & 0xFFFF
        self._put(struct.pack(">HB", self._seq, op) + told)

    def _put(self, frame: str | bytes) -> None:
        self._kept.append((self._seq, frame))
        if self.wire is not None:
            self.wire.put(frame)

    def missed(self, seq: int) -> list[str | bytes] | None:
        """What came after a number; None where that is kept no more."""
        numbers = [number for number, _ in self._kept]
        if seq == self._seq:
            return []
        if seq in numbers:
            return [frame for _, frame in list(self._kept)[numbers.index(seq) + 1 :]]
        return None

    # -- sound -----------------------------------------------------------------------------------

    def hear(self, frame: Frame) -> None:
        self.sent += 1
        self._house.media.send(self, seal(self.key, self.sent, frame))

    def arrived(self, frame: Frame) -> None:
        self.received += 1
        if self.call is not None and frame.ssrc == self.ssrc:
            self.call.forward(self, frame)


class Wire(Socket):
    """One socket, and the line that it speaks for once somebody has identified."""

    def __init__(self, house: House, region: str) -> None:
        super().__init__(house, longest=_LONGEST)
        self._house = house
        self._region = region
        self._out: deque[str | bytes] = deque()
        self._line: Line | None = None

    def greet(self) -> None:
        self._say(HELLO, {"v": 8, "heartbeat_interval": int(self._house.heartbeat * 1000)})

    def put(self, frame: str | bytes) -> None:
        self._out.append(frame)
        self.wake()

    def following(self) -> str | bytes | None:
        return self._out.popleft() if self._out else None

    def hold(self, on: bool) -> None:
        self.held = on
        self.wake()

    def _say(self, op: int, told: object) -> None:
        self.put(orjson.dumps({"op": op, "d": told}).decode())

    # -- reading ---------------------------------------------------------------------------------

    def read(self, given: str | bytes) -> tuple[int, Any]:
        """Bytes are an operation and what it carries; text is JSON."""
        if isinstance(given, bytes) and given:
            return given[0], given[1:]
        found = operation_in(given)
        if found is None:
            raise Closed(4002, "Failed to decode payload.")
        return found

    def obey(self, op: int, told: Any) -> None:
        if op == HEARTBEAT:
            self._beat(told)
        elif op in {IDENTIFY, RESUME}:
            if self._line is not None:
                raise Closed(4005, "Already authenticated.")
            if not isinstance(told, dict):
                raise Closed(4002, "Failed to decode payload.")
            (self._identify if op == IDENTIFY else self._resume)(told)
        elif self._line is None:
            raise Closed(4003, "Not authenticated.")
        elif op == SELECT_PROTOCOL:
            self._describe(self._line, told)
        else:
            self._pass_on(self._line, op, told)

    def _beat(self, told: Any) -> None:
        self.beaten()
        self._say(HEARTBEAT_ACK, {"t": told.get("t")} if isinstance(told, dict) else told)

    def _identify(self, told: dict[str, Any]) -> None:
        admission = self._house.admitted(told, self._region)
        version = told.get("max_dave_protocol_version", 0)
        line = Line(self._house, admission, version if isinstance(version, int) else 0)
        line.wire, self._line = self, line
        self._house.begin(line)
        host, port = self._house.media.where
        line.tell(READY, {
            "ssrc": line.ssrc,
            "ip": host,
            "port": port,
            "modes": [MODE],
            "experiments": [],
            "streams": [],
        })  # fmt: skip

    def _resume(self, told: dict[str, Any]) -> None:
        line = self._house.line_of(told)
        seq = told.get("seq_ack", -1)
        missed = line.missed(seq) if isinstance(seq, int) else None
        if missed is None:
            raise Closed(4006, "Session is no longer valid.")
        if line.wire is not None:
            line.wire.replaced()
        if line.expiry is not None:
            line.expiry.cancel()
        self._line, line.wire = line, self
        for frame in missed:
            self.put(frame)
        self._say(RESUMED, None)

    def replaced(self) -> None:
        """Another socket speaks for the line now."""
        self._line = None
        self.close(4006, "Resumed elsewhere.")

    def _describe(self, line: Line, told: Any) -> None:
        match told:
            case {"protocol": "udp", "data": {"address": str(), "port": int(), "mode": str(mode)}}:
                if mode != MODE:
                    raise Closed(4016, "Unknown encryption mode.")
            case {"protocol": "udp"}:
                raise Closed(4002, "Failed to decode payload.")
            case _:
                raise Closed(4012, "Unknown protocol.")
        call = self._house.call_of(line.admission)
        if line.call is not None:
            line.call.leave(line)
        line.call = call
        line.tell(SESSION_DESCRIPTION, {
            "mode": MODE,
            "secret_key": list(line.key),
            "dave_protocol_version": call.welcome(line),
            "audio_codec": "opus",
            "video_codec": None,
            "media_session_id": secrets.token_hex(16),
        })  # fmt: skip
        call.enter(line)

    def _pass_on(self, line: Line, op: int, told: Any) -> None:
        call = line.call
        if op == SPEAKING and isinstance(told, dict):
            flags = told.get("speaking")
            if call is not None and told.get("ssrc") == line.ssrc:
                call.speak(line, int(flags) if isinstance(flags, int) else 0)
        elif op in _IGNORED or (call is not None and call.obey(line, op, told)):
            return
        else:
            raise Closed(4001, "Unknown opcode.")

    def leave(self) -> None:
        line, self._line = self._line, None
        if line is None or line.wire is not self:
            return
        line.wire = None
        ended = self.goodbye is not None
        if self.closing is not None:
            ended = self.closing[0] not in _RESUMABLE
        if ended:
            self._house.over(line)
            return
        loop = asyncio.get_running_loop()
        line.expiry = loop.call_later(self._house.survives, self._house.over, line)
