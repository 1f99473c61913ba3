"""Whatever is looked for, by words or by meaning: nothing from outside the scope comes back (G36)."""

from __future__ import annotations

import asyncio
import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ids import CharacterId, EntityId, MemoryId, RoomId
from core.messages import Memory
from core.ports import Scope, Unit
from core.store.engine import SqlStore, open_store
from tests.core.store.rows import NOON, address, memory, room, world
from tests.core.store.test_passages import take_in
from tests.fakes.postgres import PostgresServer

CHARACTERS = [CharacterId(name) for name in ("ada", "bob", "eve")]
ROOMS = ("lobby", "attic", "cellar", *(f"r{n}" for n in range(9)))
PEOPLE = ("kim", "lee", "max")
TABLES = ("messages", "facts", "knowledge")
WORDS = ("tea", "cold", "rain", "ship")
HERE = {(who, name): room(name, who, address(name)) for who in CHARACTERS for name in ROOMS}
"""Everybody sits in the same rooms of the platform."""


@dataclass(frozen=True, slots=True)
class Said:
    who: CharacterId
    where: str
    person: str
    table: str
    minute: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class World:
    talk: Sequence[Said]
    resets: Sequence[tuple[CharacterId, str, int]]
    deleted: frozenset[int]
    edited: frozenset[int]


minutes = st.integers(0, 9)
rooms = st.sampled_from(ROOMS[:4]) | st.sampled_from(ROOMS)
some_words = st.lists(st.sampled_from(WORDS), max_size=3).map(tuple)
saids = st.builds(
    Said,
    st.sampled_from(CHARACTERS),
    rooms,
    st.sampled_from(PEOPLE),
    st.sampled_from(TABLES),
    minutes,
    some_words,
)
worlds = st.builds(
    World,
    st.lists(saids, max_size=40),
    st.lists(st.tuples(st.sampled_from(CHARACTERS), rooms, minutes), max_size=3),
    st.frozensets(st.integers(0, 39), max_size=8),
    st.frozensets(st.integers(0, 39), max_size=8),
)
places = st.tuples(st.sampled_from(CHARACTERS), rooms).map(lambda key: HERE[key].id)
scopes = st.builds(
    Scope,
    st.sampled_from(CHARACTERS),
    # Also other characters' rooms, and the same room twice.
    st.lists(places, max_size=12).map(tuple),
    st.sampled_from(TABLES),
    st.none() | st.sampled_from(PEOPLE).map(EntityId),
    st.none() | minutes.map(lambda minute: NOON + timedelta(minutes=minute)),
)


@settings(max_examples=30, deadline=None)
@given(world=worlds, asked=st.lists(st.tuples(scopes, some_words), min_size=1, max_size=12))
def test_g36_in_a_file_nothing_comes_from_outside_the_scope(
    world: World, asked: list[tuple[Scope, tuple[str, ...]]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_finds_exactly_its_own(None, Path(folder), world, asked))


@contextmanager
def emptied(server: PostgresServer) -> Iterator[str]:
    name = server.database("furnished")
    try:
        yield name
    finally:
        server.drop(name)


@pytest.mark.parametrize("extension", [True, False], ids=["with pgvector", "without"])
def test_g36_on_a_server_nothing_comes_from_outside_the_scope(
    postgres: PostgresServer, tmp_path: Path, extension: bool
) -> None:
    @settings(
        max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(world=worlds, asked=st.lists(st.tuples(scopes, some_words), min_size=1, max_size=30))
    def check(world: World, asked: list[tuple[Scope, tuple[str, ...]]]) -> None:
        with emptied(postgres) as name:
            if not extension:
                postgres.ask("ALTER TABLE embeddings ALTER vector TYPE bytea USING NULL", name)
            asyncio.run(_finds_exactly_its_own(postgres.url(name), tmp_path, world, asked))

    check()


async def _finds_exactly_its_own(
    url: str | None, folder: Path, world: World, asked: Sequence[tuple[Scope, tuple[str, ...]]]
) -> None:
    async with open_store(url, folder) as store:
        memories = await furnish(store, world)
        for scope, words in asked:
            since = {
                HERE[who, name].id: NOON + timedelta(minutes=minute)
                for who, name, minute in world.resets
            }
            inside = {one.id: one for one in memories if within(one, scope, since)}
            found = await store.read(
                lambda unit, scope=scope, words=words: unit.passages.find(scope, words, 99)
            )
            assert {one.memory.id for one in found} == {
                name for name, one in inside.items() if set(words) & set(one.content.text.split())
            }
            for one in found:
                assert one.memory == inside[one.memory.id]
                assert set(one.words) == set(words) & set(one.memory.content.text.split())
            near = await store.read(
                lambda unit, scope=scope: unit.vectors.nearest(scope, "m", (1.0, 0.0), 99)
            )
            assert {one.memory.id for one in near} == set(inside)
            assert [one.score for one in near] == pytest.approx(
                sorted((cosine(one.memory.id) for one in near), reverse=True), abs=0.001
            )
            few = await store.read(
                lambda unit, scope=scope: unit.vectors.nearest(scope, "m", (1.0, 0.0), 3)
            )
            assert [one.score for one in few] == [one.score for one in near[:3]]


async def furnish(store: SqlStore, made: World) -> list[Memory]:
    """Everything said, taken in, some of it searched before it was deleted and edited."""
    memories = [
        replace(
            memory(n, HERE[one.who, one.where], " ".join(one.words), NOON),
            author=EntityId(one.person),
            table=one.table,
            created_at=NOON + timedelta(minutes=one.minute),
            content=replace(memory(0, HERE[one.who, one.where]).content, text=" ".join(one.words)),
        )
        for n, one in enumerate(made.talk)
    ]

    def fill(unit: Unit) -> None:
        unit.rooms.ensure([world(who) for who in CHARACTERS], list(HERE.values()))
        unit.memories.add(memories)
        for who, name, minute in made.resets:
            when = NOON + timedelta(minutes=minute)
            unit.rooms.forget_before(who, HERE[who, name].id, when)

    await store.write(fill)
    await take_in(store)
    rows = [(n + 1, one, vector(one.id)) for n, one in enumerate(memories)]
    await store.write(lambda unit: unit.vectors.put("m", rows))
    for who in CHARACTERS:
        all_rooms: tuple[RoomId, ...] = tuple(HERE[who, name].id for name in ROOMS)
        for table in TABLES:
            scope = Scope(who, all_rooms, table)
            await store.read(
                lambda unit, scope=scope: unit.vectors.nearest(scope, "m", (1.0, 0.0), 1)
            )

    def change(unit: Unit) -> None:
        for n in sorted(made.deleted & set(range(len(memories)))):
            assert unit.memories.drop(memories[n].character, [memories[n].id]) == 1
        for n in sorted((made.edited - made.deleted) & set(range(len(memories)))):
            one = memories[n] = replace(
                memories[n], content=replace(memories[n].content, text="rain")
            )
            assert unit.memories.rewrite(one.character, one.id, "rain")
            unit.vectors.put("m", [(n + 1, one, vector(one.id))])

    await store.write(change)
    return [one for n, one in enumerate(memories) if n not in made.deleted]


def within(one: Memory, scope: Scope, since: dict[RoomId, object]) -> bool:
    start = since.get(one.room)
    return (
        one.character == scope.character
        and one.room in scope.rooms
        and one.table == scope.table
        and (scope.entity is None or one.author == scope.entity)
        and (scope.before is None or one.created_at < scope.before)
        and (start is None or one.created_at >= start)  # type: ignore[operator]  # a moment
    )


def vector(name: MemoryId) -> tuple[float, float]:
    """Of each its own angle."""
    angle = int(name[1:]) / 20
    return (math.cos(angle), math.sin(angle))


def cosine(name: MemoryId) -> float:
    return vector(name)[0]
