"""The database that a test plays on: a SQLite file in its data directory, or PostgreSQL's."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.postgres import PostgresServer

_AS_THEY_CAME = {"inbox": "id", "deliveries": "seq", "memories": "seq"}


@dataclass(frozen=True, slots=True)
class Database:
    """`url` is as in DATABASE_URL: empty for SQLite where nobody asks for another file."""

    url: str = ""
    name: str = ""
    server: PostgresServer | None = None

    @property
    def kind(self) -> str:
        return "postgres" if self.server else "sqlite"

    @property
    def settings(self) -> dict[str, str]:
        """Variables of a gateway that is to use it."""
        return {"DATABASE_URL": self.url} if self.url else {}

    def ask(self, data: Path, question: str) -> list[Mapping[str, Any]]:
        """Rows, of a gateway that is stopped or runs; a change is kept at once."""
        if self.server is not None:
            found: list[Mapping[str, Any]] = self.server.ask(question, self.name)
            return found
        with closing(sqlite3.connect(data / "troupe.db")) as file, file:
            file.row_factory = sqlite3.Row
            return [dict(row) for row in file.execute(question)]

    def rows(self, data: Path, table: str) -> list[Mapping[str, Any]]:
        """All of a table, as they came: PostgreSQL itself moves a row that is changed to the end."""
        key = _AS_THEY_CAME.get(table)
        return self.ask(data, f"SELECT * FROM {table}" + (f" ORDER BY {key}" if key else ""))


class _InUse:
    """What the fixture `database` gave to the test that runs now; else SQLite."""

    now = Database()


in_use = _InUse()
