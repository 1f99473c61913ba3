"""What was said, as each character keeps it; no query crosses from one character to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.ids import CharacterId, EntityId, MemoryId, RoomId, WorldId
from core.messages import Content, Memory
from core.store import inserts, tables
from core.store.values import read, written

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
_LORE = _T.c.type != sa.literal_column("'messages'")

_OUTLINES = sa.select(
    *(one for one in _T.c if one.name != "content"), sa.literal_column("'{}'").label("content")
).order_by(_T.c.seq.desc())

_APART = 64
"""Rooms in one question; SQLite takes 500 parts of one."""
_OURS = frozenset(
    {
        *("text", "thought", "actions", "providers", "source"),
        *("url", "inReplyTo", "attachments", "channelType"),
    }
)


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
                    "content": _written(one.content),
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
        found = [_memory(row) for row in rows]
        found.reverse()
        return found

    def get(self, character: CharacterId, ids: Sequence[MemoryId]) -> list[Memory]:
        return [_memory(row) for row in self._db.execute(_GET, {"ids": ids, "who": character})]

    def beside(
        self, character: CharacterId, room: RoomId, seq: int, *, before: int = 1, after: int = 1
    ) -> list[Memory]:
        asked = {"room": room, "who": character, "row": seq}
        earlier = [_memory(row) for row in self._db.execute(_BEFORE, asked | {"most": before})]
        later = [_memory(row) for row in self._db.execute(_AFTER, asked | {"most": after})]
        return [*reversed(earlier), *later]

    def rewrite(self, character: CharacterId, memory: MemoryId, text: str) -> bool:
        found = self.get(character, [memory])
        if not found:
            return False
        words = _written(replace(found[0].content, text=text))
        self._db.execute(_REWRITE, {"row": memory, "who": character, "text": words})
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
        return [_memory(row) for row in self._db.execute(query.limit(limit).offset(offset))]

    def outlines(
        self, character: CharacterId, *, table: str, rooms: Sequence[RoomId] = (), limit: int = 1000
    ) -> list[Memory]:
        query = _OUTLINES.where(_T.c.character_id == character, _T.c.type == table)
        if table != "messages":
            query = query.where(_LORE)  # as in its index
        if rooms:
            query = query.where(_T.c.room_id.in_(rooms))
        return [_memory(row) for row in self._db.execute(query.limit(limit))]

    def put(self, memory: Memory) -> bool:
        done = self._db.execute(
            _PUT,
            {
                "row": memory.id,
                "who": memory.character,
                "text": _written(memory.content),
                "about": written(memory.metadata),
            },
        )
        return done.rowcount > 0

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


def _written(content: Content) -> str:
    """elizaOS' camelCase, and only what is there; a plugin's own keys stand beside ours."""
    kept: dict[str, Any] = {k: v for k, v in content.extra.items() if k not in _OURS}
    kept["text"] = content.text
    if content.thought:
        kept["thought"] = content.thought
    if content.actions:
        kept["actions"] = content.actions
    if content.providers:
        kept["providers"] = content.providers
    if content.source:
        kept["source"] = content.source
    if content.url:
        kept["url"] = content.url
    if content.in_reply_to:
        kept["inReplyTo"] = content.in_reply_to
    if content.attachments:
        kept["attachments"] = content.attachments
    if content.channel_type:
        kept["channelType"] = content.channel_type
    return written(kept)


def _content(text: str) -> Content:
    kept = read(text)
    return Content(
        text=kept.pop("text", None) or "",
        thought=kept.pop("thought", ""),
        actions=tuple(kept.pop("actions", ())),
        source=kept.pop("source", ""),
        in_reply_to=kept.pop("inReplyTo", None),
        channel_type=kept.pop("channelType", ""),
        providers=tuple(kept.pop("providers", ())),
        url=kept.pop("url", ""),
        attachments=tuple(kept.pop("attachments", ())),
        extra=kept,
    )


def _memory(row: Any) -> Memory:
    return Memory(
        id=MemoryId(row.id),
        character=CharacterId(row.character_id),
        room=RoomId(row.room_id),
        author=EntityId(row.entity_id),
        content=_content(row.content),
        created_at=row.created_at,
        world=WorldId(row.world_id) if row.world_id else None,
        table=row.type,
        metadata=read(row.metadata),
    )
