"""The model of the benchmarks: answers at once, and tells how often it was asked."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from typing import Any

import orjson
import uvloop
from aiohttp import web

from tests.fakes.model_server import ModelServer, Script, echo

_small = 0
"""Calls of a small model, which looks back behind turns."""
_first_words: dict[str, int] = {}
"""When the first words of slow answers went out, by the mark of their question."""
_MARK = re.compile(r"\bq\d+z\b")
_SKELETON = "<response><actions>REPLY</actions><text>"
_FILLER = " One two three four five six seven eight." * 20


def _answer(request: dict[str, Any]) -> Script:
    global _small
    _small += "mini" in request["model"]
    about = request["messages"][0]["content"]
    if "Raises" in about:
        return Script("", fault="500")
    if "Hangs" in about:
        return Script("", fault="hang")
    if "Slow" in about:
        return _slowly(request)
    text = echo(request)
    return Script(text) if request.get("stream") else Script(text, fault="json")


def _slowly(request: dict[str, Any]) -> Script:
    """Thinks for 0.6 seconds, then speaks for two."""
    mark = _MARK.findall(request["messages"][-1]["content"])[-1]

    def wrote(event: int) -> None:
        if event == 2:  # an empty one and what leads to the text go before
            _first_words[mark] = time.monotonic_ns()

    text = f"{_SKELETON}You said: {mark},{_FILLER}</text></response>"
    return Script(text, before=0.6, between=0.1, size=len(_SKELETON), wrote=wrote)


async def _serve() -> None:
    async with ModelServer(_answer, keep_calls=False) as model:

        async def asked(request: web.Request) -> web.Response:
            answers = model.chats - _small
            counts = {"answers": answers, "small": _small, "embeddings": model.embeddings}
            return web.json_response({"counts": counts, "first_words": _first_words})

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
