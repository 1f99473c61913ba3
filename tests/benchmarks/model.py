"""The model of the benchmarks: answers at once, and tells how often it was asked."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import orjson
import uvloop
from aiohttp import web

from tests.fakes.model_server import ModelServer, Script, echo

_small = 0
"""Calls of a small model, which looks back behind turns."""


def _answer(request: dict[str, Any]) -> Script:
    global _small
    _small += "mini" in request["model"]
    about = request["messages"][0]["content"]
    if "Raises" in about:
        return Script("", fault="500")
    if "Hangs" in about:
        return Script("", fault="hang")
    text = echo(request)
    return Script(text) if request.get("stream") else Script(text, fault="json")


async def _serve() -> None:
    async with ModelServer(_answer, keep_calls=False) as model:

        async def asked(request: web.Request) -> web.Response:
            answers = model.chats - _small
            return web.json_response(
                {"answers": answers, "small": _small, "embeddings": model.embeddings}
            )

        app = web.Application()
        app.router.add_get("/asked", asked)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ready = {
            "base_url": model.base_url,
            "asked": f"http://127.0.0.1:{runner.addresses[0][1]}/asked",
        }
        sys.stdout.buffer.write(orjson.dumps(ready) + b"\n")
        sys.stdout.buffer.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
