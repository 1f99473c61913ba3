"""What is kept of it: memories, and whom and where they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.ids import CharacterId, EntityId, MemoryId, RoomId, WorldId
from core.messages.incoming import Address, ChannelType


@dataclass(frozen=True, slots=True)
class Content:
    """elizaOS' content, as far as a memory keeps it."""

    text: str
    thought: str = ""
    actions: tuple[str, ...] = ()
    source: str = ""
    in_reply_to: MemoryId | None = None
    channel_type: str = ""
    providers: tuple[str, ...] = ()
    url: str = ""
    attachments: tuple[Mapping[str, Any], ...] = ()
    """elizaOS' media objects: url, contentType, title, description, text ..."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Whatever else a plugin has put there, under the plugin's own keys."""


@dataclass(frozen=True, slots=True)
class Memory:
    """One thing that was said or decided, as one character keeps it."""

    id: MemoryId
    character: CharacterId
    room: RoomId
    author: EntityId
    content: Content
    created_at: datetime
    world: WorldId | None = None
    table: str = "messages"
    """elizaOS' table name: messages, facts, documents ..."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """Always holds type, source and sourceId (ME-03)."""

    # elizaOS' names, for plugins.

    @property
    def entity_id(self) -> EntityId:
        return self.author

    @property
    def room_id(self) -> RoomId:
        return self.room

    @property
    def agent_id(self) -> CharacterId:
        return self.character

    @property
    def world_id(self) -> WorldId | None:
        return self.world


@dataclass(frozen=True, slots=True)
class Entity:
    id: EntityId
    character: CharacterId
    names: tuple[str, ...]
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class World:
    id: WorldId
    character: CharacterId
    name: str
    server: str
    """The platform's id of it."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """elizaOS': ownership.ownerId, roles by entity, settings. Kept when a platform tells of the
    world anew without it."""


@dataclass(frozen=True, slots=True)
class Room:
    id: RoomId
    character: CharacterId
    world: WorldId
    address: Address
    channel: ChannelType
    name: str
    source: str
