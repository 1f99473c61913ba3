"""An unmodified telegram.Bot over our session: what goes over the wire, and what a failure says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
import telegram
from aiohttp import web
from aiohttp.test_utils import TestServer
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError, TimedOut

from bots.telegram.request import AiohttpRequest, Flooded, NotSent, TokenRefused, UnclearAnswer

TOKEN = "123456:AAHtokentokentokentokentokentoken12"
SENT = {
    "ok": True,
    "result": {"message_id": 5, "date": 1, "chat": {"id": 7, "type": "private"}},
}

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Dial = Callable[[Answer], Awaitable[telegram.Bot]]


@pytest.fixture
async def dial() -> AsyncIterator[Dial]:
    """A client of a server that answers as it is told."""
    servers: list[TestServer] = []
    async with aiohttp.ClientSession() as session:

        async def dialled(answer: Answer, **limits: float) -> telegram.Bot:
            app = web.Application()
            app.router.add_route("*", "/{rest:.*}", answer)
            servers.append(TestServer(app))
            await servers[-1].start_server()
            request = AiohttpRequest(session, **limits)
            root = str(servers[-1].make_url("/"))
            return telegram.Bot(
                TOKEN,
                base_url=f"{root}bot",
                base_file_url=f"{root}file/bot",
                request=request,
                get_updates_request=request,
            )

        yield dialled
        for server in servers:
            await server.close()
        assert not session.closed


async def test_a_text_goes_as_json(dial):
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.path, request.content_type, await request.json()))
        return web.json_response(SENT)

    bot = await dial(answer)
    message = await bot.send_message(7, "hi 🍵", reply_markup=telegram.ForceReply())
    assert message.message_id == 5
    (call,) = seen
    assert call[:2] == (f"/bot{TOKEN}/sendMessage", "application/json")
    assert call[2]["text"] == "hi 🍵"
    assert call[2]["reply_markup"] == {"force_reply": True}


async def test_a_file_goes_as_a_form(dial):
    seen = {}

    async def answer(request: web.Request) -> web.Response:
        form = await request.post()
        seen.update({name: form[name] for name in form})
        file = form["document"]
        assert isinstance(file, web.FileField)
        seen["bytes"] = file.file.read()
        return web.json_response(SENT)

    bot = await dial(answer)
    await bot.send_document(7, b"words", filename="notes.txt", caption="here")
    assert (seen["bytes"], seen["document"].filename) == (b"words", "notes.txt")
    assert (seen["chat_id"], seen["caption"]) == ("7", "here")


async def test_a_file_comes_back_whole(dial):
    async def answer(request: web.Request) -> web.Response:
        if request.path.startswith("/file/"):
            return web.Response(body=b"\x00song")
        found = {"file_id": "a", "file_unique_id": "b", "file_path": "voice/1.oga"}
        return web.json_response({"ok": True, "result": found})

    bot = await dial(answer)
    file = await bot.get_file("a")
    assert bytes(await file.download_as_bytearray()) == b"\x00song"


async def test_half_an_emoji_in_an_answer_hides_nothing(dial):
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b'{"ok":true,"result":"\\ud83d"}')

    bot = await dial(answer)
    assert await bot.do_api_request("somethingNew") == "\ud83d"


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (401, b'{"ok":false,"error_code":401,"description":"Unauthorized"}', TokenRefused),
        (400, b'{"ok":false,"error_code":400,"description":"Bad Request: no"}', BadRequest),
        (502, b"<html>nginx</html>", NetworkError),
        (429, b"slow down", RetryAfter),
        (200, b"<html>", UnclearAnswer),
        (200, b"[1]", UnclearAnswer),
        (302, b"", NetworkError),
    ],
)
async def test_each_refusal_has_its_name_and_no_token(dial, status, body, failure):
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body)

    bot = await dial(answer)
    with pytest.raises(failure) as caught:
        await bot.send_message(7, "hi")
    assert TOKEN not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (b'{"ok":false,"description":"x","parameters":{"retry_after":7}}', 7),
        (b'{"ok":false,"description":"x","parameters":{"retry_after":"soon"}}', 60),
        (b"{}", 60),
        (b"", 60),
    ],
)
async def test_a_429_always_names_a_time(dial, body, seconds):
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=429, body=body)

    bot = await dial(answer)
    with pytest.raises(Flooded) as caught:
        await bot.send_message(7, "hi")
    assert caught.value.seconds == seconds


async def test_a_server_that_is_silent_or_trickles_times_out(dial):
    async def silent(request: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    async def trickling(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    for answer in (silent, trickling):
        bot = await dial(answer, connect=0.1, read=0.1, write=0.1)
        with pytest.raises(TimedOut):
            await bot.send_message(7, "hi")


async def test_nobody_at_the_door_is_told_from_a_line_that_broke(dial):
    async def hangs_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    bot = await dial(hangs_up)
    with pytest.raises(NetworkError) as broken:
        await bot.send_message(7, "hi")
    assert not isinstance(broken.value, NotSent)
    async with aiohttp.ClientSession() as session:
        request = AiohttpRequest(session)
        away = telegram.Bot(
            TOKEN,
            base_url="http://127.0.0.1:9/bot",
            request=request,
            get_updates_request=request,
        )
        with pytest.raises(NotSent) as refused:
            await away.send_message(7, "hi")
    for error in (broken.value, refused.value):
        assert isinstance(error, TelegramError)
        assert "127.0.0.1" not in f"{error!r} {error.__cause__!r}"
