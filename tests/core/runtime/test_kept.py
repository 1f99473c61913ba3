"""The database calls of the runtime, as ported plugins make them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import BaseModel

from core.ids import Account, CharacterId, RoomId, WorldId
from core.kept import Task
from core.messages import Address, ChannelType, Room, World
from core.plugins.classic import ComponentType, Evaluator, Plugin
from core.plugins.classic_given import milliseconds
from tests.core.plugins.classic_turn import ATurn
from tests.core.runtime.house import House, another, house


@pytest.fixture
async def at_home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as home:
        yield home


def fact(text: str, room: str = "r", **more: Any) -> dict[str, Any]:
    return {"content": {"text": text}, "roomId": room, "entityId": "robin", **more}


# --- memories --------------------------------------------------------------------------------


async def test_a_memory_is_kept_in_any_table_and_found_newest_first(at_home: House) -> None:
    runtime = at_home.runtime
    for number in range(3):
        await runtime.create_memory(fact(f"ticket {number}"), "tickets")
        await at_home.clock.advance(1)
    found = await runtime.get_memories({"tableName": "tickets", "roomId": "r", "count": 2})
    assert [one.content.text for one in found] == ["ticket 2", "ticket 1"]
    older = await runtime.get_memories(table_name="tickets", room_id="r", count=2, offset=2)
    assert [one.content.text for one in older] == ["ticket 0"]
    oldest = await runtime.get_memories(table_name="tickets", direction="asc")
    assert oldest[0].content.text == "ticket 0"
    assert await runtime.count_memories("r", False, "tickets") == 3
    assert await runtime.count_memories({"roomId": "r", "tableName": "messages"}) == 0


async def test_what_is_not_given_is_filled_in(at_home: House) -> None:
    runtime = at_home.runtime
    id = await runtime.create_memory({"content": "remember this"}, "facts")
    memory = await runtime.get_memory_by_id(id)
    assert memory.content.text == "remember this"
    assert memory.entity_id == memory.room_id == memory.agent_id == runtime.agent_id
    assert memory.created_at == milliseconds(at_home.clock.now())
    assert (memory.metadata.type, memory.metadata.source_id) == ("fact", id)
    room = await runtime.get_room(runtime.agent_id)
    assert (room.type, room.world_id) == ("SELF", runtime.agent_id)


async def test_content_keeps_what_plugins_put_there(at_home: House) -> None:
    content = {
        "text": "look",
        "thought": "pretty",
        "actions": ["REPLY"],
        "inReplyTo": "m0",
        "attachments": [{"url": "https://example.org/a.png", "contentType": "image/png"}],
        "myPlugin": {"score": 7},
    }
    id = await at_home.runtime.create_memory(fact("", id="m1") | {"content": content})
    assert id == "m1"
    memory = await at_home.runtime.get_memory_by_id("m1")
    assert memory.content.in_reply_to == "m0"
    assert memory.content.attachments[0].content_type == "image/png"
    assert memory.content.my_plugin.score == 7


async def test_the_same_id_is_one_memory_and_so_are_the_same_unique_words(
    at_home: House,
) -> None:
    runtime = at_home.runtime
    await runtime.create_memory(fact("first", id="m1"))
    await runtime.create_memory(fact("again", id="m1"))
    assert (await runtime.get_memory_by_id("m1")).content.text == "first"
    one = await runtime.create_memory(fact("Robin sails"), "facts", True)
    assert await runtime.create_memory(fact("Robin sails"), "facts", True) == one
    assert await runtime.create_memory(fact("Robin sails", "r2"), "facts", True) != one
    assert await runtime.count_memories("r", table_name="facts") == 1


async def test_times_are_milliseconds_or_datetimes(at_home: House) -> None:
    runtime, noon = at_home.runtime, at_home.clock.now()
    for minutes in (0, 10, 20):
        at = noon + timedelta(minutes=minutes)
        await runtime.create_memory(fact(f"{minutes}", createdAt=milliseconds(at)))
    end = noon + timedelta(minutes=15)
    for window in (
        {"start": noon + timedelta(minutes=5), "end": end},
        {"after": milliseconds(noon) + 1, "before": milliseconds(end)},
        {"startTime": milliseconds(noon) + 1, "endTime": milliseconds(end)},
    ):
        assert [one.content.text for one in await runtime.get_memories(window)] == ["10"]


async def test_a_memory_is_changed_in_part_and_dropped(at_home: House) -> None:
    runtime = at_home.runtime
    content = {"text": "old", "thought": "hm", "myKey": 1}
    id = await runtime.create_memory(fact("") | {"content": content, "metadata": {"a": 1}})
    assert await runtime.update_memory(
        {"id": id, "content": {"text": "new", "my_key": 2}, "metadata": {"b": 2}}
    )
    memory = await runtime.get_memory_by_id(id)
    assert (memory.content.text, memory.content.thought, memory.content.my_key) == ("new", "hm", 2)
    assert (memory.metadata["a"], memory.metadata["b"]) == (1, 2)
    assert await runtime.delete_memory(id) == 1
    assert await runtime.delete_memory(id) == 0
    assert await runtime.get_memory_by_id(id) is None
    assert not await runtime.update_memory({"id": id, "content": {"text": "x"}})


async def test_many_are_kept_and_dropped_at_once(at_home: House) -> None:
    runtime = at_home.runtime
    ids = await runtime.create_memories_batch([fact("a"), fact("b"), fact("c", "r2")], "notes")
    assert len(await runtime.get_memories_by_ids(ids)) == 3
    found = await runtime.get_memories_by_room_ids(room_ids=["r", "r2"], table_name="notes")
    assert len(found) == 3
    assert len(await runtime.get_memories_by_user("robin", table_name="notes")) == 3
    assert await runtime.delete_memories(table_name="notes", room_id="r") == 2
    assert await runtime.clear_room_memories("r2", "notes") == 1
    assert await runtime.get_memories_by_room("r", table_name="notes") == []


async def test_no_character_reaches_another_one_s_memories(at_home: House) -> None:
    ada, bob = at_home.runtime, another(at_home, "Bob")
    id = await ada.create_memory(fact("Ada's secret", agentId=bob.agent_id))
    assert await bob.get_memory_by_id(id) is None
    assert await bob.get_memories(room_id="r") == []
    assert await ada.get_memories(room_id="r", agent_id=bob.agent_id) == []
    assert await bob.delete_memory(id) == 0
    assert await bob.delete_memories(room_id="r") == 0
    assert len(await ada.get_memories(room_id="r")) == 1


async def test_an_evaluator_writes_into_a_table_of_its_own(tmp_path: Path) -> None:
    async def count(runtime: Any, message: Any) -> None:
        letters = {"text": f"{len(message.content.text)} letters"}
        await runtime.create_memory({"content": letters, "roomId": message.room_id}, "analysis")

    plugin = Plugin("p", evaluators=[Evaluator("COUNT", "Counts.", count)])
    async with house(tmp_path, plugin) as home:
        runtime = home.runtime
        id = await runtime.create_memory(fact("hello"))
        message = await runtime.get_memory_by_id(id)
        turn = ATurn(message=message.memory, runtime=runtime)
        await runtime.evaluators[0].run(turn.as_turn)
        (found,) = await runtime.get_memories(table_name="analysis", room_id="r")
        assert found.content.text == "5 letters"


# --- places ----------------------------------------------------------------------------------


async def test_one_call_makes_a_person_known_in_a_room_of_a_world(at_home: House) -> None:
    runtime = at_home.runtime
    await runtime.ensure_connection(
        {
            "entityId": "robin",
            "roomId": "r",
            "worldId": "w",
            "userName": "robin7",
            "name": "Robin",
            "source": "discord",
            "channelId": "77",
            "serverId": "s1",
            "type": "GROUP",
            "metadata": {"color": "green"},
        }
    )
    await runtime.ensure_connection(entity_id="robin", room_id="r2", name="Rob", source="telegram")
    robin = await runtime.get_entity_by_id("robin")
    assert robin.names == ["Robin", "robin7", "Rob"]
    assert robin.metadata.discord.user_name == "robin7"
    assert robin.metadata["discord"]["color"] == "green"
    assert robin.metadata.telegram.name == "Rob"
    room = await runtime.get_room("r")
    assert (room.channel_id, room.type, room.world_id) == ("77", "GROUP", "w")
    assert (await runtime.get_world("w")).server_id == "s1"
    assert await runtime.get_participants_for_room("r") == ["robin"]
    assert sorted(await runtime.get_rooms_for_participant("robin")) == ["r", "r2"]
    assert [one.id for one in await runtime.get_rooms("w")] == ["r"]


async def test_a_room_of_a_platform_is_the_one_that_its_link_has_met(at_home: House) -> None:
    ada = at_home.runtime.agent_id
    account = Account("telegram:1")
    met = Room(
        RoomId("met"), ada, WorldId("w"), Address("telegram", account, "42"), ChannelType.GROUP,
        "Owls", "telegram",
    )  # fmt: skip
    world = World(WorldId("w"), ada, "Owls", "42")
    await at_home.store.write(lambda unit: unit.rooms.ensure([world], [met]))
    runtime = at_home.runtime
    given = {"id": "made-up", "channelId": "42", "source": "telegram", "type": "GROUP"}
    assert await runtime.ensure_room_exists(given) == "met"
    fresh = await runtime.create_room({"channelId": "43-topic-5", "source": "telegram"})
    (room,) = await at_home.store.read(lambda unit: unit.rooms.get(ada, [RoomId(fresh)]))
    assert room.address == Address("telegram", account, "43", "5")


async def test_rooms_are_renamed_listed_and_dropped(at_home: House) -> None:
    runtime = at_home.runtime
    ids = await runtime.create_rooms(
        [{"id": "a", "name": "A", "type": "TEXT"}, {"id": "b", "type": "odd"}]
    )
    assert ids == ["a", "b"]
    await runtime.update_room({"id": "a", "name": "Attic"})
    attic = await runtime.get_room("a")
    assert (attic.name, attic.type, attic.source) == ("Attic", "GROUP", "self")
    assert len(await runtime.get_rooms_by_ids(["a", "b", "c"])) == 2
    await runtime.delete_room("b")
    assert await runtime.get_room("b") is None


async def test_a_world_keeps_what_is_not_given_anew(at_home: House) -> None:
    runtime = at_home.runtime
    await runtime.ensure_world_exists({"id": "w", "name": "Owls", "serverId": "s"})
    await runtime.update_world({"id": "w", "metadata": {"roles": {"robin": "ADMIN"}}})
    await runtime.update_world({"id": "w", "metadata": {"settings": {"mood": "calm"}}})
    world = await runtime.get_world("w")
    assert (world.name, world.metadata.roles.robin) == ("Owls", "ADMIN")
    assert world.metadata.settings.mood == "calm"
    assert [one.id for one in await runtime.get_all_worlds()] == ["w"]


async def test_a_room_is_followed_muted_and_left(at_home: House) -> None:
    runtime = at_home.runtime
    await runtime.ensure_room_exists({"id": "r"})
    await runtime.ensure_participant_in_room("robin", "r")
    assert await runtime.get_participant_user_state("r", "robin") is None
    await runtime.set_participant_user_state("r", "robin", "FOLLOWED")
    assert await runtime.get_participant_user_state("r", "robin") == "FOLLOWED"
    await runtime.update_participant_user_state("r", "robin", None)
    assert await runtime.get_participant_user_state("r", "robin") is None
    await runtime.remove_participant("robin", "r")
    assert await runtime.get_participants_for_room("r") == []


# --- people ----------------------------------------------------------------------------------


async def test_an_entity_is_changed_without_losing_the_rest(at_home: House) -> None:
    runtime = at_home.runtime
    id = await runtime.create_entity({"names": ["Robin"], "metadata": {"city": "Oslo"}})
    await runtime.update_entity({"id": id, "metadata": {"boat": "blue"}})
    robin = await runtime.get_entity(id)
    assert (robin.names, robin.metadata.city, robin.metadata.boat) == (["Robin"], "Oslo", "blue")
    assert await runtime.get_entity("nobody") is None


class Mood(BaseModel):
    level: int


async def test_a_component_is_judged_by_the_plugin_that_knows_its_type(tmp_path: Path) -> None:
    async def small(data: Any) -> bool:
        return bool(data["level"] < 10)

    kinds = [
        ComponentType("mood", Mood, small),
        ComponentType("plain", {"level": "number"}),
    ]
    async with house(tmp_path, Plugin("p", component_types=kinds)) as home:
        runtime = home.runtime
        await runtime.initialize()
        about = {"entityId": "robin", "type": "mood"}
        await runtime.create_component({**about, "id": "c1", "data": {"level": 3}})
        with pytest.raises(ValueError, match="wrong at level") as caught:
            await runtime.update_component({**about, "data": {"level": "what Robin said"}})
        assert "Robin" not in str(caught.value)
        with pytest.raises(ValueError, match="refuses"):
            await runtime.create_component({**about, "data": {"level": 11}})
        await runtime.create_component({**about, "type": "plain", "data": {}})
        await runtime.create_component({**about, "type": "unheard of", "data": {}})
        mood = await runtime.get_component("robin", "mood")
        assert (mood.id, mood.data.level, mood.entity_id) == ("c1", 3, "robin")
        assert len(await runtime.get_components("robin")) == 3
        await runtime.delete_component("c1")
        assert await runtime.get_component("robin", "mood") is None


async def test_a_friendship_is_two_relationships(at_home: House) -> None:
    runtime = at_home.runtime
    pair = {"sourceEntityId": "robin", "targetEntityId": "kim"}
    await runtime.create_relationship({**pair, "tags": ["friend"], "metadata": {"since": 2020}})
    back = {"source_entity_id": "kim", "target_entity_id": "robin"}
    await runtime.create_relationship(back)
    await runtime.update_relationship({**pair, "tags": ["friend", "sailor"]})
    one = await runtime.get_relationship(pair)
    assert one.tags == ["friend", "sailor"]
    assert (await runtime.get_relationship(back)).target_entity_id == "robin"
    assert len(await runtime.get_relationships({"entityId": "robin"})) == 2
    assert len(await runtime.get_relationships("robin", tags=["sailor"])) == 1
    nobody = {"sourceEntityId": "kim", "targetEntityId": "lee"}
    assert await runtime.get_relationship(nobody) is None


# --- tasks, cache, log, tables ---------------------------------------------------------------


async def test_a_task_is_told_in_elizaos_words_and_kept_in_ours(at_home: House) -> None:
    runtime, noon = at_home.runtime, at_home.clock.now()
    id = await runtime.create_task(
        {
            "name": "DAILY_SUMMARY",
            "description": "Sums up.",
            "roomId": "r",
            "tags": ["queue", "repeat"],
            "metadata": {
                "updateInterval": 60_000,
                "executeAt": milliseconds(noon) + 5_000,
                "note": "n",
            },
        }
    )
    task = await at_home.store.read(lambda unit: unit.tasks.get(CharacterId(runtime.agent_id), id))
    assert isinstance(task, Task)
    assert (task.interval, task.due_at) == (60.0, noon + timedelta(seconds=5))
    assert task.tags == {"queue", "repeat"}
    await runtime.update_task(id, {"metadata": {"updatedAt": milliseconds(noon)}})
    shown = await runtime.get_task(id)
    assert (shown.metadata.update_interval, shown.metadata.note) == (60_000, "n")
    assert shown.updated_at == milliseconds(noon)
    assert [one.id for one in await runtime.get_tasks({"tags": ["repeat"], "roomId": "r"})] == [id]
    assert [one.id for one in await runtime.get_tasks_by_name("DAILY_SUMMARY")] == [id]
    assert await another(at_home, "Bob").get_task(id) is None
    assert not await runtime.update_task("nothing", {})
    assert await runtime.delete_task(id)
    assert await runtime.get_task(id) is None


async def test_a_task_without_tags_is_done_once_by_itself(at_home: House) -> None:
    id = await at_home.runtime.create_task({"name": "ONCE"})
    assert (await at_home.runtime.get_task(id)).tags == ["queue"]


async def test_the_cache_forgets_after_its_time(at_home: House) -> None:
    runtime = at_home.runtime
    await runtime.set_cache("kept", {"n": [1]})
    await runtime.set_cache("short", "x", seconds=60)
    assert await runtime.get_cache("kept") == {"n": [1]}
    assert await runtime.get_cache("short") == "x"
    await at_home.clock.advance(61)
    assert await runtime.get_cache("short") is None
    assert await runtime.delete_cache("kept")
    assert not await runtime.delete_cache("kept")
    assert await runtime.get_cache("kept") is None


async def test_rows_of_the_log_are_kept_and_found_by_type(at_home: House) -> None:
    runtime = at_home.runtime
    await runtime.log({"body": {"took": 3}, "entityId": "robin", "roomId": "r", "type": "search"})
    await runtime.log(body={"took": 4}, type="other")
    (row,) = await runtime.get_logs(type="search")
    assert (row.body.took, row.room_id, row.entity_id) == (3, "r", "robin")
    assert len(await runtime.get_logs()) == 2


async def test_a_plugin_reads_and_writes_tables_of_its_own(tmp_path: Path) -> None:
    schema = sa.MetaData()
    reports = sa.Table(
        "weather_reports", schema, sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sky", sa.String),
    )  # fmt: skip
    async with house(tmp_path, Plugin("weather", schema=schema)) as home:
        await home.runtime.initialize()
        assert home.gear.troubles == []
        tables = home.runtime.tables("weather")
        assert await tables.execute(sa.insert(reports), [{"sky": "grey"}, {"sky": "blue"}]) == 2
        found = await tables.rows(sa.select(reports.c.sky).order_by(reports.c.id))
        assert [row["sky"] for row in found] == ["grey", "blue"]


def test_ids_are_elizaos_own(at_home: House) -> None:
    runtime = at_home.runtime
    assert runtime.create_unique_uuid(runtime.agent_id) == runtime.agent_id
    assert runtime.create_unique_uuid("42") != another(at_home, "Bob").create_unique_uuid("42")
