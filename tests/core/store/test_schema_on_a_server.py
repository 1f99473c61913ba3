"""On PostgreSQL too: from any schema to the newest in one transaction, or not at all."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from core.errors import BadInput
from core.store import schema, tables
from core.store.engine import open_store
from core.store.postgres import Line, Server
from tests.core.store.rows import NOON, ONE, received
from tests.core.store.test_schema import NEXT, SCRIPTS
from tests.fakes.postgres import PostgresServer

PARTIAL = {
    "ix_cache_expires_at",
    "ix_deliveries_open",
    "ix_deliveries_platform_message_id",
    "ix_deliveries_settled_at",
    "ix_inbox_closed_at",
    "ix_inbox_open",
    "ix_memories_lore",
    "ix_steps_open",
}


@pytest.fixture
def bare(postgres: PostgresServer) -> Iterator[str]:
    made = postgres.database()
    yield made
    postgres.drop(made)


@pytest.fixture
def used(bare: str, postgres: PostgresServer, tmp_path: Path) -> str:
    """A database in which something stands."""

    async def use() -> None:
        async with open_store(postgres.url(bare), tmp_path) as store:
            rows = [received(f"m:7:{number}") for number in range(10)]
            await store.write(lambda unit: unit.inbox.add(rows, NOON))

    asyncio.run(use())
    return bare


async def waiting(url: str, folder: Path) -> int:
    """Open the store as the gateway does; how many messages wait in it."""
    async with open_store(url, folder) as store:
        return len(await store.read(lambda unit: unit.inbox.waiting(ONE)))


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The migrations of a version to come."""
    scripts = tmp_path / "migrations"
    shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "0006_one_more_table.py").write_text(NEXT)
    return scripts


@contextmanager
def entered(url: str) -> Iterator[sa.Connection]:
    line = Line(Server(sa.make_url(url)))
    try:
        yield line.connection()
    finally:
        line.drop()


def revision(postgres: PostgresServer, name: str) -> str:
    (row,) = postgres.ask("SELECT version_num FROM alembic_version", name)
    found: str = row["version_num"]
    return found


def shape(postgres: PostgresServer, name: str) -> list[list[Any]]:
    """Columns, keys and indexes, as the server itself describes them."""
    questions = (
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
        " WHERE table_schema = 'public' ORDER BY 1, 2",
        "SELECT conrelid::regclass::text AS on, conname, pg_get_constraintdef(oid) FROM"
        " pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    )
    return [postgres.ask(question, name) for question in questions]


def is_ours(what: object, name: str, kind: str, found: bool, model: object) -> bool:
    """Not what other databases do not have: an index of lexemes, vectors as a type."""
    return name != "ix_passages_terms" and (kind, name) != ("column", "vector")


def test_step_by_step_or_at_once_the_same_tables_come_out(
    bare: str, postgres: PostgresServer
) -> None:
    with entered(postgres.url(bare)) as connection:
        schema.upgrade_server(connection, head="0001")
        assert revision(postgres, bare) == "0001"
        schema.upgrade_server(connection)
        assert revision(postgres, bare) == schema.HEAD
        schema.partial_there_too()
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": is_ours}
        )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Did not recognize type 'halfvec'")
            assert compare_metadata(context, tables.metadata) == []
    at_once = postgres.database("furnished")
    try:
        assert shape(postgres, bare) == shape(postgres, at_once)
        indexes = postgres.ask("SELECT * FROM pg_indexes", at_once)
        assert {row["indexname"] for row in indexes if "WHERE" in row["indexdef"]} == PARTIAL
    finally:
        postgres.drop(at_once)


def test_what_stood_there_stands_there_after_every_step(
    bare: str, postgres: PostgresServer
) -> None:
    with entered(postgres.url(bare)) as connection:
        schema.upgrade_server(connection, head="0001")
        postgres.ask(
            "INSERT INTO deliveries VALUES (7, 'telegram:1', 'telegram', '5', '', 'send', NULL, "
            "'{}', true, false, 'nonce', 'uncertain', 1, 0.0, NULL, '', 'turn', 0, 0, 0, NULL)",
            bare,
        )
        schema.upgrade_server(connection)
    found = postgres.ask("SELECT seq, status FROM deliveries", bare)
    assert found == [{"seq": 7, "status": "uncertain"}]


_UPGRADE = """
import sys
from pathlib import Path
import sqlalchemy as sa
from core.store import schema
from core.store.postgres import Line, Server
line = Line(Server(sa.make_url(sys.argv[1])))
schema.upgrade_server(line.connection(), head="0006", scripts=Path(sys.argv[2]))
line.drop()
"""


def test_g20_killed_in_the_midst_of_a_migration_the_old_schema_stands_whole(
    used: str, newer: Path, postgres: PostgresServer, tmp_path: Path
) -> None:
    die = newer / "versions" / "die"
    die.touch()
    upgrade = [sys.executable, "-c", _UPGRADE, postgres.url(used), str(newer)]
    for _ in range(2):
        done = subprocess.run(upgrade, cwd=Path(__file__).parents[3], check=False)
        assert done.returncode == -signal.SIGKILL
        assert revision(postgres, used) == "0005"
        counted = postgres.ask("SELECT count(*), max(rule) FROM inbox", used)
        assert counted == [{"count": 10, "max": ""}]
        assert postgres.ask("SELECT to_regclass('later')", used) == [{"to_regclass": None}]
    # The old version works on.
    assert asyncio.run(waiting(postgres.url(used), tmp_path)) == 10
    die.unlink()
    subprocess.run(upgrade, cwd=Path(__file__).parents[3], check=True)
    assert revision(postgres, used) == "0006"
    assert postgres.ask("SELECT DISTINCT rule FROM inbox", used) == [{"rule": "seen by 0006"}]


def test_a_step_that_fails_leaves_the_old_schema_and_tells_why(
    used: str, newer: Path, postgres: PostgresServer
) -> None:
    step = newer / "versions" / "0006_one_more_table.py"
    step.write_text(f"{NEXT}    raise LookupError('a bug in the step')\n")
    with (
        entered(postgres.url(used)) as connection,
        pytest.raises(LookupError, match="a bug in the step"),
    ):
        schema.upgrade_server(connection, head="0006", scripts=newer)
    assert revision(postgres, used) == "0005"
    assert postgres.ask("SELECT to_regclass('later')", used) == [{"to_regclass": None}]


def test_a_database_of_a_newer_version_is_refused_and_not_touched(
    used: str, newer: Path, postgres: PostgresServer, tmp_path: Path
) -> None:
    with entered(postgres.url(used)) as connection:
        schema.upgrade_server(connection, head="0006", scripts=newer)
    before = shape(postgres, used)
    with pytest.raises(BadInput, match="newer than this version's"):
        asyncio.run(waiting(postgres.url(used), tmp_path))
    assert shape(postgres, used) == before
