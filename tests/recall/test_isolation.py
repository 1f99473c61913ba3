"""G36: whatever is asked, by whomever, wherever, nothing comes from where it must not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.ids import Account, CharacterId, EntityId, MemoryId, RoomId, WorldId
from core.knowledge.documents import SHARED
from core.memory.recall import Recall
from core.memory.recent import Recent
from core.messages import (
    Address,
    Author,
    ChannelType,
    Content,
    Entity,
    Inbound,
    Kind,
    Memory,
    Place,
    Room,
    World,
)
from core.ports import Unit
from core.settings.layers import Environment, Settings
from core.state import Scene
from core.store.engine import SqlStore, open_store
from tests.core.scenes import ELIZA
from tests.fakes.clock import FakeClock
from tests.recall.rooms import NOW

CAST = {
    "ada": ELIZA.model_copy(update={"name": "Ada"}),
    "bob": ELIZA.model_copy(update={"name": "Bob"}),
}
WHO = {name: one.agent_id for name, one in CAST.items()}
PEOPLE = ("robin", "kim", "lee")
WORDS = ("boat", "cat", "soup", "tree")
TABLES = ("messages", "facts", "knowledge")
MODEL = "local:any"
SHELF = "shelf"
"""The room of the house, where everybody's knowledge lies."""


@dataclass(frozen=True)
class Spot:
    """A room as the test knows it; `direct` is with exactly these people."""

    key: str
    world: str
    channel: ChannelType
    people: tuple[str, ...]


ROOMS = (
    Spot("hall", "club", ChannelType.GROUP, PEOPLE),
    Spot("yard", "club", ChannelType.THREAD, ("robin", "kim")),
    Spot("nook", "club", ChannelType.DM, ("lee",)),  # a direct chat that a plugin put into a server
    Spot("camp", "camp", ChannelType.GROUP, ("robin", "lee")),
    Spot("robin-1", "dms", ChannelType.DM, ("robin",)),
    Spot("robin-2", "dms", ChannelType.VOICE_DM, ("robin",)),
    Spot("kim-1", "dms", ChannelType.DM, ("kim",)),
    Spot("both", "dms", ChannelType.DM, ("robin", "kim")),  # calls itself direct, and is not
    Spot("self", "self", ChannelType.SELF, ()),
)
BY_KEY = {one.key: one for one in ROOMS}


@dataclass(frozen=True)
class Thing:
    character: str
    room: str
    table: str
    author: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    character: str
    room: str
    person: str
    words: tuple[str, ...]
    scope: str
    deep: bool


some_words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(tuple)
things = st.builds(
    Thing,
    st.sampled_from([*WHO, SHELF]),
    st.sampled_from(sorted(BY_KEY)),
    st.sampled_from(TABLES),
    st.sampled_from(PEOPLE),
    some_words,
)
asked = st.builds(
    Asked,
    st.sampled_from(sorted(WHO)),
    st.sampled_from(sorted(set(BY_KEY) - {"self"})),
    st.sampled_from(PEOPLE),
    some_words,
    st.sampled_from(["room", "world", "person"]),
    st.booleans(),
)


def allowed(one: Thing, by: Asked) -> bool:
    """The rule, said once more and in another way than the code does."""
    if one.table == "knowledge" and one.character == SHELF:
        return True
    if one.character != by.character:
        return False
    if one.room == by.room or (one.table == "knowledge" and one.room == "self"):
        return True
    here, there = BY_KEY[by.room], BY_KEY[one.room]
    groups = {ChannelType.GROUP, ChannelType.THREAD}
    if by.scope == "world":
        return here.world == there.world and {here.channel, there.channel} <= groups
    if by.scope == "person":
        return (
            here.channel not in groups
            and there.channel not in groups
            and there.people == (by.person,)
        )
    return False


def vector(words: Sequence[str]) -> list[float]:
    return [float(one in words) + 0.1 for one in WORDS]


class Vectors:
    def model(self, settings: Settings) -> str:
        return MODEL

    async def query(
        self, settings: Settings, text: str, *, force: bool = False
    ) -> Sequence[float] | None:
        return vector(text.split())


def owner_of(name: str) -> CharacterId:
    return SHARED if name == SHELF else WHO[name]


def room_id(character: str, key: str) -> RoomId:
    owner = owner_of(character)
    return RoomId(owner) if key == "self" or character == SHELF else RoomId(f"{key}-{owner}")


def furnish(unit: Unit) -> None:
    for name in (*WHO, SHELF):
        owner = owner_of(name)
        for spot in ROOMS if name != SHELF else ROOMS[-1:]:
            world = World(WorldId(f"{spot.world}-{owner}"), owner, spot.world, spot.world)
            where = Address("telegram", Account(f"telegram:{name}"), spot.key)
            id = room_id(name, spot.key)
            unit.rooms.ensure(
                [world], [Room(id, owner, world.id, where, spot.channel, spot.key, "telegram")]
            )
            people = [EntityId(f"{one}-{owner}") for one in spot.people]
            unit.people.meet([Entity(one, owner, (one.partition("-")[0],)) for one in people])
            unit.people.join(owner, id, people)


def keep(unit: Unit, everything: Sequence[Thing]) -> None:
    for at, one in enumerate(everything):
        owner = owner_of(one.character)
        memory = Memory(
            id=MemoryId(f"m{at}"),
            character=owner,
            room=room_id(one.character, one.room),
            author=EntityId(f"{one.author}-{owner}"),
            content=Content(" ".join((*one.words, str(at)))),
            created_at=NOW - timedelta(days=9, minutes=-at),
            table=one.table,
            metadata={"entityName": one.author},
        )
        unit.memories.add([memory])
    while unit.passages.behind(500):
        pass
    for name in (*WHO, SHELF):
        found, _ = unit.vectors.missing(owner_of(name), MODEL, 0, 500)
        unit.vectors.put(MODEL, [(s, one, vector(one.content.text.split())) for s, one in found])


def scene(by: Asked, recall: Recall, store: SqlStore) -> Scene:
    spot, her = BY_KEY[by.room], CAST[by.character]
    direct = spot.channel in (ChannelType.DM, ChannelType.VOICE_DM)
    place = Place(spot.channel, spot.key)
    inbound = Inbound(
        id=1,
        address=Address("telegram", Account(f"telegram:{by.character}"), by.room),
        kind=Kind.MESSAGE,
        author=Author(by.person, by.person),
        place=place,
        message="1",
        text=f"{' '.join(by.words)} {by.person}",
        sent_at=NOW,
        is_direct=direct,
    )
    return Scene(
        character=her,
        settings=Settings(
            Environment.of({"TROUPE_RECALL_SCOPE": by.scope, "TROUPE_RECALL_TOKENS": "4000"}),
            her.name,
            her.agent_id,
        ),
        inbound=(inbound,),
        history=(),
        place=place,
        now=NOW,
        room=room_id(by.character, by.room),
        person=EntityId(f"{by.person}-{her.agent_id}"),
        read=store.read,
        remember=recall,
    )


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # Each example is a database: to make a failing one smaller would take minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(st.lists(things, min_size=25, max_size=60), st.lists(asked, min_size=4, max_size=12))
def test_g36_nothing_comes_to_mind_from_outside_the_scope(
    everything: list[Thing], questions: list[Asked]
) -> None:
    async def run() -> None:
        with TemporaryDirectory() as folder:
            async with open_store(None, Path(folder)) as store:
                await store.write(furnish)
                await store.write(lambda unit: keep(unit, everything))
                recall = Recall(store, Vectors(), Recent(store), FakeClock())
                for by in questions:
                    found = await recall(scene(by, recall, store), deep=by.deep)
                    for kind, some in (
                        ("messages", found.talk),
                        ("facts", found.facts),
                        ("knowledge", found.knowledge),
                    ):
                        for one in some:
                            source = everything[int(one.memory.id[1:])]
                            assert source.table == one.memory.table == kind
                            assert allowed(source, by), (source, by)

    asyncio.run(run())


async def test_what_is_within_the_scope_is_found(tmp_path: Path) -> None:
    """So that the property above is not kept by finding nothing."""
    everything = [
        Thing(who, key, table, "robin", ("boat",))
        for who in (*WHO, SHELF)
        for key in sorted(BY_KEY)
        for table in TABLES
    ]
    async with open_store(None, tmp_path) as store:
        await store.write(furnish)
        await store.write(lambda unit: keep(unit, everything))
        recall = Recall(store, Vectors(), Recent(store), FakeClock())
        for room, scope, rooms in (
            ("hall", "room", {"hall"}),
            ("hall", "world", {"hall", "yard"}),
            ("hall", "person", {"hall"}),
            ("nook", "world", {"nook"}),
            ("robin-1", "person", {"robin-1", "robin-2"}),
            ("robin-1", "world", {"robin-1"}),
        ):
            by = Asked("ada", room, "robin", ("boat",), scope, deep=False)
            found = await recall(scene(by, recall, store))
            for some in (found.talk, found.facts):
                sources = [everything[int(one.memory.id[1:])] for one in some]
                assert {one.room for one in sources} == rooms, (by, sources)
            sources = [everything[int(one.memory.id[1:])] for one in found.knowledge]
            assert {(one.character, one.room) for one in sources} <= {
                *(("ada", one) for one in (*rooms, "self")),
                *((SHELF, one) for one in BY_KEY),
            }
            assert {one.character for one in sources} >= {"ada"} or len(sources) == 5
