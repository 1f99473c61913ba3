"""Opening the database: which kind it is, its location, its two doors."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from core.errors import BadInput, Finding
from core.ids import CharacterId, RoomId
from core.ports import Unit
from core.secrets import Secret
from core.store import erasing, own, sqlite
from core.store.notes import Vault
from core.store.readers import Readers
from core.store.unit import SqlUnit
from core.store.vectors import MEGABYTES, Nearby
from core.store.writer import Writer

T = TypeVar("T")

SERVER_PATIENCE = 60.0
"""Seconds that a start waits for a database server which is away."""

_NOT_A_URL = Finding(
    "DATABASE_URL",
    "not a database URL",
    "Write sqlite:///path/to/troupe.db or postgresql://user:password@host/database, with %40 "
    "for an @ in the password and %2F for a /",
)


class _Reads(Protocol):
    async def read(self, work: Callable[[sa.Connection], T]) -> T: ...


_Doors = tuple[Writer, _Reads, Callable[[bool], Awaitable[bool]]]


class SqlStore:
    """core.ports.Store over one database: one writing thread, readers beside it."""

    def __init__(
        self,
        writer: Writer,
        readers: _Reads,
        vault: Vault,
        scrub: Callable[[bool], Awaitable[bool]],
        nearby: Nearby,
    ) -> None:
        self._writer = writer
        self._scrub = scrub
        self._readers = readers
        self._vault = vault
        self._nearby = nearby
        self._extended: dict[str, Any] = {}

    async def write(self, work: Callable[[Unit], T], early: Callable[[T], None] | None = None) -> T:
        return await self._writer.write(
            lambda connection: work(SqlUnit(connection, self._vault)), early
        )

    async def read(self, work: Callable[[Unit], T]) -> T:
        return await self._readers.read(
            lambda connection: work(SqlUnit(connection, self._vault, self._nearby))
        )

    def evict(self, character: CharacterId, room: RoomId | None = None) -> None:
        """Keep no vectors of a room, or of a character, in memory: they were deleted."""
        self._nearby.evict(character, room)

    async def extend(self, owner: str, schema: Any) -> None:
        # Hundreds of characters bring the same plugin, one after another.
        if self._extended.get(owner) is schema:
            return
        await self._writer.write(lambda connection: own.extend(connection, owner, schema))
        self._extended[owner] = schema

    async def scrub(self, *, whole: bool = False) -> bool:
        owed = await self._readers.read(erasing.owed)
        if not owed:
            return True
        if not await self._scrub(whole):
            return False
        await self._writer.write(lambda connection: erasing.scrubbed(connection, owed))
        return True


@contextlib.asynccontextmanager
async def open_store(
    url: str | None,
    folder: Path,
    *,
    key: Secret | None = None,
    patience: float = SERVER_PATIENCE,
    vectors_mb: int = MEGABYTES,
) -> AsyncIterator[SqlStore]:
    """The store, migrated to the newest schema; `url` defaults to a file in `folder`.

    Raises BadInput for a database that cannot be used, also for a server that stays away for
    `patience` seconds; AlreadyRunning for one that another gateway uses. `vectors_mb` of memory
    are for vectors of rooms that were searched lately.
    """
    vault = Vault(key, folder / "secret.key")
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread(vault.prepare)
    if url and is_server(url):
        doors = _on_a_server(url, patience)
    else:
        doors = _in_a_file(database_file(url, folder))
    async with doors as (writer, readers, scrub):
        yield SqlStore(writer, readers, vault, scrub, Nearby(vectors_mb))


@contextlib.asynccontextmanager
async def _in_a_file(file: Path) -> AsyncIterator[_Doors]:
    engine = await sqlite.prepared(file)
    pen = sqlite.SqlitePen(engine)
    writer, readers = Writer(pen), Readers(file, sqlite.set_up)

    async def scrub(whole: bool) -> bool:
        return await writer.apart(lambda: pen.scrub(whole=whole))

    writer.start()
    try:
        await readers.open()
        yield writer, readers, scrub
    finally:
        await writer.stop()
        await readers.close()
        engine.dispose()


@contextlib.asynccontextmanager
async def _on_a_server(url: str, patience: float) -> AsyncIterator[_Doors]:
    from core.store import postgres  # with its driver it is 15 MB that most do not need

    server = postgres.Server(parsed(url))
    pen, readers = postgres.PostgresPen(server), postgres.PostgresReaders(server)
    writer = Writer(pen)
    try:
        await postgres.prepare(pen, patience)
        writer.start()
        try:
            yield writer, readers, readers.scrub
        finally:
            await writer.stop()
            await readers.close()
    finally:
        await asyncio.to_thread(pen.put_down)


def is_server(url: str) -> bool:
    """Whether the URL names a database of PostgreSQL."""
    return parsed(url).get_backend_name() in ("postgresql", "postgres")


def database_file(url: str | None, folder: Path) -> Path:
    """Where the database lies; raises BadInput where it is not a SQLite file."""
    if not url:
        return folder / "troupe.db"
    meant = parsed(url)
    if meant.get_backend_name() != "sqlite" or not meant.database:
        raise BadInput(
            Finding(
                "DATABASE_URL",
                f"data is kept in SQLite or PostgreSQL, not in {meant.get_backend_name()}",
                "Leave it out, or write sqlite:///path/to/troupe.db",
            )
        )
    return Path(meant.database)


def parsed(url: str) -> sa.URL:
    """Raises BadInput without a word of the URL: a part of its password may stand anywhere."""
    with contextlib.suppress(sa.exc.ArgumentError, ValueError):
        meant = sa.make_url(url)
        # An @ of the password, taken for the one before the host.
        if meant.get_backend_name() == "sqlite" or "@" not in f"{meant.host}{meant.database}":
            return meant
    raise BadInput(_NOT_A_URL)
