"""One writing thread, many callers: each gets an own answer, all share the commit."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.errors import StoreUnavailable
from core.ports import Unit
from core.store.engine import SqlStore, open_store
from core.store.sqlite import SqlitePen
from core.store.writer import Writer
from tests.core.store.conftest import Held
from tests.core.store.rows import NOON, ONE, received


class Mistake(Exception):
    """A bug in somebody's function."""


@asynccontextmanager
async def writing(file: Path) -> AsyncIterator[Writer]:
    """A writer on a table whose keys are looked at only when it commits."""
    engine = sa.create_engine(
        f"sqlite:///{file}", isolation_level="AUTOCOMMIT", connect_args={"timeout": 0.05}
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS parent (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql(
            "CREATE TABLE IF NOT EXISTS child (id INTEGER PRIMARY KEY, parent INTEGER"
            " REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"
        )
    sa.event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys=ON"))
    engine.dispose()
    writer = Writer(SqlitePen(engine))
    writer.start()
    try:
        yield writer
    finally:
        await writer.stop()
        engine.dispose()


def add(table: str, row: int, parent: int | None = None) -> Callable[[sa.Connection], int]:
    def work(connection: sa.Connection) -> int:
        if table == "parent":
            connection.exec_driver_sql("INSERT INTO parent VALUES (?)", (row,))
        else:
            connection.exec_driver_sql("INSERT INTO child VALUES (?, ?)", (row, parent))
        return row

    return work


def rows(file: Path, table: str = "parent") -> list[int]:
    connection = sqlite3.connect(file)
    try:
        return [row[0] for row in connection.execute(f"SELECT id FROM {table} ORDER BY id")]
    finally:
        connection.close()


async def outcome(writer: Writer, work: Callable[[sa.Connection], object]) -> object:
    try:
        return await writer.write(work)
    except (Mistake, sqlite3.IntegrityError) as error:
        return error


async def together(writer: Writer, works: list[Callable[[sa.Connection], object]]) -> list[object]:
    """What becomes of functions that wait while another one runs, and so share a commit."""
    first = Held()
    async with asyncio.TaskGroup() as group:
        group.create_task(writer.write(first))
        await first.begun()
        tasks = [group.create_task(outcome(writer, work)) for work in works]
        await asyncio.sleep(0)
        first.release()
    return [task.result() for task in tasks]


async def test_one_that_fails_among_twenty_harms_only_itself(tmp_path: Path) -> None:
    def fails(connection: sa.Connection) -> None:
        add("parent", 100)(connection)
        raise Mistake

    async with writing(tmp_path / "db") as writer:
        works: list[Callable[[sa.Connection], object]] = [add("parent", n) for n in range(20)]
        works[7] = fails
        results = await together(writer, works)
    assert isinstance(results.pop(7), Mistake)
    assert results == [n for n in range(20) if n != 7]
    assert rows(tmp_path / "db") == [n for n in range(20) if n != 7]


async def test_every_failing_one_hears_of_its_own_failure(tmp_path: Path) -> None:
    def fails(word: str) -> Callable[[sa.Connection], None]:
        def work(connection: sa.Connection) -> None:
            raise Mistake(word)

        return work

    async with writing(tmp_path / "db") as writer:
        one, two, three = await together(writer, [fails("one"), add("parent", 1), fails("three")])
    assert (str(one), two, str(three)) == ("one", 1, "three")


async def test_what_waits_shares_one_commit(tmp_path: Path) -> None:
    said: list[str] = []

    def listen(connection: sa.Connection) -> None:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.set_trace_callback(said.append)

    async with writing(tmp_path / "db") as writer:
        await writer.write(listen)
        said.clear()
        await together(writer, [add("parent", n) for n in range(20)])
    assert said.count("COMMIT") == 2  # of the one that was running, and of the twenty


async def test_a_commit_that_fails_fails_for_all_and_keeps_nothing(tmp_path: Path) -> None:
    async with writing(tmp_path / "db") as writer:
        results = await together(
            writer, [add("parent", 1), add("child", 1, parent=999), add("parent", 2)]
        )
        assert [type(one).__name__ for one in results] == ["IntegrityError"] * 3
        assert rows(tmp_path / "db") == []
        assert await writer.write(add("parent", 3)) == 3
    assert rows(tmp_path / "db") == [3]
    assert rows(tmp_path / "db", "child") == []


async def test_a_locked_file_is_told_apart_from_a_bug(tmp_path: Path) -> None:
    file = tmp_path / "db"
    async with writing(file) as writer:
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            await writer.write(add("parent", 1))
        other.execute("ROLLBACK")
        other.close()
        assert await writer.write(add("parent", 1)) == 1
        with pytest.raises(sa.exc.IntegrityError):
            await writer.write(add("parent", 1))
    assert rows(file) == [1]


async def test_a_cancelled_callers_words_are_written_all_the_same(tmp_path: Path) -> None:
    first = Held()
    async with writing(tmp_path / "db") as writer:
        async with asyncio.TaskGroup() as group:
            group.create_task(writer.write(first))
            await first.begun()
            leaving = group.create_task(writer.write(add("parent", 1)))
            staying = group.create_task(writer.write(add("parent", 2)))
            await asyncio.sleep(0)
            leaving.cancel()
            await asyncio.sleep(0)
            first.release()
        assert leaving.cancelled()
        assert staying.result() == 2
    assert rows(tmp_path / "db") == [1, 2]


async def test_closing_writes_what_is_queued(tmp_path: Path) -> None:
    first = Held()
    async with asyncio.TaskGroup() as group, writing(tmp_path / "db") as writer:
        group.create_task(writer.write(first))
        await first.begun()
        tasks = [group.create_task(writer.write(add("parent", n))) for n in range(5)]
        await asyncio.sleep(0)
        first.release()
    assert [task.result() for task in tasks] == [0, 1, 2, 3, 4]
    assert rows(tmp_path / "db") == [0, 1, 2, 3, 4]


async def test_a_function_that_raises_undoes_itself(store: SqlStore) -> None:
    def half(unit: Unit) -> None:
        unit.inbox.add([received("m:7:1")], NOON)
        raise Mistake

    with pytest.raises(Mistake):
        await store.write(half)
    assert await store.read(lambda unit: unit.inbox.waiting(ONE)) == []
    assert await store.write(lambda unit: unit.inbox.add([received("m:7:1")], NOON)) != [None]


async def test_what_is_written_is_there_after_the_next_start(tmp_path: Path) -> None:
    async with open_store(None, tmp_path) as store:
        await store.write(lambda unit: unit.inbox.add([received("m:7:1")], NOON))
    async with open_store(None, tmp_path) as store:
        (waiting,) = await store.read(lambda unit: unit.inbox.waiting(ONE))
        assert await store.write(lambda unit: unit.inbox.add([received("m:7:1")], NOON)) == [None]
        (found,) = await store.read(lambda unit: unit.inbox.load([waiting.id]))
    assert found.payload == received("m:7:1").payload


async def test_a_commit_survives_power_loss_as_far_as_the_disk_keeps_its_word(
    store: SqlStore, tmp_path: Path
) -> None:
    def asked(unit: Unit) -> dict[str, object]:
        connection: sa.Connection = unit._db  # type: ignore[attr-defined]  # looks below the port
        names = ("journal_mode", "synchronous", "foreign_keys")
        return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}

    for door in (store.write, store.read):
        assert await door(asked) == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


async def test_a_database_that_cannot_be_opened_yet_is_told_and_then_used(tmp_path: Path) -> None:
    folder = tmp_path / "away"
    engine = sa.create_engine(f"sqlite:///{folder / 'troupe.db'}", isolation_level="AUTOCOMMIT")
    writer = Writer(SqlitePen(engine))
    writer.start()
    with pytest.raises(StoreUnavailable):
        await writer.write(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())
    await asyncio.to_thread(folder.mkdir)
    assert await writer.write(lambda db: db.exec_driver_sql("SELECT 1").scalar()) == 1
    await writer.stop()
    engine.dispose()
