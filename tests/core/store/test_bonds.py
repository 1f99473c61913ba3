"""What is known about somebody, by whoever says so, and how people stand to each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.ids import EntityId, WorldId
from core.kept import Component, Relationship
from core.ports import Unit
from core.store.engine import SqlStore
from tests.core.store.rows import ADA, BOB, NOON, room, world

KIM, LEE, MAX = EntityId("kim"), EntityId("lee"), EntityId("max")
TEA = Component("c1", KIM, ADA, "taste", {"tea": ["green", "日本茶"]}, world=world().id, source=LEE)
SHOE = Component("c2", KIM, ADA, "size", {"shoe": 38}, room=room().id)
FRIENDS = Relationship("1", ADA, KIM, LEE, frozenset({"friend", "loud"}), {"interactions": 1}, NOON)


async def put(store: SqlStore, *bonds: Component | Relationship) -> None:
    def work(unit: Unit) -> None:
        for one in bonds:
            if isinstance(one, Component):
                unit.bonds.put_component(one)
            else:
                unit.bonds.put_relationship(one)

    await store.write(work)


async def test_components_are_found_by_type_world_and_source(store: SqlStore) -> None:
    await put(store, TEA, SHOE)
    assert await store.read(lambda unit: unit.bonds.components(ADA, KIM)) == [SHOE, TEA]
    assert await store.read(lambda unit: unit.bonds.components(ADA, KIM, type="taste")) == [TEA]
    assert await store.read(lambda unit: unit.bonds.components(ADA, KIM, source=LEE)) == [TEA]
    here = world().id
    assert await store.read(lambda unit: unit.bonds.components(ADA, KIM, world=here)) == [TEA]
    assert await store.read(lambda unit: unit.bonds.components(ADA, KIM, source=MAX)) == []
    elsewhere = WorldId("elsewhere")
    assert await store.read(lambda u: u.bonds.components(ADA, KIM, world=elsewhere)) == []


async def test_a_component_is_changed_and_dropped_by_its_own_character_only(
    store: SqlStore,
) -> None:
    await put(store, TEA, replace(TEA, character=BOB, data={"tea": "none"}))
    await store.write(lambda unit: unit.bonds.drop_component(BOB, TEA.id))
    assert await store.read(lambda unit: unit.bonds.components(BOB, KIM)) == []
    assert await store.read(lambda unit: unit.bonds.components(ADA, KIM)) == [TEA]
    await put(store, changed := replace(TEA, type="habit", data={"tea": []}, source=None))
    assert await store.read(lambda unit: unit.bonds.components(ADA, KIM)) == [changed]
    await store.write(lambda unit: unit.bonds.drop_component(ADA, TEA.id))
    assert await store.read(lambda unit: unit.bonds.components(ADA, KIM)) == []


async def test_a_directed_pair_has_one_relationship_whatever_id_it_is_put_under(
    store: SqlStore,
) -> None:
    grown = replace(FRIENDS, tags=frozenset({"friend"}), metadata={"interactions": 2})
    other_id = replace(grown, id="2", created_at=NOON + timedelta(days=1))
    back = Relationship("3", ADA, LEE, KIM, created_at=NOON + timedelta(days=2))
    await put(store, FRIENDS, other_id, back)
    assert await store.read(lambda unit: unit.bonds.relationships(ADA, KIM)) == [grown, back]
    assert await store.read(lambda unit: unit.bonds.relationships(ADA, LEE)) == [grown, back]


async def test_relationships_are_found_from_either_end_and_by_all_tags(store: SqlStore) -> None:
    alone = Relationship("2", ADA, KIM, KIM, frozenset({"friend"}))
    await put(
        store, FRIENDS, alone, Relationship("3", ADA, LEE, MAX), replace(FRIENDS, character=BOB)
    )

    async def bonds(*tags: str) -> list[str]:
        found = await store.read(lambda unit: unit.bonds.relationships(ADA, KIM, tags=tags))
        return [one.id for one in found]

    assert await bonds() == ["2", "1"]
    assert await bonds("friend") == ["2", "1"]
    assert await bonds("friend", "loud") == ["1"]
    assert await bonds("foe") == []
