"""PostgreSQL alone: lines that break, a second gateway, commits in doubt, and words for it all."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.errors import AlreadyRunning, BadInput, StoreUnavailable
from core.messages import Received
from core.ports import Unit
from core.store.engine import SqlStore, open_store
from tests.core.store.rows import ADA, NOON, ONE, memory, received, room, world
from tests.fakes.databases import Database
from tests.fakes.postgres import PASSWORD, PostgresServer
from tests.fakes.relay import Relay, relay


@pytest.fixture
def name(postgres: PostgresServer) -> Iterator[str]:
    """A database with the newest tables."""
    made = postgres.database("furnished")
    yield made
    postgres.drop(made)


@pytest.fixture
def bare(postgres: PostgresServer) -> Iterator[str]:
    """A database with nothing in it."""
    made = postgres.database()
    yield made
    postgres.drop(made)


@pytest.fixture
def line(postgres: PostgresServer) -> Iterator[Relay]:
    with relay(postgres.port) as line:
        yield line


@pytest.fixture
async def far(name: str, line: Relay, tmp_path: Path) -> AsyncIterator[SqlStore]:
    """A store at the other end of a line that can be cut."""
    async with open_store(through(line, name), tmp_path) as store:
        yield store


def through(line: Relay, database: str) -> str:
    return f"postgresql://troupe:{PASSWORD}@127.0.0.1:{line.port}/{database}"


async def add(store: SqlStore, *keys: str) -> list[int | None]:
    return await store.write(lambda unit: unit.inbox.add([received(key) for key in keys], NOON))


async def stored(store: SqlStore) -> list[int]:
    return [one.id for one in await store.read(lambda unit: unit.inbox.waiting(ONE))]


async def in_time(store: SqlStore, *keys: str) -> list[int | None]:
    """As the patient store above does it: again until it is kept."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await add(store, *keys)
            except StoreUnavailable:
                await asyncio.sleep(0.05)


# --- lines that break --------------------------------------------------------------------------


async def test_a_line_that_broke_while_nothing_was_under_way_is_nobodys_trouble(
    far: SqlStore, line: Relay
) -> None:
    for number in range(3):
        assert await add(far, f"m:{number}") != [None]
        assert len(await stored(far)) == number + 1
        await asyncio.to_thread(line.cut)


async def test_a_commit_whose_answer_was_lost_is_found_to_be_kept(
    far: SqlStore, line: Relay
) -> None:
    """Were it done again, its message would be taken for a double, and nobody would answer it."""
    line.cut_at(b"COMMIT", passes=True)
    async with asyncio.timeout(10):
        rows = await add(far, "m:1", "m:2")
    assert line.cuts == 1
    assert rows == await stored(far)


async def test_a_commit_that_was_lost_on_its_way_is_told_to_be_lost(
    far: SqlStore, line: Relay
) -> None:
    line.cut_at(b"COMMIT", passes=False)
    with pytest.raises(StoreUnavailable, match="connection"):
        async with asyncio.timeout(10):
            await add(far, "m:1")
    assert line.cuts == 1
    assert await stored(far) == []
    assert await add(far, "m:1") == await stored(far)


async def test_a_doubt_is_cleared_once_the_server_is_back_and_others_hear_at_once(
    name: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    with relay(postgres.port) as line:
        async with open_store(through(line, name), tmp_path) as store:
            line.away = True
            line.cut_at(b"COMMIT", passes=True)
            async with asyncio.TaskGroup() as group:
                doubtful = group.create_task(add(store, "m:1"))
                while not line.cuts:  # noqa: ASYNC110  (in a thread of its own)
                    await asyncio.sleep(0.01)
                with pytest.raises(StoreUnavailable, match="cannot be reached"):
                    async with asyncio.timeout(30):
                        await add(store, "m:2")
                assert not doubtful.done()
                line.away = False
            assert doubtful.result() == await stored(store)


@pytest.mark.parametrize("word", [b"BEGIN", b"INSERT INTO inbox"])
async def test_a_line_that_breaks_before_the_commit_costs_one_more_try(
    word: bytes, far: SqlStore, line: Relay
) -> None:
    await add(far, "m:0")
    line.cut_at(word, passes=True)
    assert await in_time(far, "m:1") != [None]
    assert line.cuts == 1
    assert len(await stored(far)) == 2


async def test_a_batch_that_a_broken_line_has_undone_is_kept_whole_or_not_at_all(
    far: SqlStore, line: Relay
) -> None:
    line.cut_at(b"INSERT INTO inbox", passes=True)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(in_time(far, f"m:{number}")) for number in range(20)]
    assert sorted(row or 0 for task in tasks for row in task.result()) == await stored(far)
    assert line.cuts == 1


# --- one gateway for one database --------------------------------------------------------------


async def test_g16_a_second_gateway_on_one_database_is_refused_in_words(
    name: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    async with open_store(postgres.url(name), tmp_path / "one") as store:
        with pytest.raises(AlreadyRunning, match=r"another gateway .*process") as refused:
            async with open_store(postgres.url(name), tmp_path / "two", patience=0.3):
                raise AssertionError("both write")
        assert PASSWORD not in str(refused.value)
        assert await add(store, "m:1") != [None]
    async with open_store(postgres.url(name), tmp_path / "two", patience=0.3) as store:
        assert len(await stored(store)) == 1


async def test_one_that_was_cut_off_cannot_write_beside_its_successor(
    name: str, line: Relay, postgres: PostgresServer, tmp_path: Path
) -> None:
    async with open_store(through(line, name), tmp_path / "one") as first:
        await add(first, "m:1")
        postgres.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid()",
            "postgres",
            name,
        )
        async with open_store(postgres.url(name), tmp_path / "two") as second:
            with pytest.raises(StoreUnavailable, match="another gateway"):
                await add(first, "m:2")
            assert await add(second, "m:3") != [None]
        assert await in_time(first, "m:2") != [None]


async def test_ones_own_lost_connection_does_not_keep_one_out(far: SqlStore, line: Relay) -> None:
    """The server has not noticed yet that nobody is there, and holds the lock for it."""
    await add(far, "m:1")
    line.unnoticed = True
    await asyncio.to_thread(line.cut)
    assert await in_time(far, "m:2") != [None]
    assert len(await stored(far)) == 2


async def test_of_many_that_start_at_once_on_an_empty_database_one_does(
    bare: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    done = asyncio.Event()

    async def start(number: int) -> bool:
        try:
            folder = tmp_path / str(number)
            async with open_store(postgres.url(bare), folder, patience=0.5) as store:
                await add(store, "m:1")
                await done.wait()
        except AlreadyRunning:
            return False
        return True

    async with asyncio.TaskGroup() as group:
        starts = [group.create_task(start(number)) for number in range(4)]
        while sum(one.done() for one in starts) < 3:  # noqa: ASYNC110  (they have no bell)
            await asyncio.sleep(0.02)
        done.set()
    assert [one.result() for one in starts].count(True) == 1


# --- what a person has to mend -----------------------------------------------------------------


async def opened(url: str, folder: Path, patience: float = 0.3) -> str:
    """What is said when it cannot be opened, with everything that a careless log would add."""
    try:
        async with open_store(url, folder, patience=patience):
            return ""
    except BadInput as error:
        whole = "".join(traceback.format_exception(error))
        seen: BaseException | None = error
        while seen is not None:
            whole += repr(vars(seen)) + repr(getattr(seen, "pgconn", ""))
            seen = seen.__cause__ or seen.__context__
        assert PASSWORD not in whole
        assert "sesame" not in whole
        (finding,) = error.findings
        assert finding.where == "DATABASE_URL"
        assert finding.mend
        return str(finding)


async def test_each_mistake_has_its_own_words_and_none_shows_the_password(
    bare: str, postgres: PostgresServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def said(url: str) -> str:
        return await opened(url, tmp_path)

    assert "no such database" in await said(postgres.url("nowhere"))
    assert "refuses this user or password" in await said(postgres.url(bare, password="sesame"))
    unknown = postgres.url(bare).replace("troupe:", "nobody:")
    assert "refuses this user or password" in await said(unknown)
    assert "option" in await said(postgres.url(bare) + "?colour=sesame")
    for unreadable in ("ses@ame", "s@esame/", "se@sa@me"):
        word = await said(f"postgresql://troupe:{unreadable}@127.0.0.1/x")
        assert "not a database URL" in word
    assert "not in mysql" in await said("mysql://troupe:sesame@127.0.0.1/x")
    assert "TLS" in await said(postgres.url(bare) + "?sslmode=require")
    silent = "postgresql://troupe:sesame@127.0.0.1:1/x"
    assert "nothing answers at its address" in await said(silent)
    assert "cannot be resolved" in await said("postgresql://troupe:sesame@no.such.invalid/x")
    assert "sesame" not in caplog.text
    assert PASSWORD not in caplog.text


async def test_a_database_that_cannot_hold_every_character_is_refused(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    postgres.ask("CREATE DATABASE narrow TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        assert "ENCODING 'UTF8'" in await opened(postgres.url("narrow"), tmp_path)
    finally:
        postgres.drop("narrow")


async def test_a_user_who_may_not_make_tables_is_told_what_to_ask_for(
    bare: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    postgres.ask("CREATE ROLE guest LOGIN PASSWORD 'sesame-sesame'")
    try:
        url = postgres.url(bare, password="sesame-sesame").replace("troupe:", "guest:")
        assert "GRANT CREATE" in await opened(url, tmp_path)
        postgres.ask(f"ALTER DATABASE {bare} CONNECTION LIMIT 0")
        assert "too many connections" in await opened(url, tmp_path)
    finally:
        postgres.ask("DROP ROLE guest")


async def test_an_older_postgres_url_works_as_well(
    name: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    for scheme in ("postgres", "postgresql+psycopg"):
        url = postgres.url(name).replace("postgresql:", f"{scheme}:")
        async with open_store(url, tmp_path) as store:
            assert None not in await add(store, scheme), "it is new, and it is kept"


async def test_without_its_driver_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    said = await opened("postgresql://troupe:sesame@127.0.0.1/x", tmp_path)
    assert "psycopg" in said
    assert "troupe[postgres]" in said


def test_who_keeps_to_sqlite_loads_nothing_of_it() -> None:
    asked = (
        "import asyncio, sys, tempfile, pathlib\n"
        "from core.store.engine import open_store\n"
        "async def run():\n"
        "    async with open_store(None, pathlib.Path(tempfile.mkdtemp())): pass\n"
        "asyncio.run(run())\n"
        "print([one for one in sys.modules if 'psycopg' in one or 'postgres' in one])"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_server_that_is_away_at_the_start_is_waited_for_with_one_line(
    name: str, postgres: PostgresServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with relay(postgres.port) as line:
        port = line.port
        line.close()
        url = f"postgresql://troupe:{PASSWORD}@127.0.0.1:{port}/{name}"
        caplog.set_level(logging.INFO)

        async def start() -> list[int | None]:
            async with open_store(url, tmp_path) as store:
                return await add(store, "m:1")

        async with asyncio.TaskGroup() as group:
            starting = group.create_task(start())
            await asyncio.sleep(1)
            assert not starting.done()
            late = Relay(postgres.port, at=port)
        assert starting.result() != [None]
        late.close()
    assert caplog.text.count("cannot be opened now") == 1


# --- what is kept ------------------------------------------------------------------------------

ODD = "a\0b\x1ac\x1a0\x1a\x1a\0\0 é 👍 \ufffe \U0010ffff"


async def test_every_character_that_people_write_comes_back(
    store: SqlStore, database: Database
) -> None:
    """PostgreSQL itself refuses NUL."""
    here = replace(room(), name=ODD)
    await store.write(lambda unit: unit.rooms.ensure([world()], [here]))
    said = replace(received("m:1", payload=ODD.encode()), author=ODD, event_key=ODD)
    kept = replace(memory(1, here, ODD), metadata={"odd": ODD})
    (row,) = await store.write(lambda unit: unit.inbox.add([said], NOON))
    assert await store.write(lambda unit: unit.inbox.add([said], NOON)) == [None]
    await store.write(lambda unit: unit.memories.add([kept]))
    await store.write(lambda unit: unit.notes.put(ODD, ODD, ODD))
    assert await store.read(lambda unit: unit.inbox.load([row or 0])) == [replace(said, id=row)]
    assert await store.read(lambda unit: unit.memories.recent(ADA, here.id, 9)) == [kept]
    assert await store.read(lambda unit: unit.notes.get(ODD)) == {ODD: ODD}
    assert await store.read(lambda unit: unit.rooms.find(ADA, here.address)) == here


async def test_half_a_character_is_refused_alike_and_harms_no_neighbour(store: SqlStore) -> None:
    half = replace(received("m:1"), author="\ud83d")
    with pytest.raises(UnicodeEncodeError):
        await store.write(lambda unit: unit.inbox.add([half], NOON))
    assert await add(store, "m:2") == await stored(store)


async def test_ids_as_long_as_discords_are_kept(store: SqlStore) -> None:
    long = (1 << 63) - 1
    said: Received = replace(received("m:1"), seq=long)
    (row,) = await store.write(lambda unit: unit.inbox.add([said], NOON))
    (found,) = await store.read(lambda unit: unit.inbox.load([row or 0]))
    assert found.seq == long
    assert await store.read(lambda unit: unit.inbox.newest(ONE)) == {"7": long}


async def test_a_bug_is_told_without_the_words_of_the_row(
    name: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    def twice(unit: Unit) -> None:
        connection: sa.Connection = unit._db  # type: ignore[attr-defined]  # a bug below the port
        for _ in range(2):
            connection.execute(
                sa.text("INSERT INTO settings VALUES ('somebody', :key, 'v')"),
                {"key": "a word of hers"},
            )

    async with open_store(postgres.url(name), tmp_path) as store:
        with pytest.raises(sa.exc.IntegrityError, match="pk_settings") as told:
            await store.write(twice)
    assert "a word of hers" not in "".join(traceback.format_exception(told.value))


async def test_a_function_that_hides_a_failed_statement_is_told_and_keeps_nothing(
    name: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    """PostgreSQL would roll all of it back and call that a COMMIT."""

    def careless(unit: Unit) -> None:
        unit.inbox.add([received("m:1")], NOON)
        connection: sa.Connection = unit._db  # type: ignore[attr-defined]  # a bug below the port
        with pytest.raises(sa.exc.ProgrammingError):
            connection.execute(sa.text("SELECT * FROM nothing"))

    async with open_store(postgres.url(name), tmp_path) as store:
        with pytest.raises(RuntimeError, match="had failed"):
            await store.write(careless)
        assert await stored(store) == []
        assert await add(store, "m:1") != [None]
