"""What was said around a row, for whoever found it."""

from __future__ import annotations

from datetime import timedelta

from core.ports import Unit
from core.store.engine import SqlStore
from tests.core.store.rows import ADA, BOB, NOON, memory, room, world


async def test_neighbours_are_of_the_same_room_and_come_in_order(store: SqlStore) -> None:
    here, there = room("r"), room("q")

    def furnish(unit: Unit) -> None:
        unit.rooms.ensure([world()], [here, there])
        for number in range(1, 6):
            at = NOON + timedelta(minutes=number)
            unit.memories.add([memory(number, here, at=at), memory(number + 10, there, at=at)])

    await store.write(furnish)  # rows 1, 3, 5, 7, 9 are of `here`
    around = await store.read(lambda unit: unit.memories.beside(ADA, here.id, 5, before=1, after=2))
    assert [one.id for one in around] == ["m2", "m4", "m5"]
    assert await store.read(lambda unit: unit.memories.beside(BOB, here.id, 5)) == []


async def test_neighbours_of_several_rows_are_those_of_each(store: SqlStore) -> None:
    here, there = room("r"), room("q")

    def furnish(unit: Unit) -> None:
        unit.rooms.ensure([world()], [here, there])
        unit.memories.add([memory(n, (here, there)[n % 2]) for n in range(1, 11)])

    await store.write(furnish)  # even ones are of `here`
    rows = [(here.id, 4), (there.id, 9), (there.id, 4)]
    every = await store.read(lambda unit: unit.memories.beside_each(ADA, rows, before=2, after=1))
    assert [[one.id for one in some] for some in every] == [
        ["m2", "m6"],
        ["m5", "m7"],
        ["m1", "m3", "m5"],
    ]
    assert await store.read(lambda unit: unit.memories.beside_each(ADA, [])) == []


async def test_what_was_said_before_a_fresh_start_is_nobodys_neighbour(store: SqlStore) -> None:
    here = room("r")

    def furnish(unit: Unit) -> None:
        unit.rooms.ensure([world()], [here])
        unit.memories.add([memory(1, here), memory(2, here, at=NOON + timedelta(hours=2))])
        unit.rooms.forget_before(ADA, here.id, NOON + timedelta(hours=1))

    await store.write(furnish)
    assert await store.read(lambda unit: unit.memories.beside(ADA, here.id, 2)) == []
