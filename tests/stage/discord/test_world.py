"""Discord in the world of the stage: beside Telegram, kept over a restart, moved by people."""

from pathlib import Path

import aiohttp
import pytest

from bots.sandbox import Stage
from bots.sandbox.discord import shapes
from tests.stage.conftest import Dial
from tests.stage.discord.conftest import Asker, Scene


async def test_the_platforms_know_nothing_of_each_other(
    scene: Scene, ask: Asker, dial: Dial
) -> None:
    stage = scene.stage
    twin = stage.bot("Ada")
    room = stage.dm(scene.mia, twin)
    assert twin is not scene.ada
    assert stage.bot("Ada") is twin
    async with dial(stage, twin) as client:
        scene.mia.says(scene.general, "only on Discord")
        scene.mia.says(room, "only on Telegram")
        texts = [u.message.text for u in await client.get_updates(timeout=0)]
    assert texts == ["only on Telegram"]
    found = await ask.ok("GET", f"/channels/{scene.general.id}/messages")
    assert [each["content"] for each in found] == ["only on Discord"]
    users = [await ask("GET", f"/users/{who.snowflake}") for who in (scene.mia, twin)]
    assert [status for status, _ in users] == [200, 404]
    await stage.quiet(scene.general, 0.01)


async def test_a_name_after_an_at_becomes_a_mark_of_a_member(scene: Scene) -> None:
    anna = scene.stage.person("Ada Two")
    scene.stage.discord.invite(scene.guild, anna)
    said = scene.mia.says(scene.general, "@Ada Two, @Ada, @Nobody, mail@Max, @everyone")
    ada, two = f"<@{scene.ada.id}>", f"<@{anna.snowflake}>"
    assert said.text == f"{two}, {ada}, @Nobody, mail@Max, @everyone"
    assert said.more["mentions"] == [anna.id, scene.ada.id]
    assert said.more["mention_everyone"]
    direct = scene.mia.says(scene.stage.discord.dm(scene.mia, scene.ada), "@Ada?")
    assert direct.text == f"{ada}?"


async def test_people_are_held_to_what_discord_lets_them_do(scene: Scene) -> None:
    said = scene.mia.says(scene.general, "mine")
    stranger = scene.stage.person("Eve")
    with pytest.raises(ValueError, match="2,000 characters"):
        scene.mia.says(scene.general, "x" * 2001)
    with pytest.raises(ValueError, match="may not write"):
        stranger.says(scene.general, "let me in")
    with pytest.raises(ValueError, match="only its writer"):
        scene.max.deletes(said)
    with pytest.raises(ValueError, match="posts only"):
        scene.mia.says(scene.stage.discord.channel(scene.guild, "questions", "board"), "x")
    theirs = scene.max.says(scene.general, "Max was here")
    scene.mia.deletes(theirs)
    assert scene.stage.messages(scene.general) == [said]


async def test_somebody_may_react_with_many_emojis_and_take_one_back(scene: Scene) -> None:
    said = scene.mia.says(scene.general, "Tea?")
    for emoji in ("👍", "🍵", "👍"):
        scene.max.reacts(said, emoji)
    assert scene.general.messages[said.id].more["reactions"] == {
        "👍": [scene.max.id],
        "🍵": [scene.max.id],
    }
    scene.max.reacts(said, "👍", on=False)
    assert scene.general.messages[said.id].reactions == {scene.max.id: "🍵"}


async def test_people_come_go_and_are_put_out(scene: Scene) -> None:
    eve = scene.stage.person("Eve")
    scene.mia.adds(scene.general, eve)
    assert eve in scene.random.members
    eve.leaves(scene.random)
    assert eve not in scene.general.members
    scene.mia.removes(scene.general, scene.eliza)
    assert scene.eliza not in scene.guild.members


async def test_a_kept_world_comes_back_as_it_was(
    tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    kept = tmp_path / "world.jsonl"
    async with Stage(limits=False, persist=kept) as stage:
        mia, ada = stage.person("Mia", username="mia"), stage.discord.bot("Ada")
        guild = stage.discord.guild("Tea house", [mia], [ada])
        general = next(iter(guild.channels.values()))
        stage.discord.role(guild, "Readers", [mia])
        first = mia.says(general, "Tea, @Ada?")
        mia.reacts(first, "🍵")
        mia.edits(first, "Tea, @Ada? Now?")
        thread = stage.discord.thread(general, "Plans", mia, message=first)
        mia.says(thread, "Friday")
        mia.says(stage.discord.dm(mia, ada), "psst")
        ask = Asker(session, stage.discord.api_root, ada.token)
        command = {"name": "tea", "description": "Pour"}
        [command] = await ask.ok("PUT", f"/applications/{ada.id}/commands", json=[command])
        body = {"content": "once", "nonce": "n", "enforce_nonce": True}
        once = await ask.ok("POST", f"/channels/{general.id}/messages", json=body)
        before = _everything(stage)
    async with Stage(limits=False, persist=kept) as stage:
        assert _everything(stage) == before
        assert stage.discord.bot("Ada").token == ada.token
        ask = Asker(session, stage.discord.api_root, ada.token)
        assert await ask.ok("GET", f"/applications/{ada.id}/commands") == [command]
        again = await ask.ok("POST", f"/channels/{general.id}/messages", json=body)
        assert again["id"] == once["id"]
        new = await ask.ok("POST", f"/channels/{general.id}/messages", json={"content": "new"})
        assert int(new["id"]) > int(once["id"])


def _everything(stage: Stage) -> list[object]:
    world = stage.world
    rooms = [room for room in world.chats.values() if room.platform == "discord"]
    guilds = [shapes.whole_guild(it, stage.discord.bot("Ada")) for it in world.guilds.values()]
    said = [shapes.message(world, said) for room in rooms for said in stage.messages(room)]
    return [guilds, said]


async def test_a_newcomer_finds_a_server_with_all_kinds_of_rooms() -> None:
    async with Stage(limits=False) as stage:
        bots = [stage.discord.bot("Ada"), stage.discord.bot("Eliza")]
        you = stage.furnish([stage.bot("Ada"), *bots])
        assert stage.furnish(bots) is you
        [guild] = stage.world.guilds.values()
        kinds = sorted(room.kind for room in guild.channels.values())
        assert kinds == ["board", "post", "text", "text", "thread", "voice"]
        assert guild.owner is you
        assert {who.name for who in guild.members} == {"You", "Maya", "Jonas", "Ada", "Eliza"}
        assert {role.name for role in guild.roles.values()} > {"@everyone"}
        for bot in bots:
            assert you in stage.discord.dm(you, bot).members
