"""A SQLite file: where it lies, how it is opened, how its one writer speaks to it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.store import schema

log = logging.getLogger(__name__)

_LOCK_PATIENCE = 2.0
"""Seconds SQLite itself waits for a lock; after that the caller is told and repeats."""
_CHECKPOINT_PATIENCE = 200
"""Milliseconds for readers that look at something right now."""
_IN_PASSING = 64 * 1024 * 1024
"""Bytes of a file that is written anew within a moment: 54 MB took 0.2 s."""
_WORD_INDEXES = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%USING fts5(%'"
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

    def scrub(self, *, whole: bool) -> bool:
        """See core.ports.Store.scrub; outside of any transaction. False: it is to be done again."""
        self._connection = self._connection or self._engine.connect()
        return scrub(self._raw, whole=whole)

    @property
    def _raw(self) -> sqlite3.Connection:
        assert self._connection is not None
        raw = self._connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        return raw


def scrub(raw: sqlite3.Connection, *, whole: bool, in_passing: int = _IN_PASSING) -> bool:
    """Write the file anew, without anything that was deleted.

    SQLite overwrites what it deletes (secure_delete), but not what it moves from page to page: of
    5,000 texts that were changed or deleted among 16,000 rows, 60 could still be read in their
    pages, and none after VACUUM. An index of words keeps what is deleted until it is merged.
    """
    size = _ask(raw, "PRAGMA page_count") * _ask(raw, "PRAGMA page_size")
    large = size > in_passing
    if whole or not large:
        if large:
            log.warning(
                "the database (%d MB) is written anew, so that nothing deleted can be read in its "
                "file; what is to be stored waits for that", size >> 20,
            )  # fmt: skip
        began = time.monotonic()
        for table in raw.execute(_WORD_INDEXES).fetchall():
            raw.execute(f'INSERT INTO "{table[0]}"("{table[0]}") VALUES (\'optimize\')')
        # It needs the room of a second database, for which memory is too small a place.
        raw.execute("PRAGMA temp_store=FILE")
        try:
            raw.execute("VACUUM")
        finally:
            raw.execute("PRAGMA temp_store=MEMORY")
        if large:
            log.warning("the database was written anew within %.1f s", time.monotonic() - began)
    raw.execute(f"PRAGMA busy_timeout={_CHECKPOINT_PATIENCE}")
    try:
        # What was changed stands in the log beside the file as well, until that is emptied.
        busy = _ask(raw, "PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        raw.execute(f"PRAGMA busy_timeout={int(_LOCK_PATIENCE * 1000)}")
    return not busy and (whole or not large)


def _ask(raw: sqlite3.Connection, question: str) -> int:
    return int(raw.execute(question).fetchone()[0])


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
    cursor.execute("PRAGMA secure_delete=ON")  # costs nothing that can be measured in a turn
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.execute("PRAGMA cache_size=-8000")
    cursor.close()
