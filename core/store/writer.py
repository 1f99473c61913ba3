"""The one writer of a database: whatever waits while it commits goes into the next commit."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from core.errors import StoreUnavailable

T = TypeVar("T")

_BATCH = 256
"""Functions in one commit; bounds how long the first of them waits for the last."""
_ASK_AGAIN = 0.2


class InDoubt(Exception):
    """The line broke while the database was told to commit; `mark` is the transaction's number."""

    def __init__(self, mark: str) -> None:
        super().__init__(mark)
        self.mark = mark


class Pen(Protocol):
    """The connection that writes, and what its database calls things."""

    def begin(self) -> sa.Connection:
        """Start a transaction, on a new connection if need be."""
        ...

    def say(self, command: str) -> None: ...
    def commit(self) -> None:
        """Raises InDoubt when nobody can tell whether it was kept."""
        ...

    def was_kept(self, mark: str) -> bool:
        """Ask about a commit in doubt; raises while there is no answer."""
        ...

    def roll_back(self) -> None:
        """Never raises: what is lost is rolled back as well."""
        ...

    @property
    def undone(self) -> bool:
        """Whether the database itself has taken the whole transaction back."""
        ...

    def trouble(self, error: BaseException) -> str:
        """In words when it will pass; empty for a bug."""
        ...

    def put_down(self) -> None: ...


@dataclass(slots=True)
class _Job:
    work: Callable[[sa.Connection], Any]
    done: asyncio.Future[Any]
    early: Callable[[Any], None] | None = None
    apart: Callable[[], Any] | None = None
    """Done between two commits, outside of any transaction, instead of `work`."""
    result: Any = None
    error: BaseException | None = None


class Writer:
    """A thread with a connection of its own, so a statement costs no hop between threads.

    Functions run one after another, then one COMMIT (of which each is one fsync), then their
    callers go on. Where one of them fails, all run a second time, each in a SAVEPOINT of its own,
    so that the failure is its caller's alone. Interleaving open transactions on one connection
    would lose data without a word; a queue cannot interleave.
    """

    def __init__(self, pen: Pen) -> None:
        self._pen = pen
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._doubtful: list[tuple[str, Sequence[_Job]]] = []
        self._chore: _Job | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Finish what is queued, then end."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    async def write(
        self, work: Callable[[sa.Connection], T], early: Callable[[T], None] | None = None
    ) -> T:
        """Runs even when the caller is cancelled meanwhile: what was sent must be written down.

        `work` must be good to run a second time after a rollback. `early` is told its result
        before the commit, where it stands in that commit alone.
        """
        assert self._loop is not None, "the store is not open"
        job = _Job(work, self._loop.create_future(), early)
        self._jobs.put(job)
        result: T = await job.done
        return result

    async def apart(self, chore: Callable[[], T]) -> T:
        """Do something on the writing thread while nothing is under way; all others wait for it."""
        assert self._loop is not None, "the store is not open"
        job = _Job(_no_work, self._loop.create_future(), apart=chore)
        self._jobs.put(job)
        result: T = await job.done
        return result

    def _serve(self) -> None:
        try:
            while (batch := self._gather()) is not None:
                if trouble := self._clear_doubts():
                    _fail(batch, trouble)  # what is in doubt comes first
                    self._answer(batch)
                elif batch:
                    self._commit(batch)
                self._do_chore()
        finally:
            for _, unknown in self._doubtful:
                _fail(unknown, StoreUnavailable("nobody knows yet whether it was kept"))
                self._answer(unknown)
            self._pen.put_down()

    def _gather(self) -> list[_Job] | None:
        """What waits now; empty when it is time to ask about a doubt, None when it is to end."""
        batch: list[_Job] = []
        try:
            job = self._jobs.get(timeout=_ASK_AGAIN if self._doubtful else None)
            while job is not None:
                if job.apart is not None:
                    self._chore = job  # behind what has come before it
                    return batch
                batch.append(job)
                if len(batch) == _BATCH:
                    return batch
                job = self._jobs.get_nowait()
        except queue.Empty:
            return batch
        if batch:
            self._jobs.put(None)  # the end was heard too early: first these
        return batch or None

    def _do_chore(self) -> None:
        job, self._chore = self._chore, None
        if job is None or job.apart is None:
            return
        try:
            job.result = job.apart()
        except Exception as error:  # noqa: BLE001  (its caller must hear of it, whatever it is)
            job.error = self._translated(error)
        self._answer([job])

    def _commit(self, batch: Sequence[_Job]) -> None:
        try:
            if not self._together(batch):
                self._one_by_one(batch)
        except InDoubt as doubt:
            self._doubtful.append((doubt.mark, batch))
            self._clear_doubts()
            return
        except Exception as error:  # noqa: BLE001  (whatever it is, every caller must hear of it)
            self._pen.roll_back()
            _fail(batch, self._translated(error))
        self._answer(batch)

    def _together(self, batch: Sequence[_Job]) -> bool:
        """False, and nothing done, when one of them fails.

        A savepoint is two statements more, and after each statement this thread has to wait for
        the interpreter again; so they are for the rare batch that needs them.
        """
        connection = self._pen.begin()
        try:
            for job in batch:
                job.result = job.work(connection)
        except Exception:
            if len(batch) == 1 and not self._pen.undone:
                raise
            self._pen.roll_back()  # it comes again, and is told then
            return False
        if len(batch) == 1:
            self._tell_early(batch[0])
        self._pen.commit()
        return True

    def _one_by_one(self, batch: Sequence[_Job]) -> None:
        connection = self._pen.begin()
        for job in batch:
            self._pen.say("SAVEPOINT one")
            try:
                job.result = job.work(connection)
            except Exception as error:
                if self._pen.undone:  # a full disk, a lost connection
                    raise
                self._pen.say("ROLLBACK TO one")
                job.error = self._translated(error)
            self._pen.say("RELEASE one")
        self._pen.commit()

    def _clear_doubts(self) -> BaseException | None:
        """Kept or not? Their callers would do it again, and take what was kept for a double."""
        while self._doubtful:
            mark, batch = self._doubtful[0]
            try:
                kept = self._pen.was_kept(mark)
            except Exception as error:  # noqa: BLE001  (still away: it is asked again)
                return self._translated(error)
            del self._doubtful[0]
            if not kept:
                _fail(batch, StoreUnavailable("the connection broke before it was kept"))
            self._answer(batch)
        return None

    def _tell_early(self, job: _Job) -> None:
        if job.early is not None:
            assert self._loop is not None
            with contextlib.suppress(RuntimeError):  # the loop is gone
                self._loop.call_soon_threadsafe(job.early, job.result)

    def _answer(self, batch: Sequence[_Job]) -> None:
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

    def _translated(self, error: BaseException) -> BaseException:
        """Without the statement: it may hold words of people."""
        words = self._pen.trouble(error)
        return StoreUnavailable(words) if words else error


def _no_work(connection: sa.Connection) -> None:
    """There is nothing to be written."""


def _fail(batch: Sequence[_Job], error: BaseException) -> None:
    for job in batch:
        job.error = error
