"""Where a word occurs: the full-text index of each kind of database, asked for one word at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import orjson
import sqlalchemy as sa

from core.store import tables

_FEW = 8
"""Rooms of which each is asked for by name; of more, all of a character's are walked."""
_NAMED = 64
"""Rooms in one question: each costs a search of its own within it."""
_IN_ROOMS = "term >= ? AND term < ? AND substr(term, -8) IN (SELECT value FROM json_each(?))"
_AT_ONCE = 2_000
"""Of a word on a server, what is brought along with the first question."""


def _json(names: Collection[str]) -> str:
    return orjson.dumps(list(names)).decode()


class Postings(Protocol):
    def tally(self, words: Collection[str]) -> Mapping[str, int]:
        """How many passages have each word; words that none has are left out."""
        ...

    def of(self, word: str, most: int) -> Sequence[int]:
        """The newest that have it; may give some of other rooms along."""
        ...


def postings(connection: sa.Connection, shelf: str, rooms: Collection[str]) -> Postings:
    """Of one table of one character, within these rooms, all of them by their codes."""
    if connection.dialect.name == "sqlite":
        return _InAFile(connection, shelf, rooms)
    return _OnAServer(connection, shelf, rooms)


class _InAFile:
    """FTS5. Its terms are sorted: a word's in one room is one list, in all rooms a run of lists."""

    def __init__(self, connection: sa.Connection, shelf: str, rooms: Collection[str]) -> None:
        self._db = connection
        self._shelf = shelf
        self._rooms = rooms
        self._codes = _json(rooms)

    def tally(self, words: Collection[str]) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        if len(self._rooms) <= _FEW:
            terms = [f"{self._shelf}_{word}_{room}" for word in words for room in self._rooms]
            for term, many in self._db.exec_driver_sql(
                "SELECT term, doc FROM passages_counts"
                " WHERE term IN (SELECT value FROM json_each(?))",
                (_json(terms),),
            ):
                word = term.split("_")[1]
                counts[word] = counts.get(word, 0) + many
            return counts
        for word in words:
            many = self._db.exec_driver_sql(
                f"SELECT sum(doc) FROM passages_counts WHERE {_IN_ROOMS}", self._asked(word)
            ).scalar()
            if many:
                counts[word] = many
        return counts

    def of(self, word: str, most: int) -> Sequence[int]:
        if len(self._rooms) <= _NAMED:
            terms = (f'"{self._shelf}_{word}_{room}"' for room in self._rooms)
            found = self._db.exec_driver_sql(
                "SELECT rowid FROM passages_fts WHERE passages_fts MATCH ?"
                " ORDER BY rowid DESC LIMIT ?",
                (" OR ".join(terms), most),
            )
        else:
            found = self._db.exec_driver_sql(
                f"SELECT doc FROM passages_lists WHERE {_IN_ROOMS} ORDER BY doc DESC LIMIT ?",
                (*self._asked(word), most),
            )
        return found.scalars().all()

    def _asked(self, word: str) -> tuple[str, str, str]:
        """From its first term to behind its last: ` comes next after _."""
        return f"{self._shelf}_{word}_", f"{self._shelf}_{word}`", self._codes


class _OnAServer:
    """A GIN index over tsvectors; what a word's list holds is counted by walking it."""

    def __init__(self, connection: sa.Connection, shelf: str, rooms: Collection[str]) -> None:
        self._db = connection
        self._shelf = shelf
        self._rooms = list(rooms)
        self._known: dict[str, Sequence[int]] = {}

    def tally(self, words: Collection[str]) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for word in words:
            found = self.of(word, _AT_ONCE)
            if len(found) == _AT_ONCE:
                counts[word] = self._db.execute(_COUNT, self._asked(word)).scalar_one()
            elif found:
                counts[word] = len(found)
                self._known[word] = found
        return counts

    def of(self, word: str, most: int) -> Sequence[int]:
        if word in self._known:
            return self._known[word]
        return self._db.execute(_LIST, self._asked(word) | {"most": most}).scalars().all()

    def _asked(self, word: str) -> dict[str, Any]:
        if len(self._rooms) == 1:
            query = f"'{self._shelf}_{word}_{self._rooms[0]}'"
        else:
            query = f"'{self._shelf}_{word}_':*"
        return {"query": query, "rooms": self._rooms}


_FOUND = f"FROM passages WHERE {tables.TERMS} @@ CAST(:query AS tsquery) AND room = ANY(:rooms)"
_COUNT = sa.text(f"SELECT count(*) {_FOUND}")
_LIST = sa.text(f"SELECT id {_FOUND} ORDER BY id DESC LIMIT :most")
