"""Rate limits and trouble by hand, as REST meets its clients with them."""

import asyncio
import time

import aiohttp
import pytest

from bots.sandbox import FaultPlan, Stage
from tests.stage.discord.conftest import Asker, Scene
from tests.stage.discord.wires import Wire


@pytest.fixture
async def strict(session: aiohttp.ClientSession):
    """A stage with limits, a channel on it, and someone to ask for it."""
    async with Stage(limits=True) as stage:
        mia, ada = stage.person("Mia"), stage.discord.bot("Ada")
        guild = stage.discord.guild("Tea house", [mia], [ada])
        yield stage, guild, Asker(session, stage.discord.api_root, ada.token)


async def test_a_channel_takes_five_messages_and_then_says_how_long_to_wait(strict) -> None:
    stage, guild, ask = strict
    general, random = guild.channels
    at = f"/channels/{general}/messages"
    for left in range(4, -1, -1):
        await ask.ok("POST", at, json={"content": str(left)})
        assert ask.headers["X-RateLimit-Limit"] == "5"
        assert ask.headers["X-RateLimit-Remaining"] == str(left)
    assert 0 < float(ask.headers["X-RateLimit-Reset-After"]) <= 5
    assert abs(float(ask.headers["X-RateLimit-Reset"]) - time.time()) < 10
    bucket = ask.headers["X-RateLimit-Bucket"]
    status, body = await ask("POST", at, json={"content": "one too many"})
    assert (status, body["global"]) == (429, False)
    assert 0 < body["retry_after"] <= 5.1
    assert ask.headers["X-RateLimit-Scope"] == "user"
    assert int(ask.headers["Retry-After"]) >= body["retry_after"]
    assert ask.headers["Via"]
    assert stage.discord.violations["bucket"] == stage.discord.violations["invalid"] == 1
    # Another channel has a bucket of its own, of the same name.
    await ask.ok("POST", f"/channels/{random}/messages", json={"content": "elsewhere"})
    assert ask.headers["X-RateLimit-Bucket"] == bucket
    assert ask.headers["X-RateLimit-Remaining"] == "4"
    await ask.ok("GET", f"/channels/{general}")
    assert len(stage.messages(guild.channels[general])) == 5


async def test_a_bot_that_asks_for_more_than_fifty_things_a_second_is_slowed_everywhere(
    strict,
) -> None:
    stage, guild, ask = strict
    channels = [stage.discord.channel(guild, f"room-{n}") for n in range(12)]
    statuses = []
    async with asyncio.TaskGroup() as tasks:
        asked = [
            tasks.create_task(ask("GET", f"/channels/{room.id}"))
            for room in channels
            for _ in range(5)
        ]
    statuses = [each.result()[0] for each in asked]
    slowed = [each.result()[1] for each in asked if each.result()[0] == 429]
    assert statuses.count(200) == 50
    assert all(body["global"] for body in slowed)
    assert stage.discord.violations["global"] == len(slowed) == 10


async def test_without_limits_nobody_is_slowed(scene: Scene, ask: Asker) -> None:
    for n in range(12):
        await ask.ok("POST", f"/channels/{scene.general.id}/messages", json={"content": str(n)})
    assert "X-RateLimit-Limit" not in ask.headers
    assert not any(scene.stage.discord.violations.values())


async def test_a_refusal_by_hand_meets_one_bot_one_route_and_so_many_times(
    scene: Scene, ask: Asker, session: aiohttp.ClientSession
) -> None:
    faults, at = scene.stage.discord.faults, f"/channels/{scene.general.id}/messages"
    faults.refuse(403, code=50001, bot=scene.ada.id, method="create_message", times=2)
    eliza = Asker(session, scene.stage.discord.api_root, scene.eliza.token)
    await eliza.ok("POST", at, json={"content": "mine goes through"})
    await ask.ok("GET", at)
    for _ in range(2):
        assert await ask.refused("POST", at, json={"content": "x"}) == (403, 50001)
    await ask.ok("POST", at, json={"content": "x"})


async def test_a_flood_by_hand_says_whose_rate_it_is(scene: Scene, ask: Asker) -> None:
    scene.stage.discord.faults.flood(0.25, scope="global")
    status, body = await ask("GET", "/users/@me")
    assert (status, body["global"]) == (429, True)
    assert body["retry_after"] == pytest.approx(0.25, abs=0.01)
    assert (ask.headers["X-RateLimit-Global"], ask.headers["X-RateLimit-Scope"]) == (
        "true",
        "global",
    )
    scene.stage.discord.faults.flood(1, scope="shared")
    assert (await ask("GET", "/users/@me"))[0] == 429
    assert ask.headers["X-RateLimit-Scope"] == "shared"


@pytest.mark.parametrize("after", [False, True])
async def test_a_cut_leaves_the_client_uncertain_and_the_journal_sure(
    scene: Scene, ask: Asker, after: bool
) -> None:
    scene.stage.discord.faults.cut(after=after, method="create_message")
    at = f"/channels/{scene.general.id}/messages"
    body = {"content": "x", "nonce": "n", "enforce_nonce": True}
    with pytest.raises(aiohttp.ClientError):
        await ask("POST", at, json=body)
    assert len(scene.stage.messages(scene.general)) == (1 if after else 0)
    await ask.ok("POST", at, json=body)
    assert len(scene.stage.messages(scene.general)) == 1
    calls = scene.stage.discord.journal.of("create_message", bot=scene.ada.id)
    assert [call.status for call in calls] == [200 if after else 0, 200]


async def test_garbage_and_a_long_silence_are_to_be_had(scene: Scene, ask: Asker) -> None:
    scene.stage.discord.faults.garbage()
    with pytest.raises(AssertionError, match="text/html"):
        await ask("GET", "/users/@me")
    scene.stage.discord.faults.hang()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await ask("GET", "/users/@me")
    scene.stage.discord.faults.delay(0.01)
    await ask.ok("GET", "/users/@me")


async def test_the_same_plan_brings_the_same_trouble(scene: Scene, ask: Asker) -> None:
    async def statuses() -> list[int]:
        scene.stage.discord.faults.clear()
        plan = FaultPlan(7, refused=0.2, broken=0.2, cut=0, cut_after=0, delayed=0, garbage=0)
        scene.stage.discord.faults.follow(plan)
        return [(await ask("GET", "/users/@me"))[0] for _ in range(20)]

    first = await statuses()
    assert set(first) == {200, 429, 502}
    assert await statuses() == first


async def test_in_an_outage_of_discord_telegram_goes_on(
    scene: Scene, ask: Asker, session: aiohttp.ClientSession
) -> None:
    telegram = scene.stage.bot("Ada")
    socket = await session.ws_connect(scene.stage.discord.gateway_url + "?v=10")
    await Wire(socket).operation(10)
    async with scene.stage.discord.outage():
        with pytest.raises(EOFError):
            await Wire(socket).next()
        with pytest.raises(aiohttp.ClientError):
            await session.ws_connect(scene.stage.discord.gateway_url)
        with pytest.raises(aiohttp.ClientError):
            await ask("GET", "/users/@me")
        async with session.get(f"{scene.stage.root}/bot{telegram.token}/getMe") as answer:
            assert (await answer.json())["ok"]
    await ask.ok("GET", "/users/@me")


async def test_the_journal_names_calls_as_the_contract_does(scene: Scene, ask: Asker) -> None:
    sent = await ask.ok("POST", f"/channels/{scene.general.id}/messages", json={"content": "x"})
    [call] = scene.stage.discord.journal.of("create_message")
    assert (call.bot, call.chat, call.status) == (scene.ada.id, scene.general.id, 200)
    assert (call.message_id, call.params["content"]) == (int(sent["id"]), "x")
    assert call.result == sent
    assert scene.ada.token not in repr(call)
