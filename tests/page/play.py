"""A stage with bots of the test's own, its page mounted on a server, and a tab that shows it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bots.sandbox import Stage
from bots.sandbox.cast import Bot, Person
from bots.sandbox.discord import talking
from bots.sandbox.things import Change, Chat, Message
from tests.page.browser import Tab, open_tab

LINKS = [
    {"character": "Ada", "platform": "telegram", "phase": "live", "reason": None},
    {"character": "Eliza", "platform": "telegram", "phase": "retrying", "reason": "unreachable"},
]


@dataclass(slots=True)
class Performer:
    """A bot that does what the test says, through the HTTP Bot API."""

    http: aiohttp.ClientSession
    root: str
    token: str
    offset: int = 0
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def call(self, method: str, **params: Any) -> Any:
        async with self.http.post(f"{self.root}/bot{self.token}/{method}", json=params) as answer:
            body = await answer.json()
        if not body["ok"]:
            raise RuntimeError(f"{method}: {body['description']}")
        return body["result"]

    async def hears(self, kind: str = "message") -> dict[str, Any]:
        """The next message (or edit) that somebody wrote, asked for as a long poll."""
        while True:
            for update in self.heard:
                if kind in update and "text" in update[kind]:
                    self.heard.remove(update)
                    return dict(update[kind])
            self.heard += await self.fetch(timeout=8)

    async def fetch(self, timeout: int = 0) -> list[dict[str, Any]]:
        """Ask for what is new; asking confirms all that was fetched before."""
        updates = await self.call("getUpdates", offset=self.offset, timeout=timeout)
        if updates:
            self.offset = updates[-1]["update_id"] + 1
        elif timeout:
            raise AssertionError("the bot heard nothing")
        return list(updates)

    async def says(self, to: dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
        """Say something where a heard message was said."""
        place = {"chat_id": to["chat"]["id"]}
        if to.get("is_topic_message"):
            place["message_thread_id"] = to["message_thread_id"]
        return dict(await self.call("sendMessage", **place, text=text, **more))


@dataclass(slots=True)
class Actor:
    """A bot of Discord that does what the test says, on the stage itself."""

    stage: Stage
    bot: Bot

    def says(self, room: Chat, text: str, **more: Any) -> Message:
        reply = more.pop("reply_to", None)
        return talking.say(self.stage.world, self.bot, room, text, reply_to=reply, more=more)

    def edits(self, said: Message, text: str) -> Message:
        return talking.edit(self.stage.world, said.chat.messages[said.id], text)

    def types(self, room: Chat) -> None:
        talking.type_in(self.stage.world, self.bot, room)

    @property
    def mark(self) -> str:
        return f"<@{self.bot.snowflake}>"


@dataclass(slots=True)
class Play:
    tab: Tab
    stage: Stage
    ada: Performer
    eliza: Performer
    home: str
    site: web.TCPSite
    runner: web.AppRunner

    def actor(self, name: str) -> Actor:
        """The bot of this name on Discord."""
        return Actor(self.stage, self.stage.discord.bot(name))

    def interactions(self) -> "asyncio.Queue[dict[str, Any]]":
        """The buttons and commands that are given from now on."""
        given: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

        def hear(change: Change) -> None:
            if change.kind == "interaction":
                given.put_nowait(change.fact)

        self.stage.world.listeners.append(hear)
        return given

    def room(self, title: str) -> Chat:
        """A room of Discord by its title."""
        rooms = self.stage.world.chats.values()
        return next(r for r in rooms if r.platform == "discord" and r.title == title)

    def person(self, name: str) -> Person:
        found = self.stage.world.named(name)
        assert isinstance(found, Person)
        return found

    async def enter(self, chat: str) -> None:
        """Open a chat of Telegram by its title, as one does: by a click on it."""
        await self._click_on(".entry-chat", chat)
        await self.tab.sees(f"document.querySelector('.heading h2').innerText === '{chat}'")

    async def enter_room(self, title: str, *, heading: str | None = None) -> None:
        """Open a room of Discord by its title."""
        await self._click_on(".entry-room", title)
        await self.shows(heading or title, in_="[data-platform=discord] .heading h2")

    async def _click_on(self, kind: str, title: str) -> None:
        """What is marked may be drawn anew before it is clicked on: then once more."""
        for tries_left in reversed(range(8)):
            await self.tab.sees(
                f"(() => {{ const found = [...document.querySelectorAll('{kind}')].find((entry) =>"
                f" entry.querySelector('.entry-title').textContent === {json.dumps(title)});"
                " if (found) found.dataset.at = 'here'; return found; })()"
            )
            try:
                await self.tab.click(f"{kind}[data-at=here]", within=1)
                return
            except AssertionError:
                if not tries_left:
                    raise

    async def say(self, words: str) -> None:
        await self.tab.type(words)
        await self.tab.press("Enter")

    async def shows(self, words: str, *, in_: str = "#log .row:not(.gone) .text") -> None:
        """Wait until some element has exactly this text."""
        await self.tab.sees(
            f"[...document.querySelectorAll({json.dumps(in_)})]"
            f".some((node) => node.innerText.trim() === {json.dumps(words)})"
        )

    async def choose(self, label: str) -> None:
        """Click an entry of the open menu."""
        await self.tab.sees(
            "(() => { const found = [...document.querySelectorAll('.menu [role^=menuitem]')].find("
            f"(item) => (item.getAttribute('aria-label') ?? item.innerText.trim()).endsWith({json.dumps(label)}));"
            " if (found) found.dataset.at = 'chosen'; return found; })()"
        )
        await self.tab.click(".menu [data-at=chosen]")

    async def state(self) -> dict[str, Any]:
        async with self.ada.http.get(f"{self.home}/stage/state") as answer:
            return dict(await answer.json())

    async def act(self, **deed: Any) -> dict[str, Any]:
        """Do something on the stage past the page."""
        async with self.ada.http.post(f"{self.home}/stage/act", json=deed) as answer:
            return dict(await answer.json())

    async def close(self) -> None:
        """Take the page's server away."""
        await self.site.stop()
        for connection in list(self.runner.server.connections if self.runner.server else []):
            connection.force_close()

    async def reopen(self) -> None:
        self.site = web.TCPSite(self.runner, "127.0.0.1", int(self.home.rsplit(":", 1)[1]))
        await self.site.start()


@asynccontextmanager
async def playing(
    address: str,
    *,
    path: str = "/",
    discord: bool = False,
    persist: Path | None = None,
    **look: Any,
) -> AsyncIterator[Play]:
    """Everything up, the page open; afterwards nothing may have been complained about or fetched abroad."""
    stage = Stage(limits=False, persist=persist)
    async with stage, aiohttp.ClientSession() as http:
        bots = [stage.bot("Ada"), stage.bot("Eliza")]
        elsewhere = [stage.discord.bot("Ada"), stage.discord.bot("Eliza")] if discord else []
        stage.furnish([*bots, *elsewhere])
        app = web.Application()
        app.add_routes(stage.page_routes())
        app.router.add_get("/ready", _ready)
        runner = web.AppRunner(app, shutdown_timeout=0.2, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        home = f"http://{host}:{port}"
        ada, eliza = (Performer(http, stage.root, bot.token) for bot in bots)
        try:
            async with open_tab(address, **look) as tab:
                await tab.go(home + path)
                await tab.sees("document.querySelector('.entry-chat')")
                yield Play(tab, stage, ada, eliza, home, site, runner)
                assert await tab.foreign([home]) == []
                assert tab.errors == []
        finally:
            await runner.cleanup()


async def _ready(_: web.Request) -> web.Response:
    return web.json_response({"status": "degraded", "links": LINKS})
