"""Opening the database: its location, its settings, its two doors."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from core.errors import BadInput, Finding
from core.ports import Unit
from core.secrets import Secret
from core.store import schema
from core.store.notes import Vault
from core.store.readers import Readers
from core.store.unit import SqlUnit
from core.store.writer import Writer, is_passing

log = logging.getLogger(__name__)
T = TypeVar("T")

_LOCK_PATIENCE = 2.0
"""Seconds SQLite itself waits for a lock; after that the caller is told and repeats."""


class SqliteStore:
    """core.ports.Store over one SQLite file: one writing thread, readers beside it."""

    def __init__(self, writer: Writer, readers: Readers, vault: Vault) -> None:
        self._writer = writer
        self._readers = readers
        self._vault = vault

    async def write(self, work: Callable[[Unit], T]) -> T:
        return await self._writer.write(lambda connection: work(SqlUnit(connection, self._vault)))

    async def read(self, work: Callable[[Unit], T]) -> T:
        return await self._readers.read(lambda connection: work(SqlUnit(connection, self._vault)))


@contextlib.asynccontextmanager
async def open_store(
    url: str | None, folder: Path, *, key: Secret | None = None
) -> AsyncIterator[SqliteStore]:
    """The store, migrated to the newest schema; `url` defaults to a file in `folder`.

    Raises BadInput for a URL of another kind of database.
    """
    file = database_file(url, folder)
    vault = Vault(key, folder / "secret.key")
    engine = await _prepared(file, vault)
    writer, readers = Writer(engine), Readers(file, _set_up)
    writer.start()
    try:
        await readers.open()
        yield SqliteStore(writer, readers, vault)
    finally:
        await writer.stop()
        await readers.close()
        engine.dispose()


def database_file(url: str | None, folder: Path) -> Path:
    """Where the database lies; raises BadInput where it is not a SQLite file."""
    if not url:
        return folder / "troupe.db"
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise BadInput(
            Finding("DATABASE_URL", "not a database URL", "Write sqlite:///path/to/troupe.db")
        ) from None
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise BadInput(
            Finding(
                "DATABASE_URL",
                f"this version keeps its data in SQLite, not in {parsed.get_backend_name()}",
                "Leave it out, or write sqlite:///path/to/troupe.db",
            )
        )
    return Path(parsed.database)


async def _prepared(file: Path, vault: Vault) -> sa.Engine:
    """Wait for a file that another program holds just now."""
    told = False
    while True:
        try:
            return await asyncio.to_thread(_prepare, file, vault)
        except (sqlite3.OperationalError, sa.exc.OperationalError) as error:
            if not is_passing(error):
                raise
            if not told:
                log.error("the database cannot be opened now (%s); waiting", error)
            told = True
            await asyncio.sleep(_LOCK_PATIENCE / 2)


def _prepare(file: Path, vault: Vault) -> sa.Engine:
    """Everything that looks at the disk, off the loop."""
    file.parent.mkdir(parents=True, exist_ok=True)
    schema.upgrade(file)
    vault.prepare()
    with contextlib.closing(sqlite3.connect(file, timeout=_LOCK_PATIENCE)) as connection:
        # It stays with the file; a connection that set it beside another's work would be locked out.
        connection.execute("PRAGMA journal_mode=WAL")
    engine = sa.create_engine(
        f"sqlite:///{file}", hide_parameters=True, isolation_level="AUTOCOMMIT"
    )
    sa.event.listen(engine, "connect", lambda connection, record: _set_up(connection))
    return engine


def _set_up(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={int(_LOCK_PATIENCE * 1000)}")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.execute("PRAGMA cache_size=-8000")
    cursor.close()
