"""A gateway client with nothing between it and the socket."""

import asyncio
import contextlib
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson

from bots.sandbox import Bot, Stage
from bots.sandbox.discord.intents import Intents

Json = dict[str, Any]
ALL = int(sum(Intents))
UNPRIVILEGED = int(Intents.GUILDS | Intents.GUILD_MESSAGES | Intents.DIRECT_MESSAGES)


class Wire:
    """One socket: sends operations, reads messages in the order in which they come."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.seq: int | None = None
        self.session = ""
        self._inflate = zlib.decompressobj()

    async def send(self, op: int, asked: Any = None) -> None:
        await self.socket.send_bytes(orjson.dumps({"op": op, "d": asked}))

    async def next(self) -> Json:
        async with asyncio.timeout(20):
            frame = await self.socket.receive()
        if frame.type is aiohttp.WSMsgType.TEXT:
            text = frame.data.encode()
        elif frame.type is aiohttp.WSMsgType.BINARY:
            assert frame.data.endswith(b"\x00\x00\xff\xff")
            text = self._inflate.decompress(frame.data)
        else:
            raise EOFError(f"closed with {self.socket.close_code}")
        message: Json = orjson.loads(text)
        if message["op"] == 0:
            self.seq = message["s"]
        return message

    async def operation(self, op: int) -> Any:
        """What the next message of one operation carries; others are passed over."""
        while True:
            message = await self.next()
            if message["op"] == op:
                return message["d"]

    async def event(self, *names: str) -> Json:
        """What the next event carries, or the next with one of these names."""
        while True:
            message = await self.next()
            if message["op"] == 0 and (not names or message["t"] in names):
                return {"t": message["t"], **message["d"]} if len(names) != 1 else message["d"]

    async def silence(self, *names: str) -> None:
        """Fails when an event with one of these names has arrived before a beat is acknowledged.

        What happened before this call has been put on the wire before the acknowledgement is read,
        so a second beat leaves none of it out.
        """
        for _ in range(2):
            await self.send(1, self.seq)
            while (message := await self.next())["op"] != 11:
                assert message["t"] not in names, message

    async def identify(self, token: str, intents: int = ALL, **more: Any) -> Json:
        asked = {"token": token, "intents": intents, "properties": {"os": "linux"}, **more}
        await self.send(2, asked)
        ready = await self.event("READY")
        self.session = ready["session_id"]
        return ready

    async def resume(self, bot: Bot, session: str, seq: int) -> None:
        await self.send(6, {"token": bot.token, "session_id": session, "seq": seq})

    async def closed(self) -> int | None:
        """Read to the end; gives the code of the closing frame."""
        with contextlib.suppress(EOFError):
            while True:
                await self.next()
        return self.socket.close_code


@contextlib.asynccontextmanager
async def dialled(stage: Stage, query: str = "v=10&encoding=json") -> AsyncIterator[Wire]:
    """A socket after its HELLO."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{stage.discord.gateway_url}?{query}", max_msg_size=0) as socket,
    ):
        wire = Wire(socket)
        assert (await wire.next())["op"] == 10
        yield wire


@contextlib.asynccontextmanager
async def logged_in(stage: Stage, bot: Bot, intents: int = ALL) -> AsyncIterator[Wire]:
    """A socket after its READY."""
    async with dialled(stage) as wire:
        await wire.identify(bot.token, intents)
        yield wire
