"""A websocket as Discord holds one: from HELLO to a code, with frames in order and a beat to keep."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from typing import Any, Final, Protocol

import orjson
from aiohttp import WSMsgType, web

_PATIENCE: Final = 1.0  # for the client's half of a closing handshake
_MISSES: Final = 1.5
"""Times the heartbeat's interval: whoever is silent for longer is gone."""


class Closed(Exception):
    """The client broke a rule, may not be here, or time is up; the code says which."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Beating(Protocol):
    """What a socket asks of the house that it belongs to."""

    @property
    def heartbeat(self) -> float: ...


class Socket(ABC):
    """Reads what a client sends and writes what waits for it, each in its own task.

    One that is held says nothing more and stays open; one that is aborted is cut with no word.
    """

    def __init__(self, house: Beating, *, longest: int = 0, compress: bool = True) -> None:
        """`longest`: bytes of a message beyond which the websocket itself is at an end; 0 for any."""
        self._beats: Final = house
        self._socket = web.WebSocketResponse(
            timeout=_PATIENCE, max_msg_size=longest, compress=compress
        )
        self._transport: asyncio.Transport | None = None
        self._bell = asyncio.Event()
        self._limit: asyncio.Timeout | None = None
        self.held = False
        self.closing: tuple[int, str] | None = None
        """What we end it with."""
        self.goodbye: int | None = None
        """What the client has ended it with; a line that is cut says nothing."""

    # -- what each kind does its own way ---------------------------------------------------------

    @abstractmethod
    def greet(self) -> None:
        """Say HELLO."""

    @abstractmethod
    def following(self) -> str | bytes | None:
        """What is to be written next; None while there is nothing."""

    @abstractmethod
    def read(self, given: str | bytes) -> tuple[int, Any]:
        """An operation and what it carries; raises Closed for what is none."""

    @abstractmethod
    def obey(self, op: int, told: Any) -> None:
        """Raises Closed for what a client may not do."""

    @abstractmethod
    def leave(self) -> None:
        """The socket is at an end: so is what it spoke for, or it waits."""

    # -- from elsewhere --------------------------------------------------------------------------

    async def serve(self, request: web.BaseRequest) -> web.WebSocketResponse:
        """Hold the socket until either side ends it."""
        await self._socket.prepare(request)
        self._transport = request.transport
        self.greet()
        try:
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(self._write())
                await self._read()
                if self.closing is not None:
                    # A client that reads nothing would keep the last word from ever leaving.
                    await asyncio.wait({writer}, timeout=2 * _PATIENCE)
                if not writer.done():
                    self.abort()
                    writer.cancel()
        finally:
            self.leave()
        return self._socket

    def wake(self) -> None:
        """There may be something to write."""
        self._bell.set()

    def close(self, code: int, reason: str = "") -> None:
        """End the socket with a code, after what was said before."""
        self.closing = self.closing or (code, reason)
        self.wake()

    def abort(self) -> None:
        """Cut the line with no word to anyone: the client sees 1006."""
        if self._transport is not None:
            self._transport.abort()

    def beaten(self) -> None:
        """A heartbeat has come: the client may be silent for as long again."""
        if self._limit is not None:
            self._limit.reschedule(asyncio.get_running_loop().time() + self._allowed)

    async def raw(self, frame: str | bytes) -> None:
        """Put a frame on the wire as it is."""
        if isinstance(frame, str):
            await self._socket.send_str(frame)
        else:
            await self._socket.send_bytes(frame)

    # -- the two tasks ---------------------------------------------------------------------------

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                frame = None if self.held else self.following()
                if frame is not None:
                    await self.raw(frame)
                elif self.closing is not None:
                    code, reason = self.closing
                    await self._socket.close(code=code, message=reason.encode())
                    return
                else:
                    self._bell.clear()
                    await self._bell.wait()

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(self._allowed) as self._limit:
                frame = await self._socket.receive()
                while frame.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    self.obey(*self.read(frame.data))
                    frame = await self._socket.receive()
                # The library would call it 1000 where the line was cut, too.
                self.goodbye = frame.data if frame.type is WSMsgType.CLOSE else None
        except Closed as refused:
            self.close(refused.code, refused.reason)
        except TimeoutError:
            self.close(4009, "Session timed out.")

    @property
    def _allowed(self) -> float:
        return self._beats.heartbeat * _MISSES


def operation_in(given: str | bytes) -> tuple[int, Any] | None:
    """What JSON holds of an operation; None for what holds none."""
    try:
        frame = orjson.loads(given)
    except orjson.JSONDecodeError:
        return None
    match frame:
        case {"op": int() as op, **rest}:
            return op, rest.get("d")
        case _:
            return None
