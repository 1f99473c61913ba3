"""From whatever schema a database has to the newest; a file is copied first.

Alembic is loaded only when there are tables to change: 90 ms and 6 MB at every other start.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from core.errors import BadInput, Finding
from core.store import tables

log = logging.getLogger(__name__)

HEAD = "0005"
"""The newest revision in migrations/versions; a test compares."""
_VERSION = (
    "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)
_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(file: Path, *, head: str = HEAD, scripts: Path = _SCRIPTS) -> None:
    """Bring the file to `head`; a file with data in it is copied beside itself first.

    Raises BadInput for a file that this version cannot read.
    """
    found = revision(file)
    if found == head:
        return
    if found is None:
        if (head, scripts) == (HEAD, _SCRIPTS):
            create(file)
        else:
            migrate(file, head, scripts)
        return
    _refuse_newer(str(file), found, head)
    backup = file.with_name(f"{file.name}.before-{head}")
    # Under another name until it is whole, so that nobody puts back half a copy.
    part = backup.with_name(f"{backup.name}.part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
    part.replace(backup)
    log.info("schema %s is older than %s; a copy lies in %s", found, head, backup.name)
    migrate(file, head, scripts)


def upgrade_server(
    connection: sa.Connection, *, head: str = HEAD, scripts: Path = _SCRIPTS
) -> None:
    """Bring a server's database to `head` in one transaction, so that all of it happens or none.

    The caller holds the lock; the connection commits each statement unless told otherwise.
    """
    has_tables = connection.exec_driver_sql("SELECT to_regclass('alembic_version')").scalar()
    found = None
    if has_tables:
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if found == head:
        return
    if found is not None:
        _refuse_newer("DATABASE_URL", found, head)
        log.info("schema %s is older than %s; it is changed in one transaction", found, head)
    connection.exec_driver_sql("BEGIN")
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")  # many rows take their time
    try:
        if found is None and (head, scripts) == (HEAD, _SCRIPTS):
            _create(connection)
        else:
            _migrate(head, scripts, connection=connection)
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def _refuse_newer(where: str, found: str, head: str) -> None:
    if found > head:
        raise BadInput(
            Finding(
                where,
                f"its schema ({found}) is newer than this version's ({head})",
                "Start the newer version again, or put back the copy made before it",
            )
        )


def create(file: Path) -> None:
    """Make the newest tables at once; the migrations make the same, and a test says so."""
    engine = sa.create_engine(f"sqlite:///{file}", isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            # By hand: the driver would commit after each table.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            _create(connection)
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


def _create(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        partial_there_too()
    tables.metadata.create_all(connection)
    connection.exec_driver_sql(_VERSION)
    connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{HEAD}')")


def partial_there_too() -> None:
    """Indexes of a part of the rows; said in the tables it would load this dialect everywhere."""
    for table in tables.metadata.tables.values():
        for index in table.indexes:
            condition = index.dialect_options["sqlite"]["where"]
            index.dialect_options["postgresql"]["where"] = condition


def migrate(file: Path, head: str = HEAD, scripts: Path = _SCRIPTS) -> None:
    """Take every step that is missing, from no tables at all if need be."""
    _migrate(head, scripts, url=f"sqlite:///{file}")


def _migrate(head: str, scripts: Path, **how: object) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes=how)
    config.set_main_option("script_location", str(scripts))
    command.upgrade(config, head)


def revision(file: Path) -> str | None:
    """The schema of a file; None where it is new. Raises BadInput where it is no database."""
    if not file.exists():
        return None
    with closing(sqlite3.connect(file)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return None
        except sqlite3.DatabaseError as error:
            raise BadInput(
                Finding(str(file), f"not a usable database ({error})", "Put back a copy of it")
            ) from None
    return str(row[0]) if row else None
