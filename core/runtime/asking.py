"""elizaOS' rooms, worlds, people and tasks: how they are read, and how ours are shown."""

from __future__ import annotations

from typing import Any

from core.ids import CharacterId, RoomId, WorldId, unique_uuid
from core.kept import Component, Relationship
from core.messages import Address, ChannelType, Entity, Room, World
from core.plugins.classic_given import milliseconds
from core.plugins.classic_shapes import Bag, bag

_CHANNELS = {"TEXT": ChannelType.GROUP, "BROADCAST": ChannelType.FEED}
"""Types of older pages (R-150)."""
_TOPIC = "-topic-"


def channel_type(value: Any) -> ChannelType:
    """An unknown type is a group: there one may be addressed, and need not be."""
    name = str(value or ChannelType.GROUP).upper()
    try:
        return _CHANNELS.get(name) or ChannelType(name)
    except ValueError:
        return ChannelType.GROUP


def own_world(agent: CharacterId, name: str) -> World:
    """elizaOS' SELF: a world, and a room in it, that bear the character's id (X-06)."""
    return World(WorldId(agent), agent, name, agent)


def own_room(agent: CharacterId, room: RoomId) -> Room:
    """A room that no platform knows: the character's own, or one that a plugin has made up."""
    address = Address("self", account_of("self", agent), room)
    return Room(room, agent, WorldId(agent), address, ChannelType.SELF, "self", "self")


def account_of(source: str, agent: CharacterId) -> Any:
    """Of rooms in which no bot of ours is logged in."""
    return f"{source}:{agent}"


def room_from(given: Bag, agent: CharacterId) -> Room:
    """elizaOS' room; its account stands for none of ours until a sibling of it is found."""
    source = str(given.get("source") or "self")
    channel = str(given.get("channel_id") or given.get("id") or "")
    room, _, thread = channel.partition(_TOPIC)
    return Room(
        id=RoomId(str(given.get("id") or unique_uuid(agent, channel))),
        character=agent,
        world=WorldId(str(given.get("world_id") or agent)),
        address=Address(source, account_of(source, agent), room, thread),
        channel=channel_type(given.get("type")),
        name=str(given.get("name") or ""),
        source=source,
    )


def world_from(given: Bag, agent: CharacterId) -> World:
    server = str(given.get("server_id") or given.get("message_server_id") or given.get("id") or "")
    return World(
        id=WorldId(str(given.get("id") or unique_uuid(agent, server))),
        character=agent,
        name=str(given.get("name") or ""),
        server=server,
        metadata=dict(given.get("metadata") or {}),
    )


# --- shown ---------------------------------------------------------------------------------------


def room_shown(room: Room) -> Bag:
    return Bag(
        id=room.id,
        name=room.name,
        agentId=room.character,
        source=room.source,
        type=room.channel.value,
        channelId=room.address.key,
        worldId=room.world,
        metadata=Bag(account=room.address.account),
    )


def world_shown(world: World) -> Bag:
    return Bag(
        id=world.id,
        name=world.name,
        agentId=world.character,
        serverId=world.server,
        metadata=bag(world.metadata),
    )


def entity_shown(entity: Entity) -> Bag:
    return Bag(
        id=entity.id,
        agentId=entity.character,
        names=list(entity.names),
        metadata=bag(entity.metadata),
    )


def component_shown(component: Component) -> Bag:
    return Bag(
        id=component.id,
        entityId=component.entity,
        agentId=component.character,
        roomId=component.room,
        worldId=component.world,
        sourceEntityId=component.source,
        type=component.type,
        data=bag(component.data),
    )


def relationship_shown(relationship: Relationship) -> Bag:
    return Bag(
        id=relationship.id,
        sourceEntityId=relationship.source,
        targetEntityId=relationship.target,
        agentId=relationship.character,
        tags=sorted(relationship.tags),
        metadata=bag(relationship.metadata),
        createdAt=milliseconds(relationship.created_at),
    )
