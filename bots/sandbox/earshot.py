"""The page in a voice channel: one socket for each person, sound in both directions.

Binary messages are samples of 48 kHz, one channel, signed 16 bits, little-endian. From the page
they are a microphone's; to the page each begins with the eight bytes of the account that speaks.
Text messages are JSON: the page says what is to be done, the stage how the person stands now.
"""

import asyncio
import contextlib
from collections import deque
from typing import Any

import orjson
from aiohttp import WSMessage, WSMsgType, web

from bots.sandbox.asked import LARGEST
from bots.sandbox.cast import Person
from bots.sandbox.discord.server import Discord
from bots.sandbox.discord.talker import Talker
from bots.sandbox.people import guard
from bots.sandbox.things import Account, Chat
from bots.sandbox.world import World

Json = dict[str, Any]
_KEEPS = 200
"""Messages that wait for a page that does not read; of sound the oldest is dropped."""
_MOST = 2.0
"""Seconds of a microphone that wait to be said; what comes beyond them is dropped."""
_LARGEST_PIECE = 1 << 18
_ELSEWHERE = 4000


class Earshot:
    """Lets pages be in voice channels; a person is there by one page at a time."""

    def __init__(self, world: World, discord: Discord) -> None:
        self._world = world
        self._discord = discord
        self._pages: dict[Talker, _Page] = {}

    def routes(self) -> list[web.RouteDef]:
        """To be mounted beside the page's own."""
        return [web.get("/stage/voice", self._voice), web.post("/stage/voice/file", self._file)]

    def close(self) -> None:
        """Send every page away, because the stage closes."""
        for page in self._pages.values():
            page.end(1001)

    async def _voice(self, request: web.Request) -> web.StreamResponse:
        guard(request)
        if not web.WebSocketResponse().can_prepare(request).ok:
            raise web.HTTPBadRequest(text="this is an address for sockets")
        try:
            who, room = self._asked(request)
            talker = self._discord.joins_voice(who, room)
        except (ValueError, LookupError) as error:
            raise web.HTTPBadRequest(text=str(error.args[0])) from None
        before = self._pages.pop(talker, None)
        if before is not None:
            before.end(_ELSEWHERE)
        page = self._pages[talker] = _Page(talker)
        try:
            return await page.serve(request)
        finally:
            if self._pages.get(talker) is page:
                del self._pages[talker]
                talker.on_heard = talker.on_changed = None
                talker.leaves()

    async def _file(self, request: web.Request) -> web.Response:
        """Let a person who is in a channel play a sound file there."""
        guard(request)
        try:
            who, room = self._asked(request)
            assert room.guild is not None
            talker = self._discord.talker(who, room.guild)
            if talker is None or talker.room is not room:
                raise ValueError(f"{who.name} is not in {room.title}")
            data = await request.clone(client_max_size=LARGEST).read()
            seconds = await talker.says_file(data)
        except (ValueError, LookupError) as error:
            answer = {"ok": False, "error": str(error.args[0])}
            return web.json_response(body=orjson.dumps(answer), status=400)
        return web.json_response(body=orjson.dumps({"ok": True, "seconds": seconds}))

    def _asked(self, request: web.Request) -> tuple[Person, Chat]:
        number, key = request.query.get("as", ""), request.query.get("chat", "")
        who = self._world.accounts.get(int(number)) if number.isdigit() else None
        room = self._world.chats.get(key)
        if not isinstance(who, Person):
            raise ValueError("this person is not here")
        if room is None or room.guild is None:
            raise ValueError("there is no such voice channel")
        return who, room


class _Page:
    """One socket: what is heard goes out as fast as the page reads, and no faster."""

    def __init__(self, talker: Talker) -> None:
        self._talker = talker
        self._socket = web.WebSocketResponse(heartbeat=20, max_msg_size=_LARGEST_PIECE)
        self._out: deque[bytes] = deque(maxlen=_KEEPS)
        self._stale = True
        self._code: int | None = None
        self._bell = asyncio.Event()

    def end(self, code: int) -> None:
        self._code = self._code or code
        self._bell.set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self._talker.on_heard, self._talker.on_changed = self._heard, self._changed
        await self._socket.prepare(request)
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._write())
            async for message in self._socket:
                self._take(message)
            writer.cancel()
        return self._socket

    def _heard(self, who: Account, pcm: bytes) -> None:
        self._out.append(who.id.to_bytes(8, "big") + pcm)
        self._bell.set()

    def _changed(self) -> None:
        self._stale = True
        self._bell.set()

    async def _write(self) -> None:
        # A page that is closed or reloaded goes without a word.
        with contextlib.suppress(ConnectionError):
            while self._code is None:
                if self._stale:
                    self._stale = False
                    room = self._talker.room
                    await self._socket.send_str(_standing(room))
                    if room is None:
                        break
                elif self._out:
                    await self._socket.send_bytes(self._out.popleft())
                else:
                    self._bell.clear()
                    await self._bell.wait()
        await self._socket.close(code=self._code or 1000)

    def _take(self, message: WSMessage) -> None:
        talker = self._talker
        if talker.room is None:
            return
        if message.type is WSMsgType.BINARY:
            if talker.waiting < _MOST:
                talker.says(message.data[: len(message.data) & ~1], more=True)
        elif message.type is WSMsgType.TEXT:
            self._do(message.data)

    def _do(self, text: str) -> None:
        try:
            asked = orjson.loads(text)
        except orjson.JSONDecodeError:
            return
        match asked:
            case {"do": "mute", "on": bool(on)}:
                self._talker.mutes(on=on)
            case {"do": "deafen", "on": bool(on)}:
                self._talker.deafens(on=on)
            case {"do": "camera", "on": bool(on)}:
                self._talker.shows_camera(on=on)
            case {"do": "pause"}:
                # The microphone has fallen silent: what waits is all there is.
                self._talker.says(b"")
            case {"do": "stop"}:
                self._talker.stops()
            case _:
                pass


def _standing(room: Chat | None) -> str:
    key = None if room is None else room.key
    return orjson.dumps({"type": "standing", "chat": key}).decode()
