"""Messages by REST: written, read back, changed, reacted to, pinned, with files."""

import asyncio

import aiohttp
import orjson
import pytest

from bots.sandbox import Stage
from tests.stage.discord.conftest import Asker, Scene


def _at(scene: Scene) -> str:
    return f"/channels/{scene.general.id}/messages"


async def test_what_a_bot_writes_stands_in_the_channel(scene: Scene, ask: Asker) -> None:
    sent = await ask.ok("POST", _at(scene), json={"content": "  Hello, *you*.\n"})
    said = await scene.stage.next_from(scene.ada, scene.general)
    assert (str(said.id), said.text) == (sent["id"], "Hello, *you*.")
    assert sent["author"] == await ask.ok("GET", f"/users/{scene.ada.id}")
    assert (await ask.ok("GET", f"{_at(scene)}/{said.id}"))["content"] == "Hello, *you*."


async def test_a_list_is_newest_first_and_after_gives_the_ones_next_after(
    scene: Scene, ask: Asker
) -> None:
    said = [scene.mia.says(scene.general, f"word {n}") for n in range(7)]
    scene.mia.deletes(said[3])

    async def read(query: str) -> list[str]:
        found = await ask.ok("GET", f"{_at(scene)}?{query}")
        return [each["content"].removeprefix("word ") for each in found]

    assert await read("limit=3") == ["6", "5", "4"]
    assert await read("limit=100") == ["6", "5", "4", "2", "1", "0"]
    assert await read(f"before={said[4].id}&limit=2") == ["2", "1"]
    assert await read(f"after={said[1].id}&limit=2") == ["4", "2"]
    assert await read(f"after={said[6].id}") == []
    assert await read("after=0&limit=2") == ["1", "0"]
    assert await read(f"around={said[5].id}&limit=3") == ["6", "5", "4"]
    assert await ask.refused("GET", f"{_at(scene)}?limit=101") == (400, 50035)


async def test_a_reply_brings_what_it_answers_and_calls_its_writer(
    scene: Scene, ask: Asker
) -> None:
    question = scene.mia.says(scene.general, "Tea, @Ada?")
    assert question.text == f"Tea, <@{scene.ada.id}>?"
    body = {"content": "Yes.", "message_reference": {"message_id": str(question.id)}}
    sent = await ask.ok("POST", _at(scene), json=body)
    assert (sent["type"], sent["referenced_message"]["content"]) == (19, question.text)
    assert sent["message_reference"]["guild_id"] == str(scene.guild.id)
    assert [user["global_name"] for user in sent["mentions"]] == ["Mia"]
    scene.mia.deletes(question)
    again = await ask.ok("GET", f"{_at(scene)}/{sent['id']}")
    assert again["referenced_message"] is None


async def test_a_reply_to_what_is_gone_is_refused_unless_that_was_waived(
    scene: Scene, ask: Asker
) -> None:
    question = scene.mia.says(scene.general, "Tea?")
    scene.mia.deletes(question)
    reference = {"message_id": str(question.id)}
    status, body = await ask(
        "POST", _at(scene), json={"content": "Yes.", "message_reference": reference}
    )
    [error] = body["errors"]["message_reference"]["_errors"]
    assert (status, body["code"]) == (400, 50035)
    assert error["code"] == "MESSAGE_REFERENCE_UNKNOWN_MESSAGE"
    waived = {"content": "Yes.", "message_reference": {**reference, "fail_if_not_exists": False}}
    sent = await ask.ok("POST", _at(scene), json=waived)
    assert (sent["type"], sent.get("message_reference")) == (0, None)


async def test_only_those_are_called_whom_the_writer_let_be_called(
    scene: Scene, ask: Asker
) -> None:
    role = scene.stage.discord.role(scene.guild, "Readers", [scene.max])
    text = f"<@{scene.mia.snowflake}> <@{scene.max.snowflake}> <@&{role}> @everyone `@here`"
    all_called = await ask.ok("POST", _at(scene), json={"content": text})
    assert [user["global_name"] for user in all_called["mentions"]] == ["Mia", "Max"]
    assert all_called["mention_roles"] == [str(role)]
    assert all_called["mention_everyone"]
    allowed = {"parse": [], "users": [str(scene.max.snowflake)]}
    one = await ask.ok("POST", _at(scene), json={"content": text, "allowed_mentions": allowed})
    said = scene.general.messages[int(one["id"])]
    assert said.more["mentions"] == [scene.max.id]
    assert (said.more["mention_roles"], said.more["mention_everyone"]) == ([], False)


async def test_a_message_is_edited_and_deleted_by_its_writer_only(scene: Scene, ask: Asker) -> None:
    sent = await ask.ok("POST", _at(scene), json={"content": "one", "embeds": [{"title": "t"}]})
    edited = await ask.ok("PATCH", f"{_at(scene)}/{sent['id']}", json={"content": "two"})
    assert (edited["content"], edited["embeds"][0]["title"]) == ("two", "t")
    assert edited["edited_timestamp"] is not None
    assert await ask("DELETE", f"{_at(scene)}/{sent['id']}") == (204, None)
    assert await ask.refused("DELETE", f"{_at(scene)}/{sent['id']}") == (404, 10008)
    other = scene.mia.says(scene.general, "mine")
    assert await ask.refused("PATCH", f"{_at(scene)}/{other.id}", json={"content": "x"}) == (
        403,
        50005,
    )
    assert await ask.refused("DELETE", f"{_at(scene)}/{other.id}") == (403, 50013)


async def test_many_messages_are_deleted_at_once_by_those_who_may(scene: Scene, ask: Asker) -> None:
    said = [scene.mia.says(scene.general, str(n)) for n in range(3)]
    body = {"messages": [str(each.id) for each in said[:2]]}
    at = f"{_at(scene)}/bulk-delete"
    assert await ask.refused("POST", at, json=body) == (403, 50013)
    scene.stage.discord.role(scene.guild, "Hosts", [scene.ada], permissions=1 << 13)
    assert await ask("POST", at, json=body) == (204, None)
    assert [each.text for each in scene.stage.messages(scene.general)] == ["2"]
    one = {"messages": [str(said[2].id)]}
    assert await ask.refused("POST", at, json=one) == (400, 50016)


async def test_a_nonce_given_again_brings_the_first_message_and_says_nothing(
    scene: Scene, ask: Asker, session: aiohttp.ClientSession
) -> None:
    body = {"content": "once", "nonce": "n-1", "enforce_nonce": True}
    first = await ask.ok("POST", _at(scene), json=body)
    again = await ask.ok("POST", _at(scene), json={**body, "content": "twice"})
    assert (again["id"], again["content"]) == (first["id"], "once")
    assert len(scene.stage.messages(scene.general)) == 1
    elsewhere = f"/channels/{scene.random.id}/messages"
    assert (await ask.ok("POST", elsewhere, json=body))["id"] != first["id"]
    eliza = Asker(session, scene.stage.discord.api_root, scene.eliza.token)
    assert (await eliza.ok("POST", _at(scene), json=body))["id"] != first["id"]
    unenforced = {"content": "free", "nonce": "n-1"}
    assert (await ask.ok("POST", _at(scene), json=unenforced))["content"] == "free"


async def test_a_nonce_is_forgotten_after_five_minutes(session: aiohttp.ClientSession) -> None:
    now = [1_800_000_000.0]
    async with Stage(limits=False, now=lambda: now[0]) as stage:
        ada = stage.discord.bot("Ada")
        room = stage.discord.dm(stage.person("Mia"), ada)
        ask = Asker(session, stage.discord.api_root, ada.token)
        body = {"content": "again", "nonce": 7, "enforce_nonce": True}
        first = await ask.ok("POST", f"/channels/{room.id}/messages", json=body)
        now[0] += 299
        assert (await ask.ok("POST", f"/channels/{room.id}/messages", json=body)) == first
        now[0] += 2
        assert (await ask.ok("POST", f"/channels/{room.id}/messages", json=body)) != first


async def test_files_come_with_a_message_and_are_there_to_be_fetched(
    scene: Scene, ask: Asker, session: aiohttp.ClientSession
) -> None:
    form = aiohttp.FormData(quote_fields=False)
    told = {"content": "", "attachments": [{"id": 0, "filename": "a.txt", "description": "A"}]}
    form.add_field("payload_json", orjson.dumps(told).decode(), content_type="application/json")
    form.add_field("files[0]", b"first", filename="x.txt", content_type="text/plain")
    form.add_field("files[1]", b"\x00\x01", filename="b.bin")
    sent = await ask.ok("POST", _at(scene), data=form)
    first, second = sent["attachments"]
    assert (first["filename"], first["size"], first["description"]) == ("a.txt", 5, "A")
    async with session.get(first["url"]) as answer:
        assert (await answer.read(), answer.content_type) == (b"first", "text/plain")
    async with session.get(second["url"]) as answer:
        assert await answer.read() == b"\x00\x01"
    async with session.get(second["url"] + "x") as answer:
        assert answer.status == 404
    kept = {"attachments": [{"id": second["id"]}], "content": "one left"}
    edited = await ask.ok("PATCH", f"{_at(scene)}/{sent['id']}", json=kept)
    assert [each["id"] for each in edited["attachments"]] == [second["id"]]


async def test_reactions_are_given_counted_and_taken_back(scene: Scene, ask: Asker) -> None:
    said = scene.mia.says(scene.general, "Tea?")
    scene.mia.reacts(said, "👍")
    scene.mia.reacts(said, "🍵")
    at = f"{_at(scene)}/{said.id}/reactions"
    thumb = "%F0%9F%91%8D"
    assert await ask("PUT", f"{at}/{thumb}/@me") == (204, None)
    shown = (await ask.ok("GET", f"{_at(scene)}/{said.id}"))["reactions"]
    assert [(r["emoji"]["name"], r["count"], r["me"]) for r in shown] == [
        ("👍", 2, True),
        ("🍵", 1, False),
    ]
    people = await ask.ok("GET", f"{at}/{thumb}")
    assert {user["username"] for user in people} == {"mia", "Ada"}
    assert await ask("DELETE", f"{at}/{thumb}/@me") == (204, None)
    assert await ask.refused("PUT", f"{at}/nonsense/@me") == (400, 10014)
    assert await ask.refused("DELETE", at) == (403, 50013)
    scene.mia.reacts(said, None)
    assert "reactions" not in await ask.ok("GET", f"{_at(scene)}/{said.id}")


async def test_messages_are_pinned_and_unpinned_by_those_who_may(scene: Scene, ask: Asker) -> None:
    said = scene.mia.says(scene.general, "Remember")
    at = f"{_at(scene)}/pins"
    assert await ask.refused("PUT", f"{at}/{said.id}") == (403, 50013)
    scene.stage.discord.role(scene.guild, "Hosts", [scene.ada], permissions=1 << 51)
    assert await ask("PUT", f"{at}/{said.id}") == (204, None)
    [item] = (await ask.ok("GET", at))["items"]
    assert (item["message"]["content"], item["message"]["pinned"]) == ("Remember", True)
    assert await ask("DELETE", f"{at}/{said.id}") == (204, None)
    assert (await ask.ok("GET", at))["items"] == []


async def test_typing_is_seen_until_the_bot_has_spoken(scene: Scene, ask: Asker) -> None:
    place = (scene.general.key, None, scene.ada.id)
    assert await ask("POST", f"/channels/{scene.general.id}/typing") == (204, None)
    assert place in scene.stage.world.typing
    await ask.ok("POST", _at(scene), json={"content": "There."})
    assert place not in scene.stage.world.typing


async def test_a_direct_channel_is_opened_by_the_bot_and_closed_to_it_by_a_block(
    scene: Scene, ask: Asker
) -> None:
    asked = {"recipient_id": str(scene.mia.snowflake)}
    room = await ask.ok("POST", "/users/@me/channels", json=asked)
    assert room == await ask.ok("POST", "/users/@me/channels", json=asked)
    assert [user["global_name"] for user in room["recipients"]] == ["Mia"]
    assert scene.stage.discord.dm(scene.mia, scene.ada).id == int(room["id"])
    at = f"/channels/{room['id']}/messages"
    await ask.ok("POST", at, json={"content": "Hello."})
    scene.mia.blocks(scene.ada)
    assert await ask.refused("POST", at, json={"content": "Still there?"}) == (403, 50007)
    scene.mia.blocks(scene.ada, on=False)
    await ask.ok("POST", at, json={"content": "Good."})
    robot = {"recipient_id": str(scene.eliza.id)}
    assert await ask.refused("POST", "/users/@me/channels", json=robot) == (403, 50007)


@pytest.mark.parametrize("count", [40])
async def test_ids_grow_over_the_whole_world_even_within_a_millisecond(
    scene: Scene, ask: Asker, count: int
) -> None:
    async with asyncio.TaskGroup() as tasks:
        for n in range(count):
            room = scene.general if n % 2 else scene.random
            body = {"content": str(n)}
            tasks.create_task(ask.ok("POST", f"/channels/{room.id}/messages", json=body))
    for room in (scene.general, scene.random):
        numbers = list(room.messages)
        assert numbers == sorted(numbers)
        assert len(numbers) == count // 2
    assert not set(scene.general.messages) & set(scene.random.messages)
