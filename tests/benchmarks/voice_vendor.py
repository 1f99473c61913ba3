"""A vendor of voices that answers at once: the same sound for every text, the same text for any sound."""

from __future__ import annotations

import asyncio
import sys
import time

import orjson
from aiohttp import web

from core.ports import RATE, Form, Spent
from core.speech.offline import OfflineVoice

_PIECE = 32_768
_TALK = "Every evening the lamps along the harbour were lit one by one and the boats came home. "


class Vendor:
    def __init__(self, sound: bytes) -> None:
        self._sound = sound
        self._seconds = 1.0
        self._hears = ""
        self._said: list[int] = []
        self._heard: list[int] = []

    async def speak(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        self._said.append(time.time_ns())
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await response.prepare(request)
        size = round(self._seconds * RATE) * 2
        told = memoryview(self._sound * (size // len(self._sound) + 1))[:size]
        for at in range(0, size, _PIECE):
            await response.write(bytes(told[at : at + _PIECE]))
        await response.write_eof()
        return response

    async def hear(self, request: web.Request) -> web.Response:
        await request.read()
        self._heard.append(time.time_ns())
        return web.json_response({"text": self._hears, "language_code": "eng", "words": []})

    async def be(self, request: web.Request) -> web.Response:
        """{"seconds": 40, "hears": "Hello."}: what is said lasts, and what is written down."""
        asked = orjson.loads(await request.read())
        self._seconds = asked.get("seconds", self._seconds)
        self._hears = asked.get("hears", self._hears)
        told = {"said": self._said, "heard": self._heard}
        self._said, self._heard = [], []
        return web.json_response(told)


async def _serve() -> None:
    pieces = OfflineVoice("en-us").stream(_TALK, Form.PCM, Spent())
    vendor = Vendor(b"".join([piece async for piece in pieces]))
    app = web.Application(client_max_size=64 << 20)
    app.router.add_post("/v1/text-to-speech/{voice}/stream", vendor.speak)
    app.router.add_post("/v1/speech-to-text", vendor.hear)
    app.router.add_post("/bench", vendor.be)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ready = {"where": f"http://127.0.0.1:{runner.addresses[0][1]}"}
    sys.stdout.buffer.write(orjson.dumps(ready) + b"\n")
    sys.stdout.buffer.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
