"""A database of PostgreSQL: how it is entered, held against a second gateway, written and read."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import socket
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from core.errors import AlreadyRunning, BadInput, Finding, StoreUnavailable
from core.secrets import Secret
from core.store import complaints, doubts, schema, tables
from core.store.complaints import Away, Refused, Taken
from core.store.writer import InDoubt

log = logging.getLogger(__name__)
T = TypeVar("T")

_READERS = 4
"""So that one long search does not hold up everybody's short look."""
_OLDEST = 130000
"""PostgreSQL 13 can tell what became of a transaction by its number."""
_LOCK = 0x7472
"""With the name of the schema: which advisory lock a gateway holds while it writes there."""
_HELD_PATIENCE = 2.0
"""Seconds in which a server notices that the gateway before us was killed."""
_SHORTEST, _LONGEST = 0.2, 2.0

_MANNERS = {
    "client_encoding": "utf8",
    "connect_timeout": "5",
    # A host that vanished without a word is noticed within half a minute, on both sides.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
_SET_UP = """
SET synchronous_commit = on;
SET lock_timeout = '2s';
SET statement_timeout = '30s';
SET tcp_keepalives_idle = 10;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3
"""
_HOLDER = """
SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objsubid = 2
AND l.objid = hashtext(current_schema())::oid
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Server:
    """Where to connect and as whom; raises BadInput without the driver, and shows no password."""

    def __init__(self, url: sa.URL) -> None:
        try:
            import psycopg
        except ImportError:
            raise BadInput(
                Finding(
                    "DATABASE_URL",
                    "PostgreSQL needs the driver psycopg, which is not installed",
                    'Install it with pip install "troupe[postgres]"',
                )
            ) from None
        self._driver = psycopg
        # A name may be given more than once: several hosts, of which the first that answers counts.
        query = {
            name: value if isinstance(value, str) else ",".join(value)
            for name, value in url.query.items()
        }
        where = url.translate_connect_args(username="user", database="dbname") | query
        password = where.pop("password", None)
        self._password = Secret(password) if password else None
        self._where: dict[str, Any] = where
        here = f"process {os.getpid()} on {socket.gethostname()[:20]}"
        self.name = f"troupe, {here}, {uuid.uuid4().hex[:8]}"
        self._engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            use_native_hstore=False,
        )
        sa.event.listen(self._engine, "handle_error", complaints.without_words)

    def connect(self) -> sa.Connection:
        """Raises Away, or Refused where a person has to mend something."""
        return self._engine.connect()

    def _connect(self) -> Any:
        manners = _MANNERS | {"application_name": self.name}
        password = {"password": self._password.reveal()} if self._password else {}
        refusal: Exception
        try:
            raw = self._driver.connect(**manners | self._where | password, autocommit=True)
        except self._driver.Error as error:
            refusal = complaints.of_connecting(error)
        else:
            with contextlib.suppress(self._driver.Error):
                raw.execute(_SET_UP, prepare=False)
                return raw
            raw.close()
            refusal = Away("the database server closed the connection at once")
        raise refusal  # out here, so that it does not take the vendor's error along


class Line:
    """A connection that is made when it is wanted, and anew when it has broken."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection: sa.Connection | None = None

    @property
    def there(self) -> bool:
        return self._connection is not None

    def connection(self) -> sa.Connection:
        if self._connection is None:
            self._connection = self._server.connect()
        return self._connection

    @property
    def raw(self) -> Any:
        """psycopg's own connection."""
        return self.connection().connection.driver_connection

    @property
    def broken(self) -> bool:
        if self._connection is None or self._connection.invalidated:
            return True
        try:
            return bool(self.raw.closed)
        except sa.exc.SQLAlchemyError:  # it cannot even be looked at
            return True

    def drop(self) -> None:
        if self._connection is not None:
            # Whatever it says: it is broken, and is let go.
            with contextlib.suppress(Exception):
                self._connection.invalidate()
            with contextlib.suppress(Exception):
                self._connection.close()
            self._connection = None


class PostgresPen:
    """core.store.writer.Pen: who writes holds the lock, so that nobody writes beside it.

    The lock belongs to the connection: with it a killed gateway loses both, and one that was cut
    off cannot write any more once another has taken its place.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._line = Line(server)
        self._process = 0
        self._mark = self._since = ""

    def open(self) -> sa.Connection:
        """A connection with the lock; raises Away, Refused or Taken."""
        if self._line.broken:
            self._line.drop()
        if not self._line.there:
            connection = self._line.connection()
            try:
                self._take_hold()
            except BaseException:
                self._line.drop()
                raise
            return connection
        return self._line.connection()

    def begin(self) -> sa.Connection:
        fresh = not self._line.there
        connection = self.open()
        try:
            self._mark = self._begun()
        except Exception:
            if fresh or not self._line.broken:
                raise
            # It broke while nothing was under way: nobody need hear of it.
            connection = self.open()
            self._mark = self._begun()
        return connection

    def say(self, command: str) -> None:
        self._line.raw.execute(command)

    def commit(self) -> None:
        try:
            said = self._line.raw.execute("COMMIT").statusmessage
        except Exception:
            if self._line.broken:
                raise InDoubt(self._mark) from None
            raise
        if said != "COMMIT":
            raise RuntimeError("a function went on after a statement of its own had failed")

    def was_kept(self, mark: str) -> bool:
        self.open()
        number, _, since = mark.partition(" ")
        return doubts.was_kept(self._line.raw, number, since)

    def roll_back(self) -> None:
        with contextlib.suppress(Exception):
            if not self._line.broken:
                self._line.raw.execute("ROLLBACK")
                return
        self._line.drop()

    @property
    def undone(self) -> bool:
        return self._line.broken

    def trouble(self, error: BaseException) -> str:
        return complaints.trouble(error)

    def put_down(self) -> None:
        self._line.drop()

    def _begun(self) -> str:
        """Both in one message; the number tells later what became of it."""
        answers = self._line.raw.execute(doubts.BEGIN, prepare=False)
        answers.nextset()
        return f"{answers.fetchone()[0]} {self._since}"

    def _take_hold(self) -> None:
        raw = self._line.raw
        (held,) = raw.execute(
            "SELECT pg_try_advisory_lock(%s, hashtext(current_schema()))", (_LOCK,)
        ).fetchone()
        if held is None:
            raise Refused(Finding("DATABASE_URL", "names a database without any schema"))
        if not held:
            # Our own earlier connection may live on there, when only the line between broke.
            raw.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid = %s AND application_name = %s",
                (self._process, self._server.name),
            )
            holder = raw.execute(_HOLDER, (_LOCK,)).fetchone()
            raise Taken(f"another gateway ({holder[0] if holder else 'unknown'}) writes in it")
        self._process = raw.info.backend_pid
        self._since = doubts.counted_since(raw)


class PostgresReaders:
    """Reading beside the writer: a few threads, each with whatever connection is free."""

    def __init__(self, server: Server) -> None:
        self._threads = ThreadPoolExecutor(_READERS, "store-reader")
        self._free: queue.SimpleQueue[Line] = queue.SimpleQueue()
        for _ in range(_READERS):
            self._free.put(Line(server))

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, work)

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        while not self._free.empty():
            await asyncio.to_thread(self._free.get().drop)

    async def scrub(self, whole: bool) -> bool:
        """See core.ports.Store.scrub. A server keeps a log of its own, and its own copies."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._vacuum)
        return True

    def _vacuum(self) -> None:
        line = self._free.get()
        try:
            line.connection()
            line.raw.execute("SET statement_timeout = 0")
            for table in tables.metadata.tables:
                line.raw.execute(f'VACUUM "{table}"')
        except Exception as error:
            if not (words := complaints.trouble(error)):
                raise
        else:
            return
        finally:
            line.drop()  # with what was set
            self._free.put(line)
        raise StoreUnavailable(words)

    def _read(self, work: Callable[[sa.Connection], T]) -> T:
        line = self._free.get()
        try:
            fresh = not line.there
            try:
                return work(line.connection())
            except Exception:
                if fresh or not line.broken:
                    raise
            line.drop()
            return work(line.connection())
        except Exception as error:
            if not (words := complaints.trouble(error)):
                raise
        finally:
            try:
                if line.broken:
                    line.drop()
            finally:
                self._free.put(line)
        raise StoreUnavailable(words)


async def prepare(pen: PostgresPen, patience: float) -> None:
    """Enter, take the lock, bring the tables up to date; waits for a server that is away."""
    clock = asyncio.get_running_loop().time
    began, pause, told = clock(), _SHORTEST, False
    while True:
        taken: Taken | None = None
        try:
            return await asyncio.to_thread(_prepare, pen)
        except Refused as error:
            raise BadInput(error.finding) from None
        except Taken as error:
            taken, words = error, str(error)
        except (Away, sa.exc.DBAPIError) as error:
            if not (words := complaints.trouble(error)):
                raise
        waited = clock() - began
        if taken is not None and waited >= min(patience, _HELD_PATIENCE):
            raise AlreadyRunning(
                f"{taken}: stop it, or give this one its own database by DATABASE_URL"
            )
        if waited >= patience:
            mend = "Start the server, or correct the address"
            raise BadInput(Finding("DATABASE_URL", f"{words} ({waited:.0f} s were waited)", mend))
        if not told:
            log.error("the database cannot be opened now (%s); waiting", words)
        told = True
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST)


def _prepare(pen: PostgresPen) -> None:
    connection = pen.open()
    try:
        raw: Any = connection.connection.driver_connection
        if raw.info.server_version < _OLDEST:
            what = f"the server is PostgreSQL {raw.info.server_version // 10000}"
            raise Refused(Finding("DATABASE_URL", what, "Version 13 or newer is needed"))
        if raw.info.parameter_status("server_encoding") != "UTF8":
            what = "the database cannot hold every character"
            raise Refused(Finding("DATABASE_URL", what, "Make it with ENCODING 'UTF8'"))
        schema.upgrade_server(connection)
    except sa.exc.DBAPIError as error:
        pen.roll_back()
        if (refusal := complaints.of_preparing(error)) is not None:
            raise refusal from None
        raise
