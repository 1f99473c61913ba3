"""From any schema to the newest: whole, with a copy made first, or not at all."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import core.store
from core.errors import BadInput
from core.store import schema, tables
from core.store.engine import database_file, open_store
from tests.core.store.rows import NOON, ONE, received

SCRIPTS = Path(core.store.__file__).parent / "migrations"
NEXT = '''
"""One more table, and something is done to every row."""

import os
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade():
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("UPDATE inbox SET rule = 'seen by 0006'")
    if Path(__file__).with_name("die").exists():
        os.kill(os.getpid(), 9)
'''


def asked(file: Path, question: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(question).fetchall()


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A database in which something stands."""

    async def use() -> None:
        async with open_store(None, tmp_path) as store:
            rows = [received(f"m:7:{number}") for number in range(10)]
            await store.write(lambda unit: unit.inbox.add(rows, NOON))

    asyncio.run(use())
    return tmp_path / "troupe.db"


async def waiting(folder: Path) -> int:
    """Open the store as the gateway does; how many messages wait in it."""
    async with open_store(None, folder) as store:
        return len(await store.read(lambda unit: unit.inbox.waiting(ONE)))


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The migrations of a version to come."""
    scripts = tmp_path / "migrations"
    shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "0006_one_more_table.py").write_text(NEXT)
    return scripts


def is_ours(name: str | None, kind: str, parents: object) -> bool:
    """Not a table in which FTS5 keeps an index: it makes those itself."""
    return kind != "table" or not (name or "").startswith("passages_")


def test_the_newest_revision_is_the_one_we_ask_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


def test_migrations_make_the_tables_that_the_models_describe(tmp_path: Path) -> None:
    file = tmp_path / "migrated.db"
    schema.migrate(file)
    assert schema.revision(file) == schema.HEAD
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        opts = {"compare_type": True, "include_name": is_ours}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_migrations_make_the_same_keys_partial_indexes_and_triggers_as_the_models(
    tmp_path: Path,
) -> None:
    """What a comparison by Alembic does not look at."""
    schema.migrate(tmp_path / "migrated.db")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'modelled.db'}")
    tables.metadata.create_all(engine)
    engine.dispose()
    shapes = []
    for name in ("migrated.db", "modelled.db"):
        file = tmp_path / name
        names = [
            row[0]
            for row in asked(
                file,
                "SELECT name FROM sqlite_master WHERE type = 'table'"
                " AND name NOT LIKE 'sqlite_%' AND name <> 'alembic_version' ORDER BY name",
            )
        ]
        indexes = asked(
            file,
            "SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'trigger', 'view')"
            " AND sql IS NOT NULL",
        )
        shapes.append(
            (
                names,
                {
                    name: sorted(c[1:] for c in asked(file, f"PRAGMA table_info({name})"))
                    for name in names
                },
                {
                    name: sorted(k[2:] for k in asked(file, f"PRAGMA foreign_key_list({name})"))
                    for name in names
                },
                {name: " ".join(sql.split()) for name, sql in indexes},
                asked(file, "SELECT name, sql FROM sqlite_master WHERE sql LIKE '%VIRTUAL%'"),
            )
        )
    assert shapes[0] == shapes[1]


def test_a_new_file_needs_no_copy_and_an_upgraded_one_is_left_alone(used: Path) -> None:
    before = used.stat().st_mtime_ns
    schema.upgrade(used)
    assert used.stat().st_mtime_ns == before
    assert [path.name for path in used.parent.iterdir() if "before" in path.name] == []


def test_a_file_with_data_is_copied_before_it_is_changed(used: Path, newer: Path) -> None:
    schema.upgrade(used, head="0006", scripts=newer)
    assert schema.revision(used) == "0006"
    assert asked(used, "SELECT DISTINCT rule FROM inbox") == [("seen by 0006",)]
    copy = used.with_name("troupe.db.before-0006")
    assert schema.revision(copy) == "0005"
    assert asked(copy, "SELECT count(*), max(rule) FROM inbox") == [(10, "")]
    assert asked(copy, "PRAGMA integrity_check") == [("ok",)]


_UPGRADE = """
import sys
from pathlib import Path
from core.store import schema
schema.upgrade(Path(sys.argv[1]), head="0006", scripts=Path(sys.argv[2]))
"""


def test_g20_killed_in_the_midst_of_a_migration_the_old_schema_stands_whole(
    used: Path, newer: Path
) -> None:
    die = newer / "versions" / "die"
    die.touch()
    for _ in range(3):
        upgrade = [sys.executable, "-c", _UPGRADE, str(used), str(newer)]
        done = subprocess.run(upgrade, cwd=Path(__file__).parents[3], check=False)
        assert done.returncode == -signal.SIGKILL
        assert schema.revision(used) == "0005"
        assert asked(used, "SELECT count(*), max(rule) FROM inbox") == [(10, "")]
        assert asked(used, "SELECT 1 FROM sqlite_master WHERE name = 'later'") == []
        assert asked(used, "PRAGMA integrity_check") == [("ok",)]
    assert asyncio.run(waiting(used.parent)) == 10  # the old version works on
    die.unlink()
    schema.upgrade(used, head="0006", scripts=newer)
    assert schema.revision(used) == "0006"
    assert asked(used, "SELECT count(*) FROM inbox WHERE rule = 'seen by 0006'") == [(10,)]


def test_a_file_of_a_newer_version_is_refused_and_not_touched(used: Path, newer: Path) -> None:
    schema.upgrade(used, head="0006", scripts=newer)
    with pytest.raises(BadInput, match="newer than this version's"):
        asyncio.run(waiting(used.parent))
    assert schema.revision(used) == "0006"


def test_a_file_that_is_no_database_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "troupe.db").write_text("a shopping list, and nothing that SQLite could read " * 40)
    with pytest.raises(BadInput, match=r"troupe\.db: not a usable database"):
        asyncio.run(waiting(tmp_path))
    assert (tmp_path / "troupe.db").read_text().startswith("a shopping list")


@pytest.mark.parametrize("url", ["postgresql://localhost/troupe", "sqlite://", "not a url"])
def test_what_is_no_sqlite_file_is_refused_by_the_name_of_its_setting(
    url: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="DATABASE_URL"):
        database_file(url, tmp_path)


def test_a_database_lies_in_the_data_directory_unless_its_url_says_otherwise(
    tmp_path: Path,
) -> None:
    assert database_file(None, tmp_path) == tmp_path / "troupe.db"
    assert database_file("sqlite:////var/lib/other.db", tmp_path) == Path("/var/lib/other.db")
    assert database_file("sqlite:///here.db", tmp_path) == Path("here.db")


def test_a_file_of_the_first_release_is_taken_to_the_newest_with_all_that_is_in_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "troupe.db"
    schema.migrate(file, "0001")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "INSERT INTO deliveries VALUES (7, 'telegram:1', 'telegram', '5', '', 'send', NULL, "
            "'{}', 1, 0, 'nonce', 'uncertain', 1, 0.0, NULL, '', 'turn', 0, 0, 0, NULL)"
        )
    schema.upgrade(file)
    assert schema.revision(file) == schema.HEAD
    assert asked(file, "SELECT seq, status FROM deliveries") == [(7, "uncertain")]
    assert (
        "growing"
        in asked(file, "SELECT sql FROM sqlite_master WHERE name = 'ix_deliveries_open'")[0][0]
    )
