"""What ported code hands in: parameters, times, contents and memories in elizaOS' words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from core.ids import CharacterId, EntityId, MemoryId, RoomId, WorldId, unique_uuid
from core.kept import Task
from core.messages import Content, Memory
from core.plugins.classic_calls import plain
from core.plugins.classic_shapes import Bag, bag, snake

_KINDS = {"messages": "message", "facts": "fact", "documents": "document", "knowledge": "fragment"}
_WORDS = frozenset(
    [
        "text",
        "thought",
        "actions",
        "providers",
        "source",
        "url",
        "in_reply_to",
        "channel_type",
        "attachments",
    ]
)


def asked(given: Mapping[str, Any] | None = None, more: Mapping[str, Any] | None = None) -> Bag:
    """One mapping of parameters, keyword arguments or both, in snake_case; None is not given."""
    both = {**(given or {}), **(more or {})}
    return Bag({snake(key): value for key, value in both.items() if value is not None})


def moment(value: Any) -> datetime | None:
    """elizaOS' times are milliseconds (CX-48); a datetime will do."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromtimestamp(float(value) / 1000, UTC)


def milliseconds(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)


def task_shown(task: Task) -> Bag:
    """A stored task as ported code knows it."""
    return Bag(
        id=task.id,
        name=task.name,
        description=task.description,
        roomId=task.room,
        worldId=task.world,
        entityId=task.entity,
        tags=sorted(task.tags),
        metadata=bag({"updatedAt": milliseconds(task.updated_at), **task.metadata}),
        updatedAt=milliseconds(task.updated_at),
    )


def content_from(given: Any) -> Content:
    """elizaOS' content, a text alone too; what has no place of its own is kept as extra."""
    if isinstance(given, Content):
        return given
    words = asked(given) if isinstance(given, Mapping) else Bag(text=given or "")
    original = given if isinstance(given, Mapping) else {}
    return Content(
        text=str(words.get("text") or ""),
        thought=str(words.get("thought") or ""),
        actions=tuple(map(str, words.get("actions") or ())),
        source=str(words.get("source") or ""),
        in_reply_to=words.get("in_reply_to"),
        channel_type=str(words.get("channel_type") or ""),
        providers=tuple(map(str, words.get("providers") or ())),
        url=str(words.get("url") or ""),
        attachments=tuple(plain(one) for one in words.get("attachments") or ()),
        extra=plain({key: one for key, one in original.items() if snake(str(key)) not in _WORDS}),
    )


def memory_from(
    given: Mapping[str, Any],
    agent: CharacterId,
    now: datetime,
    table: str = "",
    *,
    unique: bool = False,
) -> Memory:
    """elizaOS' memory as a record of this character; what is not given is filled in.

    With `unique`, the same words in the same room and table get the same id.
    """
    wish = asked(given)
    table = table or str(wish.get("table_name") or "messages")
    content = content_from(wish.get("content"))
    room = RoomId(str(wish.get("room_id") or agent))
    same = unique_uuid(agent, f"{table}:{room}:{content.text}")
    id = MemoryId(str(wish.get("id") or (same if unique else uuid4())))
    metadata = {
        "type": _KINDS.get(table, "custom"),
        "source": content.source or "agent",
        "sourceId": id,
        **plain(wish.get("metadata")),
    }
    world = wish.get("world_id")
    return Memory(
        id=id,
        character=agent,
        room=room,
        author=EntityId(str(wish.get("entity_id") or wish.get("user_id") or agent)),
        content=content,
        created_at=moment(wish.get("created_at")) or now,
        world=WorldId(str(world)) if world else None,
        table=table,
        metadata=metadata,
    )
