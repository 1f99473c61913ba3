"""The one writer of a SQLite file: whatever waits while it commits goes into the next commit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from core.errors import StoreUnavailable

log = logging.getLogger(__name__)
T = TypeVar("T")

_BATCH = 256
"""Functions in one commit; bounds how long the first of them waits for the last."""

_AWAY = ("locked", "busy", "full", "disk i/o", "unable to open", "readonly")


@dataclass(slots=True)
class _Job:
    work: Callable[[sa.Connection], Any]
    done: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Writer:
    """A thread with a connection of its own, so a statement costs no hop between threads.

    Functions run one after another, then one COMMIT (which, with synchronous=FULL, is one fsync),
    then their callers go on. Where one of them fails, all run a second time, each in a SAVEPOINT
    of its own, so that the failure is its caller's alone. Interleaving open transactions on one
    connection would lose data without a word; a queue cannot interleave.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Finish what is queued, then end."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    async def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Runs even when the caller is cancelled meanwhile: what was sent must be written down.

        `work` must be good to run a second time after a rollback.
        """
        assert self._loop is not None, "the store is not open"
        job = _Job(work, self._loop.create_future())
        self._jobs.put(job)
        result: T = await job.done
        return result

    def _serve(self) -> None:
        connection: sa.Connection | None = None
        try:
            while batch := self._gather():
                try:
                    # Anew after a failure: at a start with a full disk there may be none yet.
                    connection = connection or self._engine.connect()
                except Exception as error:  # noqa: BLE001  (every caller must hear of it)
                    for job in batch:
                        job.error = _translated(error)
                else:
                    self._commit(connection, batch)
                self._answer(batch)
        finally:
            if connection is not None:
                connection.close()

    def _gather(self) -> list[_Job]:
        """What waits now, at least one; empty when it is time to end."""
        batch: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            batch.append(job)
            if len(batch) == _BATCH:
                return batch
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return batch
        if batch:
            self._jobs.put(None)  # the end was heard too early: first these
        return batch

    def _commit(self, connection: sa.Connection, batch: list[_Job]) -> None:
        raw: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]  # the engine is pysqlite's
        try:
            if not self._together(connection, raw, batch):
                self._one_by_one(connection, raw, batch)
        except Exception as error:  # noqa: BLE001  (whatever it is, every caller must hear of it)
            _roll_back(raw)
            translated = _translated(error)
            for job in batch:
                job.error = translated

    def _together(
        self, connection: sa.Connection, raw: sqlite3.Connection, batch: list[_Job]
    ) -> bool:
        """False, and nothing done, when one of them fails.

        A savepoint is two statements more, and after each statement this thread has to wait for
        the interpreter again; so they are for the rare batch that needs them.
        """
        raw.execute("BEGIN IMMEDIATE")
        try:
            for job in batch:
                job.result = job.work(connection)
        except Exception:  # noqa: BLE001  (it comes again, and is told then)
            _roll_back(raw)
            return False
        raw.execute("COMMIT")
        return True

    def _one_by_one(
        self, connection: sa.Connection, raw: sqlite3.Connection, batch: list[_Job]
    ) -> None:
        raw.execute("BEGIN IMMEDIATE")
        for job in batch:
            raw.execute("SAVEPOINT one")
            try:
                job.result = job.work(connection)
            except Exception as error:
                if not raw.in_transaction:  # SQLite took back the whole transaction: disk full
                    raise
                raw.execute("ROLLBACK TO one")
                job.error = _translated(error)
            raw.execute("RELEASE one")
        raw.execute("COMMIT")

    def _answer(self, batch: list[_Job]) -> None:
        def resolve() -> None:
            for job in batch:
                if job.done.cancelled():
                    continue
                if job.error is not None:
                    job.done.set_exception(job.error)
                else:
                    job.done.set_result(job.result)

        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
            self._loop.call_soon_threadsafe(resolve)


def _roll_back(raw: sqlite3.Connection) -> None:
    with contextlib.suppress(sqlite3.Error):
        if raw.in_transaction:
            raw.execute("ROLLBACK")


def is_passing(error: BaseException) -> bool:
    """Whether the database is full, locked or away, which passes; anything else is a bug."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return isinstance(cause, sqlite3.OperationalError) and any(
        word in str(cause).lower() for word in _AWAY
    )


def _translated(error: BaseException) -> BaseException:
    """Without the statement: it may hold words of people."""
    if not is_passing(error):
        return error
    return StoreUnavailable(str(error.orig if isinstance(error, sa.exc.DBAPIError) else error))
