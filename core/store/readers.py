"""Reading beside the writer: a few connections, each in a thread of aiosqlite's."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from core.errors import StoreUnavailable

T = TypeVar("T")

_CONNECTIONS = 2
"""So that one long search does not hold up everybody's short look."""


class _Reader(aiosqlite.Connection):
    """aiosqlite's connection, handed a whole function at once.

    Its own way, and that of SQLAlchemy's asyncio layer over it, is a hop between threads for each
    statement and each fetch: eight for what is one here. The layer also brings the ORM along,
    which nobody here uses: 7 MB and 66 ms.
    """

    _reading: sa.Connection | None = None

    async def run(self, work: Callable[[sa.Connection], T]) -> T:
        result: T = await self._execute(self._here, work)  # type: ignore[no-untyped-call]
        return result

    async def let_go(self) -> None:
        """End SQLAlchemy's part in the thread that made the connection, then the connection."""
        await self._execute(self._end)  # type: ignore[no-untyped-call]
        await self.close()

    def _end(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading.engine.dispose()
            self._reading = None

    def _here(self, work: Callable[[sa.Connection], T]) -> T:
        if self._reading is None:
            raw = self._conn
            engine = sa.create_engine(
                "sqlite://",
                creator=lambda: raw,
                poolclass=StaticPool,
                hide_parameters=True,
                isolation_level="AUTOCOMMIT",
            )
            self._reading = engine.connect()
        return work(self._reading)


class Readers:
    """Opened and closed with the store."""

    def __init__(self, file: Path, set_up: Callable[[Any], None]) -> None:
        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(file)
            set_up(connection)
            return connection

        self._all = [_Reader(connect, 64) for _ in range(_CONNECTIONS)]
        self._free: list[_Reader] = []
        # First come, first served; a queue would give a reader back to whoever let go of it.
        self._turns = asyncio.Semaphore(_CONNECTIONS)

    async def open(self) -> None:
        for reader in self._all:
            await reader
            self._free.append(reader)

    async def close(self) -> None:
        for reader in self._all:
            await reader.let_go()

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        async with self._turns:
            reader = self._free.pop()
            try:
                return await reader.run(work)
            except sa.exc.OperationalError as error:
                raise StoreUnavailable(str(error.orig)) from None
            finally:
                self._free.append(reader)
