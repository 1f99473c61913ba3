"""A stage with two bots of the test's own, its page mounted on a server, and a tab that shows it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from bots.sandbox import Stage
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
class Play:
    tab: Tab
    stage: Stage
    ada: Performer
    eliza: Performer
    home: str
    site: web.TCPSite
    runner: web.AppRunner

    async def enter(self, chat: str) -> None:
        """Open a chat by its title, as one does: by a click on it."""
        selector = ".entry-chat[data-at=here]"
        await self.tab.sees(
            "(() => { const found = [...document.querySelectorAll('.entry-chat')].find((entry) =>"
            f" entry.querySelector('.entry-title').textContent === {json.dumps(chat)});"
            " if (found) found.dataset.at = 'here'; return found; })()"
        )
        await self.tab.click(selector)
        await self.tab.sees(f"document.querySelector('.heading h2').innerText === '{chat}'")

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
async def playing(address: str, *, path: str = "/", **look: Any) -> AsyncIterator[Play]:
    """Everything up, the page open; afterwards nothing may have been complained about or fetched abroad."""
    async with Stage(limits=False) as stage, aiohttp.ClientSession() as http:
        bots = [stage.bot("Ada"), stage.bot("Eliza")]
        stage.furnish(bots)
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
