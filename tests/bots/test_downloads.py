"""A file from an address that may lie about everything."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bots.downloads import download
from core.errors import FetchFailed

MOST = 100_000
ENDED = web.AppKey("ended", asyncio.Event)
Serve = Callable[[str], Awaitable[bytes]]


async def plain(request: web.Request) -> web.Response:
    return web.Response(body=b"x" * MOST)


async def elsewhere(request: web.Request) -> web.Response:
    raise web.HTTPFound("/plain")


async def endless(request: web.Request) -> web.StreamResponse:
    """Says nothing of its size, and goes on for as long as somebody reads."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    try:
        while True:
            await answer.write(b"x" * 65_536)
    except ConnectionError:
        return answer
    finally:
        request.app[ENDED].set()


async def packed(request: web.Request) -> web.Response:
    body = gzip.compress(b"x" * 10_000_000)
    return web.Response(body=body, headers={"Content-Encoding": "gzip"})


async def short(request: web.Request) -> web.StreamResponse:
    """Promises more than it gives."""
    answer = web.StreamResponse(headers={"Content-Length": "1000"})
    await answer.prepare(request)
    await answer.write(b"x" * 10)
    assert request.transport is not None
    request.transport.abort()
    return answer


async def stuck(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    await answer.write(b"x")
    await asyncio.wait_for(request.app[ENDED].wait(), 5)
    return answer


async def broken(request: web.Request) -> web.Response:
    raise web.HTTPBadGateway


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    app = web.Application()
    app[ENDED] = asyncio.Event()
    for made in (plain, elsewhere, endless, packed, short, stuck, broken):
        app.router.add_get(f"/{made.__name__}", made)
    async with TestServer(app) as server:
        yield server
        app[ENDED].set()


@pytest.fixture
async def get(server: TestServer) -> AsyncIterator[Serve]:
    async with aiohttp.ClientSession() as session:

        async def got(name: str) -> bytes:
            url = str(server.make_url(f"/{name}?token=canary"))
            return await download(session, url, MOST, where="There", silent=0.3, whole=2.0)

        yield got


async def test_what_is_exactly_as_large_as_allowed_comes_whole(get):
    assert await get("plain") == b"x" * MOST


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("elsewhere", "does not hand over the file \\(302\\)"),
        ("broken", "does not hand over the file \\(502\\)"),
        ("nowhere", "does not have the file any more"),
        ("packed", "larger than 100,000 bytes"),
        ("short", "cannot be reached"),
        ("stuck", "takes too long"),
    ],
)
async def test_whatever_goes_wrong_is_said_without_the_address(get, name, why):
    with pytest.raises(FetchFailed, match=why) as caught:
        await get(name)
    assert "canary" not in repr(caught.value)
    assert caught.value.__cause__ is None


async def test_an_endless_file_is_left_as_soon_as_it_is_too_large(get, server):
    with pytest.raises(FetchFailed, match="larger"):
        await get("endless")
    async with asyncio.timeout(20):
        await server.app[ENDED].wait()
