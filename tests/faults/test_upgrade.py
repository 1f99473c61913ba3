"""Killed in the midst of an upgrade, the next start has the whole database, old or new: G20."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.ids import CharacterId, RoomId
from core.ports import Scope
from core.store import schema, tables
from core.store.engine import open_store
from core.store.postgres import Line, Server
from tests.fakes.postgres import PostgresServer
from tests.faults.process import ROOT

RELEASED = ("0001", "0002", "0003")
KILLS = [4, pytest.param(10, marks=pytest.mark.soak)]
EACH = [*(pytest.param(one, marks=pytest.mark.soak) for one in RELEASED[:-1]), RELEASED[-1]]
"""The older ones at night, and each with ten kills."""
ROWS = 20_000
"""So many that the indexes of an upgrade take longer than a kill needs to arrive."""

_START = """
import asyncio, os, sys
from pathlib import Path
import alembic.command, alembic.config
from core.store.engine import open_store
async def start():
    async with open_store(sys.argv[1] or None, Path(sys.argv[2])):
        pass
print("starting", flush=True)
asyncio.run(start())
os.write(1, b"started\\n")
os._exit(0)
"""
"""What a gateway does with its database before anything else."""

_SMALL = (
    "INSERT INTO worlds (id, character_id, server_id, name) VALUES ('w', 'ada', 'server', 'World')",
    "INSERT INTO rooms VALUES ('r', 'ada', 'w', 'telegram:1', '7', '', 'DM', 'r', 'telegram', 5)",
    "INSERT INTO settings VALUES ('kim', 'KEY', 'sealed')",
)
_MANY = (
    "INSERT INTO inbox SELECT n, 'telegram:1', 'key ' || n, 'telegram', '7', '', 'kim', n,"
    " 'message', '{{}}', NULL, CASE WHEN n % 9 = 0 THEN 'new' ELSE 'answered' END, '', NULL, n,"
    " CASE WHEN n % 9 > 0 THEN n END FROM {numbers}",
    "INSERT INTO deliveries SELECT n, 'telegram:1', 'telegram', '7', '', 'send', NULL, '{{}}',"
    " {yes}, {no}, 'nonce', CASE WHEN n % 9 = 0 THEN 'uncertain' ELSE 'sent' END, 1, 0.0, NULL, '',"
    " 't' || n, 0, 0, n, n FROM {numbers}",
    "INSERT INTO entities SELECT 'kim' || n, 'ada', '[\"Kim\"]', '{{}}' FROM {numbers}",
    "INSERT INTO participants SELECT 'r', 'kim' || n, 'ada', 'MUTED' FROM {numbers}",
    "INSERT INTO memories SELECT n, 'm' || n, 'ada', 'r', 'w', 'kim1',"
    " CASE WHEN n % 3 = 0 THEN 'facts' ELSE 'messages' END, '{{\"text\":\"words ' || n || '\"}}',"
    " '{{}}', n FROM {numbers}",
    "INSERT INTO steps SELECT 't' || n, 0, 'PLAN', 'done', NULL, n, n FROM {numbers}",
)
_SINCE_0003 = (
    "INSERT INTO tasks SELECT n, 't' || n, 'ada', 'POST', '', '[]', 'r', 'w', NULL, '{{}}', 0.0,"
    " n, n, 0 FROM {numbers}",
    "INSERT INTO components SELECT 'c' || n, 'ada', 'kim' || n, 'MOOD', '{{}}', 'r', 'w', NULL"
    " FROM {numbers}",
    "INSERT INTO relationships SELECT 'ada', 'ada', 'kim' || n, 'r' || n, '[]', '{{}}', n"
    " FROM {numbers}",
    "INSERT INTO spendings SELECT n, 'ada', 'm', 'TEXT_SMALL', 1, 1, 0, 0.0, 0.5, NULL, 'r', NULL,"
    " n FROM {numbers}",
    "INSERT INTO cache SELECT 'ada', 'key ' || n, '1', NULL FROM {numbers}",
)
"""What the tables of that release hold."""
_NUMBERS = {
    "sqlite": "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {rows})"
    " SELECT n FROM c)",
    "postgresql": "generate_series(1, {rows}) AS n",
}
_NUMBERS_OF_ROWS = {
    "worlds": 1,
    "rooms": 1,
    "settings": 1,
    **dict.fromkeys(("inbox", "deliveries", "entities", "participants", "memories", "steps"), ROWS),
}


_NEW_IN_0003 = ("tasks", "components", "relationships", "spendings", "cache")


def statements(dialect: str, release: str) -> list[str]:
    """Something in every table of that release."""
    server = dialect == "postgresql"
    words = {
        "numbers": _NUMBERS[dialect].format(rows=ROWS),
        "yes": "true" if server else "1",
        "no": "false" if server else "0",
    }
    many = [*_MANY, *(_SINCE_0003 if release >= "0003" else ())]
    return [*_SMALL, *(one.format(**words) for one in many)]


@contextmanager
def starting(url: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is about to open the database."""
    with subprocess.Popen(
        [sys.executable, "-c", _START, url, str(folder)], cwd=ROOT, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"starting\n"
        try:
            yield child
        finally:
            child.kill()


def how_long(url: str, folder: Path) -> float:
    """Seconds of an upgrade that nobody disturbs."""
    began = time.monotonic()
    with starting(url, folder) as child:
        began = time.monotonic()
        assert child.wait(60) == 0
        return time.monotonic() - began


def killed(
    times: int, seed: str, whole: float, fresh: Callable[[int], tuple[str, Path]]
) -> Iterator[bool]:
    """Start on a fresh copy and kill at any moment, until so many have died at work; True for those.

    Each gets its own part of the time; a copy that was done already makes the time shorter.
    """
    chance = random.Random(seed)
    cut_short = number = 0
    while cut_short < times:
        with starting(*fresh(number)) as child:
            time.sleep(whole * (cut_short + chance.random()) / times)
            child.send_signal(signal.SIGKILL)
            in_time = child.wait(60) == -signal.SIGKILL
        cut_short += in_time
        whole *= 1.0 if in_time else 0.8
        number += 1
        yield in_time


async def open_once(url: str, folder: Path) -> None:
    """What was said before the upgrade is found after it, once it was taken in."""
    async with open_store(url or None, folder) as store:
        assert await store.read(lambda unit: unit.passages.waiting()) == ROWS
        assert await store.write(lambda unit: unit.passages.behind(500)) == 500
        scope = Scope(CharacterId("ada"), (RoomId("r"),), "facts")
        found = await store.read(lambda unit: unit.passages.find(scope, ["333"], 9))
        assert [one.memory.id for one in found] == ["m333"]


def check_rows(ask: Callable[[str], list[Mapping[str, Any]]], release: str) -> None:
    """Every row is there, and bears what it bore."""
    for table, rows in _NUMBERS_OF_ROWS.items():
        assert ask(f"SELECT count(*) AS n FROM {table}") == [{"n": rows}], table
    (sums,) = ask("SELECT sum(created_at) AS at, min(content) AS least FROM memories")
    assert (int(sums["at"]), sums["least"]) == (ROWS * (ROWS + 1) // 2, '{"text":"words 1"}')
    open_rows = "SELECT count(*) AS n FROM deliveries WHERE status = 'uncertain'"
    assert ask(open_rows) == [{"n": ROWS // 9}]
    if release >= "0003":
        for table in _NEW_IN_0003:
            assert ask(f"SELECT count(*) AS n FROM {table}") == [{"n": ROWS}], table


# --- a file ------------------------------------------------------------------------------------


def ask_file(file: Path, question: str) -> list[Mapping[str, Any]]:
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(question)]


@pytest.fixture(params=EACH)
def released_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A full database, as that release has left it."""
    file = tmp_path / "released.db"
    schema.migrate(file, request.param)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        for statement in statements("sqlite", request.param):
            connection.execute(statement)
    return file


@pytest.mark.parametrize("kills", KILLS, ids="{}-kills".format)
def test_g20_a_file_survives_kills_in_the_midst_of_its_upgrade(
    released_file: Path, kills: int
) -> None:
    released = schema.revision(released_file) or ""
    whole = how_long("", copy(released_file, "undisturbed"))

    def fresh(number: int) -> tuple[str, Path]:
        return "", copy(released_file, str(number))

    for number, _ in enumerate(killed(kills, f"{released}", whole, fresh)):
        file = released_file.with_name(str(number)) / "troupe.db"

        def ask(question: str, file: Path = file) -> list[Mapping[str, Any]]:
            return ask_file(file, question)

        assert schema.revision(file) in (released, "0002", "0003", schema.HEAD)
        check_rows(ask, released)
        backup = file.with_name(f"troupe.db.before-{schema.HEAD}")
        if backup.exists():  # whole, also when it was the making of it that was cut short
            check_rows(lambda question, backup=backup: ask_file(backup, question), released)
        asyncio.run(open_once("", file.parent))
        assert schema.revision(file) == schema.HEAD
        assert ask("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
        assert ask("PRAGMA foreign_key_check") == []
        check_rows(ask, released)
        assert ask_file(backup, "PRAGMA integrity_check") == [{"integrity_check": "ok"}]
        check_rows(lambda question, backup=backup: ask_file(backup, question), released)


def copy(file: Path, name: str) -> Path:
    """A data directory with that database in it."""
    folder = file.parent / name
    folder.mkdir()
    with (
        closing(sqlite3.connect(file)) as source,
        closing(sqlite3.connect(folder / "troupe.db")) as target,
    ):
        source.backup(target)
    return folder


# --- a server ----------------------------------------------------------------------------------


@pytest.fixture(params=EACH)
def released_database(
    request: pytest.FixtureRequest, postgres: PostgresServer
) -> Iterator[tuple[str, str]]:
    """The name of a full database, and the release that has left it."""
    name = postgres.database()
    line = Line(Server(sa.make_url(postgres.url(name))))
    schema.upgrade_server(line.connection(), head=request.param)
    line.drop()
    for statement in statements("postgresql", request.param):
        postgres.ask(statement, name)
    yield name, request.param
    postgres.drop(name)


@pytest.mark.parametrize("kills", KILLS, ids="{}-kills".format)
def test_g20_a_server_survives_kills_in_the_midst_of_its_upgrade(
    released_database: tuple[str, str], postgres: PostgresServer, tmp_path: Path, kills: int
) -> None:
    template, released = released_database
    names: list[str] = []

    def fresh(number: int) -> tuple[str, Path]:
        names.append(postgres.database(template))
        return postgres.url(names[-1]), tmp_path

    whole = how_long(*fresh(0))
    for _ in killed(kills, f"{released} on a server", whole, fresh):
        name = names[-1]

        def ask(question: str, name: str = name) -> list[Mapping[str, Any]]:
            found: list[Mapping[str, Any]] = postgres.ask(question, name)
            return found

        # All of it or nothing: a server has no state between two revisions.
        (found,) = ask("SELECT version_num FROM alembic_version")
        assert found["version_num"] in (released, schema.HEAD)
        check_rows(ask, released)
        asyncio.run(open_once(postgres.url(name), tmp_path))
        assert ask("SELECT version_num FROM alembic_version") == [{"version_num": schema.HEAD}]
        check_rows(ask, released)
        there = {row["tablename"] for row in ask("SELECT tablename FROM pg_tables")}
        assert there >= set(tables.metadata.tables)
    for name in names:
        postgres.drop(name)
