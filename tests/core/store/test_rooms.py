"""A character finds her own rooms and worlds, by id and by name, and nobody else's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.ids import EntityId, RoomId, WorldId
from core.messages import Entity, Room, World
from core.ports import Unit
from core.store.engine import SqlStore
from tests.core.store.rows import ADA, BOB, NOON, address, memory, room, world

KIM = EntityId("kim")
GARDEN = replace(world(name="garden"), name="Garden", metadata={"roles": {"kim": "OWNER"}})
HALL = replace(room("hall"), name="#Große Halle")
SHED = replace(room("shed"), world=GARDEN.id, address=address("shed", thread="5"))
HIS = replace(room("hall", BOB), name="Große Halle")
ALL = [HALL, SHED, HIS]


@pytest.fixture
async def furnished(store: SqlStore) -> SqlStore:
    worlds = [world(), GARDEN, world(BOB)]
    await store.write(lambda unit: unit.rooms.ensure(worlds, ALL))
    return store


async def test_rooms_come_back_whole_by_id_and_by_world(furnished: SqlStore) -> None:
    ids = [one.id for one in ALL]
    assert await furnished.read(lambda unit: unit.rooms.get(ADA, ids)) == [HALL, SHED]
    assert await furnished.read(lambda unit: unit.rooms.get(BOB, ids)) == [HIS]
    assert await furnished.read(lambda unit: unit.rooms.get(ADA, [])) == []
    assert await furnished.read(lambda unit: unit.rooms.within(ADA)) == [HALL, SHED]
    assert await furnished.read(lambda unit: unit.rooms.within(ADA, GARDEN.id)) == [SHED]
    assert await furnished.read(lambda unit: unit.rooms.within(BOB, GARDEN.id)) == []


@pytest.mark.parametrize("name", ["#Große Halle", "große halle", " GROSSE HALLE", "#grosse Halle"])
async def test_a_room_is_found_by_its_name_in_any_case_with_or_without_its_mark(
    name: str, furnished: SqlStore
) -> None:
    assert await furnished.read(lambda unit: unit.rooms.named(ADA, name)) == [HALL]


async def test_a_name_that_only_begins_alike_is_another_room(furnished: SqlStore) -> None:
    assert await furnished.read(lambda unit: unit.rooms.named(ADA, "große")) == []


async def test_a_world_keeps_its_roles_when_a_platform_tells_of_it_without_them(
    furnished: SqlStore,
) -> None:
    told = replace(GARDEN, name="Garden of Kim", metadata={})
    await furnished.write(lambda unit: unit.rooms.ensure([told], []))
    kept = replace(told, metadata=GARDEN.metadata)
    assert await furnished.read(lambda unit: unit.rooms.world(ADA, GARDEN.id)) == kept


async def test_what_a_platform_knows_of_a_world_fills_it_but_takes_no_place(
    furnished: SqlStore,
) -> None:
    owned = {"ownership": {"ownerId": "kim"}}

    def tell(unit: Unit) -> None:
        unit.rooms.ensure([replace(world(), metadata=owned), replace(GARDEN, metadata=owned)], [])

    await furnished.write(tell)
    found = await furnished.read(lambda unit: unit.rooms.worlds(ADA))
    assert found == [GARDEN, replace(world(), metadata=owned)]


async def test_a_world_is_put_as_it_is_given_by_its_own_character_only(
    furnished: SqlStore,
) -> None:
    changed = replace(GARDEN, name="Park", metadata={})
    new = World(WorldId("new"), ADA, "New", "n", {"settings": {"a": 1}})

    def put(unit: Unit) -> None:
        unit.rooms.put_world(changed)
        unit.rooms.put_world(new)
        unit.rooms.put_world(replace(changed, character=BOB, name="His park"))

    await furnished.write(put)
    assert await furnished.read(lambda unit: unit.rooms.worlds(ADA)) == [changed, new, world()]
    assert await furnished.read(lambda unit: unit.rooms.world(BOB, GARDEN.id)) is None


async def test_a_dropped_room_takes_its_people_and_memories_along_and_nothing_else(
    furnished: SqlStore,
) -> None:
    def live(unit: Unit) -> None:
        unit.people.meet([Entity(KIM, ADA, ("Kim",))])
        for number, where in enumerate((HALL, SHED)):
            unit.people.join(ADA, where.id, [KIM])
            unit.memories.add([memory(number, where, at=NOON)])

    await furnished.write(live)
    await furnished.write(lambda unit: unit.rooms.drop(BOB, HALL.id))
    assert await furnished.read(lambda unit: unit.rooms.get(ADA, [HALL.id])) == [HALL]
    await furnished.write(lambda unit: unit.rooms.drop(ADA, HALL.id))

    def left(unit: Unit) -> tuple[list[Room], list[RoomId], int, list[Entity]]:
        rooms, of_kim = unit.rooms.within(ADA), unit.people.rooms_of(ADA, [KIM])
        return rooms, of_kim, unit.memories.count(ADA), unit.people.known(ADA, [KIM])

    kim = Entity(KIM, ADA, ("Kim",))
    assert await furnished.read(left) == ([SHED], [SHED.id], 1, [kim])
