"""Files of Telegram's: from its cloud, and from a Bot API server of one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bots.telegram.client import TelegramLink
from core.clock import SystemClock
from core.errors import FetchFailed
from core.messages import Attachment
from core.secrets import Secret

TOKEN = "7000001:AAcanarycanarycanarycanarycanary12"
ME = {"id": 7000001, "is_bot": True, "first_name": "Ada", "username": "ada_bot"}
Ask = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def link_to(told: dict[str, Any], files: Path | None = None) -> AsyncIterator[TelegramLink]:
    """In front of a Bot API server that answers every getFile with this."""

    async def answer(request: web.Request) -> web.Response:
        method = request.match_info["method"].lower()
        shape = {"ok": True, "result": ME} if method == "getme" else told
        return web.json_response(shape, status=shape.get("error_code", 200))

    async def serve(request: web.Request) -> web.Response:
        return web.Response(body=request.path.encode())

    app = web.Application()
    app.router.add_route("*", f"/bot{TOKEN}/{{method}}", answer)
    app.router.add_get("/file/{rest:.*}", serve)
    async with TestServer(app) as server:
        link = TelegramLink(Secret(TOKEN), api_root=str(server.make_url("")), clock=SystemClock())
        async with link:
            yield link


def at(path: object, size: int = 5) -> dict[str, Any]:
    file = {"file_id": "F1", "file_unique_id": "u", "file_size": size, "file_path": path}
    return {"ok": True, "result": file}


async def test_a_file_lies_beside_the_bot_api(caplog):
    async with link_to(at("documents/file 1#?.pdf")) as link:
        got = await link.fetch(Attachment("F1"), 1000)
    assert got == f"/file/bot{TOKEN}/documents/file 1#?.pdf".encode()


async def test_the_cloud_hands_over_twenty_megabytes_and_no_more(stage, link):
    bob, ada = stage.person("Bob"), stage.bot("Ada")
    dm = stage.dm(bob, ada)
    small = bob.sends(dm, "a.txt", b"x" * (20 << 20)).more["document"]
    large = bob.sends(dm, "b.txt", b"x" * ((20 << 20) + 1)).more["document"]
    assert len(await link.fetch(Attachment(small["file_id"]), 20 << 20)) == 20 << 20
    with pytest.raises(FetchFailed, match="larger than 20 MB"):
        await link.fetch(Attachment(large["file_id"]), 100 << 20)


async def test_a_server_of_ones_own_names_a_file_on_this_disk(tmp_path):
    file = tmp_path / TOKEN / "documents" / "file_1.txt"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"owls")
    async with link_to(at(str(file))) as link:
        assert await link.fetch(Attachment("F1"), 1000) == b"owls"
        with pytest.raises(FetchFailed, match="larger than 3 bytes"):
            await link.fetch(Attachment("F1"), 3)
        file.unlink()
        with pytest.raises(FetchFailed, match="keeps the file where it cannot be read") as caught:
            await link.fetch(Attachment("F1"), 1000)
    assert "canary" not in repr(caught.value)


@pytest.mark.parametrize("inside", [False, True])
async def test_no_other_file_of_this_machine_is_read(tmp_path, inside):
    secret = tmp_path / "secret.env"
    secret.write_bytes(b"KEY=1")
    path = secret
    if inside:  # a link in our folder that leads out of it
        path = tmp_path / TOKEN / "documents" / "file_1.txt"
        path.parent.mkdir(parents=True)
        path.symlink_to(secret)
    async with link_to(at(str(path))) as link:
        with pytest.raises(FetchFailed, match="not this bot's"):
            await link.fetch(Attachment("F1"), 1000)


@pytest.mark.parametrize("path", ["../../bot/getMe", "documents/../../x", None, 5, ""])
async def test_an_answer_that_makes_no_sense_fetches_nothing(path):
    async with link_to(at(path)) as link:
        with pytest.raises(FetchFailed):
            await link.fetch(Attachment("F1"), 1000)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 429, 500])
async def test_a_refusal_is_said_without_the_token(code, caplog):
    refusal = {"ok": False, "error_code": code, "description": f"no, {TOKEN}"}
    async with link_to(refusal) as link:
        with pytest.raises(FetchFailed) as caught:
            await link.fetch(Attachment("F1"), 1000)
    assert "canary" not in f"{caught.value!r} {caplog.text}"
