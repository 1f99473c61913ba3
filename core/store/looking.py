"""A look into a database, also of a running gateway: nothing is changed, nobody is kept out."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from core.errors import BadInput, Finding
from core.ports import Unit
from core.secrets import Secret
from core.store import complaints
from core.store.complaints import Away, Refused
from core.store.engine import database_file, is_server, parsed
from core.store.notes import Vault
from core.store.schema import HEAD
from core.store.unit import SqlUnit

_PATIENCE = 5.0
"""Seconds for a lock that somebody holds just now."""


@contextlib.contextmanager
def looking(url: str | None, folder: Path, *, key: Secret | None = None) -> Iterator[Unit]:
    """What is there, as of one moment; `url`, `folder` and `key` are those of `open_store`.

    Blocks, for commands that have no loop. Raises BadInput where nothing can be read: there is
    none yet, its server is away, its tables are of another version.
    """
    with _on_a_server(url) if url and is_server(url) else _in_a_file(url, folder) as connection:
        _judge(connection, "DATABASE_URL" if url else str(folder))
        yield SqlUnit(connection, Vault(key, folder / "secret.key"))


@contextlib.contextmanager
def _in_a_file(url: str | None, folder: Path) -> Iterator[sa.Connection]:
    file = database_file(url, folder)
    if not file.is_file():
        raise BadInput(Finding(str(file), "there is no such database", "It is made by a start"))

    def connect() -> sqlite3.Connection:
        address = f"file:{quote(str(file.absolute()))}?mode=ro"
        return sqlite3.connect(address, uri=True, timeout=_PATIENCE)

    engine = sa.create_engine(
        "sqlite://",
        creator=connect,
        poolclass=NullPool,
        hide_parameters=True,
        isolation_level="AUTOCOMMIT",
    )
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            yield connection
    except sa.exc.DatabaseError as error:
        raise BadInput(Finding(str(file), f"cannot be read ({error.orig})")) from None
    finally:
        engine.dispose()


@contextlib.contextmanager
def _on_a_server(url: str) -> Iterator[sa.Connection]:
    from core.store import postgres  # with its driver it is 15 MB that most do not need

    try:
        with postgres.Server(parsed(url)).connect() as connection:
            connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection
    except Refused as error:
        raise BadInput(error.finding) from None
    except (Away, sa.exc.DBAPIError) as error:
        if not (words := complaints.trouble(error)):
            raise
        raise BadInput(Finding("DATABASE_URL", words, "Try again when it is back")) from None


def _judge(connection: sa.Connection, where: str) -> None:
    found = None
    if sa.inspect(connection).has_table("alembic_version"):
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        mend = "Use the version of troupe that wrote it"
        raise BadInput(Finding(where, f"its schema ({found}) is newer than this version's", mend))
    what = f"its schema ({found}) is older than this version's" if found else "holds nothing yet"
    raise BadInput(Finding(where, what, "A start of the gateway brings it up to date"))
