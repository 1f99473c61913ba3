"""Where a word occurs: the full-text index of each kind of database, asked for one word at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Protocol

import sqlalchemy as sa

from core.ids import RoomId
from core.ports import Scope
from core.store import codes, handed, tables
from core.store.tables import moment_of

_R = tables.rooms

_FEW = 8
"""Rooms of which each is asked for by name; of more, all of a character's are walked."""
_NAMED = 64
"""Rooms in one question: each costs a search of its own within it."""
_IN_ROOMS = "term >= ? AND term < ? AND substr(term, -8) IN (SELECT value FROM json_each(?))"
_SHORT = 500
"""Occurrences of a word that in a file are handed over with their number."""
_AT_ONCE = 2_001
"""Of a word on a server, what is brought along with the first question."""


_PLACES = sa.select(_R.c.character_id, _R.c.id, _R.c.forgotten_before).where(
    _R.c.character_id.in_(sa.bindparam("whose", expanding=True)),
    _R.c.id.in_(sa.bindparam("rooms", expanding=True)),
)
# The passages of a room are counted under no word at all; nobody asks for their list.
_SURVEY = f"""
SELECT json_array(
  json((SELECT json_group_array(json_array(character_id, id, forgotten_before)) FROM rooms
    WHERE character_id IN (SELECT value FROM json_each(?))
    AND id IN (SELECT value FROM json_each(?)))),
  json((SELECT json_group_array(json_array(term, doc,
    CASE WHEN doc <= {_SHORT} AND instr(term, '__') = 0 THEN
      json((SELECT json_group_array(doc) FROM passages_lists WHERE term = counted.term)) END))
    FROM passages_counts AS counted WHERE term IN (SELECT value FROM json_each(?)))))"""
_LISTS = """
SELECT json_group_array(json_array(value,
  json((SELECT json_group_array(doc) FROM passages_lists WHERE term = value))))
FROM json_each(?)"""


class Postings(Protocol):
    """Of one table of one character, within those of the rooms that are open to it."""

    @property
    def since(self) -> Mapping[RoomId, datetime | None]:
        """These rooms, and since when each is remembered."""
        ...

    def tally(self) -> Mapping[str, int]:
        """How many passages have each word; words that none has are left out."""
        ...

    def size(self) -> int:
        """How many passages there are, where the tally has told; else 0."""
        ...

    def whole(self, words: Collection[str]) -> Mapping[str, Collection[int]]:
        """All that have each of these words, which are seldom."""
        ...

    def newest(self, word: str, most: int) -> Collection[int]: ...


def opened(
    connection: sa.Connection, scopes: Sequence[Scope], words: Sequence[str]
) -> list[Postings]:
    """Of the table of each scope, in its rooms."""
    if connection.dialect.name != "sqlite":
        since = _open(_rows(connection, scopes), scopes)
        return [
            _OnAServer(connection, scope, open_rooms, words)
            for scope, open_rooms in zip(scopes, since, strict=True)
        ]
    terms = [
        term
        for scope in scopes
        if len(scope.rooms) <= _FEW
        for term in _terms(_shelf(scope), scope.rooms, [*words, ""])
    ]
    rooms, counted = handed.of_one(
        connection,
        _SURVEY,
        handed.asked({scope.character for scope in scopes}),
        handed.asked({room for scope in scopes for room in scope.rooms}),
        handed.asked(terms),
    )
    counts = {term: (many, listed) for term, many, listed in counted}
    found = [(whose, room, None if at is None else moment_of(at)) for whose, room, at in rooms]
    return [
        _InAFile(connection, scope, open_rooms, words, counts if len(scope.rooms) <= _FEW else None)
        for scope, open_rooms in zip(scopes, _open(found, scopes), strict=True)
    ]


def open_rooms(connection: sa.Connection, scope: Scope) -> dict[RoomId, datetime | None]:
    """Those of a scope's rooms that are this character's, and since when each is remembered."""
    return _open(_rows(connection, [scope]), [scope])[0]


def _rows(connection: sa.Connection, scopes: Sequence[Scope]) -> Sequence[Any]:
    asked = {
        "whose": list({scope.character for scope in scopes}),
        "rooms": list({room for scope in scopes for room in scope.rooms}),
    }
    return connection.execute(_PLACES, asked).all()


def _open(
    rows: Iterable[Sequence[Any]], scopes: Sequence[Scope]
) -> list[dict[RoomId, datetime | None]]:
    of: dict[tuple[str, str], datetime | None] = {(whose, room): at for whose, room, at in rows}
    return [
        {room: of[scope.character, room] for room in scope.rooms if (scope.character, room) in of}
        for scope in scopes
    ]


def _shelf(scope: Scope) -> str:
    return codes.code(scope.character, scope.table)


def _terms(shelf: str, rooms: Iterable[str], words: Collection[str]) -> list[str]:
    places = [codes.code(room) for room in rooms]
    return [f"{shelf}_{word}_{place}" for word in words for place in places]


class _InAFile:
    """FTS5. Its terms are sorted: a word's in one room is one list, in all rooms a run of lists."""

    def __init__(
        self,
        connection: sa.Connection,
        scope: Scope,
        since: Mapping[RoomId, datetime | None],
        words: Sequence[str],
        counts: Mapping[str, tuple[int, list[int] | None]] | None,
    ) -> None:
        """`counts` of each term with its list, where it is short; None of many rooms."""
        self._db = connection
        self._shelf = _shelf(scope)
        self._words = words
        self._counts = counts
        self._codes = handed.asked([codes.code(room) for room in since])
        self._size = 0
        self._lists: dict[str, Collection[int]] = {}
        self.since = since

    def tally(self) -> Mapping[str, int]:
        if self._counts is None:
            return self._walked()
        counts: dict[str, int] = {}
        for word in [*self._words, ""]:
            found = [
                one for term in self._terms([word]) if (one := self._counts.get(term)) is not None
            ]
            if not found:
                continue
            counts[word] = sum(many for many, _ in found)
            lists = [listed for _, listed in found if listed is not None]
            if len(lists) == len(found):
                self._lists[word] = list(chain.from_iterable(lists))
        self._size = counts.pop("", 0)
        return counts

    def _walked(self) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for word in self._words:
            found = self._db.exec_driver_sql(
                f"SELECT sum(doc) FROM passages_counts WHERE {_IN_ROOMS}", self._run(word)
            ).scalar()
            if found:
                counts[word] = found
        return counts

    def size(self) -> int:
        return self._size

    def whole(self, words: Collection[str]) -> Mapping[str, Collection[int]]:
        if self._counts is None:
            return {word: self.newest(word, -1) for word in words}
        long = [word for word in words if word not in self._lists]
        if long:
            found: dict[str, list[int]] = {}
            for term, passages in handed.of_one(self._db, _LISTS, handed.asked(self._terms(long))):
                found.setdefault(term.split("_")[1], []).extend(passages)
            self._lists |= found
        return {word: self._lists[word] for word in words}

    def newest(self, word: str, most: int) -> Collection[int]:
        if word in self._lists:
            return self._lists[word]
        asked: tuple[object, ...]
        if len(self.since) <= _NAMED:
            listed = "SELECT rowid AS doc FROM passages_fts WHERE passages_fts MATCH ?"
            asked = (" OR ".join(f'"{term}"' for term in self._terms([word])), most)
        else:
            listed = f"SELECT doc FROM passages_lists WHERE {_IN_ROOMS}"
            asked = (*self._run(word), most)
        passages: list[int] = handed.of_one(
            self._db,
            f"SELECT json_group_array(doc) FROM ({listed} ORDER BY doc DESC LIMIT ?)",
            *asked,
        )
        return passages

    def _terms(self, words: Collection[str]) -> list[str]:
        return _terms(self._shelf, self.since, words)

    def _run(self, word: str) -> tuple[str, str, str]:
        """From its first term to behind its last: ` comes next after _."""
        return f"{self._shelf}_{word}_", f"{self._shelf}_{word}`", self._codes


class _OnAServer:
    """A GIN index over tsvectors; what a word's list holds is known when it was walked."""

    def __init__(
        self,
        connection: sa.Connection,
        scope: Scope,
        since: Mapping[RoomId, datetime | None],
        words: Sequence[str],
    ) -> None:
        self._db = connection
        self._shelf = _shelf(scope)
        self._rooms = [codes.code(room) for room in since]
        self._words = words
        self._known: dict[str, Collection[int]] = {}
        self.since = since

    def tally(self) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for word in self._words:
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
