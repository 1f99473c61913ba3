"""A SQLite file: where it lies, how it is opened, how its one writer speaks to it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.store import schema

log = logging.getLogger(__name__)

_LOCK_PATIENCE = 2.0
"""Seconds SQLite itself waits for a lock; after that the caller is told and repeats."""
_PASSES = ("locked", "busy", "full", "disk i/o", "unable to open", "readonly")


class SqlitePen:
    """core.store.writer.Pen over one SQLite file; a commit there is never in doubt."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None

    def begin(self) -> sa.Connection:
        # Anew after a failure: at a start with a full disk there may be none yet.
        self._connection = self._connection or self._engine.connect()
        self._raw.execute("BEGIN IMMEDIATE")
        return self._connection

    def say(self, command: str) -> None:
        self._raw.execute(command)

    def commit(self) -> None:
        self._raw.execute("COMMIT")

    def was_kept(self, mark: str) -> bool:
        raise AssertionError("SQLite is never in doubt")

    def roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._connection is not None and self._raw.in_transaction:
                self._raw.execute("ROLLBACK")

    @property
    def undone(self) -> bool:
        return not self._raw.in_transaction

    def trouble(self, error: BaseException) -> str:
        return trouble(error)

    def put_down(self) -> None:
        if self._connection is not None:
            self._connection.close()

    @property
    def _raw(self) -> sqlite3.Connection:
        assert self._connection is not None
        raw = self._connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        return raw


def trouble(error: BaseException) -> str:
    """What SQLite says when it is full, locked or away, which passes; empty for a bug."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if not isinstance(cause, sqlite3.OperationalError):
        return ""
    words = str(cause)
    return words if any(word in words.lower() for word in _PASSES) else ""


async def prepared(file: Path) -> sa.Engine:
    """Bring it to the newest schema; waits for a file that another program holds just now."""
    told = False
    while True:
        try:
            return await asyncio.to_thread(_prepare, file)
        except (sqlite3.OperationalError, sa.exc.OperationalError) as error:
            if not (words := trouble(error)):
                raise
            if not told:
                log.error("the database cannot be opened now (%s); waiting", words)
            told = True
            await asyncio.sleep(_LOCK_PATIENCE / 2)


def _prepare(file: Path) -> sa.Engine:
    """Everything that looks at the disk, off the loop."""
    file.parent.mkdir(parents=True, exist_ok=True)
    schema.upgrade(file)
    with contextlib.closing(sqlite3.connect(file, timeout=_LOCK_PATIENCE)) as connection:
        # It stays with the file; a connection that set it beside another's work would be locked out.
        connection.execute("PRAGMA journal_mode=WAL")
    engine = sa.create_engine(
        f"sqlite:///{file}", hide_parameters=True, isolation_level="AUTOCOMMIT"
    )
    sa.event.listen(engine, "connect", lambda connection, record: set_up(connection))
    return engine


def set_up(connection: Any) -> None:
    """What every connection to the file needs."""
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={int(_LOCK_PATIENCE * 1000)}")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.execute("PRAGMA cache_size=-8000")
    cursor.close()
