"""Webhooks of channels: one bot speaks under many names, and others hear who is shown."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bots.sandbox import Stage
from tests.stage.discord.conftest import Asker, Scene
from tests.stage.discord.wires import Wire

_MAY = 1 << 29
_HEARS = 1 << 0 | 1 << 5 | 1 << 9 | 1 << 15


@pytest.fixture
def at(scene: Scene) -> str:
    scene.stage.discord.role(scene.guild, "Masks", [scene.ada], permissions=_MAY)
    return f"/channels/{scene.general.id}/webhooks"


@pytest.fixture
def open_ask(scene: Scene, session: aiohttp.ClientSession) -> Asker:
    return Asker(session, scene.stage.discord.api_root, None)


@pytest.fixture
async def wire(scene: Scene, session: aiohttp.ClientSession) -> AsyncIterator[Wire]:
    """Eliza on the gateway."""
    async with session.ws_connect(scene.stage.discord.gateway_url + "?v=10") as socket:
        wire = Wire(socket)
        await wire.operation(10)
        await wire.send(2, {"token": scene.eliza.token, "intents": _HEARS, "properties": {}})
        await wire.event("READY")
        yield wire


async def test_what_a_webhook_says_bears_its_own_name_and_picture(scene, ask, at, open_ask, wire):
    hook = await ask.ok("POST", at, json={"name": "Masks"})
    assert (await wire.event("WEBHOOKS_UPDATE"))["channel_id"] == str(scene.general.id)
    here = f"/webhooks/{hook['id']}/{hook['token']}"
    face = {"username": "Bob", "avatar_url": "https://pictures.example/bob.png"}
    said = await open_ask.ok("POST", f"{here}?wait=true", json={"content": "I am Bob", **face})
    assert said["author"]["username"] == "Bob"
    assert said["author"]["id"] == said["webhook_id"] == hook["id"]
    assert said["application_id"] == str(scene.ada.id)
    heard = await wire.event("MESSAGE_CREATE")
    assert (heard["author"]["username"], heard["webhook_id"]) == ("Bob", hook["id"])
    assert "member" not in heard
    assert (await scene.stage.next_from(scene.ada, scene.general)).spoken_as == "Bob"
    assert await open_ask.ok("POST", here, json={"content": "unwaited"}) is None
    assert scene.stage.messages(scene.general)[-1].spoken_as == "Masks"


async def test_its_messages_are_changed_and_deleted_through_it_alone(scene, ask, at, open_ask):
    hook = await ask.ok("POST", at, json={"name": "Masks"})
    here = f"/webhooks/{hook['id']}/{hook['token']}"
    said = await open_ask.ok("POST", f"{here}?wait=true", json={"content": "I am Bob"})
    path = f"{here}/messages/{said['id']}"
    channel = f"/channels/{scene.general.id}/messages/{said['id']}"
    assert (await ask.ok("GET", channel))["content"] == "I am Bob"
    assert await ask.refused("PATCH", channel, json={"content": "x"}) == (403, 50005)
    assert await ask.refused("DELETE", channel) == (403, 50013)
    assert (await open_ask.ok("PATCH", path, json={"content": "so?"}))["content"] == "so?"
    assert (await open_ask.ok("GET", path))["edited_timestamp"]
    await open_ask.ok("DELETE", path)
    assert await open_ask.refused("GET", path) == (404, 10008)
    other = scene.mia.says(scene.general, "hi")
    assert await open_ask.refused("DELETE", f"{here}/messages/{other.id}") == (404, 10008)


async def test_a_webhook_speaks_in_threads_of_its_channel_and_opens_posts(scene, ask, at, open_ask):
    play = scene.stage.discord
    hook = await ask.ok("POST", at, json={"name": "Masks"})
    here = f"/webhooks/{hook['id']}/{hook['token']}"
    thread = play.thread(scene.general, "Aside", scene.mia)
    play.archive(thread)
    told = await open_ask.ok(
        "POST", f"{here}?wait=true&thread_id={thread.id}", json={"content": "hi"}
    )
    assert told["channel_id"] == str(thread.id)
    assert not thread.more["archived"]
    path = f"{here}/messages/{told['id']}"
    assert await open_ask.refused("GET", path) == (404, 10008)
    await open_ask.ok("PATCH", f"{path}?thread_id={thread.id}", json={"content": "ho"})
    play.archive(thread, locked=True)
    assert await open_ask.refused(
        "POST", f"{here}?thread_id={thread.id}", json={"content": "hi"}
    ) == (400, 160005)
    foreign = play.thread(scene.random, "Elsewhere", scene.mia)
    assert await open_ask.refused(
        "POST", f"{here}?thread_id={foreign.id}", json={"content": "hi"}
    ) == (404, 10003)
    board = play.channel(scene.guild, "questions", "board")
    mask = await ask.ok("POST", f"/channels/{board.id}/webhooks", json={"name": "Masks"})
    there = f"/webhooks/{mask['id']}/{mask['token']}"
    assert await open_ask.refused("POST", there, json={"content": "hi"}) == (400, 220001)
    post = await open_ask.ok(
        "POST", f"{there}?wait=true", json={"content": "Why?", "thread_name": "A question"}
    )
    assert post["channel_id"] == post["id"]


async def test_a_webhook_is_refused_where_discord_refuses_it(scene, ask, at, open_ask, session):
    eliza = Asker(session, scene.stage.discord.api_root, scene.eliza.token)
    assert await eliza.refused("POST", at, json={"name": "Masks"}) == (403, 50013)
    assert await ask.refused("POST", at, json={"name": "Discord"}) == (400, 50035)
    hook = await ask.ok("POST", at, json={"name": "Masks"})
    here = f"/webhooks/{hook['id']}/{hook['token']}"
    refused = open_ask.refused
    assert await refused("POST", here, json={"content": "hi", "username": "Clyde"}) == (400, 50035)
    assert await refused("POST", here, json={"content": ""}) == (400, 50006)
    assert await refused("POST", f"/webhooks/{hook['id']}/x", json={"content": "a"}) == (401, 50027)
    for number in range(14):
        await ask.ok("POST", at, json={"name": f"Mask {number}"})
    assert await ask.refused("POST", at, json={"name": "One more"}) == (400, 30007)
    await ask.ok("DELETE", f"/webhooks/{hook['id']}")
    assert await refused("POST", here, json={"content": "hi"}) == (404, 10015)
    assert len(await ask.ok("GET", at)) == 14


async def test_whoever_manages_webhooks_sees_the_token_of_the_own_ones_only(
    scene, ask, at, session
):
    scene.stage.discord.role(scene.guild, "Masks too", [scene.eliza], permissions=_MAY)
    eliza = Asker(session, scene.stage.discord.api_root, scene.eliza.token)
    await ask.ok("POST", at, json={"name": "Masks"})
    (own,), (foreign,) = await ask.ok("GET", at), await eliza.ok("GET", at)
    assert "token" in own
    assert "token" not in foreign
    assert foreign["application_id"] == str(scene.ada.id)
    moved = await ask.ok(
        "PATCH", f"/webhooks/{own['id']}", json={"channel_id": str(scene.random.id), "name": "M"}
    )
    assert (moved["channel_id"], moved["name"]) == (str(scene.random.id), "M")
    assert await ask.ok("GET", at) == []
    assert len(await ask.ok("GET", f"/guilds/{scene.guild.id}/webhooks")) == 1


async def test_webhooks_stand_after_a_restart(tmp_path):
    async with Stage(limits=False, persist=tmp_path / "world") as stage:
        ada, mia = stage.discord.bot("Ada"), stage.person("Mia")
        guild = stage.discord.guild("Tea house", [mia], [ada])
        stage.discord.role(guild, "Masks", [ada], permissions=_MAY)
        at = f"/channels/{next(iter(guild.channels))}/webhooks"
        async with aiohttp.ClientSession() as session:
            made = await Asker(session, stage.discord.api_root, ada.token).ok(
                "POST", at, json={"name": "Masks"}
            )
    async with (
        Stage(limits=False, persist=tmp_path / "world") as stage,
        aiohttp.ClientSession() as session,
    ):
        here = f"/webhooks/{made['id']}/{made['token']}"
        told = await Asker(session, stage.discord.api_root, None).ok("GET", here)
    assert told["name"] == "Masks"
