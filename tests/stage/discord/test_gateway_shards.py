"""The stage's gateway tells each shard of its own servers, and asks for as many as it is told to."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from bots.sandbox import Bot, Stage
from tests.stage.discord.conftest import Asker, Scene
from tests.stage.discord.wires import ALL, dialled


@pytest.fixture
def ada(stage: Stage) -> Bot:
    return stage.discord.bot("Ada")


async def test_what_is_asked_for_is_told_and_fewer_are_sent_away(ask: Asker, scene: Scene) -> None:
    gateway = scene.stage.discord.gateway
    assert (await ask.ok("GET", "/gateway/bot"))["shards"] == 1
    gateway.ask_shards(scene.ada, 4, least=2)
    gateway.logins.together = 16
    told = await ask.ok("GET", "/gateway/bot")
    assert told["shards"] == 4
    assert told["session_start_limit"]["max_concurrency"] == 16
    async with dialled(scene.stage) as wire:
        await wire.send(2, {"token": scene.ada.token, "intents": ALL, "properties": {}})
        assert await wire.closed() == 4011
    async with dialled(scene.stage) as wire:
        ready = await wire.identify(scene.ada.token, shard=[1, 2])
        assert ready["shard"] == [1, 2]


async def test_of_each_group_one_is_let_in_at_a_time(stage: Stage, ada: Bot) -> None:
    logins = stage.discord.gateway.logins
    logins.identify_every, logins.together = 60.0, 2
    async with dialled(stage) as one, dialled(stage) as two, dialled(stage) as three:
        await one.identify(ada.token, shard=[0, 3])
        await two.identify(ada.token, shard=[1, 3])
        asked = {"token": ada.token, "intents": ALL, "properties": {}, "shard": [2, 3]}
        await three.send(2, asked)
        assert await three.operation(9) is False


async def test_direct_messages_are_for_the_first_shard_alone(stage: Stage, ada: Bot) -> None:
    mia = stage.person("Mia")
    async with dialled(stage) as one, dialled(stage) as two:
        await one.identify(ada.token, shard=[0, 2])
        await two.identify(ada.token, shard=[1, 2])
        mia.says(stage.discord.dm(mia, ada), "hello")
        assert (await one.event("MESSAGE_CREATE"))["content"] == "hello"
        await two.silence("MESSAGE_CREATE")


async def test_one_shard_can_be_shut_while_the_other_hears(stage: Stage, ada: Bot) -> None:
    gateway = stage.discord.gateway
    async with dialled(stage) as one, dialled(stage) as two:
        await one.identify(ada.token, shard=[0, 2])
        await two.identify(ada.token, shard=[1, 2])
        gateway.shut(ada, 1)
        with pytest.raises(EOFError):
            await two.event()
        await one.silence("RESUMED")
        async with dialled(stage) as again:
            assert two.seq is not None
            await again.resume(ada, two.session, two.seq)
            assert await again.closed() == 4000
        gateway.shut(ada, 1, None)
        async with dialled(stage) as again:
            await again.resume(ada, two.session, two.seq)
            await again.event("RESUMED")


async def test_a_gateway_that_is_mute_says_no_hello(stage: Stage) -> None:
    stage.discord.gateway.mute = True
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{stage.discord.gateway_url}?v=10") as socket,
    ):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await socket.receive()
