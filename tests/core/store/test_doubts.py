"""Commits that PostgreSQL crashes in: found to be kept or lost, whoever got their numbers since."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from core.store import tables
from core.store.engine import open_store
from core.store.postgres import PostgresPen, Server
from core.store.writer import InDoubt
from tests.fakes.postgres import NoPostgres, PostgresServer, postgres_server


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """What is not committed reaches its disk seldom."""
    try:
        with postgres_server(wal_writer_delay="10000", bgwriter_delay="10000") as server:
            yield server
    except NoPostgres as error:
        pytest.skip(f"PostgreSQL cannot run here: {error}")


@pytest.fixture
async def name(server: PostgresServer, tmp_path: Path) -> str:
    name = server.database()
    async with open_store(server.url(name), tmp_path):
        pass
    return name


@pytest.fixture
def pen(server: PostgresServer, name: str) -> Iterator[PostgresPen]:
    pen = PostgresPen(Server(sa.make_url(server.url(name))))
    yield pen
    pen.put_down()


def write(pen: PostgresPen, key: str = "one") -> None:
    row = {"character_id": "ada", "key": key, "value": "1"}
    pen.begin().execute(sa.insert(tables.cache), [row])


def status(server: PostgresServer, mark: str) -> str | None:
    """Of the number alone, as the server sees it; None for one that it has given to nobody yet."""
    number = mark.split()[0]
    try:
        (row,) = server.ask(f"SELECT pg_xact_status('{number}'::xid8) AS status")
    except psycopg.errors.InvalidParameterValue:
        return None
    return str(row["status"])


def crash(server: PostgresServer) -> None:
    server.stop(how=signal.SIGQUIT)
    server.start()


def doubt(pen: PostgresPen) -> str:
    """The mark of what it was told to commit in vain."""
    with pytest.raises(InDoubt) as caught:
        pen.commit()
    return caught.value.mark


async def test_what_a_crash_has_swallowed_with_its_number_was_not_kept(
    server: PostgresServer, name: str, pen: PostgresPen
) -> None:
    write(pen)
    crash(server)
    mark = doubt(pen)
    assert status(server, mark) is None
    assert not pen.was_kept(mark)


async def test_a_number_that_somebody_else_got_after_the_crash_says_nothing(
    server: PostgresServer, name: str, pen: PostgresPen
) -> None:
    other = server.database()
    write(pen)
    crash(server)
    mark = doubt(pen)
    while status(server, mark) is None:
        server.ask("SELECT pg_current_xact_id()", other)
    assert status(server, mark) == "committed"
    assert not pen.was_kept(mark)


async def test_what_was_kept_before_a_crash_is_found_to_be_kept(
    server: PostgresServer, name: str, pen: PostgresPen
) -> None:
    write(pen)
    pen.say("COMMIT")  # whose answer nobody hears
    crash(server)
    assert pen.was_kept(doubt(pen))
    assert len(server.ask("SELECT * FROM cache", name)) == 1


async def test_an_orderly_restart_leaves_the_number_what_it_was(
    server: PostgresServer, name: str, pen: PostgresPen
) -> None:
    write(pen)
    pen.say("DELETE FROM cache")
    pen.say("COMMIT")
    server.stop()
    server.start()
    assert pen.was_kept(doubt(pen)), "no row of it is left to tell"
    write(pen)
    server.stop()
    server.start()
    assert not pen.was_kept(doubt(pen))
