"""Vectors: what was said, by its meaning; those of different models never meet."""

from __future__ import annotations

import math
import struct
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.ids import CharacterId, MemoryId, RoomId
from core.messages import Memory
from core.ports import Found, Scope
from core.store import codes, contents, handed, inserts, server_vectors, tables
from core.store.postings import open_rooms
from core.store.searching import within

if TYPE_CHECKING:  # it brings numpy along, which a gateway without vectors never needs
    from core.store.exact import Exact, Kept, Place

_E, _N, _P, _T = tables.embeddings, tables.vector_models, tables.passages, tables.memories

MEGABYTES = 256
_STEP = 2_000
"""Passages that are looked through together for those without a vector."""
_AGAIN = 3
"""Searches, where what was found is gone from the database meanwhile."""
_MANY = 400
"""Values in one statement."""

_MODEL = sa.select(_N.c.id, _N.c.width).where(_N.c.name == sa.bindparam("model"))
_NAME = inserts.add(_N)
_STEP_ON = (
    sa.select(_P.c.id.label("passage"), _P.c.seq)
    .where(_P.c.owner == sa.bindparam("owner"), _P.c.id > sa.bindparam("after"))
    .order_by(_P.c.id)
    .limit(_STEP)
    .subquery()
)
_END = sa.select(sa.func.max(_STEP_ON.c.passage))
_MISSING = (
    sa.select(_STEP_ON.c.passage, _T)
    .join(_T, _T.c.seq == _STEP_ON.c.seq)
    .where(
        _T.c.character_id == sa.bindparam("who"),
        ~sa.exists().where(_E.c.seq == _STEP_ON.c.seq, _E.c.model == sa.bindparam("by")),
    )
    .order_by(_STEP_ON.c.passage)
    .limit(sa.bindparam("most"))
)
_ROWS = sa.select(_T).where(_T.c.seq.in_(sa.bindparam("rows", expanding=True)))
_REPLACED = sa.delete(_E).where(
    _E.c.model == sa.bindparam("by"), _E.c.seq.in_(sa.bindparam("rows", expanding=True))
)
_ADD = sa.insert(_E)
_ADD_THERE = sa.insert(_E).values(vector=server_vectors.given("vector"))
_OF = (
    sa.select(_T.c.id, _E.c.vector)
    .join(_E, _E.c.seq == _T.c.seq)
    .where(
        _T.c.id.in_(sa.bindparam("ids", expanding=True)),
        _T.c.character_id == sa.bindparam("who"),
        _E.c.model == sa.bindparam("by"),
    )
)
_OF_THERE = _OF.with_only_columns(_T.c.id, server_vectors.shown(_E.c.vector))
_NEWEST = sa.select(sa.func.coalesce(sa.func.max(_E.c.id), 0))
_LOAD = (
    sa.select(
        _E.c.id,
        _E.c.place,
        _E.c.entity,
        tables.milliseconds_of(_E.c.created_at),
        _E.c.vector,
    )
    .where(_E.c.place.in_(sa.bindparam("places", expanding=True)), _E.c.id > sa.bindparam("after"))
    .order_by(_E.c.place, _E.c.id)
)
_HITS = (
    sa.select(_E.c.id.label("number"), _T)
    .join(_T, _T.c.seq == _E.c.seq)
    .where(
        _E.c.id.in_(sa.bindparam("numbers", expanding=True)),
        _T.c.character_id == sa.bindparam("who"),
        _T.c.type == sa.bindparam("kind"),
    )
)
_HITS_IN_A_FILE = (
    f"SELECT json_group_array(json_array(e.id, {handed.MEMORY}))"
    " FROM embeddings AS e JOIN memories AS m ON m.seq = e.seq"
    " WHERE e.id IN (SELECT value FROM json_each(?)) AND m.character_id = ? AND m.type = ?"
)
_HAVE = sa.select(sa.func.count()).where(
    _E.c.owner == sa.bindparam("owner"), _E.c.model == sa.bindparam("by")
)
_SHOULD = sa.select(sa.func.count()).where(_P.c.owner == sa.bindparam("owner"))
# Two runs of the index, between which this model's stay unread.
_OTHER = sa.union_all(
    *(
        sa.select(
            sa.select(_E.c.id)
            .where(_E.c.owner == sa.bindparam("owner"), other)
            .limit(sa.bindparam("most"))
            .subquery()
        )
        for other in (_E.c.model < sa.bindparam("by"), _E.c.model > sa.bindparam("by"))
    )
).subquery()
_DROP_OTHERS = sa.delete(_E).where(
    _E.c.id.in_(sa.select(_OTHER.c.id).limit(sa.bindparam("most")).scalar_subquery())
)


class Nearby:
    """What of the vectors is in memory, for all who read; empty until somebody searches."""

    def __init__(self, megabytes: int = MEGABYTES) -> None:
        self._most = megabytes << 20
        self._lock = threading.Lock()
        self._exact: Exact | None = None
        self._on_server: bool | None = None

    @property
    def exact(self) -> Exact:
        from core.store.exact import Exact  # with numpy it is 20 MB

        with self._lock:
            if self._exact is None:
                self._exact = Exact(self._most)
            return self._exact

    def evict(self, character: CharacterId, room: RoomId | None = None) -> None:
        if self._exact is not None:
            self._exact.evict(character, room)

    def forget(self, place: Place | None) -> None:
        """Something of it has vanished from the database."""
        if self._exact is not None and place is not None:
            self._exact.forget(place)

    def on_server(self, connection: sa.Connection) -> bool:
        """Whether the database itself can compare them."""
        if self._on_server is None:
            self._on_server = server_vectors.there(connection)
        return self._on_server


class VectorRows:
    """core.ports.Vectors over one connection."""

    def __init__(self, connection: sa.Connection, nearby: Nearby | None = None) -> None:
        self._db = connection
        # Within a write nothing may get into everybody's memory: it can still be undone.
        self._nearby = nearby or Nearby(0)

    def missing(
        self, character: CharacterId, model: str, after: int, limit: int
    ) -> tuple[list[tuple[int, Memory]], int]:
        asked = {"owner": codes.number(character), "who": character, "by": self._model(model)[0]}
        found: list[tuple[int, Memory]] = []
        while True:
            step = asked | {"after": after, "most": limit - len(found)}
            rows = self._db.execute(_MISSING, step).all()
            found += [(row.seq, contents.memory(row)) for row in rows]
            if len(found) >= limit:
                return found, rows[-1].passage if rows else after
            end = self._db.execute(_END, step).scalar()
            if end is None:
                return found, after
            after = end

    def put(self, model: str, rows: Sequence[tuple[int, Memory, Sequence[float]]]) -> int:
        if not rows:
            return 0
        by, width = self._model(model)
        if not by:
            width = len(rows[0][2])
            self._db.execute(_NAME, {"name": model, "width": width})
            by, width = self._model(model)
        packed = {seq: (memory, _packed(vector, width)) for seq, memory, vector in rows}
        kept = []
        for row in self._db.execute(_ROWS, {"rows": list(packed)}):
            memory, vector = packed[row.seq]
            same = row.id == memory.id and contents.text(row.content) == memory.content.text
            if same and vector is not None:
                kept.append(_row(row, model, by, vector))
        if not kept:
            return 0
        self._db.execute(_REPLACED, {"by": by, "rows": [one["seq"] for one in kept]})
        if self._nearby.on_server(self._db):
            for one in kept:
                one["vector"] = server_vectors.written(_unpacked(one["vector"]))
            self._db.execute(_ADD_THERE, kept)
        else:
            self._db.execute(_ADD, kept)
        return len(kept)

    def of(
        self, character: CharacterId, model: str, memories: Collection[MemoryId]
    ) -> dict[MemoryId, Sequence[float]]:
        there = self._nearby.on_server(self._db)
        asked = {"ids": list(memories), "who": character, "by": self._model(model)[0]}
        return {
            MemoryId(name): server_vectors.read(vector) if there else _unpacked(vector)
            for name, vector in self._db.execute(_OF_THERE if there else _OF, asked)
        }

    def nearest(
        self,
        scope: Scope,
        model: str,
        vector: Sequence[float],
        limit: int,
        *,
        least: float = -1.0,
    ) -> list[Found]:
        by, width = self._model(model)
        since = open_rooms(self._db, scope)
        if not by or not since or limit < 1:
            return []
        if (packed := _packed(vector, width)) is None:
            return []
        vector = _unpacked(packed)
        near, rows = self._near(scope, model, since, vector, limit)
        again = _AGAIN
        while again and (gone := {place for _, number, place in near if number not in rows}):
            for place in gone:
                self._nearby.forget(place)
            near, rows = self._near(scope, model, since, vector, limit)
            again -= 1
        return [
            Found(contents.memory(row), score, seq=row.seq)
            for score, number, _ in near
            if score >= least
            and (row := rows.get(number)) is not None
            and within(row, scope, since)
        ]

    def count(self, character: CharacterId, model: str) -> tuple[int, int]:
        asked = {"owner": codes.number(character), "by": self._model(model)[0]}
        have = self._db.execute(_HAVE, asked).scalar_one()
        return have, self._db.execute(_SHOULD, asked).scalar_one()

    def drop_others(self, character: CharacterId, model: str, limit: int = 1000) -> int:
        asked = {"owner": codes.number(character), "by": self._model(model)[0], "most": limit}
        return self._db.execute(_DROP_OTHERS, asked).rowcount

    def _near(
        self,
        scope: Scope,
        model: str,
        since: Mapping[RoomId, datetime | None],
        vector: Sequence[float],
        limit: int,
    ) -> tuple[list[tuple[float, int, Place | None]], dict[int, Any]]:
        """The nearest by their numbers, and the rows of those that are still there."""
        near: list[tuple[float, int, Place | None]] = []
        places = {_place(scope, room, model): start for room, start in since.items()}
        if self._nearby.on_server(self._db):
            near += server_vectors.nearest(self._db, scope, places, vector, limit)
        else:
            near += self._in_memory(scope, model, since, vector, limit)
        return near, self._hits(scope, [number for _, number, _ in near]) if near else {}

    def _hits(self, scope: Scope, numbers: list[int]) -> dict[int, Any]:
        who, kind = scope.character, scope.table
        if self._db.dialect.name == "sqlite":
            found = handed.of_one(self._db, _HITS_IN_A_FILE, handed.asked(numbers), who, kind)
            return {number: handed.memory(values) for number, values in found}
        asked = {"numbers": numbers, "who": who, "kind": kind}
        return {row.number: row for row in self._db.execute(_HITS, asked)}

    def _in_memory(
        self,
        scope: Scope,
        model: str,
        since: Mapping[RoomId, datetime | None],
        vector: Sequence[float],
        limit: int,
    ) -> list[tuple[float, int, Place]]:
        from core.store.exact import Bounds, Place

        entity = codes.number(scope.entity) if scope.entity is not None else None
        before = tables.milliseconds(scope.before)
        places = {
            Place(_place(scope, room, model), scope.character, room): Bounds(
                tables.milliseconds(start), before, entity
            )
            for room, start in since.items()
        }
        newest = self._db.execute(_NEWEST).scalar_one()
        return self._nearby.exact.nearest(places, vector, limit, newest, self._load)

    def _load(self, places: Sequence[int], after: int) -> Iterator[Kept]:
        from core.store.exact import Kept

        for start in range(0, len(places), _MANY):
            asked = {"places": places[start : start + _MANY], "after": after}
            yield from map(Kept._make, self._db.execute(_LOAD, asked))

    def _model(self, name: str) -> tuple[int, int]:
        """Its number and width; zeros for one that has made nothing yet."""
        row = self._db.execute(_MODEL, {"model": name}).one_or_none()
        return (row.id, row.width) if row is not None else (0, 0)


def _row(row: Any, model: str, by: int, vector: bytes) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "model": by,
        "owner": codes.number(row.character_id),
        "place": codes.number(row.character_id, row.type, row.room_id, model),
        "entity": codes.number(row.entity_id),
        "created_at": row.created_at,
        "vector": vector,
    }


def _place(scope: Scope, room: RoomId, model: str) -> int:
    return codes.number(scope.character, scope.table, room, model)


def _packed(vector: Sequence[float], width: int) -> bytes | None:
    """Of length 1, in two bytes a number; None for zeros. Raises ValueError for what is none.

    Against four bytes that changes a cosine by less than 0.0005, whatever the width: a test says
    so. The difference between two answers that one could tell apart is a hundred times greater.
    """
    if len(vector) != width:
        raise ValueError(f"a vector of {len(vector)} numbers among those of {width}")
    length = math.hypot(*vector)
    if not math.isfinite(length):
        raise ValueError("a vector with a number that is none")
    if length == 0:
        return None
    return struct.pack(f"<{width}e", *(one / length for one in vector))


def _unpacked(vector: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(vector) // 2}e", vector)
