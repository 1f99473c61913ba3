"""What was said, as each character keeps it; no query crosses from one character to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from core.ids import CharacterId, EntityId, MemoryId, RoomId, WorldId
from core.messages import Content, Memory
from core.store import inserts, tables

_T = tables.memories
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
                    "metadata": orjson.dumps(one.metadata).decode(),
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

    def rewrite(self, character: CharacterId, memory: MemoryId, text: str) -> bool:
        found = self.get(character, [memory])
        if not found:
            return False
        content = orjson.loads(_written(found[0].content)) | {"text": text}
        self._db.execute(
            _REWRITE, {"row": memory, "who": character, "text": orjson.dumps(content).decode()}
        )
        return True


def _written(content: Content) -> str:
    """elizaOS' camelCase, and only what is there."""
    kept: dict[str, Any] = {"text": content.text}
    if content.thought:
        kept["thought"] = content.thought
    if content.actions:
        kept["actions"] = content.actions
    if content.source:
        kept["source"] = content.source
    if content.in_reply_to:
        kept["inReplyTo"] = content.in_reply_to
    if content.channel_type:
        kept["channelType"] = content.channel_type
    return orjson.dumps(kept).decode()


def _memory(row: Any) -> Memory:
    kept = orjson.loads(row.content)
    return Memory(
        id=MemoryId(row.id),
        character=CharacterId(row.character_id),
        room=RoomId(row.room_id),
        author=EntityId(row.entity_id),
        content=Content(
            text=kept.get("text", ""),
            thought=kept.get("thought", ""),
            actions=tuple(kept.get("actions", ())),
            source=kept.get("source", ""),
            in_reply_to=kept.get("inReplyTo"),
            channel_type=kept.get("channelType", ""),
        ),
        created_at=row.created_at,
        world=WorldId(row.world_id) if row.world_id else None,
        table=row.type,
        metadata=orjson.loads(row.metadata),
    )
