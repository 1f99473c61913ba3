"""Whoever says nothing is sent away, and makes room for those who do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bots.http.doorstep import Doorstep

ASKS = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def house(*, patience: float = 0.2, most: int = 1_000) -> AsyncIterator[int]:
    """A server that answers at once, and at /slow only after a while; its port."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/slow":
            await asyncio.sleep(0.5)
        return web.Response(text=str(len(await request.read())))

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = Doorstep(app, access_log=None, shutdown_timeout=0.1, patience=patience, most=most)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def line(port: int, said: bytes = b"") -> Line:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    return reader, writer


async def answer_to(one: Line) -> bytes:
    """The status line; empty where the other side hung up."""
    async with asyncio.timeout(20):
        try:
            status = await one[0].readline()
            if status:
                await one[0].readuntil(b"\r\n\r\n")
                await one[0].read(1)
        except ConnectionError:
            return b""
    return status.strip()


@pytest.mark.parametrize("said", [b"", b"G", b"GET / HTTP/1.1\r\n", ASKS[:-2] + b"X-More: a"])
async def test_a_head_that_does_not_come_in_time_ends_the_connection(said: bytes) -> None:
    async with house() as port:
        slow = await line(port, said)
        assert await answer_to(slow) == b""
        slow[1].close()


async def test_a_head_that_trickles_has_no_more_time_than_one_that_does_not_come() -> None:
    async with house() as port:
        reader, writer = await line(port)
        at = 0
        async with asyncio.timeout(20):
            while not reader.at_eof():
                writer.write(ASKS[at % 20 : at % 20 + 1])
                at += 1
                await asyncio.sleep(0.02)
                try:
                    async with asyncio.timeout(0.001):
                        await reader.read(1)
                except TimeoutError:
                    continue
        assert at < 30
        writer.close()


async def test_whoever_asks_in_time_may_ask_again_after_a_pause() -> None:
    async with house() as port:
        one = await line(port, ASKS)
        for _ in range(3):
            assert await answer_to(one) == b"HTTP/1.1 200 OK"
            await asyncio.sleep(0.3)  # longer than a head may take
            one[1].write(ASKS[:5])
            await asyncio.sleep(0.05)
            one[1].write(ASKS[5:])
        one[1].close()


async def test_the_next_head_has_to_come_in_time_as_well() -> None:
    async with house() as port:
        one = await line(port, ASKS)
        assert await answer_to(one) == b"HTTP/1.1 200 OK"
        one[1].write(ASKS[:9])
        assert await answer_to(one) == b""
        one[1].close()


async def test_an_answer_that_takes_long_is_waited_for() -> None:
    async with house() as port:
        one = await line(port, ASKS.replace(b"/ ", b"/slow ", 1))
        assert await answer_to(one) == b"HTTP/1.1 200 OK"
        one[1].close()


async def test_a_body_is_not_hurried_here() -> None:
    async with house() as port:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
        one = await line(port, head)
        for _ in range(4):
            await asyncio.sleep(0.1)
            one[1].write(b"x")
        assert await answer_to(one) == b"HTTP/1.1 200 OK"
        one[1].close()


async def test_where_all_places_are_taken_the_idle_make_room_oldest_first() -> None:
    async with house(patience=5, most=5) as port:
        busy = await line(port, ASKS.replace(b"/ ", b"/slow ", 1))
        await asyncio.sleep(0.05)
        idle = [await line(port) for _ in range(4)]
        await asyncio.sleep(0.05)
        new = await line(port, ASKS)
        assert await answer_to(new) == b"HTTP/1.1 200 OK"
        assert await answer_to(idle[0]) == b""
        idle[3][1].write(ASKS)
        assert await answer_to(idle[3]) == b"HTTP/1.1 200 OK"
        assert await answer_to(busy) == b"HTTP/1.1 200 OK"
        for one in (busy, new, *idle):
            one[1].close()


async def test_where_everybody_is_being_served_a_newcomer_has_to_go() -> None:
    async with house(patience=5, most=3) as port:
        busy = [await line(port, ASKS.replace(b"/ ", b"/slow ", 1)) for _ in range(3)]
        await asyncio.sleep(0.1)
        new = await line(port)
        assert await answer_to(new) == b""
        assert [await answer_to(one) for one in busy] == [b"HTTP/1.1 200 OK"] * 3
        for one in (new, *busy):
            one[1].close()
