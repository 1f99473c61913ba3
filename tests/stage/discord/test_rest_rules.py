"""What a server lets its members do: slow mode, archived threads, overwrites, kinds of channels."""

import pytest

from bots.sandbox import Stage
from tests.stage.discord.conftest import Asker, Scene

_SEND, _VIEW, _MANAGE_MESSAGES, _MANAGE_ROLES = 1 << 11, 1 << 10, 1 << 13, 1 << 28


def say(scene: Scene, text: str = "hi") -> tuple[str, str, dict[str, object]]:
    return "POST", f"/channels/{scene.general.id}/messages", {"content": text}


async def test_slow_mode_holds_back_whoever_may_not_manage(session):
    now = 1_700_000_000.0
    async with Stage(limits=False, now=lambda: now) as stage:
        play = stage.discord
        ada, mia, max_ = play.bot("Ada"), stage.person("Mia"), stage.person("Max")
        guild = play.guild("Tea house", [mia, max_], [ada])
        room = next(iter(guild.channels.values()))
        play.slow(room, 10)
        ask = Asker(session, play.api_root, ada.token)
        path = f"/channels/{room.id}/messages"
        await ask.ok("POST", path, json={"content": "one"})
        await ask.ok("POST", path, json={"content": "two: it is not for bots"})
        max_.says(room, "one")
        with pytest.raises(ValueError, match="slow mode"):
            max_.says(room, "two")
        mia.says(room, "the owner")
        mia.says(room, "may")
        now += 10.5
        max_.says(room, "two")
        play.role(guild, "Hosts", [max_], permissions=_MANAGE_MESSAGES)
        max_.says(room, "three")


async def test_a_locked_thread_is_closed_and_an_archived_one_opens_when_one_speaks(scene, ask):
    thread = scene.stage.discord.thread(scene.general, "Aside", scene.mia)
    path = f"/channels/{thread.id}/messages"
    scene.stage.discord.archive(thread)
    said = await ask.ok("POST", path, json={"content": "hi"})
    assert not thread.more["archived"]
    scene.stage.discord.archive(thread)
    assert await ask.refused("PATCH", f"{path}/{said['id']}", json={"content": "a"}) == (400, 50083)
    scene.max.says(thread, "and I")
    assert not thread.more["archived"]
    scene.stage.discord.archive(thread, locked=True)
    assert await ask.refused("POST", path, json={"content": "hi"}) == (400, 160005)
    with pytest.raises(ValueError, match="locked"):
        scene.max.says(thread, "hi")


async def test_a_message_has_one_thread_with_its_own_id(scene, ask):
    said = scene.mia.says(scene.general, "hi")
    path = f"/channels/{scene.general.id}/messages/{said.id}/threads"
    made = await ask.ok("POST", path, json={"name": "Aside", "auto_archive_duration": 60})
    assert made["id"] == str(said.id)
    assert made["thread_metadata"]["auto_archive_duration"] == 60
    assert await ask.refused("POST", path, json={"name": "Again"}) == (400, 160004)


async def test_overwrites_hide_a_channel_and_open_it_again(scene, ask):
    play, room = scene.stage.discord, scene.general
    play.allow(room, scene.guild.id, deny=_SEND)
    method, path, body = say(scene)
    assert await ask.refused(method, path, json=body) == (403, 50013)
    play.allow(room, scene.ada, allow=_SEND)
    await ask.ok(method, path, json=body)
    play.allow(room, scene.guild.id, deny=_VIEW)
    assert await ask.refused(method, path, json=body) == (403, 50001)
    assert scene.max not in room.members
    assert scene.mia in room.members
    role = play.role(scene.guild, "Readers", [scene.ada], permissions=_MANAGE_ROLES)
    play.allow(room, role, allow=_VIEW)
    await ask.ok("GET", f"/channels/{room.id}")
    rule = f"/channels/{room.id}/permissions/{scene.guild.id}"
    await ask.ok("PUT", rule, json={"type": 0, "deny": "0"})
    assert scene.max in room.members
    await ask.ok("DELETE", rule)
    assert await ask.refused("DELETE", rule) == (404, 10009)


@pytest.mark.parametrize("kind", ["announcement", "voice", "stage"])
async def test_one_talks_in_every_channel_that_has_a_chat(scene, ask, kind):
    room = scene.stage.discord.channel(scene.guild, "there", kind)
    await ask.ok("POST", f"/channels/{room.id}/messages", json={"content": "hi"})
    assert scene.max.says(room, "hello").text == "hello"


@pytest.mark.parametrize("kind", ["board", "media"])
async def test_a_board_takes_posts_alone_and_knows_its_tags(scene, ask, kind):
    play = scene.stage.discord
    board = play.channel(scene.guild, "there", kind, tags=["tea", "cake"])
    at = f"/channels/{board.id}"
    assert await ask.refused("POST", f"{at}/messages", json={"content": "a"}) == (400, 50008)
    tea = (await ask.ok("GET", at))["available_tags"][0]
    assert tea["name"] == "tea"
    body = {"name": "Which?", "message": {"content": "Green?"}, "applied_tags": [tea["id"]]}
    made = await ask.ok("POST", f"{at}/threads", json=body)
    assert made["applied_tags"] == [tea["id"]]
    unknown = {**body, "applied_tags": ["1"]}
    assert await ask.refused("POST", f"{at}/threads", json=unknown) == (404, 10087)
    post = play.post(board, "Why?", scene.max, "So?", tags=["cake"])
    assert len((await ask.ok("GET", f"/channels/{post.id}"))["applied_tags"]) == 1


async def test_a_channel_is_moved_into_a_category(scene, ask):
    play = scene.stage.discord
    above = play.channel(scene.guild, "upstairs", "category")
    play.rename(scene.random, "attic", under=above)
    told = await ask.ok("GET", f"/channels/{scene.random.id}")
    assert (told["name"], told["parent_id"]) == ("attic", str(above.id))
    assert await ask.refused("POST", f"/channels/{above.id}/messages", json={"content": "a"}) == (
        400,
        50008,
    )


async def test_a_thread_in_which_nobody_speaks_is_put_away_by_itself(session):
    now = 1_700_000_000.0
    async with Stage(limits=False, now=lambda: now) as stage:
        play = stage.discord
        ada, mia = play.bot("Ada"), stage.person("Mia")
        guild = play.guild("Tea house", [mia], [ada])
        thread = play.thread(next(iter(guild.channels.values())), "Aside", mia)
        ask = Asker(session, play.api_root, ada.token)
        at = f"/channels/{thread.id}"
        said = await ask.ok("POST", f"{at}/messages", json={"content": "hi"})
        now += 4 * 86_400
        assert (await ask.ok("GET", at))["thread_metadata"]["archived"]
        change = f"{at}/messages/{said['id']}"
        assert await ask.refused("PATCH", change, json={"content": "a"}) == (400, 50083)
        await ask.ok("POST", f"{at}/messages", json={"content": "again"})
        assert not (await ask.ok("GET", at))["thread_metadata"]["archived"]
