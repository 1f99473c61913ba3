"""What was said, as each character keeps it; no query crosses from one character to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from core.ids import CharacterId, EntityId, MemoryId, RoomId, WorldId
from core.messages import Memory
from core.store import contents, handed, inserts, tables
from core.store.passages import PassageRows
from core.store.values import written

_T, _R = tables.memories, tables.rooms
_ADD = inserts.add(_T)
_RECENT = (
    sa.select(_T)
    .join(tables.rooms, tables.rooms.c.id == _T.c.room_id)
    .where(
        _T.c.room_id == sa.bindparam("room"),
        _T.c.type == sa.bindparam("kind"),
        _T.c.character_id == sa.bindparam("who"),
        sa.or_(
            tables.rooms.c.forgotten_before.is_(None),
            _T.c.created_at >= tables.rooms.c.forgotten_before,
        ),
    )
    .order_by(_T.c.seq.desc())
    .limit(sa.bindparam("most"))
)
_GET = sa.select(_T).where(
    _T.c.id.in_(sa.bindparam("ids", expanding=True)), _T.c.character_id == sa.bindparam("who")
)
_REWRITE = (
    sa.update(_T)
    .where(_T.c.id == sa.bindparam("row"), _T.c.character_id == sa.bindparam("who"))
    .values(content=sa.bindparam("text"))
)
_PUT = (
    sa.update(_T)
    .where(_T.c.id == sa.bindparam("row"), _T.c.character_id == sa.bindparam("who"))
    .values(content=sa.bindparam("text"), metadata=sa.bindparam("about"))
)
_DROP = sa.delete(_T).where(
    _T.c.id.in_(sa.bindparam("ids", expanding=True)), _T.c.character_id == sa.bindparam("who")
)
_CLEAR = sa.delete(_T).where(
    _T.c.room_id == sa.bindparam("room"),
    _T.c.type == sa.bindparam("kind"),
    _T.c.character_id == sa.bindparam("who"),
)
# A subquery and no join: with one, SQLite would rather collect a character's whole past and sort
# it than walk back from the newest until there are enough.
_RECALLED = _T.c.created_at >= sa.func.coalesce(
    sa.select(_R.c.forgotten_before).where(_R.c.id == _T.c.room_id).scalar_subquery(),
    sa.literal_column("0"),
)
# The room's owner is asked, not each row's: then the index alone is counted.
_COUNT = (
    sa.select(sa.func.count())
    .select_from(_T)
    .join(_R, _R.c.id == _T.c.room_id)
    .where(
        _T.c.type == sa.bindparam("kind"),
        _R.c.character_id == sa.bindparam("who"),
        sa.or_(_R.c.forgotten_before.is_(None), _T.c.created_at >= _R.c.forgotten_before),
    )
)
_COUNT_HERE = _COUNT.where(_R.c.id == sa.bindparam("room"))
_TALK = sa.select(_T).where(
    _T.c.room_id == sa.bindparam("room"),
    _T.c.type == sa.literal_column("'messages'"),
    _T.c.character_id == sa.bindparam("who"),
    _RECALLED,
)
_BEFORE = _TALK.where(_T.c.seq < sa.bindparam("row")).order_by(_T.c.seq.desc())
_BEFORE = _BEFORE.limit(sa.bindparam("most"))
_AFTER = _TALK.where(_T.c.seq > sa.bindparam("row")).order_by(_T.c.seq)
_AFTER = _AFTER.limit(sa.bindparam("most"))


def _side(sign: str, order: str, most: str) -> str:
    return f"""
json((SELECT json_group_array({handed.MEMORY}) FROM (
  SELECT * FROM memories AS t
  WHERE t.room_id = json_extract(value, '$[0]') AND t.type = 'messages' AND t.character_id = ?1
  AND t.seq {sign} json_extract(value, '$[1]') AND t.created_at >=
    coalesce((SELECT forgotten_before FROM rooms WHERE rooms.id = t.room_id), 0)
  ORDER BY t.seq {order} LIMIT {most}) AS m))"""


_BESIDE_IN_A_FILE = (
    f"SELECT json_group_array(json_array({_side('<', 'DESC', '?2')}, {_side('>', 'ASC', '?3')}))"
    " FROM json_each(?4)"
)
_LORE = _T.c.type != sa.literal_column("'messages'")

_OUTLINES_OF_TALK = (
    sa.select(
        *(one for one in _T.c if one.name != "content"), sa.literal_column("'{}'").label("content")
    )
    .where(_T.c.character_id == sa.bindparam("who"), _T.c.type == sa.bindparam("kind"))
    .order_by(_T.c.seq.desc())
    .limit(sa.bindparam("most"))
)
_OUTLINES = _OUTLINES_OF_TALK.where(_LORE)  # as in its index

_APART = 64
"""Rooms in one question; SQLite takes 500 parts of one."""


class MemoryRows:
    """core.ports.Memories over one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def add(self, memories: Sequence[Memory]) -> None:
        if not memories:
            return
        self._db.execute(
            _ADD,
            [
                {
                    "id": one.id,
                    "character_id": one.character,
                    "room_id": one.room,
                    "world_id": one.world,
                    "entity_id": one.author,
                    "type": one.table,
                    "content": contents.written(one.content),
                    "metadata": written(one.metadata),
                    "created_at": one.created_at,
                }
                for one in memories
            ],
        )

    def recent(
        self, character: CharacterId, room: RoomId, limit: int, *, table: str = "messages"
    ) -> list[Memory]:
        rows = self._db.execute(
            _RECENT, {"room": room, "kind": table, "who": character, "most": limit}
        )
        found = [contents.memory(row) for row in rows]
        found.reverse()
        return found

    def get(self, character: CharacterId, ids: Sequence[MemoryId]) -> list[Memory]:
        return [
            contents.memory(row) for row in self._db.execute(_GET, {"ids": ids, "who": character})
        ]

    def beside(
        self, character: CharacterId, room: RoomId, seq: int, *, before: int = 1, after: int = 1
    ) -> list[Memory]:
        return self.beside_each(character, [(room, seq)], before=before, after=after)[0]

    def beside_each(
        self,
        character: CharacterId,
        rows: Sequence[tuple[RoomId, int]],
        *,
        before: int = 1,
        after: int = 1,
    ) -> list[list[Memory]]:
        if not rows:
            return []
        around: list[list[Any]] = []
        if self._db.dialect.name == "sqlite":
            for earlier, later in handed.of_one(
                self._db, _BESIDE_IN_A_FILE, character, before, after, handed.asked(rows)
            ):
                around.append(list(map(handed.memory, (*earlier, *later))))
        else:
            for room, seq in rows:
                asked = {"room": room, "who": character, "row": seq}
                earlier = self._db.execute(_BEFORE, asked | {"most": before})
                later = self._db.execute(_AFTER, asked | {"most": after})
                around.append([*earlier, *later])
        return [
            [contents.memory(row) for row in sorted(some, key=attrgetter("seq"))] for some in around
        ]

    def rewrite(self, character: CharacterId, memory: MemoryId, text: str) -> bool:
        found = self._db.execute(_GET, {"ids": [memory], "who": character}).one_or_none()
        if found is None:
            return False
        words = contents.written(replace(contents.memory(found).content, text=text))
        self._db.execute(_REWRITE, {"row": memory, "who": character, "text": words})
        PassageRows(self._db).follow(found.seq)
        return True

    def find(
        self,
        character: CharacterId,
        *,
        table: str = "messages",
        rooms: Sequence[RoomId] = (),
        entity: EntityId | None = None,
        world: WorldId | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 10,
        offset: int = 0,
    ) -> list[Memory]:
        query = sa.select(_T).where(_T.c.character_id == character, _T.c.type == table, _RECALLED)
        if table != "messages":
            query = query.where(_LORE)  # as in its index
        if entity is not None:
            query = query.where(_T.c.entity_id == entity)
        if world is not None:
            query = query.where(_T.c.world_id == world)
        if start is not None:
            query = query.where(_T.c.created_at >= start)
        if end is not None:
            query = query.where(_T.c.created_at <= end)
        query = _within(query, list(dict.fromkeys(rooms)), limit + offset)
        return [contents.memory(row) for row in self._db.execute(query.limit(limit).offset(offset))]

    def outlines(
        self, character: CharacterId, *, table: str, rooms: Sequence[RoomId] = (), limit: int = 1000
    ) -> list[Memory]:
        # Asked at each start for everybody: mostly there are none, so the question must be cheap.
        query = _OUTLINES_OF_TALK if table == "messages" else _OUTLINES
        if rooms:
            query = query.where(_T.c.room_id.in_(rooms))
        values = {"who": character, "kind": table, "most": limit}
        return [contents.memory(row) for row in self._db.execute(query, values)]

    def put(self, memory: Memory) -> bool:
        asked = {"ids": [memory.id], "who": memory.character}
        found = self._db.execute(_GET, asked).one_or_none()
        if found is None:
            return False
        self._db.execute(
            _PUT,
            {
                "row": memory.id,
                "who": memory.character,
                "text": contents.written(memory.content),
                "about": written(memory.metadata),
            },
        )
        if contents.text(found.content) != memory.content.text:
            PassageRows(self._db).follow(found.seq)
        return True

    def drop(self, character: CharacterId, ids: Sequence[MemoryId]) -> int:
        return self._db.execute(_DROP, {"ids": ids, "who": character}).rowcount

    def clear(self, character: CharacterId, room: RoomId, *, table: str = "messages") -> int:
        done = self._db.execute(_CLEAR, {"room": room, "kind": table, "who": character})
        return done.rowcount

    def count(
        self, character: CharacterId, room: RoomId | None = None, *, table: str = "messages"
    ) -> int:
        values = {"kind": table, "who": character}
        if room is None:
            return self._db.execute(_COUNT, values).scalar_one()
        return self._db.execute(_COUNT_HERE, values | {"room": room}).scalar_one()


def _within(query: sa.Select[Any], rooms: list[RoomId], most: int) -> sa.Select[Any]:
    """The query kept to these rooms, the newest first."""
    newest = _T.c.seq.desc()
    if not rooms:
        return query.order_by(newest)
    if not 1 < len(rooms) <= _APART:
        return query.where(_T.c.room_id.in_(rooms)).order_by(newest)
    # Room by room each is read from its newest until there are enough; together they would all be
    # read to their ends and sorted.
    each = [query.where(_T.c.room_id == one).order_by(newest).limit(most) for one in rooms]
    found = sa.union_all(*(sa.select(one.subquery()) for one in each)).subquery()
    return sa.select(found).order_by(found.c.seq.desc())
