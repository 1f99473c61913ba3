"""Voice channels of a stage in another process: people talk there, and trouble comes, by JSON."""

import asyncio
import base64
import io
import wave
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bots.sandbox import Chat
from bots.sandbox.control import control_routes
from tests.stage.discord.conftest import Scene
from tests.stage.discord.test_talkers import tone

Json = dict[str, Any]


class Elsewhere:
    """The other process."""

    def __init__(self, client: TestClient[web.Request, web.Application]) -> None:
        self._client = client

    async def asks(self, do: str, **how: Any) -> tuple[int, Any]:
        how = {name.rstrip("_"): value for name, value in how.items()}
        answer = await self._client.post("/stage/discord/voice", json={"do": do, **how})
        if answer.status != 200:
            return answer.status, await answer.text()
        return 200, (await answer.json())["done"]

    async def does(self, do: str, **how: Any) -> Any:
        status, done = await self.asks(do, **how)
        assert status == 200, done
        return done

    async def calls(self) -> list[Json]:
        found = await (await self._client.get("/stage/discord/voice")).json()
        return list(found["calls"])


@pytest.fixture
async def elsewhere(scene: Scene) -> AsyncIterator[Elsewhere]:
    app = web.Application()
    app.add_routes(control_routes(scene.stage))
    async with TestClient(TestServer(app)) as client:
        yield Elsewhere(client)


@pytest.fixture
def parlour(scene: Scene) -> Chat:
    return scene.stage.discord.channel(scene.guild, "Parlour", "voice")


def file(seconds: float) -> str:
    made = io.BytesIO()
    with wave.open(made, "wb") as writer:
        writer.setparams((1, 2, 48_000, 0, "NONE", ""))
        writer.writeframes(tone(seconds))
    return base64.b64encode(made.getvalue()).decode()


async def until(is_so: Callable[[list[Json]], bool], elsewhere: Elsewhere) -> None:
    async with asyncio.timeout(10):
        while not is_so(await elsewhere.calls()):  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.02)


async def test_two_people_talk(scene: Scene, elsewhere: Elsewhere, parlour: Chat) -> None:
    mia, max_ = scene.mia.id, scene.max.id
    for who in (mia, max_):
        await elsewhere.does("join", as_=who, channel=parlour.key)
    await until(lambda calls: len(calls[0]["encrypted"]) == 2 and calls[0]["settled"], elsewhere)
    (call,) = await elsewhere.calls()
    assert (call["channel"], call["inside"], call["version"]) == (parlour.key, [mia, max_], 1)
    assert await elsewhere.does("say", as_=mia, file=file(0.3)) == pytest.approx(0.3)
    await until(lambda calls: calls[0]["speaking"] == [mia], elsewhere)
    await until(lambda calls: calls[0]["speaking"] == [], elsewhere)
    heard = await elsewhere.does("heard", as_=max_, who=mia)
    assert heard["seconds"] >= 0.3
    assert len(base64.b64decode(heard["pcm"])) == heard["seconds"] * 96_000
    await elsewhere.does("forget", as_=max_)
    assert (await elsewhere.does("heard", as_=max_, who=mia))["seconds"] == 0
    await elsewhere.does("leave", as_=mia)
    await elsewhere.does("out", guild=scene.guild.id, who=max_)
    assert await elsewhere.calls() == []


async def test_people_are_muted_and_moved(
    scene: Scene, elsewhere: Elsewhere, parlour: Chat
) -> None:
    guild, mia = scene.guild, scene.mia
    kitchen = scene.stage.discord.channel(guild, "Kitchen", "voice")
    await elsewhere.does("join", as_=mia.id, channel=parlour.key)
    await elsewhere.does("mute", as_=mia.id)
    await elsewhere.does("camera", as_=mia.id)
    await elsewhere.does("silence", guild=guild.id, who=mia.id, deaf=True)
    await elsewhere.does("move", who=mia.id, channel=kitchen.key)
    state = guild.voices[mia]
    assert (state.chat, state.self_mute, state.self_video) == (kitchen, True, True)
    assert mia in guild.deafened
    await elsewhere.does("limit", channel=kitchen.key, people=1)
    status, words = await elsewhere.asks("join", as_=scene.max.id, channel=kitchen.key)
    assert (status, words) == (400, "Max may not come into Kitchen")


async def test_trouble_comes_and_goes(scene: Scene, elsewhere: Elsewhere, parlour: Chat) -> None:
    mia, max_ = scene.mia.id, scene.max.id
    for who in (mia, max_):
        await elsewhere.does("join", as_=who, channel=parlour.key)
    await until(lambda calls: len(calls[0]["encrypted"]) == 2 and calls[0]["settled"], elsewhere)
    await elsewhere.does("fault", channel=parlour.key, of=mia, silent=True)
    await elsewhere.does("say", as_=mia, file=file(0.1))
    await until(lambda calls: calls[0]["forwarded"] > 0 and not calls[0]["speaking"], elsewhere)
    assert (await elsewhere.does("heard", as_=max_, who=mia))["seconds"] == 0
    await elsewhere.does("clear")
    await elsewhere.does("policy", policy="off", channel=parlour.key)
    await until(lambda calls: calls[0]["version"] == 0 and calls[0]["settled"], elsewhere)
    await elsewhere.does("say", as_=mia, file=file(0.1))
    await until(lambda calls: bool(calls[0]["speaking"]), elsewhere)
    await until(lambda calls: not calls[0]["speaking"], elsewhere)
    assert (await elsewhere.does("heard", as_=max_, who=mia))["seconds"] >= 0.1
    before = scene.stage.discord.voice.endpoint(scene.guild.id)
    assert await elsewhere.does("region", guild=scene.guild.id) != before


async def test_what_makes_no_sense_is_refused(elsewhere: Elsewhere, parlour: Chat) -> None:
    for do, how in (
        ("fly", {}),
        ("leave", {"as_": 1}),
        ("join", {"as_": "me", "channel": parlour.key}),
        ("fault", {"colour": "red"}),
        ("policy", {"policy": "perhaps"}),
        ("say", {}),
    ):
        assert (await elsewhere.asks(do, **how))[0] == 400
