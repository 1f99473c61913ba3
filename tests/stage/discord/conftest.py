"""A small server on the stage, and two ways to ask it: plain HTTP and the real client."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
import pytest
import yarl

from bots.sandbox import Bot, Chat, Person, Stage
from bots.sandbox.things import Guild


@dataclass
class Scene:
    """A server of Mia's with Max, Ada and Eliza in it."""

    stage: Stage
    mia: Person
    max: Person
    ada: Bot
    eliza: Bot
    guild: Guild
    general: Chat
    random: Chat


@pytest.fixture
def scene(stage: Stage) -> Scene:
    mia, max_ = stage.person("Mia"), stage.person("Max")
    ada, eliza = stage.discord.bot("Ada"), stage.discord.bot("Eliza")
    guild = stage.discord.guild("Tea house", [mia, max_], [ada, eliza])
    general, random = guild.channels.values()
    return Scene(stage, mia, max_, ada, eliza, guild, general, random)


class Asker:
    """Asks as one bot; gives the status, the body and the headers of each answer."""

    def __init__(self, session: aiohttp.ClientSession, root: str, token: str | None) -> None:
        self._session = session
        self._root = root
        self._head = {} if token is None else {"Authorization": f"Bot {token}"}
        self.headers: dict[str, str] = {}

    async def __call__(self, method: str, path: str, **given: Any) -> tuple[int, Any]:
        head = {**self._head, **given.pop("headers", {})}
        url = yarl.URL(self._root + path, encoded=True)
        async with self._session.request(method, url, headers=head, **given) as answer:
            self.headers = dict(answer.headers)
            if answer.status == 204:
                return 204, None
            assert answer.headers["Content-Type"] == "application/json"
            return answer.status, await answer.json()

    async def ok(self, method: str, path: str, **given: Any) -> Any:
        """The body of an answer that must be a good one."""
        status, body = await self(method, path, **given)
        assert status < 300, body
        return body

    async def refused(self, method: str, path: str, **given: Any) -> tuple[int, int]:
        """The status and the code of a refusal."""
        status, body = await self(method, path, **given)
        assert status >= 400
        assert body["message"]
        return status, body["code"]


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def ask(scene: Scene, session: aiohttp.ClientSession) -> Asker:
    """Asks as Ada."""
    return Asker(session, scene.stage.discord.api_root, scene.ada.token)


@pytest.fixture
def endpoints(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets discord.py, which has no setting for it, find the stage."""
    monkeypatch.setattr(discord.http.Route, "BASE", stage.discord.api_root)
    gateway = yarl.URL(stage.discord.gateway_url)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
    monkeypatch.setattr(discord.asset.Asset, "BASE", stage.discord.cdn_root)
