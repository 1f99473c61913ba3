"""A small chat service that speaks OpenAI's protocol on a local socket, faults included.

`python -m tests.fakes.model_server` runs it as its own process and prints its address as one line
of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import inspect
import json
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, Self
from zlib import crc32

import orjson
from aiohttp import web

Fault = Literal[
    "", "429", "500", "401", "hang", "trickle", "cut", "html", "garbage", "huge", "error", "json",
    "quota", "404",
]  # fmt: skip


PICTURE = b"\x89PNG\r\n\x1a\n a picture"


@dataclass(frozen=True, slots=True)
class Script:
    """How one answer is given; times in seconds."""

    text: str = ""
    before: float = 0.0
    between: float = 0.0
    size: int = 40
    """Characters in one piece."""
    fault: Fault = ""
    retry_after: str = ""
    gate: Callable[[], Awaitable[object]] | None = None
    """Awaited once the first piece is out."""
    wrote: Callable[[int], object] | None = None
    """Told the number of each event as it goes out; the first of them bears no words."""


@dataclass(slots=True)
class Call:
    request: dict[str, Any]
    headers: dict[str, str]
    at: float
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    closed_by_client: bool = False


Answering = Callable[[dict[str, Any]], str | Script]


def _packed(vector: list[float]) -> str:
    """As OpenAI does it: 32-bit numbers, the low byte first."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def vector_of(text: str, width: int, at: int = 0) -> list[float]:
    """Always the same for a text: three telling numbers, or its words scattered over more."""
    if width == 3:
        return [float(len(text)), float(at), 1.0]
    vector = [0.0] * width
    for word in text.lower().split():
        vector[crc32(word.encode()) % width] += 1.0
    return vector


def echo(request: dict[str, Any]) -> str:
    """The last words of the user, in elizaOS' form."""
    last = next((m["content"] for m in reversed(request["messages"]) if m["role"] == "user"), "")
    words = last.rpartition("</context>\n")[2][-400:]
    safe = words.replace("&", "&amp;").replace("<", "&lt;")
    return f"<response><actions>REPLY</actions><text>You said: {safe}</text></response>"


class ModelServer:
    """`answer` decides; `refuses` names parameters that earn a 400, as newer models do."""

    def __init__(self, answer: Answering = echo, *, port: int = 0, keep_calls: bool = True) -> None:
        self.answer = answer
        self.refuses: set[str] = set()
        self.calls: list[Call] = []
        self.chats = 0
        self.embeddings = 0
        self.embedded: list[list[str]] = []
        """The texts of each request for vectors."""
        self.embedding: Callable[[dict[str, Any]], Any] | None = None
        """Called with each of them; may wait, or give a Script with a fault."""
        self.vector: Callable[[str, int, int], list[float]] = vector_of
        self.width = 3
        self.pictures: list[dict[str, Any]] = []
        self.seen: list[bytes] = []
        """The pictures that were to be described, where there is a `sight` for them."""
        self.sight = ""
        self.heard: list[dict[str, Any]] = []
        self.judged: list[dict[str, Any]] = []
        self.connections = 0
        self._peers: set[object] = set()
        self._keep = keep_calls
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/embeddings", self._embed)
        app.router.add_post("/v1/images/generations", self._draw)
        app.router.add_post("/v1/audio/transcriptions", self._hear)
        app.router.add_post("/v1/moderations", self._judge)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        if self.sight and (picture := _picture_in(body)) is not None:
            self.seen.append(picture)
            message = {"role": "assistant", "content": self.sight}
            usage = {"prompt_tokens": 90, "completion_tokens": 9}
            return web.json_response({"choices": [{"message": message}], "usage": usage})
        call = Call(body, dict(request.headers), time.monotonic())
        self.chats += 1
        if self._keep:
            self.calls.append(call)
            if request.transport not in self._peers:
                self._peers.add(request.transport)
                self.connections += 1
        try:
            return await self._play(request, body)
        except (asyncio.CancelledError, ConnectionResetError):
            call.closed_by_client = True
            raise
        finally:
            call.ended.set()

    async def _play(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        for name in self.refuses & body.keys():
            return _error(400, f"Unsupported parameter: '{name}'", "unsupported_parameter", name)
        answer = self.answer(body)
        script = Script(answer) if isinstance(answer, str) else answer
        if script.before:
            await asyncio.sleep(script.before)
        if (refusal := _refused(script)) is not None:
            return refusal
        usage = bool((body.get("stream_options") or {}).get("include_usage"))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        pieces = _pieces(script.text, script.size, body.get("model", ""), usage)
        if not (script.between or script.fault or script.gate):
            # A length keeps the answer out of chunked coding: the cheapest way to send it.
            whole = b"".join(pieces)
            return web.Response(body=whole, content_type="text/event-stream")
        await response.prepare(request)
        if script.fault == "hang":
            await asyncio.Event().wait()
        if script.fault == "garbage":
            await response.write(b"data: \x00\xff{{{{ not json\n\n" * 20)
            return response
        if script.fault == "huge":
            await response.write(b"data: " + b"x" * (3 * 1024 * 1024))
            return response
        if script.fault == "error":
            await response.write(b'data: {"error": {"message": "overloaded", "code": 503}}\n\n')
            return response
        while script.fault == "trickle":
            await response.write(pieces[1])
            await asyncio.sleep(script.between or 0.05)
        for at, piece in enumerate(pieces):
            if script.fault == "cut" and at == 2:
                assert request.transport is not None
                request.transport.close()
                return response
            if script.wrote is not None:
                script.wrote(at)
            await response.write(piece)
            if at == 0 and script.gate is not None:
                await script.gate()
            if script.between:
                await asyncio.sleep(script.between)
        await response.write_eof()
        return response

    async def _embed(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        self.embeddings += 1
        if self._keep:
            self.embedded.append(texts)
        if self.embedding is not None:
            answer = self.embedding(body)
            if inspect.isawaitable(answer):
                answer = await answer
            if isinstance(answer, Script) and (refusal := _refused(answer)) is not None:
                return refusal
        if "embeddings" in self.refuses:
            return _error(401, "no embeddings for you", "invalid_api_key", None)
        for name in self.refuses & body.keys():
            return _error(400, f"Unsupported parameter: '{name}'", "unsupported_parameter", name)
        width = body.get("dimensions") or self.width
        made = [self.vector(text, width, at) for at, text in enumerate(texts)]
        packed = body.get("encoding_format") == "base64"
        data = [
            {"object": "embedding", "index": at, "embedding": _packed(one) if packed else one}
            for at, one in enumerate(made)
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return web.json_response(
            {"object": "list", "data": data, "model": body["model"], "usage": usage}
        )

    async def _draw(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        self.pictures.append(body)
        for name in self.refuses & body.keys():
            return _error(400, f"Unknown parameter: '{name}'", "unknown_parameter", name)
        answer = self.answer(body | {"messages": []})
        if isinstance(answer, Script) and (refusal := _refused(answer)) is not None:
            return refusal
        one = {"b64_json": base64.b64encode(PICTURE).decode()}
        if body["model"].startswith("dall-e"):
            one = {"url": "https://pictures.example/1.png"}
        return web.json_response({"created": 1, "data": [one] * int(body.get("n", 1))})

    async def _hear(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        rest = {name: value for name, value in form.items() if name != "file"}
        self.heard.append(
            {**rest, "name": file.filename, "type": file.content_type, "audio": file.file.read()}
        )
        if form.get("response_format") == "srt":
            return web.Response(text="1\n00:00:00,000 --> 00:00:02,000\nGood morning.\n")
        usage = {"type": "duration", "seconds": 2}
        return web.json_response({"text": " Good morning. ", "usage": usage})

    async def _judge(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        self.judged.append(body)
        bad = "murder" in body["input"]
        row = {"flagged": bad, "categories": {"violence": bad, "hate": False}}
        return web.json_response({"id": "modr-1", "model": body["model"], "results": [row]})


@lru_cache(maxsize=256)
def _pieces(text: str, size: int, model: str, usage: bool) -> tuple[bytes, ...]:
    """The events of a whole answer, made once."""
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}

    def event(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return b"data: " + orjson.dumps({**base, "choices": [choice]}) + b"\n\n"

    parts = [text[at : at + size] for at in range(0, len(text), size)]
    events = [event({"role": "assistant", "content": ""})]
    events += [event({"content": part}) for part in parts]
    events.append(event({}, "stop"))
    if usage:
        counts = {
            "prompt_tokens": 100,
            "completion_tokens": len(parts),
            "prompt_tokens_details": {"cached_tokens": 64},
        }
        events.append(b"data: " + orjson.dumps({**base, "choices": [], "usage": counts}) + b"\n\n")
    events.append(b"data: [DONE]\n\n")
    return tuple(events)


def _picture_in(body: dict[str, Any]) -> bytes | None:
    """What is shown in a data: address, beside the words."""
    for part in body["messages"][-1]["content"] if body.get("messages") else ():
        if isinstance(part, dict) and part.get("type") == "image_url":
            return base64.b64decode(part["image_url"]["url"].partition(";base64,")[2])
    return None


def _refused(script: Script) -> web.Response | None:
    headers = {"Retry-After": script.retry_after} if script.retry_after else {}
    match script.fault:
        case "429":
            return _error(429, "slow down", "rate_limit_exceeded", None, headers)
        case "quota":
            return _error(429, "no money", "insufficient_quota", None)
        case "500":
            return _error(500, "sorry", "server_error", None, headers)
        case "404":
            return _error(404, "no such model", "model_not_found", None)
        case "401":
            return _error(401, "Incorrect API key provided", "invalid_api_key", None)
        case "html":
            return web.Response(text="<html>Gateway</html>", content_type="text/html")
        case "json":
            message = {"role": "assistant", "content": script.text}
            choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
            return web.json_response({"choices": choices, "usage": {"prompt_tokens": 7}})
        case _:
            return None


def _error(
    status: int,
    message: str,
    code: str,
    param: str | None,
    headers: dict[str, str] | None = None,
) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "code": code, "param": param}
    return web.json_response({"error": error}, status=status, headers=headers)


async def _serve(port: int, latency: float) -> None:
    def answer(request: dict[str, Any]) -> Script:
        return Script(echo(request), before=latency)

    async with ModelServer(answer, port=port, keep_calls=False) as server:
        print(json.dumps({"base_url": server.base_url}), flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before the answer")
    arguments = parser.parse_args()
    try:
        asyncio.run(_serve(arguments.port, arguments.latency))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
