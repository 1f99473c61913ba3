"""Discord's REST interface over sockets: who asks, what for, and what may get in the way."""

import asyncio
import logging
import math
import time
from collections import Counter
from typing import Any

import orjson
from aiohttp import web

from bots.sandbox.discord.asking import Answer, Ask, query_of, read_body
from bots.sandbox.discord.buckets import Buckets, Slow
from bots.sandbox.discord.office import Office
from bots.sandbox.discord.refusals import Refused
from bots.sandbox.discord.routing import Map, Route
from bots.sandbox.faults import Fault, Faults
from bots.sandbox.journal import Call, Journal
from bots.sandbox.things import Account, Change

log = logging.getLogger(__name__)
_BASES = ("/api/v10", "/api/v9", "/api")
_JSON = {"Content-Type": "application/json"}
# By this header clients tell a rate limit of Discord from one of the network before it.
_VIA = {"Via": "1.1 google"}
_NOT_FOUND = Refused(404, 0, "404: Not Found")
_NOT_ALLOWED = Refused(405, 0, "405: Method Not Allowed")
_BROKEN = Refused(500, 0, "500: Internal Server Error")
_INVALID = frozenset({401, 403, 429})


class Rest:
    """Answers every request that is no socket; `handle` is all that a server needs."""

    def __init__(
        self, office: Office, routes: Map, faults: Faults, journal: Journal, *, limits: bool
    ) -> None:
        self._office = office
        self._routes = routes
        self._faults = faults
        self._journal = journal
        self._buckets = Buckets(limits)
        self._bots: dict[str, Account] = {}
        self._token_of: dict[int, str] = {}
        self._closing = asyncio.Event()

    @property
    def violations(self) -> Counter[str]:
        return self._buckets.violations

    def hear(self, change: Change) -> None:
        """Learn the tokens; a new one puts the old one out."""
        if change.kind != "token":
            return
        bot = self._office.world.accounts[change.fact["bot"]]
        if bot.platform == "discord":
            self._bots.pop(self._token_of.get(bot.id, ""), None)
            self._token_of[bot.id] = change.fact["token"]
            self._bots[change.fact["token"]] = bot

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request below `/api` or `/cdn`."""
        arrived, arrived_ns = time.monotonic(), time.monotonic_ns()
        path = request.rel_url.raw_path
        if path.startswith("/cdn/"):
            return self._file(request.path)
        base = next((base for base in _BASES if path.startswith(base + "/")), None)
        found = self._routes.find(request.method, path[len(base) :]) if base else False
        if isinstance(found, bool):
            return self._refuse(_NOT_ALLOWED if found else _NOT_FOUND, None)
        route, args = found
        try:
            body, files = await read_body(request)
        except Refused as refusal:
            return self._refuse(refusal, None)
        params = {**args, **body} if isinstance(body, dict) else args
        call = Call(None, route.name, params, arrived, arrived_ns, body=body)
        call.query = dict(query_of(request))
        call.chat = _number(args.get("channel"))
        self._journal.open(call)
        try:
            bot = self._asker(request, route, args)
        except Refused as refusal:
            return self._refuse(refusal, call)
        call.bot = bot.id
        ask = Ask(self._office, bot, args, query_of(request), body, files)
        fault = self._faults.next_for(bot.id, route.name, call.chat)
        if fault is not None:
            return await self._meet(fault, request, call, route, ask)
        return self._answer(call, route, ask)

    def _asker(self, request: web.BaseRequest, route: Route, args: dict[str, str]) -> Account:
        """Who is logged in; in the address of an open route a token stands for that."""
        if route.open:
            return self._office.owner(args)
        bot = self._bots.get(request.headers.get("Authorization", "").removeprefix("Bot "))
        if bot is None:
            raise _unauthorized()
        return bot

    def _answer(self, call: Call, route: Route, ask: Ask) -> web.Response:
        # A webhook is told apart by its token as well.
        major = ask.args.get(route.major or "", "") + ask.args.get("token", "")
        slow, headers = self._buckets.take(ask.bot.id, route, major)
        if slow is not None:
            return self._slow(slow, headers, call)
        try:
            return self._say(route.answer(ask), call, headers)
        except Refused as refusal:
            return self._refuse(refusal, call, headers)
        except (
            Exception
        ):  # the wall round one request: a bug here must not look like Discord's silence
            log.exception("the local Discord failed at %s", call.method)
            return self._refuse(_BROKEN, call)

    def _say(self, result: Any, call: Call, headers: dict[str, str]) -> web.Response:
        status = 204 if result is None else 200
        if isinstance(result, Answer):
            status, result = result
        if isinstance(result, dict):
            call.message_id = _number(result.get("id"))
        self._journal.close(call, status, result)
        if result is None:
            return web.Response(status=status, headers=headers)
        return web.Response(body=orjson.dumps(result), status=status, headers={**_JSON, **headers})

    def _refuse(
        self, refusal: Refused, call: Call | None, headers: dict[str, str] | None = None
    ) -> web.Response:
        if refusal.status in _INVALID:
            self._buckets.invalid()
        body = refusal.body()
        if call is not None:
            self._journal.close(call, refusal.status, orjson.loads(body))
        head = {**_JSON, **_VIA, **(headers or {})}
        if refusal.after is not None:
            head |= {"Retry-After": str(math.ceil(refusal.after)), "X-RateLimit-Scope": "user"}
        return web.Response(body=body, status=refusal.status, headers=head)

    def _slow(self, slow: Slow, headers: dict[str, str], call: Call) -> web.Response:
        self._buckets.invalid()
        seconds = round(slow.seconds + 0.001, 3)
        words = "You are being rate limited."
        body = {"message": words, "retry_after": seconds, "global": slow.everywhere}
        self._journal.close(call, 429, body)
        told = {"Retry-After": str(math.ceil(seconds)), "X-RateLimit-Scope": slow.scope}
        return web.Response(
            body=orjson.dumps(body), status=429, headers={**_JSON, **_VIA, **headers, **told}
        )

    def _file(self, path: str) -> web.Response:
        parts = path.split("/")
        found = self._at(*parts[3:]) if len(parts) == 6 and parts[2] == "attachments" else None
        if found is None:
            return self._refuse(_NOT_FOUND, None)
        return web.Response(body=found[1], headers={"Content-Type": found[0]})

    def _at(self, room: str, number: str, name: str) -> tuple[str, bytes] | None:
        said = self._office.world.files
        return self._office.files.get((room, number, name)) or said.get(f"{room}/{number}/{name}")

    # -- faults ----------------------------------------------------------------------------------

    async def _meet(
        self, fault: Fault, request: web.BaseRequest, call: Call, route: Route, ask: Ask
    ) -> web.StreamResponse:
        if fault.kind == "refuse":
            return self._by_hand(fault, call)
        if fault.kind == "garbage":
            call.status, call.done = 200, time.monotonic()
            return web.Response(body=fault.body, content_type="text/html")
        if fault.kind == "delay":
            await asyncio.sleep(self._faults.seconds(fault))
            return self._answer(call, route, ask)
        if fault.kind == "hang":
            await self._closing.wait()
        if fault.kind == "cut_after":
            self._answer(call, route, ask)
            # It took effect and the client will never know.
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _by_hand(self, fault: Fault, call: Call) -> web.Response:
        if fault.status == 429:
            everywhere, shared = fault.scope == "global", fault.scope == "shared"
            slow = Slow(fault.retry_after or 1, everywhere, shared)
            headers = {"X-RateLimit-Global": "true"} if everywhere else {}
            return self._slow(slow, headers, call)
        words = {401: "401: Unauthorized", 403: "Missing Access", 502: "502: Bad Gateway"}
        message = words.get(fault.status, f"{fault.status}: Error")
        return self._refuse(Refused(fault.status, fault.code, message), call)

    def end_waits(self) -> None:
        """Let those go who wait for nothing, because the server stops."""
        self._closing.set()
        self._office.interactions.close()


def _unauthorized() -> Refused:
    return Refused(401, 0, "401: Unauthorized")


def _number(text: Any) -> int | None:
    return int(text) if isinstance(text, str) and text.isdigit() else None
