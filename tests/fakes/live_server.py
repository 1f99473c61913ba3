"""Ears that listen along, on a local socket, faults included: ElevenLabs', and OpenAI's beside it."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from aiohttp import WSMsgType, web

from tests.fakes.live_server_openai import Realtime

LiveFault = Literal[
    "", "401", "403", "404", "429", "500", "redirect", "hang", "mute", "midway", "at the end", "garbage",
    "binary", "uncalled", "auth_error", "quota_exceeded", "rate_limited", "commit_throttled",
    "insufficient_audio_activity", "session_time_limit_exceeded", "transcriber_error", "news",
    "405", "broke", "leaves", "no model", "turned round", "unwelcome",
]  # fmt: skip
_TROUBLES = (
    "auth_error", "quota_exceeded", "rate_limited", "commit_throttled",
    "insufficient_audio_activity", "session_time_limit_exceeded", "transcriber_error", "news",
)  # fmt: skip


@dataclass(slots=True)
class Line:
    """One connection: with what it was made, what was said on it."""

    query: dict[str, str]
    headers: dict[str, str]
    fault: LiveFault
    open: bytearray = field(default_factory=bytearray)
    """What is not committed."""
    said: list[bytes] = field(default_factory=list)
    chunks: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)


class LiveServer:
    """`fault` is that of all lines; what is said is written down at once, or `takes` later."""

    def __init__(
        self, writes: Callable[[bytes, Line], str], fails: Callable[[], LiveFault]
    ) -> None:
        """What the rest of the vendor does."""
        self._fails = fails
        self.hears = writes
        self.fault: LiveFault = ""
        self.faults: list[LiveFault] = []
        """Of the next lines, one each, before `fault`."""
        self.after = 8_000
        """Bytes that a line takes before it goes wrong midway."""
        self.takes = 0.0
        self.lines: list[Line] = []
        self.strangers: list[dict[str, str]] = []
        """Headers of whoever came where a redirect points at."""

    @property
    def said(self) -> list[bytes]:
        return [one for line in self.lines for one in line.said]

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/v1/speech-to-text/realtime", self._answer)
        app.router.add_get("/v1/realtime", self._answer)
        app.router.add_get("/elsewhere", self._elsewhere)

    async def _elsewhere(self, request: web.Request) -> web.Response:
        self.strangers.append(dict(request.headers))
        return web.Response()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.pop(0) if self.faults else self.fault or self._fails()
        line = Line(dict(request.query), dict(request.headers), fault)
        self.lines.append(line)
        try:
            if fault == "hang":
                await asyncio.Event().wait()
            if fault == "redirect":
                # Another host, by name.
                port = request.url.port
                raise web.HTTPTemporaryRedirect(f"http://localhost:{port}/elsewhere")
            if fault.isdecimal():
                return web.json_response({"detail": "no"}, status=int(fault))
            return await self._listen(request, line)
        finally:
            line.over.set()

    async def _listen(self, request: web.Request, line: Line) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=0.1)
        await socket.prepare(request)
        if line.fault == "leaves":
            await socket.close()
            return socket
        if request.path == "/v1/realtime":
            await Realtime(self, line, socket).listen(request)
            return socket
        if line.fault != "unwelcome":
            await _tell(socket, "session_started", session_id="s1", config={})
        if line.fault == "uncalled":
            await _tell(socket, "committed_transcript", text="said by nobody")
        async for message in socket:
            assert message.type is WSMsgType.TEXT
            told = orjson.loads(message.data)
            _check(told)
            line.open += base64.b64decode(told["audio_base_64"])
            line.chunks += 1
            midway = line.fault == "midway" and len(line.open) >= self.after
            if midway or (line.fault == "at the end" and told["commit"]):
                assert request.transport is not None
                request.transport.abort()
                break
            if told["commit"]:
                await self._commit(socket, line)
            else:
                await _tell(socket, "partial_transcript", text="good")
        return socket

    async def _commit(self, socket: web.WebSocketResponse, line: Line) -> None:
        line.said.append(bytes(line.open))
        line.open.clear()
        if self.takes:
            await asyncio.sleep(self.takes)
        match line.fault:
            case "mute":
                return
            case "garbage":
                await socket.send_str("<html>")
            case "binary":
                await socket.send_bytes(b"\x00\x01")
            case fault if fault in _TROUBLES:
                await _tell(socket, fault, error="Something with a secret in it")
            case _:
                await _tell(socket, "committed_transcript", text=self.hears(line.said[-1], line))


def _check(told: dict[str, Any]) -> None:
    """As strict as its protocol is."""
    assert set(told) == {"message_type", "audio_base_64", "commit", "sample_rate"}, told
    assert told["message_type"] == "input_audio_chunk"
    assert told["sample_rate"] == 16_000
    assert isinstance(told["commit"], bool)
    try:
        base64.b64decode(told["audio_base_64"], validate=True)
    except binascii.Error as error:
        raise AssertionError(told["audio_base_64"]) from error


async def _tell(socket: web.WebSocketResponse, kind: str, **more: Any) -> None:
    await socket.send_str(orjson.dumps({"message_type": kind, **more}).decode())
