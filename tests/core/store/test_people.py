"""Whom a character knows, and where she is to be quiet."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from core.ids import EntityId
from core.messages import Entity
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
