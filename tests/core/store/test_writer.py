"""One writing thread, many callers: each gets an own answer, all share the commit."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from core.errors import StoreUnavailable
from core.ports import Unit
from core.store.engine import SqlStore, open_store
from core.store.postgres import PostgresPen, Server
from core.store.sqlite import SqlitePen
from core.store.writer import Pen, Writer
from tests.core.store.conftest import Held
from tests.core.store.rows import NOON, ONE, received
from tests.fakes.databases import Database

VIOLATIONS = (sqlite3.IntegrityError, psycopg.IntegrityError)


class Mistake(Exception):
    """A bug in somebody's function."""


@pytest.fixture
def table(database: Database, tmp_path: Path) -> Table:
    return Table(database, tmp_path)


@dataclass
class Table:
    """Two tables of which one leans on the other, which is looked at only when it commits."""

    database: Database
    folder: Path

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Writer]:
        self.ask("CREATE TABLE IF NOT EXISTS parent (id INTEGER PRIMARY KEY)")
        self.ask(
            "CREATE TABLE IF NOT EXISTS child (id INTEGER PRIMARY KEY, parent INTEGER"
            " REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        writer = Writer(self._pen())
        writer.start()
        try:
            yield writer
        finally:
            await writer.stop()

    def _pen(self) -> Pen:
        if self.database.url:
            return PostgresPen(Server(sa.make_url(self.database.url)))
        file = self.folder / "troupe.db"
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        engine = sa.create_engine(
            f"sqlite:///{file}",
            isolation_level="AUTOCOMMIT",
            connect_args={"timeout": 0.05},
            poolclass=NullPool,
        )
        sa.event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys=ON"))
        return SqlitePen(engine)

    def ask(self, question: str) -> list[Mapping[str, Any]]:
        return self.database.ask(self.folder, question)

    def rows(self, table: str = "parent") -> list[int]:
        return [row["id"] for row in self.ask(f"SELECT id FROM {table} ORDER BY id")]


def add(table: str, row: int, parent: int | None = None) -> Callable[[sa.Connection], int]:
    def work(connection: sa.Connection) -> int:
        if table == "parent":
            connection.execute(sa.text("INSERT INTO parent VALUES (:row)"), {"row": row})
        else:
            values = {"row": row, "parent": parent}
            connection.execute(sa.text("INSERT INTO child VALUES (:row, :parent)"), values)
        return row

    return work


async def outcome(writer: Writer, work: Callable[[sa.Connection], object]) -> object:
    try:
        return await writer.write(work)
    except (Mistake, *VIOLATIONS) as error:
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


async def test_one_that_fails_among_twenty_harms_only_itself(table: Table) -> None:
    def fails(connection: sa.Connection) -> None:
        add("parent", 100)(connection)
        raise Mistake

    async with table.writing() as writer:
        works: list[Callable[[sa.Connection], object]] = [add("parent", n) for n in range(20)]
        works[7] = fails
        results = await together(writer, works)
    assert isinstance(results.pop(7), Mistake)
    assert results == [n for n in range(20) if n != 7]
    assert table.rows() == [n for n in range(20) if n != 7]


async def test_every_failing_one_hears_of_its_own_failure(table: Table) -> None:
    def fails(word: str) -> Callable[[sa.Connection], None]:
        def work(connection: sa.Connection) -> None:
            raise Mistake(word)

        return work

    async with table.writing() as writer:
        one, two, three = await together(writer, [fails("one"), add("parent", 1), fails("three")])
    assert (str(one), two, str(three)) == ("one", 1, "three")


async def test_what_waits_shares_one_commit(database: Database, table: Table) -> None:
    said: list[str] = []

    def listen(connection: sa.Connection) -> None:
        raw = connection.connection.driver_connection
        if isinstance(raw, sqlite3.Connection):
            raw.set_trace_callback(said.append)

    async with table.writing() as writer:
        await writer.write(listen)
        said.clear()
        await together(writer, [add("parent", n) for n in range(20)])
    if database.kind == "sqlite":
        assert said.count("COMMIT") == 2  # of the one that was running, and of the twenty
    else:
        (found,) = table.ask("SELECT count(DISTINCT xmin::text), count(*) AS rows FROM parent")
        assert found == {"count": 1, "rows": 20}


async def test_a_commit_that_fails_fails_for_all_and_keeps_nothing(table: Table) -> None:
    async with table.writing() as writer:
        results = await together(
            writer, [add("parent", 1), add("child", 1, parent=999), add("parent", 2)]
        )
        assert [isinstance(one, VIOLATIONS) for one in results] == [True] * 3
        assert table.rows() == []
        assert await writer.write(add("parent", 3)) == 3
    assert table.rows() == [3]
    assert table.rows("child") == []


async def test_what_another_program_locks_is_told_apart_from_a_bug(
    database: Database, table: Table
) -> None:
    async with table.writing() as writer:
        with held(database, table.folder), pytest.raises(StoreUnavailable, match="locked"):
            await writer.write(add("parent", 1))
        assert await writer.write(add("parent", 1)) == 1
        with pytest.raises(sa.exc.IntegrityError):
            await writer.write(add("parent", 1))
    assert table.rows() == [1]


@contextmanager
def held(database: Database, folder: Path) -> Iterator[None]:
    if database.url:
        with psycopg.connect(database.url) as line:
            line.execute("LOCK TABLE parent")
            yield
        return
    with closing(sqlite3.connect(folder / "troupe.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_a_cancelled_callers_words_are_written_all_the_same(table: Table) -> None:
    first = Held()
    async with table.writing() as writer:
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
    assert table.rows() == [1, 2]


async def test_closing_writes_what_is_queued(table: Table) -> None:
    first = Held()
    async with asyncio.TaskGroup() as group, table.writing() as writer:
        group.create_task(writer.write(first))
        await first.begun()
        tasks = [group.create_task(writer.write(add("parent", n))) for n in range(5)]
        await asyncio.sleep(0)
        first.release()
    assert [task.result() for task in tasks] == [0, 1, 2, 3, 4]
    assert table.rows() == [0, 1, 2, 3, 4]


async def test_a_function_that_raises_undoes_itself(store: SqlStore) -> None:
    def half(unit: Unit) -> None:
        unit.inbox.add([received("m:7:1")], NOON)
        raise Mistake

    with pytest.raises(Mistake):
        await store.write(half)
    assert await store.read(lambda unit: unit.inbox.waiting(ONE)) == []
    assert await store.write(lambda unit: unit.inbox.add([received("m:7:1")], NOON)) != [None]


async def test_what_is_written_is_there_after_the_next_start(
    database: Database, tmp_path: Path
) -> None:
    async with open_store(database.url, tmp_path) as store:
        await store.write(lambda unit: unit.inbox.add([received("m:7:1")], NOON))
    async with open_store(database.url, tmp_path) as store:
        (waiting,) = await store.read(lambda unit: unit.inbox.waiting(ONE))
        assert await store.write(lambda unit: unit.inbox.add([received("m:7:1")], NOON)) == [None]
        (found,) = await store.read(lambda unit: unit.inbox.load([waiting.id]))
    assert found.payload == received("m:7:1").payload


async def test_a_commit_survives_power_loss_as_far_as_the_disk_keeps_its_word(
    store: SqlStore, database: Database
) -> None:
    def asked(unit: Unit) -> dict[str, object]:
        connection: sa.Connection = unit._db  # type: ignore[attr-defined]  # looks below the port
        if database.kind == "postgres":
            said = connection.exec_driver_sql("SHOW synchronous_commit").scalar()
            return {"synchronous_commit": said}
        names = ("journal_mode", "synchronous", "foreign_keys")
        return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}

    promised = {
        "sqlite": {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1},
        "postgres": {"synchronous_commit": "on"},
    }
    for door in (store.write, store.read):
        assert await door(asked) == promised[database.kind]


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


async def test_what_is_alone_in_its_commit_is_told_of_before_it_is_kept(table: Table) -> None:
    told: list[int] = []
    async with table.writing() as writer:

        def add(connection: sa.Connection) -> int:
            connection.execute(sa.text("INSERT INTO parent VALUES (7)"))
            return 7

        assert await writer.write(add, told.append) == 7
    assert told == [7]


async def test_a_function_that_fails_is_told_of_to_nobody_early(table: Table) -> None:
    told: list[int] = []

    def fail(connection: sa.Connection) -> int:
        raise Mistake

    async with table.writing() as writer:
        with pytest.raises(Mistake):
            await writer.write(fail, told.append)
    assert told == []
