"""OpenAI's ear that listens along: its Realtime protocol, as its own types have it."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import WSMsgType, web
from openai.types.realtime import (
    ConversationItemInputAudioTranscriptionCompletedEvent as Completed,
)
from openai.types.realtime import ConversationItemInputAudioTranscriptionDeltaEvent as Delta
from openai.types.realtime import (
    ConversationItemInputAudioTranscriptionFailedEvent as Failed,
)
from openai.types.realtime import (
    InputAudioBufferCommittedEvent,
    RealtimeErrorEvent,
    SessionCreatedEvent,
    SessionUpdatedEvent,
)
from pydantic import BaseModel

if TYPE_CHECKING:
    from tests.fakes.live_server import Line, LiveServer

_RATE = 24_000
_SHORTEST = _RATE * 2 // 10
_SECRET = "Something with a secret in it"
_ERRORS = {
    "auth_error": ("invalid_request_error", "invalid_api_key"),
    "quota_exceeded": ("insufficient_quota", "insufficient_quota"),
    "rate_limited": ("rate_limit_error", "rate_limit_exceeded"),
    "session_time_limit_exceeded": ("invalid_request_error", "session_expired"),
    "commit_throttled": ("invalid_request_error", "input_audio_buffer_commit_empty"),
    "news": ("a_new_kind_of_error", None),
}
_FAILURES = {
    "insufficient_audio_activity": ("transcription_error", "audio_unintelligible"),
    "transcriber_error": ("server_error", None),
    "broke": ("insufficient_quota", "insufficient_quota"),
}
_UPDATE: dict[str, Any] = {
    "format": {"type": "audio/pcm", "rate": _RATE},
    "turn_detection": None,
}


class Realtime:
    """One line; what was committed is written down one after the other, or turned round."""

    def __init__(self, server: LiveServer, line: Line, socket: web.WebSocketResponse) -> None:
        self._server = server
        self._line = line
        self._socket = socket
        self._model = ""
        self._events = 0
        self._items: list[str] = []
        self._held: list[tuple[str, bytes]] = []

    async def listen(self, request: web.Request) -> None:
        line = self._line
        await self._tell(SessionCreatedEvent, "session.created", session={"type": "transcription"})
        if line.fault == "uncalled":
            await self._completed("item_of_nobody", b"")
        async for message in self._socket:
            assert message.type is WSMsgType.TEXT
            told = orjson.loads(message.data)
            match told.pop("type"):
                case "session.update":
                    await self._update(told)
                case "input_audio_buffer.append":
                    assert self._model, "sound before it was said what is to become of it"
                    assert set(told) == {"audio"}, told
                    line.open += base64.b64decode(told["audio"], validate=True)
                    line.chunks += 1
                case "input_audio_buffer.commit":
                    assert not told, told
                    if line.fault == "at the end":
                        break
                    await self._commit()
                case other:
                    raise AssertionError(other)
            if line.fault == "midway" and len(line.open) >= self._server.after:
                break
        else:
            return
        assert request.transport is not None
        request.transport.abort()

    async def _update(self, told: dict[str, Any]) -> None:
        session = told.pop("session")
        assert not told, told
        assert set(session) == {"type", "audio"}, session
        assert session["type"] == "transcription"
        assert set(session["audio"]) == {"input"}, session
        heard = dict(session["audio"]["input"])
        transcription = heard.pop("transcription")
        assert heard == _UPDATE, heard
        assert set(transcription) == {"model"}, transcription
        if self._line.fault == "no model":
            await self._error("invalid_request_error", "model_not_found")
            return
        self._model = transcription["model"]
        if self._line.fault != "unwelcome":
            await self._tell(SessionUpdatedEvent, "session.updated", session=session)

    async def _commit(self) -> None:
        line = self._line
        pcm = bytes(line.open)
        line.open.clear()
        if len(pcm) < _SHORTEST:
            await self._error("invalid_request_error", "input_audio_buffer_commit_empty")
            return
        line.said.append(pcm)
        before = self._items[-1] if self._items else None
        item = f"item_{len(self._items)}"
        self._items.append(item)
        await self._tell(
            InputAudioBufferCommittedEvent,
            "input_audio_buffer.committed",
            item_id=item,
            previous_item_id=before,
        )
        if self._server.takes:
            await asyncio.sleep(self._server.takes)
        await self._write_down(item, pcm)

    async def _write_down(self, item: str, pcm: bytes) -> None:
        match self._line.fault:
            case "mute":
                return
            case "garbage":
                await self._socket.send_str("<html>")
            case "binary":
                await self._socket.send_bytes(b"\x00\x01")
            case "turned round":
                self._held.append((item, pcm))
                if len(self._held) == 2:
                    for one in reversed(self._held):
                        await self._completed(*one)
            case fault if fault in _ERRORS:
                await self._error(*_ERRORS[fault])
            case fault if fault in _FAILURES:
                kind, code = _FAILURES[fault]
                await self._tell(
                    Failed,
                    "conversation.item.input_audio_transcription.failed",
                    item_id=item,
                    content_index=0,
                    error={"type": kind, "code": code, "message": _SECRET},
                )
            case _:
                await self._completed(item, pcm)

    async def _completed(self, item: str, pcm: bytes) -> None:
        text = self._server.hears(pcm, self._line) if pcm else "said by nobody"
        for word in text.split():
            await self._tell(
                Delta,
                "conversation.item.input_audio_transcription.delta",
                item_id=item,
                content_index=0,
                delta=f"{word} ",
            )
        await self._tell(
            Completed,
            "conversation.item.input_audio_transcription.completed",
            item_id=item,
            content_index=0,
            transcript=f"{text}\n",
            usage=self._usage(len(pcm) / 2 / _RATE),
        )

    def _usage(self, seconds: float) -> dict[str, Any]:
        if not self._model.startswith("gpt-4o"):
            return {"type": "duration", "seconds": seconds}
        heard = {"audio_tokens": 10, "text_tokens": 0}
        return {
            "type": "tokens",
            "input_tokens": 10,
            "output_tokens": 4,
            "total_tokens": 14,
            "input_token_details": heard,
        }

    async def _error(self, kind: str, code: str | None) -> None:
        error = {"type": kind, "code": code, "message": _SECRET, "event_id": None, "param": None}
        await self._tell(RealtimeErrorEvent, "error", error=error)

    async def _tell(self, shape: type[BaseModel], kind: str, **more: Any) -> None:
        self._events += 1
        event = {"type": kind, "event_id": f"event_{self._events}", **more}
        shape.model_validate(event)  # as the vendor itself has it
        await self._socket.send_str(orjson.dumps(event).decode())
