"""ElevenLabs, and OpenAI's speech, on a local socket: a tone for each letter, faults included."""

from __future__ import annotations

import asyncio
import io
import math
from array import array
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import av
import numpy as np
import orjson
from aiohttp import web

from core.ports import Spent
from core.ports.speech import Form
from core.speech import convert
from core.speech.calling import whole
from core.speech.offline import OfflineVoice
from core.speech.pcm import resampled
from tests.fakes.live_server import Line, LiveFault, LiveServer

Fault = Literal[
    "", "401", "403", "404", "429", "500", "quota", "json", "html", "disguised", "stall", "cut",
    "truncated", "odd", "silent", "slow", "tiny",
]  # fmt: skip
Making = Callable[[str], Awaitable[bytes]]
"""A text as 48 kHz sound."""

SECONDS_OF_A_LETTER = 0.06
BRISK = 0.02
_PIECE = 4096


@dataclass(slots=True)
class Asked:
    """One call: what was asked, how far it came."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any]
    sent: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    closed_by_client: bool = False


async def tone(text: str, letter: float = SECONDS_OF_A_LETTER) -> bytes:
    """As long as it would take to say it, and never silent."""
    samples = np.arange(round(len(text) * letter * 48_000))
    wave = 9_000 * np.sin(samples * (2 * math.pi * 330 / 48_000))
    return wave.astype("<i2").tobytes()


async def brisk(text: str) -> bytes:
    """As fast as it is still believed: for long texts."""
    return await tone(text, BRISK)


async def espeak(text: str) -> bytes:
    """Words that can be understood."""
    return await whole(OfflineVoice().stream(text, Form.PCM, Spent()))


class VoiceServer:
    """`fault` is that of all calls; `plan` the formats that an account has, None for all."""

    def __init__(self, make: Making = tone) -> None:
        self.make = make
        self.fault: Fault = ""
        self.faults: list[Fault] = []
        """Of the next calls, one each, before `fault`."""
        self.deaf: Fault | None = None
        """Of writing down; None is that of all calls."""
        self.after = 8_000
        """Bytes that are sent before a stream goes wrong."""
        self.between = 0.0
        self.retry_after = ""
        self.plan: set[str] | None = None
        self.voices = {"EXAVITQu4vr4xnSDxMaL": "Sarah"}
        self.characters = (1_000, 10_000)
        """Used, and allowed."""
        self.hears: str | Callable[[dict[str, Any]], str] = "good morning"
        self.live = LiveServer(self._hear_along, self._fault_along)
        """Where people are heard while they speak."""
        self.writes_in = 0.0
        """Seconds for the whole of something that was said."""
        self.events: list[str] = []
        self.asked: list[Asked] = []
        self.heard: list[dict[str, Any]] = []
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/text-to-speech/{voice}/stream", self._speak)
        app.router.add_post("/v1/audio/speech", self._speak_openai)
        app.router.add_post("/v1/speech-to-text", self._hear)
        app.router.add_post("/v1/audio/transcriptions", self._hear)
        self.live.add_to(app)
        app.router.add_get("/v1/voices/{voice}", self._voice)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/user/subscription", self._subscription)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    # --- speaking ------------------------------------------------------------------------------

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        call = self._note(request, body)
        fault = self._next()
        if (refused := self._refused(fault)) is not None:
            return refused
        if request.match_info["voice"] not in self.voices:
            return _detail(404, "voice_not_found", "A voice with this voice_id was not found.")
        format = request.query.get("output_format", "mp3_44100_128")
        if self.plan is not None and format not in self.plan:
            message = f"Requested output format {format} is only allowed for Pro tier and above."
            return _detail(403, "output_format_not_allowed", message)
        sound = await self.make(body["text"])
        return await self._play(request, call, await encoded(sound, format), fault, format)

    async def _speak_openai(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        call = self._note(request, body)
        fault = self._next()
        if fault == "401":
            error = {"message": "Incorrect API key", "code": "invalid_api_key"}
            return web.json_response({"error": error}, status=401)
        if (refused := self._refused(fault)) is not None:
            return refused
        sound = await self.make(body["input"])
        format = "pcm_24000" if body["response_format"] == "pcm" else "opus_48000_64"
        return await self._play(request, call, await encoded(sound, format), fault, format)

    async def _play(
        self, request: web.Request, call: Asked, data: bytes, fault: Fault, format: str
    ) -> web.StreamResponse:
        kind = {"json": "application/json", "html": "text/html"}.get(fault, "audio/mpeg")
        response = web.StreamResponse(headers={"Content-Type": kind})
        try:
            if fault == "slow":
                await asyncio.Event().wait()
            await response.prepare(request)
            if fault in ("json", "html", "disguised"):
                await response.write(b'{"detail": "sorry"}' if fault == "json" else b"<html>")
                return response
            data = {"silent": b"", "tiny": data[:200], "odd": data[:-1]}.get(fault, data)
            if fault == "truncated":
                data = data[: len(data) * 2 // 3 | 1]
            for at in range(0, len(data), _PIECE):
                if call.sent >= self.after and fault == "stall":
                    await asyncio.Event().wait()
                if call.sent >= self.after and fault == "cut":
                    assert request.transport is not None
                    request.transport.close()
                    return response
                await response.write(data[at : at + _PIECE])
                call.sent += len(data[at : at + _PIECE])
                if self.between:
                    await asyncio.sleep(self.between)
            await response.write_eof()
            return response
        except ConnectionResetError:
            call.closed_by_client = True
            return response
        except asyncio.CancelledError:
            call.closed_by_client = True
            raise
        finally:
            call.ended.set()

    # --- writing down --------------------------------------------------------------------------

    async def _hear(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        heard = {name: value for name, value in form.items() if name != "file"}
        heard |= {"audio": file.file.read(), "type": file.content_type}
        file.file.close()
        heard["key"] = _key(request.headers)
        self.heard.append(heard)
        fault = self._next() if self.deaf is None else self.deaf
        if fault == "slow":
            await asyncio.Event().wait()
        if self.writes_in:
            await asyncio.sleep(self.writes_in)
        if (refused := self._refused(fault)) is not None:
            return refused
        if fault in ("html", "disguised"):
            return web.Response(text="<html>", content_type="text/html")
        text = self.hears if isinstance(self.hears, str) else self.hears(heard)
        answer = {"text": text, "language_code": "eng", "words": [], "audio_duration_secs": 1.5}
        return web.json_response(answer)

    def _hear_along(self, pcm: bytes, line: Line) -> str:
        heard = {**line.query, "audio": pcm, "key": _key(line.headers)}
        self.heard.append(heard)
        return self.hears if isinstance(self.hears, str) else self.hears(heard)

    def _fault_along(self) -> LiveFault:
        """Who writes nothing down at all does not listen along either."""
        match self.fault if self.deaf is None else self.deaf:
            case "":
                return ""
            case "slow":
                return "hang"
            case "401" | "403" | "404" | "429" | "500" as status:
                return status
            case _:
                return "500"

    # --- looking around ------------------------------------------------------------------------

    async def _voice(self, request: web.Request) -> web.Response:
        if (refused := self._refused(self.fault)) is not None:
            return refused
        voice = request.match_info["voice"]
        if voice not in self.voices:
            return _detail(404, "voice_not_found", "A voice with this voice_id was not found.")
        return web.json_response({"voice_id": voice, "name": self.voices[voice], "samples": []})

    async def _models(self, request: web.Request) -> web.Response:
        if (refused := self._refused(self.fault)) is not None:
            return refused
        names = ("eleven_multilingual_v2", "eleven_flash_v2_5")
        rows = [{"model_id": one, "name": one, "can_do_text_to_speech": True} for one in names]
        return web.json_response(rows)

    async def _subscription(self, request: web.Request) -> web.Response:
        if (refused := self._refused(self.fault)) is not None:
            return refused
        used, allowed = self.characters
        plan = {"tier": "free", "character_count": used, "character_limit": allowed}
        return web.json_response({**plan, "status": "active"})

    # --- how -----------------------------------------------------------------------------------

    def _note(self, request: web.Request, body: dict[str, Any]) -> Asked:
        call = Asked(request.path, dict(request.query), dict(request.headers), body)
        self.asked.append(call)
        return call

    def _next(self) -> Fault:
        return self.faults.pop(0) if self.faults else self.fault

    def _refused(self, fault: Fault) -> web.Response | None:
        match fault:
            case "401":
                return _detail(401, "invalid_api_key", "Invalid API key")
            case "403":
                return _detail(403, "missing_permissions", "The key lacks text_to_speech")
            case "quota":
                return _detail(401, "quota_exceeded", "You have 0 credits remaining")
            case "404":
                return _detail(404, "voice_not_found", "A voice with this id was not found")
            case "429":
                headers = {"Retry-After": self.retry_after} if self.retry_after else {}
                return _detail(429, "too_many_concurrent_requests", "Too many", headers)
            case "500":
                return _detail(500, "internal", "Sorry")
            case _:
                return None


async def encoded(sound: bytes, format: str) -> bytes:
    """48 kHz sound in a format as ElevenLabs names them."""
    kind, _, rest = format.partition("_")
    if kind == "pcm":
        return resampled(sound, 48_000, int(rest))
    if kind == "opus":
        return (await convert.spoken_clip(sound)).data
    return await asyncio.to_thread(_mp3, sound)


def _mp3(sound: bytes) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=44_100, layout="mono")
        samples = np.frombuffer(resampled(sound, 48_000, 44_100), dtype="<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "s16", "mono")
        frame.sample_rate = 44_100
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return file.getvalue()


def _key(headers: Mapping[str, str]) -> str:
    return headers.get("xi-api-key") or headers.get("Authorization", "").removeprefix("Bearer ")


def _detail(
    status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> web.Response:
    content = {"detail": {"status": code, "message": message}}
    return web.json_response(content, status=status, headers=headers)


def loudest(sound: bytes) -> int:
    return max(map(abs, array("h", sound)), default=0)
