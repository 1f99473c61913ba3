"""A Bot API server over sockets: reads requests, holds polls, answers or refuses as Telegram does."""

import asyncio
import logging
import math
import time
from typing import Any

import orjson
from aiohttp import web

from bots.sandbox import ages, rooms, uploads
from bots.sandbox.asked import Asked, Refused, read_asked, slow_down
from bots.sandbox.desks import Desk, Desks
from bots.sandbox.faults import Fault, Faults
from bots.sandbox.journal import Call, Journal
from bots.sandbox.limits import FloodControl
from bots.sandbox.methods import FACTS, METHODS, PER_CHAT, SIGNS
from bots.sandbox.world import World

log = logging.getLogger(__name__)
_LONGEST_POLL = 50
_CONFLICT_POLL = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
_CONFLICT_HOOK = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete "
    "the webhook first"
)
_JSON = {"Content-Type": "application/json"}


class BotApi:
    """Answers every request of every bot; `handle` is all that a server needs."""

    def __init__(
        self, world: World, desks: Desks, faults: Faults, limits: FloodControl, journal: Journal
    ) -> None:
        """The desks say how old the server is."""
        self._world = world
        self._desks = desks
        self._faults = faults
        self._limits = limits
        self._journal = journal
        self._bots: dict[str, int] = {}
        self._closing = asyncio.Event()
        desks.on_token = self._learn_token
        world.learn(FACTS)

    def _learn_token(self, desk: Desk) -> None:
        tokens = self._world.tokens.items()
        self._bots = {token: bot for bot, token in tokens if bot in self._desks}
        if desk.poll is not None and not desk.poll.done():
            desk.poll.set_result("unauthorized")

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request at `/bot<token>/<method>`, or for a file at `/file/bot<token>/<path>`."""
        if request.path.startswith("/file/bot"):
            return self._file(request.path.removeprefix("/file/bot"))
        arrived, arrived_ns = time.monotonic(), time.monotonic_ns()
        head, _, name = request.path.removeprefix("/bot").partition("/")
        if not request.path.startswith("/bot") or not name:
            return self._reply(Refused(404, "Not Found"), None)
        try:
            asked = await read_asked(request)
        except Refused as refusal:
            return self._reply(refusal, None)
        asked.api = self._desks.api
        bot = self._bots.get(head)
        params = dict(asked) if self._journal.on else {}
        call = self._journal.open(Call(bot, name, params, arrived, arrived_ns))
        call.chat = asked.get("chat_id")
        if bot is None:
            return self._reply(Refused(401, "Unauthorized"), call)
        chat = _as_number(asked.get("chat_id"))
        fault = self._faults.next_for(bot, name, chat)
        if fault is not None:
            return await self._meet(fault, request, call, self._desks[bot], asked)
        return await self._answer(call, self._desks[bot], asked)

    async def _answer(self, call: Call, desk: Desk, asked: Asked) -> web.StreamResponse:
        try:
            return self._reply(await self._perform(call, desk, asked), call)
        except Refused as refusal:
            return self._reply(refusal, call)
        except (
            Exception
        ):  # the wall round one request: a bug here must not look like Telegram's silence
            log.exception("the local Telegram failed at %s", call.method)
            return self._reply(Refused(500, "Internal Server Error"), call)

    async def _perform(self, call: Call, desk: Desk, asked: Asked) -> Any:
        name = call.method.lower()
        if name == "getupdates":
            return await self._updates(desk, asked)
        method = METHODS.get(name)
        if method is None or not ages.has_method(asked.api, name):
            raise Refused(404, "Not Found")
        if name in PER_CHAT or name in SIGNS:
            chat = _as_number(asked.get("chat_id"))
            group = chat is not None and chat < 0
            wait = self._limits.wait(desk.bot.id, chat, group, sign=name in SIGNS)
            if wait:
                raise slow_down(wait)
        ages.forget(asked.api, name, asked)
        return method(self._world, desk, asked)

    def _file(self, path: str) -> web.Response:
        token, _, where = path.partition("/")
        if token not in self._bots:
            return self._reply(Refused(401, "Unauthorized"), None)
        there = uploads.at(self._world, where)
        if there is None:
            return self._reply(Refused(404, "Not Found"), None)
        return web.Response(body=there[1], content_type="application/octet-stream")

    def _reply(self, result: Any, call: Call | None) -> web.Response:
        if isinstance(result, Refused):
            status, body = result.code, result.body()
        elif isinstance(result, bytes):
            status, body = 200, b'{"ok":true,"result":[' + result + b"]}"
        else:
            status, body = 200, orjson.dumps({"ok": True, "result": result})
        if call is not None:
            call.status, call.done = status, time.monotonic()
            if isinstance(result, dict):
                call.message_id = result.get("message_id")
            if self._journal.keep_results:
                call.result = orjson.loads(body) if _is_json(body) else body
        return web.Response(body=body, status=status, headers=_JSON)

    # -- getUpdates ------------------------------------------------------------------------------

    async def _updates(self, desk: Desk, asked: Asked) -> bytes:
        """Hold a poll until something arrives, time is up or another poll takes over."""
        if desk.webhook is not None:
            raise Refused(409, _CONFLICT_HOOK)
        offset = asked.number("offset", 0) or 0
        limit = asked.number("limit", 100) or 100
        limit = limit if 1 <= limit <= 100 else 100
        wait = max(0, min(_LONGEST_POLL, asked.number("timeout", 0) or 0))
        rooms.remember_allowed(self._world, desk, asked)
        if desk.poll is not None and not desk.poll.done():
            desk.poll.set_result("conflict")
        if offset:
            self._confirm(desk, offset)
        batch = desk.queue.peek(limit)
        if batch or not wait:
            return b",".join([update.body for update in batch])
        poll: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        desk.poll = poll
        timer = asyncio.get_running_loop().call_later(wait, _settle, poll, "time is up")
        try:
            why = await poll
        finally:
            timer.cancel()
            if desk.poll is poll:
                desk.poll = None
        if why == "conflict":
            raise Refused(409, _CONFLICT_POLL)
        if why == "webhook":
            raise Refused(409, "Conflict: terminated by setWebhook request")
        if why == "unauthorized":
            raise Refused(401, "Unauthorized")
        return b",".join([update.body for update in desk.queue.peek(limit)])

    def _confirm(self, desk: Desk, offset: int) -> None:
        first = next(iter(desk.queue), None)
        if first is None or (offset > 0 and first.id >= offset):
            return
        if offset < 0 and len(desk.queue) <= -offset:
            return
        self._world.commit({"fact": "confirm", "bot": desk.bot.id, "below": offset})

    # -- faults ----------------------------------------------------------------------------------

    async def _meet(
        self, fault: Fault, request: web.BaseRequest, call: Call, desk: Desk, asked: Asked
    ) -> web.StreamResponse:
        if fault.kind == "refuse":
            return self._reply(_refusal(fault), call)
        if fault.kind == "garbage":
            call.status, call.done = 200, time.monotonic()
            return web.Response(body=fault.body, content_type="text/html")
        if fault.kind == "delay":
            await asyncio.sleep(self._faults.seconds(fault))
            return await self._answer(call, desk, asked)
        if fault.kind == "hang":
            await self._closing.wait()
        if fault.kind == "cut_after":
            await self._answer(call, desk, asked)
            # The method took effect and the client will never know.
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def end_polls(self) -> None:
        """Let every waiting poll go, with nothing, because the server stops."""
        self._closing.set()
        for desk in self._desks:
            if desk.poll is not None:
                _settle(desk.poll, "closing")


def _refusal(fault: Fault) -> Refused:
    if fault.status == 429:
        return slow_down(math.ceil(fault.retry_after or 1))
    texts = {
        400: "Bad Request",
        401: "Unauthorized",
        403: "Forbidden",
        409: _CONFLICT_POLL,
        500: "Internal Server Error",
        502: "Bad Gateway",
    }
    return Refused(fault.status, texts.get(fault.status, "Server Error"))


def _settle(poll: asyncio.Future[str], why: str) -> None:
    if not poll.done():
        poll.set_result(why)


def _as_number(value: Any) -> int | None:
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError):
        return None


def _is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True
