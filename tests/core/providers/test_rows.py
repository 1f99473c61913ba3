"""What is looked up in the database for those who ask for it by name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.ids import Account, EntityId, MemoryId, RoomId, WorldId
from core.kept import Relationship
from core.memory.bonds import noticed
from core.messages import (
    Address,
    Attachment,
    ChannelType,
    Content,
    Entity,
    Memory,
    Room,
    World,
)
from core.ports import Unit
from core.providers import BUILT_IN
from core.state import Scene, State, compose
from core.store.engine import SqlStore, open_store
from tests.core.scenes import ELIZA, NOON, direct, group, message

HER = ELIZA.agent_id
ROBIN, KIM, LEE = EntityId("robin"), EntityId("kim"), EntityId("lee")
WORLD = World(WorldId("w"), HER, "Night owls", "-100")


def room(name: str) -> Room:
    where = Address("telegram", Account("telegram:1"), name)
    return Room(RoomId(name), HER, WORLD.id, where, ChannelType.GROUP, name, "telegram")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    def furnish(unit: Unit) -> None:
        unit.rooms.ensure([WORLD], [room("general"), room("kitchen")])
        unit.people.meet(
            [
                Entity(ROBIN, HER, ("Robin",)),
                Entity(KIM, HER, (), {"telegram": {"userName": "kim"}}),
            ]
        )
        unit.people.join(HER, RoomId("general"), [ROBIN, KIM])

    async with open_store("", tmp_path) as store:
        await store.write(furnish)
        yield store


def memory(number: int, text: str, *, where: str = "general", **more: Any) -> Memory:
    return Memory(
        id=MemoryId(f"m{number}"),
        character=HER,
        room=RoomId(where),
        author=ROBIN,
        content=Content(text, **more),
        created_at=NOON + timedelta(minutes=number),
        world=WORLD.id,
    )


async def told(store: SqlStore, name: str, scene: Scene | None = None, **more: Any) -> State:
    about = {"read": store.read, "room": RoomId("general"), "person": ROBIN, **more}
    return await compose(replace(scene or group(), **about), BUILT_IN, [name], only=True)


async def test_facts_are_those_of_this_room_the_newest_first(store: SqlStore) -> None:
    facts = [
        memory(1, "Robin has a cat."),
        memory(2, "The cat is called\nMinka."),
        memory(3, "Kim cooks.", where="kitchen"),
        memory(4, " "),
    ]
    stored = [replace(one, table="facts") for one in facts]
    await store.write(lambda unit: unit.memories.add([*stored, memory(5, "just talk")]))
    state = await told(store, "FACTS")
    assert state["FACTS"] == (
        "# What Eliza knows from before\n- The cat is called Minka.\n- Robin has a cat."
    )
    assert state.values["facts"] == "- The cat is called Minka.\n- Robin has a cat."


async def test_relationships_are_named_the_closest_first(store: SqlStore) -> None:
    def bond(target: EntityId, count: int, *tags: str) -> Relationship:
        many = {"interactions": count}
        return Relationship(f"r-{target}", HER, ROBIN, target, frozenset(tags), many)

    def know(unit: Unit) -> None:
        unit.people.meet([Entity(LEE, HER, ("Lee",))])
        for one in (bond(LEE, 2), bond(KIM, 12, "friend", "cook"), bond(EntityId("gone"), 99)):
            unit.bonds.put_relationship(one)

    await store.write(know)
    assert (await told(store, "RELATIONSHIPS"))["RELATIONSHIPS"] == (
        "# Whom Robin has to do with\n- kim: cook, friend, 12 exchanges\n- Lee: 2 exchanges"
    )


async def test_what_a_look_back_noticed_of_a_bond_is_told_in_that_room_alone(
    store: SqlStore,
) -> None:
    """G36; and no more once talk there has begun afresh. What a plugin says is told anywhere."""
    bond = Relationship("r-1", HER, ROBIN, KIM, frozenset({"cousin"}))
    for room, tag in (("general", "friend"), ("kitchen", "in love")):
        bond = noticed(bond, RoomId(room), frozenset({tag}), NOON, None)

    def know(unit: Unit) -> None:
        unit.bonds.put_relationship(bond)
        unit.bonds.put_relationship(
            noticed(
                Relationship("r-2", HER, KIM, ROBIN),
                RoomId("kitchen"),
                frozenset({"in love"}),
                NOON,
                None,
            )
        )

    await store.write(know)
    header = "# Whom Robin has to do with\n- kim: "
    told_here = (await told(store, "RELATIONSHIPS"))["RELATIONSHIPS"]
    assert told_here == f"{header}cousin, friend, 1 exchanges"
    await store.write(
        lambda unit: unit.rooms.forget_before(HER, RoomId("general"), NOON + timedelta(days=1))
    )
    assert (await told(store, "RELATIONSHIPS"))["RELATIONSHIPS"] == f"{header}cousin"


async def test_the_world_is_told_with_its_rooms(store: SqlStore) -> None:
    state = await told(store, "WORLD")
    assert state["WORLD"].startswith("# World: Night owls\n2 rooms are known; 2 people have been")
    assert "- kitchen (group)" in state["WORLD"]
    assert state.values["currentChannelName"] == "general"


async def test_old_attachments_are_named_without_what_is_in_them(store: SqlStore) -> None:
    note = {"id": "a", "title": "note.txt", "contentType": "text/plain", "text": "Buy fish."}
    old = {"id": "b", "title": "old.txt", "text": "Buy milk."}
    picture = {"id": "c", "title": "cat.jpg", "description": "A grey cat on a roof"}
    await store.write(
        lambda unit: unit.memories.add(
            [
                memory(-90, "", attachments=(old,)),
                memory(-20, "", attachments=(note, picture)),
            ]
        )
    )
    new = message("look", direct=False, attachments=(Attachment("d", "image/png", 1, "map.png"),))
    state = await told(store, "ATTACHMENTS", group(inbound=(new,)))
    assert state["ATTACHMENTS"] == (
        "# Attachments\n"
        "- old.txt\n"
        "- note.txt (text/plain)\n  Buy fish.\n"
        "- cat.jpg: A grey cat on a roof\n"
        "- map.png (image/png)"
    )


@pytest.mark.parametrize("name", ["FACTS", "RELATIONSHIPS", "WORLD", "ATTACHMENTS"])
async def test_where_nothing_is_known_nothing_is_said(store: SqlStore, name: str) -> None:
    unknown: dict[str, Any] = {"room": RoomId("nowhere"), "person": EntityId("nobody")}
    assert (await told(store, name, **unknown))[name] == ""
    assert (await compose(direct(), BUILT_IN, [name], only=True))[name] == ""


async def test_nothing_is_looked_up_unless_it_is_named() -> None:
    async def never(work: Any) -> Any:
        raise AssertionError("a turn read rows that nobody asked for")

    scene = replace(group(), read=never, room=RoomId("general"), person=ROBIN)
    state = await compose(scene, BUILT_IN)
    assert state["ROOM"]
    assert state["FACTS"] == ""
