"""Memories are found by room, person, world, table and time, counted, changed and dropped (ME-05)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.ids import EntityId, MemoryId, WorldId
from core.messages import Content, Memory
from core.store import schema
from core.store.engine import SqlStore
from core.store.memories import MemoryRows
from tests.core.store.rows import ADA, BOB, NOON, address, memory, room, world

KIM = EntityId("kim")
LOBBY, ATTIC = room("lobby"), room("attic")
HIS = room("lobby", BOB, address("lobby"))


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


TALK = [
    replace(
        memory(n, (LOBBY, ATTIC)[n % 2], at=NOON + minutes(n)), author=(EntityId("bob"), KIM)[n > 3]
    )
    for n in range(6)
]
FACT = replace(memory(6, LOBBY, at=NOON + minutes(6)), table="facts")
ELSEWHERE = replace(memory(7, ATTIC, at=NOON + minutes(7)), world=WorldId("elsewhere"))
OF_BOB = memory(8, HIS, at=NOON + minutes(8))


@pytest.fixture
async def full(store: SqlStore) -> SqlStore:
    def fill(unit: Any) -> None:
        unit.rooms.ensure([world(ADA), world(BOB)], [LOBBY, ATTIC, HIS])
        unit.memories.add([*TALK, FACT, ELSEWHERE, OF_BOB])

    await store.write(fill)
    return store


async def found(store: SqlStore, **about: Any) -> list[str]:
    return [one.id for one in await store.read(lambda unit: unit.memories.find(ADA, **about))]


async def test_the_newest_are_found_first_page_by_page(full: SqlStore) -> None:
    assert await found(full) == ["m7", "m5", "m4", "m3", "m2", "m1", "m0"]
    assert await found(full, limit=2) == ["m7", "m5"]
    assert await found(full, limit=2, offset=2) == ["m4", "m3"]
    assert await found(full, offset=99) == []


async def test_rooms_people_worlds_and_tables_narrow_it_down(full: SqlStore) -> None:
    assert await found(full, rooms=[LOBBY.id]) == ["m4", "m2", "m0"]
    assert await found(full, entity=KIM) == ["m5", "m4"]
    assert await found(full, entity=KIM, rooms=[ATTIC.id]) == ["m5"]
    assert await found(full, world=WorldId("elsewhere")) == ["m7"]
    assert await found(full, table="facts") == ["m6"]
    assert await found(full, table="documents") == []


async def test_several_rooms_are_read_as_one_newest_first(full: SqlStore) -> None:
    both = [LOBBY.id, ATTIC.id, LOBBY.id]
    assert await found(full, rooms=both, limit=3) == ["m7", "m5", "m4"]
    assert await found(full, rooms=both, limit=3, offset=3) == ["m3", "m2", "m1"]
    assert await found(full, rooms=both, table="facts") == ["m6"]
    many = [*both, *(room(f"empty{n}").id for n in range(100))]
    assert await found(full, rooms=many, limit=3) == ["m7", "m5", "m4"]


async def test_a_window_of_time_holds_both_of_its_ends(full: SqlStore) -> None:
    start, end = NOON + minutes(2), NOON + minutes(4)
    assert await found(full, start=start, end=end) == ["m4", "m3", "m2"]
    assert await found(full, start=start, end=end, rooms=[LOBBY.id, ATTIC.id]) == ["m4", "m3", "m2"]
    assert await found(full, start=end, end=start) == []


async def test_equal_moments_keep_one_order_over_all_pages(store: SqlStore) -> None:
    await store.write(lambda unit: unit.rooms.ensure([world()], [LOBBY]))
    await store.write(lambda unit: unit.memories.add([memory(n, LOBBY) for n in range(6)]))
    pages = [await found(store, limit=2, offset=offset) for offset in (0, 2, 4)]
    assert pages == [["m5", "m4"], ["m3", "m2"], ["m1", "m0"]]


async def test_what_was_said_before_a_fresh_start_is_neither_found_nor_counted(
    full: SqlStore,
) -> None:
    assert await full.read(lambda unit: unit.memories.count(ADA, LOBBY.id)) == 3
    await full.write(lambda unit: unit.rooms.forget_before(ADA, LOBBY.id, NOON + minutes(3)))
    assert await found(full, rooms=[LOBBY.id]) == ["m4"]
    assert await found(full) == ["m7", "m5", "m4", "m3", "m1"]
    assert await full.read(lambda unit: unit.memories.count(ADA, LOBBY.id)) == 1
    assert await full.read(lambda unit: unit.memories.count(ADA)) == 5


async def test_memories_are_counted_by_table_and_room_for_their_character_only(
    full: SqlStore,
) -> None:
    assert await full.read(lambda unit: unit.memories.count(ADA)) == 7
    assert await full.read(lambda unit: unit.memories.count(ADA, table="facts")) == 1
    assert await full.read(lambda unit: unit.memories.count(ADA, ATTIC.id)) == 4
    assert await full.read(lambda unit: unit.memories.count(BOB, ATTIC.id)) == 0
    assert await full.read(lambda unit: unit.memories.count(BOB)) == 1


async def test_a_memory_is_changed_where_it_is_and_only_by_its_character(full: SqlStore) -> None:
    changed = replace(
        FACT, content=Content("better known", extra={"confidence": 0.9}), metadata={"n": [1]}
    )
    his = replace(changed, character=BOB, content=Content("worse"))
    assert await full.write(lambda unit: unit.memories.put(changed)) is True
    assert await full.write(lambda unit: unit.memories.put(his)) is False
    gone = replace(changed, id=MemoryId("nowhere"))
    assert await full.write(lambda unit: unit.memories.put(gone)) is False
    assert await full.read(lambda unit: unit.memories.find(ADA, table="facts")) == [changed]


async def test_only_ones_own_memories_can_be_dropped(full: SqlStore) -> None:
    ids = [MemoryId("m0"), MemoryId("m8"), MemoryId("nowhere")]
    assert await full.write(lambda unit: unit.memories.drop(ADA, ids)) == 1
    assert await found(full, rooms=[LOBBY.id]) == ["m4", "m2"]
    assert await full.write(lambda unit: unit.memories.drop(ADA, [])) == 0
    assert await full.read(lambda unit: unit.memories.count(BOB)) == 1


async def test_a_room_is_cleared_of_one_table_whole_and_nothing_else_is(full: SqlStore) -> None:
    await full.write(lambda unit: unit.rooms.forget_before(ADA, LOBBY.id, NOON + minutes(3)))
    assert await full.write(lambda unit: unit.memories.clear(BOB, LOBBY.id)) == 0
    assert await full.write(lambda unit: unit.memories.clear(ADA, LOBBY.id)) == 3
    ids = [one.id for one in (*TALK, FACT)]
    left: list[Memory] = await full.read(lambda unit: unit.memories.get(ADA, ids))
    assert {one.id for one in left} == {"m1", "m3", "m5", "m6"}


SEARCHES: dict[str, tuple[dict[str, Any], str]] = {
    "facts wherever they were learned": ({"table": "facts"}, "ix_memories_lore (character_id=?"),
    "facts about somebody": (
        {"table": "facts", "entity": KIM},
        "ix_memories_lore (character_id=? AND type=?)",
    ),
    "talk of one room": ({"rooms": [LOBBY.id]}, "ix_memories_room_id_type_seq (room_id=?"),
}


@pytest.mark.parametrize("what", SEARCHES)
def test_a_search_goes_by_an_index_and_stops_when_it_has_enough(what: str, tmp_path: Path) -> None:
    about, index = SEARCHES[what]
    schema.create(tmp_path / "troupe.db")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'troupe.db'}")
    asked: list[tuple[str, Any]] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *call: asked.append(call[2:4]))
    with engine.connect() as connection:
        MemoryRows(connection).find(ADA, **about)
        question, values = asked[-1]
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {question}", values).all()
    engine.dispose()
    steps = [row[3] for row in plan]
    assert any(index in step for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps  # nothing is sorted
