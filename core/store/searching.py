"""A scope's memories that share most with a question, of what the index says of each word."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.ids import RoomId
from core.messages import Memory
from core.ports import Found, Scope
from core.ports.finding import Hits, Judge, Shared
from core.store import codes, contents, handed, tables
from core.store.postings import Postings
from core.store.tables import milliseconds, milliseconds_of

_P, _T = tables.passages, tables.memories

_SPARE = 16
"""Passages that are looked at together, beside as many as are wanted."""
_EVER = -(1 << 62)

_LOOK_AT = sa.select(
    _P.c.id, _P.c.shelf, _P.c.room, _P.c.entity, _P.c.words, milliseconds_of(_P.c.created_at)
).where(_P.c.id.in_(sa.bindparam("passages", expanding=True)))
_LOOK_IN_A_FILE = (
    "SELECT json_group_array(json_array(id, shelf, room, entity, words, created_at))"
    " FROM passages WHERE id IN (SELECT value FROM json_each(?))"
)
_READ = (
    sa.select(_P.c.id.label("passage"), _T)
    .join(_T, _T.c.seq == _P.c.seq)
    .where(_P.c.id.in_(sa.bindparam("passages", expanding=True)))
)
_READ_IN_A_FILE = (
    f"SELECT json_group_array(json_array(p.id, {handed.MEMORY}))"
    " FROM passages AS p JOIN memories AS m ON m.seq = p.seq"
    " WHERE p.id IN (SELECT value FROM json_each(?))"
)


def within(row: Any, scope: Scope, since: Mapping[RoomId, datetime | None]) -> bool:
    """Whether a row of memories lies in the scope."""
    if row.character_id != scope.character or row.type != scope.table or row.room_id not in since:
        return False
    start = since[row.room_id]
    return (
        (start is None or row.created_at >= start)
        and (scope.before is None or row.created_at < scope.before)
        and (scope.entity is None or row.entity_id == scope.entity)
    )


class _Hit(NamedTuple):
    """In this order: of equals the newest comes first."""

    score: float
    passage: int
    words: Shared


class Shelf:
    """What is known of a table of a character in some rooms, for every search within it: the
    words of a question that were looked up, and the passages that were looked at."""

    def __init__(
        self, connection: sa.Connection, places: Postings, size: int, tally: Mapping[str, int]
    ) -> None:
        self._db = connection
        self._places = places
        self._tally = tally
        self._looked: dict[int, Sequence[Any]] = {}
        self._shared: dict[int, Shared] = {}
        self._bits: dict[int, int] = {}
        self.since = places.since
        self.worth = {word: math.log1p(max(size, many) / many) for word, many in tally.items()}
        self.shares: dict[int, float] = {}
        """Of the words that were looked up, what those are worth that a passage has."""
        self.whole = True
        """All that has any of these words is among them."""
        self._rest = sorted(self.worth, key=self.worth.__getitem__)

    @property
    def rest(self) -> float:
        """What the words are worth that were not looked up yet."""
        return sum(self.worth[word] for word in self._rest)

    @property
    def next(self) -> int:
        """How often the next of them occurs, 0 where there is none."""
        return self._tally[self._rest[-1]] if self._rest else 0

    def begin(self, most: int) -> None:
        """Look up the words with the fewest occurrences, as long as these are `most` together."""
        few, many = [], 0
        while self._rest and (many := many + self.next) <= most:
            few.append(self._rest.pop())
        for word, occurrences in self._places.whole(few).items():
            self._add(word, occurrences)

    def go_on(self, most: int) -> None:
        """Look up the next word, at most its newest occurrences."""
        word = self._rest.pop()
        occurrences = self._places.newest(word, most)
        self.whole = self.whole and len(occurrences) < most
        self._add(word, occurrences)

    def look(self, passages: Sequence[int]) -> Iterable[Sequence[Any]]:
        """Rows of `_LOOK_AT`."""
        known = self._looked
        if new := [one for one in passages if one not in known]:
            if self._db.dialect.name == "sqlite":
                rows = handed.of_one(self._db, _LOOK_IN_A_FILE, handed.asked(new))
            else:
                rows = self._db.execute(_LOOK_AT, {"passages": new})
            for row in rows:
                known[row[0]] = row
        return [known[one] for one in passages if one in known]

    def shared(self, passage: int) -> Shared:
        """Which of the words it has; right only where all were looked up whole."""
        bits = self._bits[passage]
        found = self._shared.get(bits)
        if found is None:
            words = enumerate(self.worth)
            found = self._shared[bits] = tuple([word for at, word in words if bits >> at & 1])
        return found

    def _add(self, word: str, occurrences: Iterable[int]) -> None:
        worth, shares, all_bits = self.worth[word], self.shares, self._bits
        bit = 1 << list(self.worth).index(word)
        for passage in occurrences:
            shares[passage] = shares.get(passage, 0.0) + worth
            all_bits[passage] = all_bits.get(passage, 0) | bit


class Search:
    """Those that share most, exact though the lists of the most frequent words stay unread."""

    def __init__(self, shelf: Shelf, scope: Scope, limit: int) -> None:
        self.scope = scope
        self.limit = limit
        self._shelf = shelf
        self._code = codes.code(scope.character, scope.table)
        self._starts = {
            codes.code(one): _EVER if (start := milliseconds(at)) is None else start
            for one, at in shelf.since.items()
        }
        self._before = milliseconds(scope.before)
        self._entity = None if scope.entity is None else codes.number(scope.entity)
        self._seen: set[int] = set()
        self._best: list[_Hit] = []
        self._others: list[Shared] = []

    def run(self, longest: int) -> None:
        """Of a word that occurs oftener than `longest`, only the newest occurrences are read, and
        these only where words that are rarer have not found enough."""
        shelf = self._shelf
        # Nobody who has only the words that are left can come before those found already: they
        # are the frequent ones, and what they are worth is little.
        while not self._settle(shelf.rest) and shelf.next:
            if self._enough and shelf.next > longest:
                break
            shelf.go_on(longest)

    def judged(self, judge: Judge) -> None:
        """Leave out what is not worth reading."""
        verdicts = judge([hit.words for hit in self._best])
        kept = []
        for hit, worth in zip(self._best, verdicts, strict=True):
            if worth:
                kept.append(hit)
            else:
                self._others.append(hit.words)
        self._best = kept

    @property
    def passages(self) -> list[int]:
        return [hit.passage for hit in self._best]

    def found(self, read: Mapping[int, tuple[Any, Memory]]) -> Hits:
        """`read` are memories with their rows, by their passages."""
        of_these = ((hit, read.get(hit.passage)) for hit in sorted(self._best, reverse=True))
        found = [
            Found(one[1], hit.score, hit.words, one[0].seq)
            for hit, one in of_these
            # Whole names are compared now, where codes have been so far.
            if one is not None and within(one[0], self.scope, self._shelf.since)
        ]
        return Hits(found, self._others)

    @property
    def _enough(self) -> bool:
        return len(self._best) == self.limit

    @property
    def _least(self) -> float:
        """What it takes to be among the best."""
        return self._best[0].score if self._enough else 0.0

    def _settle(self, rest: float) -> bool:
        """Look at the most promising; whether others, with `rest` at most added, cannot pass."""
        look = self.limit + _SPARE
        shares = self._shelf.shares
        # To sort all of them is seldom needed, and while there are words left it is sooner
        # settled by the next than by looking at thousands.
        for few in (look * 4, look * 16 if rest else len(shares)):
            ranked = heapq.nlargest(few, zip(shares.values(), shares, strict=True))
            for start in range(0, len(ranked), look):
                if self._least >= ranked[start][0] + rest:
                    return True
                self._look([passage for _, passage in ranked[start : start + look]])
        return self._least >= rest

    def _look(self, passages: list[int]) -> None:
        new = [one for one in passages if one not in self._seen]
        self._seen.update(new)
        worth = self._shelf.worth
        # What each has is known already, where every list was read to its end.
        is_known = self._shelf.whole and not self._shelf.next
        for passage, shelf, room, entity, words, at in self._shelf.look(new):
            start = self._starts.get(room)
            if start is None or at < start or shelf != self._code:
                continue
            if self._before is not None and at >= self._before:
                continue
            if self._entity is not None and entity != self._entity:
                continue
            if is_known:
                shared = self._shelf.shared(passage)
            else:
                said = set(words.split())
                shared = tuple([word for word in worth if word in said])
            hit = _Hit(sum(map(worth.__getitem__, shared)), passage, shared)
            if self._enough:
                heapq.heappushpop(self._best, hit)
            else:
                heapq.heappush(self._best, hit)


def found(connection: sa.Connection, searches: Sequence[Search]) -> list[Hits]:
    """What each of them has found; every memory is read once."""
    passages = {passage for search in searches for passage in search.passages}
    if not passages:
        return [search.found({}) for search in searches]
    rows: Iterable[tuple[int, Any]]
    if connection.dialect.name == "sqlite":
        handed_over = handed.of_one(connection, _READ_IN_A_FILE, handed.asked(passages))
        rows = ((passage, handed.memory(values)) for passage, values in handed_over)
    else:
        found = connection.execute(_READ, {"passages": list(passages)})
        rows = ((row.passage, row) for row in found)
    read = {passage: (row, contents.memory(row)) for passage, row in rows}
    return [search.found(read) for search in searches]
