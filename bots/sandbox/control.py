"""Driving a stage in another process: many acts at once, faults, the journal."""

import time
from typing import Any

import orjson
from aiohttp import web

from bots.sandbox.acts import act
from bots.sandbox.cast import Bot, Person
from bots.sandbox.discord.conducting import Conducting
from bots.sandbox.discord.steering import Steering
from bots.sandbox.faults import Fault, FaultPlan, Faults
from bots.sandbox.journal import Journal
from bots.sandbox.people import guard
from bots.sandbox.stage import Stage

Json = dict[str, Any]


class _Control:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._discord = Steering(stage.world, stage.discord)
        self._voice = Conducting(stage.world, stage.discord)

    async def batch(self, request: web.Request) -> web.Response:
        """Do a list of acts in order; an act may also be {"do": "chat"|"bot"|"someone"} to build the set.

        What is built on Discord is called discord.bot, discord.guild, discord.channel and so on.
        """
        acts = await _body(request, list)
        done: list[Any] = []
        for asked in acts:
            try:
                done.append(self._do(asked))
            except (ValueError, LookupError, TypeError) as error:
                done.append({"error": str(error)})
        return _answer({"ok": True, "done": done})

    def _do(self, asked: Json) -> Any:
        world, stage = self._stage.world, self._stage
        if self._discord.knows(asked.get("do")):
            return self._discord.build(asked)
        match asked.get("do"):
            case "bot":
                bot = stage.bot(asked["name"], token=asked.get("token"))
                return {"id": bot.id, "token": bot.token, "username": bot.username}
            case "someone":
                language = asked.get("language", "en")
                username = asked.get("username")
                return stage.person(asked["name"], username=username, language=language).id
            case "chat":
                everyone = [world.accounts[number] for number in asked["members"]]
                people = [who for who in everyone if isinstance(who, Person)]
                bots = [who for who in everyone if isinstance(who, Bot)]
                if asked["kind"] == "private":
                    return stage.dm(people[0], bots[0]).key
                if asked["kind"] == "business":
                    return stage.business(people[0], people[1]).key
                if asked["kind"] == "channel":
                    group = world.chats.get(asked.get("group", ""))
                    return stage.channel(asked["title"], people[0], bots, group=group).key
                title = asked.get("title", "Room")
                return world.open_chat(asked["kind"], title, people, bots).key
            case _:
                said = act(world, asked)
                return None if said is None else [said.id, time.monotonic_ns()]

    async def faults(self, request: web.Request) -> web.Response:
        return await _set_faults(request, self._stage.faults)

    async def journal(self, request: web.Request) -> web.Response:
        return _calls(request, self._stage.journal, self._stage.violations, "text")

    async def discord_faults(self, request: web.Request) -> web.Response:
        return await _set_faults(request, self._stage.discord.faults)

    async def discord_journal(self, request: web.Request) -> web.Response:
        discord = self._stage.discord
        return _calls(request, discord.journal, discord.violations, "content")

    async def discord_trouble(self, request: web.Request) -> web.Response:
        """Do one thing to Discord's gateway: {"do": "drop", "bot": 7}, {"do": "outage", "on": true}."""
        asked = await _body(request, dict)
        try:
            return _answer({"ok": True, "done": await self._discord.trouble(asked)})
        except (ValueError, LookupError, TypeError) as error:
            raise web.HTTPBadRequest(text=str(error)) from None

    async def discord_standing(self, request: web.Request) -> web.Response:
        """How each bot stands with Discord's gateway."""
        guard(request)
        return _answer(self._discord.standing())

    async def voice(self, request: web.Request) -> web.Response:
        """Do one thing in a voice channel: {"do": "join", "as": 7, "channel": "dc:1"}."""
        asked = await _body(request, dict)
        try:
            return _answer({"ok": True, "done": await self._voice.do(asked)})
        except (ValueError, LookupError, TypeError) as error:
            raise web.HTTPBadRequest(text=str(error)) from None

    async def calls(self, request: web.Request) -> web.Response:
        """Every call that somebody is in: who speaks, and how it is encrypted."""
        guard(request)
        return _answer({"calls": self._voice.standing()})

    async def pending(self, request: web.Request) -> web.Response:
        """How many updates each bot has not confirmed."""
        accounts = self._stage.world.accounts.values()
        bots = [bot for bot in accounts if isinstance(bot, Bot) and bot.platform == "telegram"]
        return _answer({str(bot.id): len(self._stage.pending(bot)) for bot in bots})


async def _set_faults(request: web.Request, faults: Faults) -> web.Response:
    """Set faults: {"clear": true}, {"plan": {"seed": 7}}, {"faults": [{"kind": "cut"}]}."""
    asked = await _body(request, dict)
    try:
        if asked.get("clear"):
            faults.clear()
        for given in asked.get("faults", ()):
            faults.add(Fault(**given))
        if "plan" in asked:
            faults.follow(FaultPlan(**asked["plan"]))
    except TypeError as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    return _answer({"ok": True})


def _calls(
    request: web.Request, journal: Journal, violations: dict[str, int], text: str
) -> web.Response:
    """The calls after number `since`, of one `method` if it is named."""
    since, method = int(request.query.get("since", "0")), request.query.get("method")
    calls = [
        {
            "bot": call.bot,
            "method": call.method,
            "chat": call.chat,
            "at_ns": call.at_ns,
            "took": None if call.done is None else call.done - call.at,
            "status": call.status,
            "message_id": call.message_id,
            "text": call.params.get(text),
        }
        for call in journal.since(since)
        if method is None or call.method == method
    ]
    counts = {"next": journal.opened, "violations": violations}
    return _answer({"ok": True, "calls": calls, **counts})


async def _body(request: web.Request, kind: type[Any]) -> Any:
    guard(request)
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise web.HTTPBadRequest(text="the body is not JSON") from None
    if not isinstance(body, kind):
        raise web.HTTPBadRequest(text=f"the body is not a JSON {kind.__name__}")
    return body


def _answer(shape: Json) -> web.Response:
    return web.json_response(body=orjson.dumps(shape))


def control_routes(stage: Stage) -> list[web.RouteDef]:
    """Routes only for a stage that stands alone on this machine."""
    control = _Control(stage)
    return [
        web.post("/stage/batch", control.batch),
        web.post("/stage/faults", control.faults),
        web.get("/stage/journal", control.journal),
        web.get("/stage/pending", control.pending),
        web.post("/stage/discord/faults", control.discord_faults),
        web.get("/stage/discord/journal", control.discord_journal),
        web.post("/stage/discord/gateway", control.discord_trouble),
        web.get("/stage/discord/sessions", control.discord_standing),
        web.get("/stage/discord/voice", control.calls),
        web.post("/stage/discord/voice", control.voice),
    ]
