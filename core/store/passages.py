"""The full-text index: what was said, by its words; it follows behind what is written down."""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.ids import RoomId
from core.ports import Found, Scope
from core.store import codes, contents, inserts, postings, tables, values
from core.words import words as words_of

_E, _M, _P, _T = tables.embeddings, tables.markers, tables.passages, tables.memories
_R = tables.rooms

MARKER = "passages"
_UNSAID = frozenset({"documents", "action_results"})
"""Of documents the pieces in `knowledge` are found; what actions gave back is nobody's talk."""
_MOST_WORDS = 48
"""Of a question; a person's has ten."""
_CHEAP = 2_000
"""Occurrences that are sooner read than it is found out whether they are needed."""
_LONGEST = 20_000
"""Occurrences of one word that are looked at, the newest."""
_LOOK = 64
"""Passages that are looked at together."""
_LARGE = 20_000
"""Memories in a scope; in a larger one a word's worth is told apart well enough."""

_LOOKED = sa.select(_M.c.seq).where(_M.c.name == MARKER)
_MARK = inserts.put(_M, ["name"], ["seq"])
_NEWEST = sa.select(sa.func.coalesce(sa.func.max(_T.c.seq), 0))
_NEXT = (
    sa.select(_T)
    .where(_T.c.seq > sa.bindparam("after"))
    .order_by(_T.c.seq)
    .limit(sa.bindparam("most"))
)
_ADD = inserts.add(_P)
_GONE = [
    sa.delete(_P).where(_P.c.seq == sa.bindparam("row")),
    sa.delete(_E).where(_E.c.seq == sa.bindparam("row")),
]
_PLACES = sa.select(_R.c.id, _R.c.forgotten_before).where(
    _R.c.character_id == sa.bindparam("who"),
    _R.c.id.in_(sa.bindparam("rooms", expanding=True)),
)
_SIZE = sa.select(sa.func.count()).select_from(
    sa.select(_T.c.seq)
    .where(
        _T.c.room_id.in_(sa.bindparam("rooms", expanding=True)), _T.c.type == sa.bindparam("kind")
    )
    .limit(_LARGE)
    .subquery()
)
_LOOK_AT = (
    sa.select(_P.c.id.label("passage"), _P.c.words, _T)
    .join(_T, _T.c.seq == _P.c.seq)
    .where(
        _P.c.id.in_(sa.bindparam("passages", expanding=True)),
        _T.c.character_id == sa.bindparam("who"),
        _T.c.type == sa.bindparam("kind"),
    )
)


class PassageRows:
    """core.ports.Passages over one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def behind(self, limit: int) -> int:
        rows = self._db.execute(_NEXT, {"after": self._looked(), "most": limit}).all()
        if not rows:
            return 0
        self._add(rows)
        self._db.execute(_MARK, {"name": MARKER, "seq": rows[-1].seq})
        return len(rows)

    def waiting(self) -> int:
        # Their numbers are compared: to count a million rows takes a second.
        return max(int(self._db.execute(_NEWEST).scalar_one()) - self._looked(), 0)

    def find(self, scope: Scope, words: Sequence[str], limit: int) -> list[Found]:
        # Words are letters and digits, also of a caller who has not made them by core.words.
        asked = [word for word in dict.fromkeys(words) if word.isalnum()][:_MOST_WORDS]
        since = open_rooms(self._db, scope)
        if not asked or not since or limit < 1:
            return []
        shelf = codes.code(scope.character, scope.table)
        places = postings.postings(self._db, shelf, [codes.code(room) for room in since])
        tally = places.tally(asked)
        if not tally:
            return []
        size = self._db.execute(_SIZE, {"rooms": list(since), "kind": scope.table}).scalar_one()
        worth = {word: math.log1p(max(size, many) / many) for word, many in tally.items()}
        search = _Search(self._db, scope, since, worth, limit)
        taken, rest = 0, sorted(worth, key=worth.__getitem__)
        while rest:
            occurrences = places.of(word := rest.pop(), _LONGEST)
            search.add(word, occurrences)
            taken += len(occurrences)
            if rest and taken + tally[rest[-1]] <= _CHEAP:
                continue
            # Nobody who has only the words that are left can come before those found already:
            # they are the frequent ones, and what they are worth is little.
            if search.settled(sum(worth[one] for one in rest)):
                break
        return search.found()

    def follow(self, seq: int) -> None:
        """A memory's words have changed: its passage comes anew, its vectors are of another text."""
        for statement in _GONE:
            self._db.execute(statement, {"row": seq})
        if seq <= self._looked():
            self._add(self._db.execute(_NEXT, {"after": seq - 1, "most": 1}).all())

    def _looked(self) -> int:
        return int(self._db.execute(_LOOKED).scalar() or 0)

    def _add(self, rows: Sequence[Any]) -> None:
        added = [
            {
                "seq": row.seq,
                "owner": codes.number(row.character_id),
                "shelf": codes.code(row.character_id, row.type),
                "room": codes.code(row.room_id),
                "words": " ".join(said),
            }
            for row in rows
            if (said := _said(row))
        ]
        if added:
            self._db.execute(_ADD, added)


def open_rooms(connection: sa.Connection, scope: Scope) -> dict[RoomId, datetime | None]:
    """Those of a scope's rooms that are this character's, and since when each is remembered."""
    rows = connection.execute(
        _PLACES, {"who": scope.character, "rooms": list(dict.fromkeys(scope.rooms))}
    )
    return {RoomId(row.id): row.forgotten_before for row in rows}


def within(row: Any, scope: Scope, since: Mapping[RoomId, datetime | None]) -> bool:
    """Whether a row of memories, known to be of that character and table, lies in the scope."""
    if row.room_id not in since:
        return False
    start = since[row.room_id]
    return (
        (start is None or row.created_at >= start)
        and (scope.before is None or row.created_at < scope.before)
        and (scope.entity is None or row.entity_id == scope.entity)
    )


def _said(row: Any) -> dict[str, None]:
    if row.type in _UNSAID:
        return {}
    if (
        '"action_result"' in row.metadata
        and values.read(row.metadata).get("type") == "action_result"
    ):
        return {}
    return dict.fromkeys(words_of(contents.text(row.content)))


@dataclass(slots=True)
class _Hit:
    score: float
    passage: int
    row: Any

    def __lt__(self, other: _Hit) -> bool:
        return (self.score, self.passage) < (other.score, other.passage)


class _Search:
    """Those that share most, exact though the lists of the most frequent words stay unread."""

    def __init__(
        self,
        connection: sa.Connection,
        scope: Scope,
        since: Mapping[RoomId, datetime | None],
        worth: Mapping[str, float],
        limit: int,
    ) -> None:
        self._db = connection
        self._scope = scope
        self._since = since
        self._worth = worth
        self._limit = limit
        self._shares: dict[int, float] = {}
        self._seen: set[int] = set()
        self._best: list[_Hit] = []

    def add(self, word: str, occurrences: Collection[int]) -> None:
        worth, shares = self._worth[word], self._shares
        for passage in occurrences:
            shares[passage] = shares.get(passage, 0.0) + worth

    def settled(self, rest: float) -> bool:
        """Look at the most promising; whether others, with `rest` at most added, cannot pass."""
        for few in (_LOOK * 4, len(self._shares)):
            # Sorting all of them is seldom needed. Of equals the newest comes first.
            ranked = heapq.nlargest(few, self._shares.items(), key=lambda one: (one[1], one[0]))
            for start in range(0, len(ranked), _LOOK):
                if self._least >= ranked[start][1] + rest:
                    return True
                self._look([passage for passage, _ in ranked[start : start + _LOOK]])
        return self._least >= rest

    def found(self) -> list[Found]:
        return [
            Found(
                contents.memory(hit.row),
                hit.score,
                tuple(word for word in self._worth if word in hit.row.words.split()),
                hit.row.seq,
            )
            for hit in sorted(self._best, reverse=True)
        ]

    @property
    def _least(self) -> float:
        """What it takes to be among the best."""
        return self._best[0].score if len(self._best) == self._limit else 0.0

    def _look(self, passages: list[int]) -> None:
        new = [one for one in passages if one not in self._seen]
        self._seen.update(new)
        asked = {"passages": new, "who": self._scope.character, "kind": self._scope.table}
        for row in self._db.execute(_LOOK_AT, asked) if new else ():
            if not within(row, self._scope, self._since):
                continue
            score = sum(self._worth.get(word, 0.0) for word in row.words.split())
            hit = _Hit(score, row.passage, row)
            if len(self._best) < self._limit:
                heapq.heappush(self._best, hit)
            else:
                heapq.heappushpop(self._best, hit)
