"""The page's side of the stage: what is to be seen, what just happened, and what a person does."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import web

from bots.sandbox import view
from bots.sandbox.acts import act
from bots.sandbox.asked import LARGEST
from bots.sandbox.cast import Bot, Person
from bots.sandbox.desks import Desks
from bots.sandbox.discord.permissions import SPOKEN
from bots.sandbox.glance import PLAYED, SHOWN
from bots.sandbox.world import Account, Change, Chat, Fact, Message, World

_PAGE = Path(__file__).parent / "page"
_RING = 1_000
_SHOWN = 200
_DRAFT_LASTS = 30.0
_PING_SECONDS = 15.0
# Changes after which a room looks different.
_ROOM = frozenset(
    {"chat", "topic", "member", "thread_member", "title", "pin", "link", "persona", "join_request"}
)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Page:
    """Turns changes into numbered events and keeps the last of them for those who come back."""

    def __init__(self, world: World, desks: Desks) -> None:
        self._world = world
        self._desks = desks
        self._ring: deque[tuple[int, dict[str, Any]]] = deque(maxlen=_RING)
        self._last = 0
        self._news = asyncio.Event()
        self._closed = False
        self._commands: dict[int, dict[int | None, list[dict[str, Any]]]] = {}
        self._menus: dict[int, dict[str, list[dict[str, Any]]]] = {}
        self.callbacks: list[Callable[[dict[str, Any]], None]] = []
        # From the start: what a kept world holds is heard as well.
        world.listeners.append(self._learn)

    def _learn(self, change: Change) -> None:
        fact = change.fact
        if change.kind == "app_commands":
            self._commands.setdefault(fact["bot"], {})[fact["guild"]] = fact["commands"]
        elif change.kind == "commands":
            scope, chat, _, language = orjson.loads(fact["scope"])
            if chat is None and not language:  # what everybody sees
                self._menus.setdefault(fact["bot"], {})[scope] = fact["commands"]

    # -- events ----------------------------------------------------------------------------------

    def hear(self, change: Change) -> None:
        """Make an event of a change that can be seen."""
        event = self._event(change)
        if event is None:
            return
        self._last += 1
        self._ring.append((self._last, event))
        self._news.set()
        for callback in self.callbacks:
            callback(event)

    def _event(self, change: Change) -> dict[str, Any] | None:
        fact, room, said = change.fact, change.chat, change.message
        match change.kind:
            case "message" | "whisper" if said is not None:
                return {"type": "message", "message": self._shown(said)}
            case "edit" | "vote" | "poll_vote" | "amend" | "rewhisper" if said is not None:
                return {"type": "edit", "message": self._shown(said)}
            case "react" if said is not None:
                return {"type": "reaction", "message": self._shown(said)}
            case "delete":
                return {"type": "delete", "chat": fact["chat"], "id": str(fact["id"])}
            case "unwhisper":
                return {"type": "delete", "chat": fact["chat"], "id": f"w{fact['number']}"}
            case "delete_all":
                gone = [str(number) for number in fact["ids"]]
                return {"type": "delete", "chat": fact["chat"], "id": gone[0], "ids": gone}
            case "typing":
                topic = None if fact["topic"] is None else str(fact["topic"])
                place = {"chat": fact["chat"], "topic": topic, "from": view.number(fact["who"])}
                return {"type": "typing", **place, "until": fact["until"]}
            case "draft" if said is not None:
                return {"type": "draft", **view.draft(said)}
            case "chat" if room is not None and fact.get("deed") == "gone":
                return {"type": "closed", "chat": room.key}
            case "connection":
                return self._businesses(fact)
            case "stop":
                return self._stopped(fact)
            case "results":
                return self._offered(fact)
            case _ if change.kind in _ROOM and room is not None:
                return {"type": "chat", "chat": view.chat(self._world, room)}
            case "guild" | "role" | "member" if change.guild is not None:
                # Who is in a server is in all of its rooms.
                rooms = [view.chat(self._world, each) for each in change.guild.channels.values()]
                return {"type": "guild", "guild": view.guild(change.guild), "chats": rooms}
            case "voice_state" | "voice_ruled" | "speaking" | "voice_code" if (
                change.guild is not None
            ):
                spoken = [it for it in change.guild.channels.values() if it.kind in SPOKEN]
                return {"type": "voices", "rooms": {it.key: view.voices(it) for it in spoken}}
            case "account" | "app_commands" | "commands" | "able":
                return {"type": "people", **self._everyone()}
            case "confirmed":
                return {"type": "confirmed", "chat": fact["chat"], "id": str(fact["id"])}
            case "form":
                shown = {"interaction": fact["interaction"], "form": fact["form"]}
                return {"type": "form", "to": fact["who"], **shown}
            case "choices":
                return {"type": "choices", "to": fact["who"], **_completed(fact)}
            case "answered":
                return {"type": "answered", "text": fact["text"], "alert": fact["show_alert"]}
            case _:
                return None

    def _businesses(self, fact: Fact) -> dict[str, Any]:
        """The chats of a business that let a bot stand in for it, or lets it no more."""
        rooms = [r for r in self._world.chats.values() if r.owner and r.owner.id == fact["user"]]
        return {"type": "chats", "chats": [view.chat(self._world, room) for room in rooms]}

    def _stopped(self, fact: Fact) -> dict[str, Any]:
        """`kept`, whether the words so far stay until the message comes."""
        kept = (fact["chat"], fact["topic"], fact["bot"]) in self._world.drafts
        topic = None if fact["topic"] is None else str(fact["topic"])
        place = {"chat": fact["chat"], "topic": topic, "from": view.number(fact["bot"])}
        return {"type": "stopped", **place, "kept": kept}

    def _offered(self, fact: Fact) -> dict[str, Any]:
        """What there is to choose from, for whom, and for which words."""
        asked = self._world.queries.get(fact["query"], {})
        shown = {"to": asked.get("who"), "bot": fact["bot"], "text": asked.get("text")}
        return {"type": "offered", "query": fact["query"], **shown, "results": fact["results"]}

    def _shown(self, said: Message) -> dict[str, Any]:
        pending = (said.chat.key, said.id) in self._desks.waiting
        return view.message(self._world, said, pending=pending)

    def _everyone(self) -> dict[str, Any]:
        bots = [
            {**view.bot(who, self._commands.get(who.id, {})), "menu": self._menus.get(who.id, {})}
            for who in self._bots()
        ]
        return {"people": [view.account(who) for who in self._people()], "bots": bots}

    def _people(self) -> list[Account]:
        return [who for who in self._world.accounts.values() if not who.is_bot]

    def _bots(self) -> list[Account]:
        return [who for who in self._world.accounts.values() if who.is_bot]

    def drafts(self, room: Chat | None = None) -> list[Message]:
        """The drafts on show; one that nothing followed fades after half a minute."""
        oldest = self._world.now() - _DRAFT_LASTS
        drafts = self._world.drafts.values()
        return [d for d in drafts if d.date > oldest and (room is None or d.chat is room)]

    def state(self) -> dict[str, Any]:
        """Everything the page needs to begin with."""
        world, now = self._world, self._world.now()
        you = world.named("you") or next(iter(self._people()), None)
        rooms = [room for room in world.chats.values() if room.moved_to is None]
        shown = [said for room in rooms for said in list(room.messages.values())[-_SHOWN:]]
        shown += [said for room in rooms for said in room.more.get("whispers", {}).values()]
        shown.sort(key=lambda said: said.date)
        return {
            "you": you.id if you is not None else None,
            **self._everyone(),
            "guilds": [view.guild(server) for server in world.guilds.values()],
            "chats": [view.chat(world, room) for room in rooms],
            "messages": [self._shown(said) for said in shown if not said.deleted],
            "typing": [
                {
                    "chat": key,
                    "topic": topic and str(topic),
                    "from": view.number(who),
                    "until": until,
                }
                for (key, topic, who), until in world.typing.items()
                if until > now
            ],
            "drafts": [view.draft(said) for said in self.drafts()],
            "event": self._last,
        }

    def close(self) -> None:
        """End every stream, because the stage closes."""
        self._closed = True
        self._news.set()

    # -- the set ---------------------------------------------------------------------------------

    def furnish(self, bots: list[Bot]) -> Person:
        """Make what a newcomer finds, or bring it up to date; safe to repeat."""
        you, maya, jonas = (self._person(name) for name in ("You", "Maya", "Jonas"))
        for bot in bots:
            if self._world.dm_of(you.id, bot.id) is None:
                self._world.open_chat("private", bot.name, [you], [bot])
        people = [you, maya, jonas]
        for kind, title, topics in (
            ("group", "Tea room", ()),
            ("forum", "Reading club", ("Books", "Off topic")),
        ):
            room = next((c for c in self._world.chats.values() if c.title == title), None)
            if room is None:
                room = self._world.open_chat(kind, title, people, bots)
                for topic in topics:
                    self._world.open_topic(room, topic)
            for bot in bots:
                if bot not in room.members:
                    you.adds(room, bot)
        return you

    def _person(self, name: str) -> Person:
        who = self._world.named(name) or self._world.account(name, name.lower(), False)
        assert isinstance(who, Person)
        return who

    # -- routes ----------------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """What a server mounts to show the page and to let it act."""
        return [
            web.get("/", self._front),
            web.get("/page/{name:[A-Za-z0-9_.-]+}", self._file),
            web.get("/stage/state", self._state),
            web.get("/stage/events", self._events),
            web.get("/stage/file/{name:[A-Za-z0-9]+}", self._stored),
            web.post("/stage/act", self._act),
        ]

    async def _front(self, request: web.Request) -> web.StreamResponse:
        return self._serve("index.html")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return self._serve(request.match_info["name"])

    @staticmethod
    def _serve(name: str) -> web.StreamResponse:
        path = _PAGE / name
        if name.startswith(".") or not path.is_file():
            raise web.HTTPNotFound(text="There is no such page.")
        return web.FileResponse(path, headers=_HEADERS)

    async def _state(self, request: web.Request) -> web.Response:
        guard(request)
        return web.json_response(body=orjson.dumps(self.state()), headers=_HEADERS)

    async def _stored(self, request: web.Request) -> web.Response:
        guard(request)
        """What a browser shows or plays by itself; everything else is only to be saved."""
        kind, data = self._world.files.get(request.match_info["name"], ("", b""))
        if not data:
            raise web.HTTPNotFound(text="There is no such file.")
        headers = {**_HEADERS, "Content-Type": kind}
        if kind not in SHOWN | PLAYED:
            headers |= {
                "Content-Type": "application/octet-stream",
                "Content-Disposition": "attachment",
            }
        return web.Response(body=data, headers=headers)

    async def _act(self, request: web.Request) -> web.Response:
        guard(request)
        try:
            asked = orjson.loads(await request.clone(client_max_size=LARGEST).read())
            if not isinstance(asked, dict):
                raise ValueError("an act is a JSON object")
            done = act(self._world, asked)
        except orjson.JSONDecodeError:
            return _refusal("an act is a JSON object")
        except (ValueError, LookupError, TypeError) as error:
            return _refusal(str(error.args[0]) if error.args else "that cannot be done")
        answer: dict[str, Any] = {"ok": True}
        if done is not None:
            answer["message"] = self._shown(done)
        return web.json_response(body=orjson.dumps(answer))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        guard(request)
        stream = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream"})
        stream.headers["X-Accel-Buffering"] = "no"
        await stream.prepare(request)
        asked = request.headers.get("Last-Event-ID") or request.query.get("after", "")
        seen = int(asked) if asked.isdigit() and int(asked) <= self._last else self._last
        # A page that is closed or reloaded goes without a word.
        with contextlib.suppress(ConnectionResetError):
            await self._tell(stream, seen)
        return stream

    async def _tell(self, stream: web.StreamResponse, seen: int) -> None:
        await stream.write(_line(seen, {"type": "hello"}))
        while not self._closed:
            fresh = [item for item in self._ring if item[0] > seen]
            if fresh:
                await stream.write(b"".join(_line(number, event) for number, event in fresh))
                seen = fresh[-1][0]
                continue
            self._news = self._news if not self._news.is_set() else asyncio.Event()
            try:
                async with asyncio.timeout(_PING_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                await stream.write(b": ping\n\n")


def _completed(fact: Fact) -> dict[str, Any]:
    """What an option could be, and for which words of it that was asked."""
    options = fact["data"].get("options", [])
    while options and options[0].get("options"):
        options = options[0]["options"]
    asked: Fact = next((one for one in options if one.get("focused")), {})
    named = {"bot": view.number(fact["bot"]), "command": fact["name"]}
    about = {"option": asked.get("name"), "text": asked.get("value")}
    return {**named, **about, "choices": fact["choices"]}


def guard(request: web.Request) -> None:
    """Let only a page of this very server act: no foreign site, no name that was bent to us."""
    host = request.url.host or ""
    mounted = request.app.get(MOUNTED_HOSTS, frozenset())
    origin = request.headers.get("Origin")
    fetched = request.headers.get("Sec-Fetch-Site", "same-origin")
    at_home = host in _LOOPBACK or host in mounted
    ours = origin is None or urlsplit(origin).netloc == request.host
    if not at_home or not ours or fetched not in {"same-origin", "none"}:
        refusal = orjson.dumps({"ok": False, "error": "This page may not act here."})
        raise web.HTTPForbidden(text=refusal.decode(), content_type="application/json")


MOUNTED_HOSTS: web.AppKey[frozenset[str]] = web.AppKey("mounted_hosts", frozenset)


def _refusal(why: str) -> web.Response:
    return web.json_response(body=orjson.dumps({"ok": False, "error": why}), status=400)


def _line(number: int, event: dict[str, Any]) -> bytes:
    return b"id: %d\ndata: %s\n\n" % (number, orjson.dumps(event))
