"""The full-text index: what was said, by its words; it follows behind what is written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from core.ids import RoomId
from core.ports import Found, Scope
from core.ports.finding import Hits, Judge
from core.store import codes, contents, inserts, postings, tables, values
from core.store.searching import Search, Shelf, found
from core.words import words as words_of

_E, _M, _P, _T = tables.embeddings, tables.markers, tables.passages, tables.memories

MARKER = "passages"
_UNSAID = frozenset({"documents", "action_results"})
"""Of documents the pieces in `knowledge` are found; what actions gave back is nobody's talk."""
_MOST_WORDS = 48
"""Of a question; a person's has ten."""
_CHEAP = 2_000
"""Occurrences that are sooner read than it is found out whether they are needed."""
_LONGEST = 20_000
"""Occurrences of one word that are looked at, the newest; of a word with more only where words
with fewer have not found enough."""
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
_SIZE = sa.select(sa.func.count()).select_from(
    sa.select(_T.c.seq)
    .where(
        _T.c.room_id.in_(sa.bindparam("rooms", expanding=True)), _T.c.type == sa.bindparam("kind")
    )
    .limit(_LARGE)
    .subquery()
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
        return list(self.find_each([(scope, limit)], words)[0].found)

    def find_each(
        self,
        wanted: Sequence[tuple[Scope, int]],
        words: Sequence[str],
        judge: Judge | None = None,
    ) -> list[Hits]:
        # Words are letters and digits, also of a caller who has not made them by core.words.
        asked = [word for word in dict.fromkeys(words) if word.isalnum()][:_MOST_WORDS]
        if not asked:
            return [Hits() for _ in wanted]
        whole = [replace(scope, entity=None, before=None) for scope, _ in wanted]
        shelves = self._shelves(list(dict.fromkeys(whole)), asked)
        searches = [
            Search(shelf, scope, limit)
            for of, (scope, limit) in zip(whole, wanted, strict=True)
            if limit > 0 and (shelf := shelves.get(of)) is not None
        ]
        for search in searches:
            search.run(_LONGEST)
            if judge is not None:
                search.judged(judge)
        of_each = dict(
            zip(
                ((one.scope, one.limit) for one in searches), found(self._db, searches), strict=True
            )
        )
        return [of_each.get(one, Hits()) for one in wanted]

    def _shelves(self, whole: Sequence[Scope], asked: Sequence[str]) -> dict[Scope, Shelf]:
        """Those that have any of the words."""
        shelves: dict[Scope, Shelf] = {}
        for scope, places in zip(whole, postings.opened(self._db, whole, asked), strict=True):
            if places.since and (tally := places.tally()):
                size = places.size() or self._size(list(places.since), scope.table)
                shelves[scope] = Shelf(self._db, places, size, tally)
                shelves[scope].begin(_CHEAP)
        return shelves

    def follow(self, seq: int) -> None:
        """A memory's words have changed: its passage comes anew, its vectors are of another text."""
        for statement in _GONE:
            self._db.execute(statement, {"row": seq})
        if seq <= self._looked():
            self._add(self._db.execute(_NEXT, {"after": seq - 1, "most": 1}).all())

    def _size(self, rooms: list[RoomId], table: str) -> int:
        return int(self._db.execute(_SIZE, {"rooms": rooms, "kind": table}).scalar_one())

    def _looked(self) -> int:
        return int(self._db.execute(_LOOKED).scalar() or 0)

    def _add(self, rows: Sequence[Any]) -> None:
        added = [
            {
                "seq": row.seq,
                "owner": codes.number(row.character_id),
                "shelf": codes.code(row.character_id, row.type),
                "room": codes.code(row.room_id),
                "entity": codes.number(row.entity_id),
                "created_at": row.created_at,
                "words": " ".join(said),
            }
            for row in rows
            if (said := _said(row))
        ]
        if added:
            self._db.execute(_ADD, added)


def _said(row: Any) -> dict[str, None]:
    if row.type in _UNSAID:
        return {}
    if (
        '"action_result"' in row.metadata
        and values.read(row.metadata).get("type") == "action_result"
    ):
        return {}
    return dict.fromkeys(words_of(contents.text(row.content)))
