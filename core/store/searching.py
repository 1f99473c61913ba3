"""A scope's memories that share most with a question, of what the index says of each word."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.ids import RoomId
from core.ports import Found, Scope
from core.store import codes, contents, tables
from core.store.tables import milliseconds, milliseconds_of

_P, _R, _T = tables.passages, tables.rooms, tables.memories

_SPARE = 16
"""Passages that are looked at together, beside as many as are wanted."""
_EVER = -(1 << 62)

_PLACES = sa.select(_R.c.id, _R.c.forgotten_before).where(
    _R.c.character_id == sa.bindparam("who"),
    _R.c.id.in_(sa.bindparam("rooms", expanding=True)),
)
_LOOK_AT = sa.select(
    _P.c.id, _P.c.shelf, _P.c.room, _P.c.entity, _P.c.words, milliseconds_of(_P.c.created_at)
).where(_P.c.id.in_(sa.bindparam("passages", expanding=True)))
_READ = (
    sa.select(_P.c.id.label("passage"), _T)
    .join(_T, _T.c.seq == _P.c.seq)
    .where(
        _P.c.id.in_(sa.bindparam("passages", expanding=True)),
        _T.c.character_id == sa.bindparam("who"),
        _T.c.type == sa.bindparam("kind"),
    )
)


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


class _Hit(NamedTuple):
    """In this order: of equals the newest comes first."""

    score: float
    passage: int
    words: tuple[str, ...]


class Search:
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
        self._shelf = codes.code(scope.character, scope.table)
        self._starts = {
            codes.code(one): _EVER if (start := milliseconds(at)) is None else start
            for one, at in since.items()
        }
        self._before = milliseconds(scope.before)
        self._entity = None if scope.entity is None else codes.number(scope.entity)
        self._shares: dict[int, float] = {}
        self._seen: set[int] = set()
        self._best: list[_Hit] = []

    @property
    def enough(self) -> bool:
        return len(self._best) == self._limit

    def add(self, word: str, occurrences: Collection[int]) -> None:
        worth, shares = self._worth[word], self._shares
        for passage in occurrences:
            shares[passage] = shares.get(passage, 0.0) + worth

    def settle(self, rest: float) -> bool:
        """Look at the most promising; whether others, with `rest` at most added, cannot pass."""
        look = self._limit + _SPARE
        # To sort all of them is seldom needed, and while there are words left it is sooner
        # settled by the next than by looking at thousands.
        for few in (look * 4, look * 16 if rest else len(self._shares)):
            ranked = heapq.nlargest(few, self._shares.items(), key=lambda one: (one[1], one[0]))
            for start in range(0, len(ranked), look):
                if self._least >= ranked[start][1] + rest:
                    return True
                self._look([passage for passage, _ in ranked[start : start + look]])
        return self._least >= rest

    def found(self) -> list[Found]:
        best = sorted(self._best, reverse=True)
        if not best:
            return []
        asked: dict[str, Any] = {"passages": [hit.passage for hit in best]}
        asked |= {"who": self._scope.character, "kind": self._scope.table}
        rows = {row.passage: row for row in self._db.execute(_READ, asked)}
        return [
            Found(contents.memory(row), hit.score, hit.words, row.seq)
            for hit in best
            # Whole names are compared now, where codes have been so far.
            if (row := rows.get(hit.passage)) and within(row, self._scope, self._since)
        ]

    @property
    def _least(self) -> float:
        """What it takes to be among the best."""
        return self._best[0].score if self.enough else 0.0

    def _look(self, passages: list[int]) -> None:
        new = [one for one in passages if one not in self._seen]
        self._seen.update(new)
        if not new:
            return
        for passage, shelf, room, entity, words, at in self._db.execute(
            _LOOK_AT, {"passages": new}
        ):
            start = self._starts.get(room)
            if start is None or at < start or shelf != self._shelf:
                continue
            if self._before is not None and at >= self._before:
                continue
            if self._entity is not None and entity != self._entity:
                continue
            said = set(words.split())
            shared = tuple(word for word in self._worth if word in said)
            hit = _Hit(sum(self._worth[word] for word in shared), passage, shared)
            if self.enough:
                heapq.heappushpop(self._best, hit)
            else:
                heapq.heappush(self._best, hit)
