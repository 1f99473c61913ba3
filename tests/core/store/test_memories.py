"""Recall never crosses a room or a character (G36), and keeps to what was not forgotten."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import Account, CharacterId, EntityId, MemoryId, RoomId
from core.messages import ChannelType, Content, Memory, Room
from core.ports import Unit
from core.store.engine import SqlStore, open_store
from tests.core.store.rows import ADA, BOB, NOON, ONE, TWO, address, memory, room, world
from tests.fakes.databases import Database

CHARACTERS = [CharacterId(name) for name in ("ada", "bob", "eve")]
ROOMS = ("lobby", "attic", "cellar")
PEOPLE = ("kim", "lee", "max")


async def furnish(store: SqlStore, *rooms: Room) -> None:
    worlds = [world(one.character) for one in rooms]
    await store.write(lambda unit: unit.rooms.ensure(worlds, rooms))


said = st.tuples(
    st.sampled_from(CHARACTERS),
    st.sampled_from(ROOMS),
    st.sampled_from(PEOPLE),
    st.sampled_from(["messages", "facts"]),
    st.text(max_size=20),
)


@settings(max_examples=30, deadline=None)
@given(
    talk=st.lists(said, max_size=40),
    reset=st.none() | st.tuples(st.sampled_from(CHARACTERS), st.sampled_from(ROOMS)),
    limit=st.integers(1, 50),
)
def test_g36_recall_never_crosses_a_room_or_a_character(
    talk: list[tuple[CharacterId, str, str, str, str]],
    reset: tuple[CharacterId, str] | None,
    limit: int,
) -> None:
    """Whoever said it to whom and where: what comes back is what was said there, and no more."""
    asyncio.run(_recalls_its_own_only(talk, reset, limit))


async def _recalls_its_own_only(
    talk: Sequence[tuple[CharacterId, str, str, str, str]],
    reset: tuple[CharacterId, str] | None,
    limit: int,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(None, Path(folder)) as store:
            # All characters sit in the same rooms of the platform, under the same account's name.
            here = {
                (who, name): room(name, who, address(name)) for who in CHARACTERS for name in ROOMS
            }
            await furnish(store, *here.values())
            memories = [
                replace(
                    memory(number, here[who, where], text),
                    author=EntityId(person),
                    table=table,
                )
                for number, (who, where, person, table, text) in enumerate(talk)
            ]
            await store.write(lambda unit: unit.memories.add(memories))
            if reset is not None:
                forgotten = here[reset]
                await store.write(
                    lambda unit: unit.rooms.forget_before(
                        forgotten.character, forgotten.id, NOON + timedelta(days=1)
                    )
                )
            for key, place in here.items():
                for table in ("messages", "facts"):
                    mine = [
                        one
                        for one in memories
                        if one.room == place.id and one.character == key[0] and one.table == table
                    ]
                    expected = [] if key == reset else mine[-limit:]
                    assert await recalled(store, key[0], place.id, limit, table) == expected
                for other in CHARACTERS:
                    if other != key[0]:
                        assert await recalled(store, other, place.id, limit, "messages") == []
                        assert await found(store, other, [place.id]) == []
            for who in CHARACTERS:
                mine = [one for one in memories if one.character == who]
                since = here[reset].id if reset else None
                mine = [one for one in mine if one.table == "messages" and one.room != since]
                assert await found(store, who, []) == mine[::-1]
                counted = await store.read(lambda unit, who=who: unit.memories.count(who))
                assert counted == len(mine)
            ids = [one.id for one in memories]
            for who in CHARACTERS:
                got = await store.read(lambda unit, who=who: unit.memories.get(who, ids))
                assert {one.id for one in got} == {
                    one.id for one in memories if one.character == who
                }


async def recalled(
    store: SqlStore, who: CharacterId, where: RoomId, limit: int, table: str
) -> list[Memory]:
    return await store.read(lambda unit: unit.memories.recent(who, where, limit, table=table))


async def found(store: SqlStore, who: CharacterId, where: Sequence[RoomId]) -> list[Memory]:
    return await store.read(lambda unit: unit.memories.find(who, rooms=where, limit=99))


async def test_a_memory_comes_back_whole(store: SqlStore) -> None:
    await furnish(store, room())
    content = Content(
        text="né 👍",
        thought="kind",
        actions=("REPLY", "FOLLOW"),
        source="telegram",
        in_reply_to=MemoryId("m0"),
        channel_type=ChannelType.DM.value,
        providers=("FACTS", "TIME"),
        url="https://example.com/1",
        attachments=({"url": "file:1", "contentType": "image/png", "text": "a tree"},),
        extra={"actionStatus": "done", "mood": {"joy": 0.5}},
    )
    kept = replace(memory(1, room()), content=content, metadata={"type": "message", "n": 1})
    await store.write(lambda unit: unit.memories.add([kept]))
    assert await store.read(lambda unit: unit.memories.get(ADA, [kept.id])) == [kept]


async def test_content_is_kept_under_the_names_that_elizaos_gives_it(
    store: SqlStore, database: Database, tmp_path: Path
) -> None:
    await furnish(store, room())
    content = Content(
        text="",
        in_reply_to=MemoryId("m0"),
        channel_type="DM",
        providers=("FACTS",),
        attachments=({"contentType": "image/png"},),
        extra={"text": "not this", "target": "kim"},
    )
    kept = replace(memory(1, room()), content=content)
    await store.write(lambda unit: unit.memories.add([kept]))
    (row,) = database.ask(tmp_path, "SELECT content FROM memories")
    assert orjson.loads(row["content"]) == {
        "text": "",
        "inReplyTo": "m0",
        "channelType": "DM",
        "providers": ["FACTS"],
        "attachments": [{"contentType": "image/png"}],
        "target": "kim",
    }


async def test_the_newest_are_recalled_the_oldest_of_them_first(store: SqlStore) -> None:
    await furnish(store, room())
    await store.write(lambda unit: unit.memories.add([memory(n, room()) for n in range(10)]))
    found = await store.read(lambda unit: unit.memories.recent(ADA, room().id, 3))
    assert [one.id for one in found] == ["m7", "m8", "m9"]


async def test_one_that_is_there_already_is_left_as_it_is(store: SqlStore) -> None:
    await furnish(store, room())
    await store.write(lambda unit: unit.memories.add([memory(1, room(), "first")]))
    again = [memory(1, room(), "second"), memory(2, room())]
    await store.write(lambda unit: unit.memories.add(again))
    found = await store.read(lambda unit: unit.memories.recent(ADA, room().id, 9))
    assert [one.content.text for one in found] == ["first", "words 2"]


async def test_after_a_fresh_start_only_what_came_later_is_recalled(store: SqlStore) -> None:
    await furnish(store, room(), room("other"))
    talk = [memory(n, room(), at=NOON + timedelta(minutes=n)) for n in range(4)]
    talk += [memory(9, room("other"))]
    await store.write(lambda unit: unit.memories.add(talk))
    moment = NOON + timedelta(minutes=2)
    await store.write(lambda unit: unit.rooms.forget_before(ADA, room().id, moment))
    found = await store.read(lambda unit: unit.memories.recent(ADA, room().id, 9))
    assert [one.id for one in found] == ["m2", "m3"]
    assert await store.read(lambda unit: unit.rooms.forgotten_before(ADA, room().id)) == moment
    elsewhere = room("other").id
    assert len(await store.read(lambda unit: unit.memories.recent(ADA, elsewhere, 9))) == 1


async def test_another_character_cannot_forget_or_rewrite_what_is_not_hers(
    store: SqlStore,
) -> None:
    await furnish(store, room())
    await store.write(lambda unit: unit.memories.add([memory(1, room(), "mine")]))

    def meddle(unit: Unit) -> bool:
        unit.rooms.forget_before(BOB, room().id, NOON + timedelta(days=1))
        return unit.memories.rewrite(BOB, MemoryId("m1"), "his")

    assert await store.write(meddle) is False
    found = await store.read(lambda unit: unit.memories.recent(ADA, room().id, 9))
    assert [one.content.text for one in found] == ["mine"]


async def test_an_edit_changes_the_words_and_nothing_else(store: SqlStore) -> None:
    await furnish(store, room())
    kept = replace(memory(1, room(), "befor"), content=Content("befor", source="telegram"))
    await store.write(lambda unit: unit.memories.add([kept]))
    assert await store.write(lambda unit: unit.memories.rewrite(ADA, kept.id, "before"))
    (found,) = await store.read(lambda unit: unit.memories.get(ADA, [kept.id]))
    assert found == replace(kept, content=Content("before", source="telegram"))


# --- rooms that move ---------------------------------------------------------------------------


async def find(store: SqlStore, where: str, account: Account = ONE) -> Room | None:
    return await store.read(lambda unit: unit.rooms.find(ADA, address(where, account)))


async def test_a_room_that_moves_takes_its_past_along(store: SqlStore) -> None:
    here = room("r", where=address("7"))
    topic = replace(room("t"), address=address("7", thread="5"))
    elsewhere = replace(room("e"), address=address("7", TWO))
    await furnish(store, here, topic, elsewhere)
    await store.write(lambda unit: unit.memories.add([memory(1, here)]))
    assert await store.write(lambda unit: unit.rooms.move(ONE, "7", "-1007")) == 2
    assert await find(store, "7") is None
    moved = await find(store, "-1007")
    assert moved is not None
    assert moved.id == here.id
    assert len(await store.read(lambda unit: unit.memories.recent(ADA, moved.id, 9))) == 1
    assert await find(store, "7", TWO) is not None


async def test_a_room_in_which_somebody_spoke_already_is_not_overwritten_by_a_move(
    store: SqlStore,
) -> None:
    old, new = room("old", where=address("7")), room("new", where=address("-1007"))
    await furnish(store, old, new)
    assert await store.write(lambda unit: unit.rooms.move(ONE, "7", "-1007")) == 0
    found = await find(store, "-1007")
    assert found is not None
    assert found.id == new.id


async def test_a_room_comes_back_as_it_was_made_known_with_its_newest_name(
    store: SqlStore,
) -> None:
    await furnish(store, room())
    await furnish(store, replace(room(), name="Renamed"))
    assert await find(store, "r") == replace(room(), name="Renamed")
    assert await store.read(lambda unit: unit.rooms.find(BOB, address("r"))) is None
