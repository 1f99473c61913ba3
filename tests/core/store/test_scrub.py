"""What was deleted can be read in no byte of the file, and nobody waits long for that."""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import StoreUnavailable
from core.ids import EntityId, MemoryId
from core.messages import Memory
from core.ports import Scope, Unit
from core.store import sqlite
from core.store.engine import SqlStore, open_store
from tests.core.store.conftest import Held
from tests.core.store.people_said import in_bytes, person
from tests.core.store.rows import ADA, NOON, memory, room, world
from tests.fakes.databases import Database

TEXTS = 3_000
_BOB = person("11")


def mixed(number: int, chance: random.Random) -> Memory:
    """Of any length, so that pages split and long ones get pages of their own."""
    author = _BOB if number % 3 else EntityId("zoe")
    text = f"canary{'b' if author == _BOB else 'z'}{number} " * chance.randint(1, 3)
    text += "x" * chance.choice((0, 100, 800, 6_000))
    return replace(memory(number, room(), text), author=author)


async def talked(store: SqlStore) -> None:
    """Much is said, said otherwise, and deleted."""
    chance = random.Random(3)
    await store.write(lambda unit: unit.rooms.ensure([world()], [room()]))
    for start in range(0, TEXTS, 100):
        new = [mixed(number, chance) for number in range(start, start + 100)]
        edited = [chance.randrange(start + 100) for _ in range(20)]
        dropped = [MemoryId(f"m{chance.randrange(start + 100)}") for _ in range(10)]

        def step(
            unit: Unit,
            new: list[Memory] = new,
            edited: list[int] = edited,
            dropped: list[MemoryId] = dropped,
        ) -> None:
            unit.memories.add(new)
            unit.passages.behind(100)
            for number in edited:
                whose = "b" if number % 3 else "z"
                unit.memories.rewrite(ADA, MemoryId(f"m{number}"), f"canary{whose}edited{number}")
            unit.memories.drop(ADA, dropped)
            unit.passages.behind(100)

        await store.write(step)


def of_bob(data: Path) -> set[str]:
    return {one for one in in_bytes(data) if one.startswith("canaryb")}


async def test_after_much_talk_no_byte_is_left_of_whoever_is_forgotten(tmp_path: Path) -> None:
    async with open_store(None, tmp_path) as store:
        await talked(store)
        assert of_bob(tmp_path)
        await store.write(lambda unit: unit.persons.forget(ADA, _BOB, NOON))
        assert of_bob(tmp_path), "or this test shows nothing"
        assert await store.scrub()
        assert not of_bob(tmp_path)
        kept = await store.read(lambda unit: unit.memories.count(ADA))
        assert kept
        assert len({one for one in in_bytes(tmp_path) if one.startswith("canaryz")}) >= kept


async def test_nothing_is_rewritten_where_nobody_was_forgotten(tmp_path: Path) -> None:
    async with open_store(None, tmp_path) as store:
        await store.write(lambda unit: unit.rooms.ensure([world()], [room()]))
        await store.write(lambda unit: unit.memories.add([memory(1, room())]))
        before = (tmp_path / "troupe.db").read_bytes()
        assert await store.scrub()
        assert (tmp_path / "troupe.db").read_bytes() == before


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "troupe.db", isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        sqlite.set_up(raw)
        raw.execute("CREATE TABLE said (words TEXT)")
        raw.executemany("INSERT INTO said VALUES (?)", [(f"canaryb{one}",) for one in range(999)])
        raw.execute("DELETE FROM said WHERE rowid % 2")
        yield raw


def test_a_large_file_is_rewritten_only_when_it_may_take_a_while_and_that_is_said(
    raw: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    assert not sqlite.scrub(raw, whole=False, in_passing=1)
    assert not caplog.records
    assert sqlite.scrub(raw, whole=True, in_passing=1)
    assert ["waits" in one.message for one in caplog.records] == [True, False]
    assert all(one.levelno == logging.WARNING for one in caplog.records)


def test_who_reads_meanwhile_is_not_disturbed_and_it_is_done_again(
    raw: sqlite3.Connection, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "troupe.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM said").fetchone() == (499,)
        assert not sqlite.scrub(raw, whole=False)
        assert reader.execute("SELECT count(*) FROM said").fetchone() == (499,)
        reader.execute("COMMIT")
    assert sqlite.scrub(raw, whole=False)
    assert (tmp_path / "troupe.db-wal").stat().st_size == 0


async def test_what_waits_before_and_behind_a_scrub_is_written_in_order(tmp_path: Path) -> None:
    async with open_store(None, tmp_path) as store:
        await store.write(lambda unit: unit.rooms.ensure([world()], [room()]))
        await store.write(lambda unit: unit.persons.forget(ADA, _BOB, NOON))
        held, ended = Held(), list[str]()

        async def say(number: int) -> None:
            await store.write(lambda unit: unit.memories.add([memory(number, room())]))
            ended.append(f"m{number}")

        async def scrub() -> None:
            assert await store.scrub()
            ended.append("scrub")

        async with asyncio.TaskGroup() as group:
            group.create_task(store.write(held))
            await held.begun()
            group.create_task(say(1))
            group.create_task(scrub())
            await asyncio.sleep(0.1)
            group.create_task(say(2))
            await asyncio.sleep(0.05)
            held.release()
        assert sorted(ended) == ["m1", "m2", "scrub"]
        assert ended[0] == "m1"
        assert await store.read(lambda unit: unit.memories.count(ADA)) == 2


async def test_a_scrub_that_fails_hurts_nobody_else_and_stays_owed(tmp_path: Path) -> None:
    async with open_store(None, tmp_path) as store:
        await store.write(lambda unit: unit.persons.forget(ADA, _BOB, NOON))
        with closing(sqlite3.connect(tmp_path / "troupe.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable):
                await store.scrub()
            other.execute("COMMIT")
        await store.write(lambda unit: unit.rooms.ensure([world()], [room()]))
        assert await store.scrub()
        before = (tmp_path / "troupe.db").read_bytes()
        assert await store.scrub(), "and then nothing is owed any more"
        assert (tmp_path / "troupe.db").read_bytes() == before


async def test_vectors_of_whoever_is_forgotten_go_with_their_words(
    tmp_path: Path, database: Database
) -> None:
    async with open_store(database.url, tmp_path) as store:

        def put(unit: Unit) -> None:
            unit.rooms.ensure([world()], [room()])
            unit.memories.add([mixed(number, random.Random(number)) for number in range(30)])
            unit.passages.behind(100)
            rows, _ = unit.vectors.missing(ADA, "m", 0, 100)
            chance = random.Random(1)
            unit.vectors.put(
                "m", [(seq, one, [chance.random() for _ in range(64)]) for seq, one in rows]
            )

        def near(unit: Unit) -> set[str]:
            scope = Scope(ADA, (room().id,))
            return {one.memory.author for one in unit.vectors.nearest(scope, "m", [1.0] * 64, 30)}

        await store.write(put)
        assert await store.read(near) == {_BOB, "zoe"}
        vectors = [] if database.server else stored_vectors(tmp_path)
        await store.write(lambda unit: unit.persons.forget(ADA, _BOB, NOON))
        store.evict(ADA, room().id)
        assert await store.read(near) == {"zoe"}
        assert await store.read(lambda unit: unit.vectors.count(ADA, "m")) == (10, 10)
        assert await store.scrub()
        if not database.server:
            file = (tmp_path / "troupe.db").read_bytes()
            assert sorted(one in file for one in vectors) == [False] * 20 + [True] * 10


def stored_vectors(data: Path) -> list[bytes]:
    with closing(sqlite3.connect(data / "troupe.db")) as file:
        return [row[0] for row in file.execute("SELECT vector FROM embeddings")]
