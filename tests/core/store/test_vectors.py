"""Vectors: kept by the model that made them, found by the nearest, within a scope alone."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.ids import CharacterId, EntityId, MemoryId, RoomId
from core.messages import Memory, Room
from core.ports import Found, Scope, Unit
from core.store.engine import SqlStore, open_store
from tests.core.store.rows import ADA, BOB, NOON, address, memory, room, world
from tests.core.store.test_passages import gone, take_in
from tests.fakes.databases import Database
from tests.fakes.postgres import PostgresServer

LOBBY, ATTIC = room("lobby"), room("attic")
HIS = room("lobby", BOB, address("lobby"))
HERE = Scope(ADA, (LOBBY.id,))
BOTH = Scope(ADA, (LOBBY.id, ATTIC.id))
EAST, NORTH, WEST = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (-1.0, 0.0, 0.0)
NORTHEAST = (1.0, 1.0, 0.0)


@pytest.fixture(params=["sqlite", "postgres", "postgres without pgvector"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Compared in memory, by the server, and in memory again."""
    if request.param == "sqlite":
        yield Database()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.database("furnished")
    if request.param != "postgres":
        server.ask("ALTER TABLE embeddings ALTER vector TYPE bytea USING NULL::bytea", name)
    yield Database(server.url(name), name, server)
    server.drop(name)


@pytest.fixture
async def store(tmp_path: Path, database: Database) -> AsyncIterator[SqlStore]:
    async with open_store(database.url, tmp_path) as store:
        rooms = [LOBBY, ATTIC, HIS]
        await store.write(lambda unit: unit.rooms.ensure([world(ADA), world(BOB)], rooms))
        yield store


async def keep(store: SqlStore, *rows: tuple[Memory, Sequence[float]], model: str = "m") -> int:
    """Write down, and keep the vectors."""
    memories = [one for one, _ in rows]
    await store.write(lambda unit: unit.memories.add(memories))
    await take_in(store)
    seqs = {one.id: seq for seq, one in await everything(store)}
    made = [(seqs[one.id], one, vector) for one, vector in rows]
    return await store.write(lambda unit: unit.vectors.put(model, made))


async def everything(store: SqlStore) -> list[tuple[int, Memory]]:
    def all_of(unit: Unit) -> list[tuple[int, Memory]]:
        return [row for who in (ADA, BOB) for row in unit.vectors.missing(who, "?", 0, 9999)[0]]

    return await store.read(all_of)


async def search(
    store: SqlStore,
    vector: Sequence[float],
    scope: Scope = HERE,
    limit: int = 9,
    **more: Any,
) -> list[Found]:
    model = more.pop("model", "m")
    return await store.read(lambda unit: unit.vectors.nearest(scope, model, vector, limit, **more))


async def near(store: SqlStore, *asked: Any, **more: Any) -> list[str]:
    return [one.memory.id for one in await search(store, *asked, **more)]


def at(number: int, where: Room = LOBBY, text: str = "") -> Memory:
    return memory(number, where, text, NOON + timedelta(minutes=number))


async def missing(
    store: SqlStore, after: int = 0, limit: int = 9, model: str = "m", who: CharacterId = ADA
) -> tuple[list[str], int]:
    rows, end = await store.read(lambda unit: unit.vectors.missing(who, model, after, limit))
    return [one.id for _, one in rows], end


# --- finding -----------------------------------------------------------------------------------


async def test_the_nearest_come_first_with_their_cosines(store: SqlStore) -> None:
    talk = [at(0), at(1), at(2)]
    assert await keep(store, (talk[0], WEST), (talk[1], (0.0, 7.0, 0.0)), (talk[2], EAST)) == 3
    found = await search(store, (30.0, 30.0, 0.0))
    cosines = [0.5**0.5, 0.5**0.5, -(0.5**0.5)]
    assert [one.score for one in found] == pytest.approx(cosines, abs=0.0002)
    assert {one.memory.id for one in found[:2]} == {"m1", "m2"}
    assert found[2].memory == talk[0]
    assert found[2].seq == 1
    assert await near(store, EAST, limit=1) == ["m2"]
    assert await near(store, EAST, least=-0.5) == ["m2", "m1"]


async def test_tables_people_times_and_rooms_narrow_it_down(store: SqlStore) -> None:
    kim = EntityId("kim")
    await keep(
        store,
        (at(0), EAST),
        (replace(at(1), author=kim), EAST),
        (replace(at(2), table="facts"), EAST),
        (at(3, ATTIC), NORTHEAST),
        (at(4), NORTH),
    )
    assert await near(store, EAST, replace(HERE, entity=kim)) == ["m1"]
    assert await near(store, EAST, replace(HERE, table="facts")) == ["m2"]
    assert await near(store, EAST, replace(HERE, before=NOON + timedelta(minutes=1))) == ["m0"]
    assert await near(store, EAST, Scope(ADA, (ATTIC.id,))) == ["m3"]
    assert (await near(store, EAST, BOTH))[2:] == ["m3", "m4"]
    assert await near(store, EAST, Scope(ADA, ())) == []
    assert await near(store, EAST, Scope(ADA, (RoomId("nowhere"),))) == []
    assert await near(store, EAST, limit=0) == []


async def test_nothing_comes_from_before_a_fresh_start(store: SqlStore) -> None:
    await keep(store, (at(0), EAST), (at(1), NORTHEAST), (at(2, ATTIC), NORTH))
    moment = NOON + timedelta(minutes=1)
    await store.write(lambda unit: unit.rooms.forget_before(ADA, LOBBY.id, moment))
    assert await near(store, EAST, BOTH) == ["m1", "m2"]


async def test_another_character_finds_nothing_of_hers(store: SqlStore) -> None:
    await keep(store, (at(0), EAST), (at(1, HIS), NORTH))
    assert await near(store, EAST, Scope(BOB, (LOBBY.id, HIS.id, ATTIC.id))) == ["m1"]
    assert await near(store, EAST, Scope(ADA, (LOBBY.id, HIS.id))) == ["m0"]
    assert await store.read(lambda unit: unit.vectors.of(BOB, "m", [MemoryId("m0")])) == {}


async def test_models_never_meet_and_widths_never_mix(store: SqlStore) -> None:
    await keep(store, (at(0), EAST))
    await keep(store, (at(1), (0.0, 1.0)), model="n")
    assert await near(store, EAST) == ["m0"]
    assert await near(store, (1.0, 1.0), model="n") == ["m1"]
    assert await near(store, EAST, model="unknown") == []
    with pytest.raises(ValueError, match="2 numbers among those of 3"):
        await search(store, (1.0, 0.0))
    with pytest.raises(ValueError, match="3 numbers among those of 2"):
        await keep(store, (at(2), EAST), model="n")


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
async def test_what_is_no_number_is_refused(store: SqlStore, odd: float) -> None:
    with pytest.raises(ValueError, match="none"):
        await keep(store, (at(0), EAST), (at(1), (odd, 0.0, 1.0)))
    assert await near(store, EAST) == []
    await keep(store, (at(2), EAST))
    with pytest.raises(ValueError, match="none"):
        await search(store, (odd, 0.0, 1.0))


async def test_zeros_say_nothing(store: SqlStore) -> None:
    assert await keep(store, (at(0), (0.0, 0.0, 0.0)), (at(1), EAST)) == 1
    assert await near(store, EAST) == ["m1"]
    assert await near(store, (0.0, 0.0, 0.0)) == []


@pytest.mark.parametrize("width", [3, 384, 1536])
async def test_two_bytes_a_number_change_a_cosine_by_less_than_can_be_told(
    store: SqlStore, width: int
) -> None:
    chance = random.Random(width)
    vectors = [[chance.gauss(0, 1) for _ in range(width)] for _ in range(20)]
    asked = [chance.gauss(0, 1) for _ in range(width)]
    await keep(store, *((at(n), vector) for n, vector in enumerate(vectors)))
    found = {one.memory.id: one.score for one in await search(store, asked, limit=20)}
    for number, vector in enumerate(vectors):
        dot = sum(a * b for a, b in zip(vector, asked, strict=True))
        cosine = dot / math.hypot(*vector) / math.hypot(*asked)
        assert abs(found[f"m{number}"] - cosine) < 0.0005


async def test_a_vector_comes_back_at_length_one(store: SqlStore) -> None:
    await keep(store, (at(0), (0.0, 3.0, 4.0)), (at(1), EAST))
    ids = [MemoryId("m0"), MemoryId("m9")]
    found = await store.read(lambda unit: unit.vectors.of(ADA, "m", ids))
    assert list(found) == ["m0"]
    assert found[MemoryId("m0")] == pytest.approx((0, 0.6, 0.8), abs=0.001)


# --- what is there, and what is not --------------------------------------------------------------


async def test_those_without_a_vector_come_up_oldest_first_and_once(store: SqlStore) -> None:
    await store.write(lambda unit: unit.memories.add([at(n) for n in range(5)]))
    await store.write(lambda unit: unit.memories.add([at(9, HIS), at(6, text="!")]))
    await take_in(store)
    first, end = await missing(store, limit=2)
    assert first == ["m0", "m1"]
    rest, end = await missing(store, end)
    assert rest == ["m2", "m3", "m4"]
    assert await missing(store, end) == ([], end)
    assert (await missing(store, who=BOB))[0] == ["m9"]


async def test_those_that_have_one_of_this_model_are_passed_by_in_any_number(
    store: SqlStore,
) -> None:
    await keep(store, *((at(n), EAST) for n in range(2500)))
    await store.write(lambda unit: unit.memories.add([at(2500)]))
    await take_in(store)
    names, end = await missing(store)
    assert names == ["m2500"]
    assert await missing(store, end) == ([], end)
    assert len((await missing(store, model="n", limit=99))[0]) == 99


async def test_an_edit_takes_the_vector_and_comes_up_again_behind_all_others(
    store: SqlStore,
) -> None:
    await keep(store, (at(0), EAST), (at(1), NORTH))
    _, end = await missing(store)
    await store.write(lambda unit: unit.memories.rewrite(ADA, MemoryId("m0"), "other words"))
    assert await near(store, EAST) == ["m1"]
    names, end = await missing(store, end)
    assert names == ["m0"]
    await store.write(lambda unit: unit.memories.put(replace(at(1), metadata={"n": 1})))
    assert await missing(store, end) == ([], end)
    assert await near(store, EAST) == ["m1"]


async def test_whose_words_changed_or_who_is_gone_meanwhile_is_left_out(store: SqlStore) -> None:
    talk = [at(n) for n in range(3)]
    await store.write(lambda unit: unit.memories.add(talk))
    await take_in(store)
    rows = [(seq, one, EAST) for seq, one in await everything(store)]

    def meanwhile(unit: Unit) -> None:
        unit.memories.rewrite(ADA, MemoryId("m0"), "other words")
        unit.memories.drop(ADA, [MemoryId("m2")])
        unit.memories.add([at(7)])  # SQLite gives it the number of m2

    await store.write(meanwhile)
    assert await store.write(lambda unit: unit.vectors.put("m", rows)) == 1
    assert await near(store, EAST) == ["m1"]


async def test_a_new_vector_takes_the_place_of_the_old_one(store: SqlStore) -> None:
    await keep(store, (at(0), EAST), (at(1), NORTH))
    assert await near(store, EAST) == ["m0", "m1"]
    await keep(store, (at(0), WEST))
    assert await near(store, EAST) == ["m1", "m0"]
    assert await store.read(lambda unit: unit.vectors.count(ADA, "m")) == (2, 2)


async def test_how_many_there_are_and_how_many_there_should_be(store: SqlStore) -> None:
    await keep(store, (at(0), EAST), (at(1), NORTH), (at(2, HIS), NORTH))
    await store.write(lambda unit: unit.memories.add([at(3), at(4, text="?")]))
    await take_in(store)
    assert await store.read(lambda unit: unit.vectors.count(ADA, "m")) == (2, 3)
    assert await store.read(lambda unit: unit.vectors.count(ADA, "n")) == (0, 3)


async def test_vectors_of_other_models_are_dropped_step_by_step(store: SqlStore) -> None:
    for model in ("before", "m", "after"):
        await keep(store, *((at(n), EAST) for n in range(5)), (at(9, HIS), EAST), model=model)
    dropped = [
        await store.write(lambda unit: unit.vectors.drop_others(ADA, "m", 6)) for _ in range(3)
    ]
    assert dropped == [6, 4, 0]
    assert len(await near(store, EAST)) == 5
    assert await near(store, EAST, model="before") == []
    assert await near(store, EAST, Scope(BOB, (HIS.id,)), model="before") == ["m9"]


@pytest.mark.parametrize("how", ["drop", "clear", "room"])
async def test_what_is_deleted_is_gone_also_from_memory(
    store: SqlStore, database: Database, tmp_path: Path, how: str
) -> None:
    await keep(store, (at(0), EAST), (at(1), EAST), (at(5, ATTIC), NORTH))
    assert len(await near(store, EAST, BOTH)) == 3
    await store.write(gone(how))
    assert await near(store, EAST, BOTH, limit=1) == ["m5"]
    assert database.ask(tmp_path, "SELECT count(*) AS n FROM embeddings") == [{"n": 1}]
    await keep(store, (at(8, ATTIC), EAST))
    assert await near(store, EAST, Scope(ADA, (ATTIC.id,))) == ["m8", "m5"]


async def test_what_a_write_has_seen_and_undone_is_not_remembered(store: SqlStore) -> None:
    await keep(store, (at(0), NORTH))
    assert await near(store, EAST) == ["m0"]

    def try_it(unit: Unit) -> None:
        unit.memories.add([at(1)])
        unit.vectors.put("m", [(2, at(1), EAST)])
        assert [one.memory.id for one in unit.vectors.nearest(HERE, "m", EAST, 1)] == ["m1"]
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(try_it)
    assert await near(store, EAST) == ["m0"]
    await keep(store, (at(2), WEST))
    assert await near(store, EAST) == ["m0", "m2"]


async def test_a_room_is_evicted_from_memory_at_once(store: SqlStore) -> None:
    await keep(store, (at(0), EAST), (at(1, ATTIC), EAST))
    await near(store, EAST, BOTH)
    in_memory = store._nearby.exact.bytes
    store.evict(ADA, LOBBY.id)
    assert store._nearby.exact.bytes == in_memory / 2
    store.evict(BOB)
    store.evict(ADA)
    assert store._nearby.exact.bytes == 0
    assert await near(store, EAST, BOTH) == ["m1", "m0"] or in_memory == 0


async def test_two_search_while_a_third_writes(store: SqlStore) -> None:
    """Nobody sees half a vector, and what was kept before a search began is in it."""
    kept = 0

    async def write() -> None:
        nonlocal kept
        for number in range(60):
            await keep(store, (at(number), (1.0, number / 10, 0.0)))
            kept = number + 1

    async def read() -> None:
        while kept < 60:
            before = kept
            found = await search(store, EAST, limit=99)
            assert len(found) >= before
            for one in found:
                tangent = int(one.memory.id[1:]) / 10
                assert one.score == pytest.approx(1 / math.hypot(1, tangent), abs=0.001)

    async with asyncio.TaskGroup() as group:
        for work in (write(), read(), read()):
            group.create_task(work)
