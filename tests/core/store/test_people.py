"""Whom a character knows, and where she is to be quiet."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from core.ids import EntityId
from core.messages import Entity
from core.ports import Unit
from core.store.engine import SqlStore
from tests.core.store.rows import ADA, BOB, room, world

KIM = Entity(EntityId("kim"), ADA, ("Kim", "kim_b"), {"telegram": {"id": "7"}})


async def test_people_are_known_to_the_character_who_met_them(store: SqlStore) -> None:
    await store.write(lambda unit: unit.people.meet([KIM]))
    assert await store.read(lambda unit: unit.people.known(ADA, [KIM.id])) == [KIM]
    assert await store.read(lambda unit: unit.people.known(BOB, [KIM.id])) == []


async def test_somebody_met_again_has_the_newest_name(store: SqlStore) -> None:
    renamed = replace(KIM, names=("Kimberly",))
    await store.write(lambda unit: unit.people.meet([KIM, renamed]))
    assert await store.read(lambda unit: unit.people.known(ADA, [KIM.id])) == [renamed]


async def test_a_state_outlives_meeting_again(store: SqlStore) -> None:
    here = room()
    await store.write(lambda unit: unit.rooms.ensure([world()], [here]))
    await store.write(lambda unit: unit.people.join(ADA, here.id, [KIM.id]))
    assert await store.read(lambda unit: unit.people.state(ADA, here.id, KIM.id)) == ""
    await store.write(lambda unit: unit.people.set_state(ADA, here.id, KIM.id, "MUTED"))
    await store.write(lambda unit: unit.people.join(ADA, here.id, [KIM.id]))
    assert await store.read(lambda unit: unit.people.state(ADA, here.id, KIM.id)) == "MUTED"
    assert await store.read(lambda unit: unit.people.state(BOB, here.id, KIM.id)) == ""


async def test_nobody_takes_part_in_a_room_that_does_not_exist(store: SqlStore) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        await store.write(lambda unit: unit.people.join(ADA, room().id, [KIM.id]))


async def test_what_was_written_down_about_somebody_outlives_meeting_again(
    store: SqlStore,
) -> None:
    noted = replace(KIM, names=("Kim", "Kimmy"), metadata=KIM.metadata | {"birthday": "May 1"})
    told = replace(KIM, names=("Kim",), metadata={"telegram": {"id": "7", "userName": "kim"}})
    await store.write(lambda unit: unit.people.meet([KIM]))
    await store.write(lambda unit: unit.people.put(noted))
    assert await store.read(lambda unit: unit.people.known(ADA, [KIM.id])) == [noted]
    await store.write(lambda unit: unit.people.meet([told, replace(KIM, id=EntityId("new"))]))
    both = replace(told, metadata=told.metadata | {"birthday": "May 1"})
    assert await store.read(lambda unit: unit.people.known(ADA, [KIM.id])) == [both]


async def test_nobody_is_changed_by_another_character(store: SqlStore) -> None:
    his = replace(KIM, character=BOB, names=("Kim of Bob",))
    await store.write(lambda unit: unit.people.meet([KIM]))
    await store.write(lambda unit: unit.people.put(his))
    await store.write(lambda unit: unit.people.meet([his]))
    assert await store.read(lambda unit: unit.people.known(ADA, [KIM.id])) == [KIM]


async def test_who_takes_part_in_a_room_is_known_until_they_leave(store: SqlStore) -> None:
    lee = Entity(EntityId("lee"), ADA, ("Lee",))
    here, there = room("here"), room("there")

    def gather(unit: Unit) -> None:
        unit.rooms.ensure([world()], [here, there])
        unit.people.meet([KIM, lee])
        unit.people.join(ADA, here.id, [KIM.id, lee.id])
        unit.people.join(ADA, there.id, [KIM.id])

    await store.write(gather)
    assert await store.read(lambda unit: unit.people.here(ADA, here.id)) == [KIM, lee]
    assert await store.read(lambda unit: unit.people.here(ADA, here.id, limit=1)) == [KIM]
    assert await store.read(lambda unit: unit.people.here(BOB, here.id)) == []
    both = [KIM.id, lee.id]
    assert await store.read(lambda unit: unit.people.rooms_of(ADA, both)) == [here.id, there.id]
    assert await store.read(lambda unit: unit.people.rooms_of(BOB, both)) == []
    await store.write(lambda unit: unit.people.leave(BOB, here.id, KIM.id))
    await store.write(lambda unit: unit.people.leave(ADA, here.id, KIM.id))
    assert await store.read(lambda unit: unit.people.here(ADA, here.id)) == [lee]
    assert await store.read(lambda unit: unit.people.rooms_of(ADA, [KIM.id])) == [there.id]


async def test_the_names_of_a_room_are_those_of_the_people_in_it(store: SqlStore) -> None:
    here = room()
    sol = Entity(EntityId("sol"), ADA, ("Sol", 'So "quoted" \N{SNOWMAN}'))

    def furnish(unit: Unit) -> None:
        unit.rooms.ensure([world()], [here])
        unit.people.meet([KIM, sol, replace(KIM, id=EntityId("away"))])
        unit.people.join(ADA, here.id, [KIM.id, sol.id])

    await store.write(furnish)
    called = await store.read(lambda unit: unit.people.called(ADA, here.id))
    assert [(one, tuple(names)) for one, names in called] == [
        (KIM.id, KIM.names),
        (sol.id, sol.names),
    ]
    assert len(await store.read(lambda unit: unit.people.called(ADA, here.id, limit=1))) == 1
    assert await store.read(lambda unit: unit.people.called(BOB, here.id)) == []
