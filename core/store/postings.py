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
_AT_ONCE = 2_001
"""Of a word on a server, what is brought along with the first question."""


def _json(names: Collection[str]) -> str:
    return orjson.dumps(list(names)).decode()


class Postings(Protocol):
    def tally(self, words: Collection[str]) -> Mapping[str, int]:
        """How many passages have each word; words that none has are left out."""
        ...

    def size(self) -> int:
        """How many passages there are, where the tally has told; else 0."""
        ...

    def whole(self, words: Collection[str]) -> Mapping[str, Collection[int]]:
        """All that have each of these words, which are seldom."""
        ...

    def newest(self, word: str, most: int) -> Collection[int]: ...


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
        self._size = 0

    def tally(self, words: Collection[str]) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        if len(self._rooms) <= _FEW:
            for term, many in self._db.exec_driver_sql(
                "SELECT term, doc FROM passages_counts"
                " WHERE term IN (SELECT value FROM json_each(?))",
                (_json(self._terms([*words, ""])),),
            ):
                word = term.split("_")[1]
                counts[word] = counts.get(word, 0) + many
            self._size = counts.pop("", 0)
            return counts
        for word in words:
            found = self._db.exec_driver_sql(
                f"SELECT sum(doc) FROM passages_counts WHERE {_IN_ROOMS}", self._run(word)
            ).scalar()
            if found:
                counts[word] = found
        return counts

    def size(self) -> int:
        return self._size

    def whole(self, words: Collection[str]) -> Mapping[str, Collection[int]]:
        if len(self._rooms) > _FEW:
            return {word: self.newest(word, -1) for word in words}
        found: dict[str, list[int]] = {}
        # As a row of its own each number would take ten times as long to come here.
        for term, passages in self._db.exec_driver_sql(
            "SELECT value, (SELECT json_group_array(doc) FROM passages_lists WHERE term = value)"
            " FROM json_each(?)",
            (_json(self._terms(words)),),
        ):
            found.setdefault(term.split("_")[1], []).extend(orjson.loads(passages))
        return found

    def newest(self, word: str, most: int) -> Collection[int]:
        asked: tuple[object, ...]
        if len(self._rooms) <= _NAMED:
            listed = "SELECT rowid AS doc FROM passages_fts WHERE passages_fts MATCH ?"
            asked = (" OR ".join(f'"{term}"' for term in self._terms([word])), most)
        else:
            listed = f"SELECT doc FROM passages_lists WHERE {_IN_ROOMS}"
            asked = (*self._run(word), most)
        found = self._db.exec_driver_sql(
            f"SELECT json_group_array(doc) FROM ({listed} ORDER BY doc DESC LIMIT ?)", asked
        ).scalar_one()
        passages: list[int] = orjson.loads(found)
        return passages

    def _terms(self, words: Collection[str]) -> list[str]:
        return [f"{self._shelf}_{word}_{room}" for word in words for room in self._rooms]

    def _run(self, word: str) -> tuple[str, str, str]:
        """From its first term to behind its last: ` comes next after _."""
        return f"{self._shelf}_{word}_", f"{self._shelf}_{word}`", self._codes


class _OnAServer:
    """A GIN index over tsvectors; what a word's list holds is known when it was walked."""

    def __init__(self, connection: sa.Connection, shelf: str, rooms: Collection[str]) -> None:
        self._db = connection
        self._shelf = shelf
        self._rooms = list(rooms)
        self._known: dict[str, Collection[int]] = {}

    def tally(self, words: Collection[str]) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for word in words:
            found = self._db.execute(_SOME, self._asked(word, _AT_ONCE)).scalars().all()
            if len(found) == _AT_ONCE:
                counts[word] = self._estimated(found)
            elif found:
                counts[word] = len(found)
                self._known[word] = found
        return counts

    def size(self) -> int:
        return 0

    def whole(self, words: Collection[str]) -> Mapping[str, Collection[int]]:
        return {word: self.newest(word, _AT_ONCE) for word in words}

    def newest(self, word: str, most: int) -> Collection[int]:
        if word in self._known:
            return self._known[word]
        return self._db.execute(_NEWEST, self._asked(word, most)).scalars().all()

    def _estimated(self, found: Sequence[int]) -> int:
        """As many more as there are more passages: they come as they lie, the oldest first.

        To count the hits of a frequent word takes ten times as long as all of the search.
        """
        first, last = self._db.execute(_ENDS).one()
        share = len(found) / (max(found) - first + 1)
        return max(len(found), int(share * (last - first + 1)))

    def _asked(self, word: str, most: int) -> dict[str, Any]:
        if len(self._rooms) <= _FEW:
            query = " | ".join(f"'{self._shelf}_{word}_{room}'" for room in self._rooms)
        else:
            query = f"'{self._shelf}_{word}_':*"
        return {"query": query, "rooms": self._rooms, "most": most}


_FOUND = (
    f"SELECT id FROM passages WHERE {tables.TERMS} @@ CAST(:query AS tsquery)"
    " AND room = ANY(:rooms)"
)
_SOME = sa.text(f"{_FOUND} LIMIT :most")
_NEWEST = sa.text(f"{_FOUND} ORDER BY id DESC LIMIT :most")
_ENDS = sa.text("SELECT min(id), max(id) FROM passages")
