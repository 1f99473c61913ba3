"""What was said, in a row: elizaOS' content as JSON, and back."""

from __future__ import annotations

from typing import Any

from core.ids import CharacterId, EntityId, MemoryId, RoomId, WorldId
from core.messages import Content, Memory
from core.store import values

_OURS = frozenset(
    {
        *("text", "thought", "actions", "providers", "source"),
        *("url", "inReplyTo", "attachments", "channelType"),
    }
)


def written(content: Content) -> str:
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
    return values.written(kept)


def text(content: str) -> str:
    """The words alone."""
    return values.read(content).get("text") or ""


def _content(text: str) -> Content:
    kept = values.read(text)
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


def memory(row: Any) -> Memory:
    return Memory(
        id=MemoryId(row.id),
        character=CharacterId(row.character_id),
        room=RoomId(row.room_id),
        author=EntityId(row.entity_id),
        content=_content(row.content),
        created_at=row.created_at,
        world=WorldId(row.world_id) if row.world_id else None,
        table=row.type,
        metadata=values.read(row.metadata),
    )
