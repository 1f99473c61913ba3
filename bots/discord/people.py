"""Users, channels and servers of Discord -> authors, places and worlds."""

from __future__ import annotations

from typing import Any

from bots.discord.envelope import is_direct, snowflake
from core.messages import Author, ChannelType, Place, RoomSeen, WorldSeen
from core.text import clean

_CHANNELS = {
    0: ChannelType.GROUP,
    1: ChannelType.DM,
    2: ChannelType.VOICE_GROUP,
    3: ChannelType.GROUP,
    5: ChannelType.FEED,
    10: ChannelType.THREAD,
    11: ChannelType.THREAD,
    12: ChannelType.THREAD,
    13: ChannelType.VOICE_GROUP,
    15: ChannelType.FORUM,
    16: ChannelType.FORUM,
}
NO_ROOMS = (4, 14)  # a category, a directory: nobody can speak there


def author_of(user: dict[str, Any], member: dict[str, Any], *, hook: bool = False) -> Author:
    """By the name that the others see: of this server, else of the person, else of the account."""
    roles = tuple(filter(None, map(snowflake, ids(member.get("roles")))))
    number, username = snowflake(user.get("id")), words(user.get("username"))
    shown = (member.get("nick"), user.get("global_name"), username)
    name = next((words(one) for one in shown if words(one).strip()), "")
    return Author(number, name, username, hook or user.get("bot") is True, roles)


def place_of(said: dict[str, Any], scene: dict[str, Any], author: Author | None = None) -> Place:
    """A direct chat is a world of its own, named as the person who writes in it."""
    channel, type = snowflake(said.get("channel_id")), scene.get("type")
    name = words(scene.get("name"))
    if is_direct(said, type, scene.get("guild")):
        return Place(ChannelType.DM, name or (author.name if author else ""), channel)
    guild = snowflake(scene.get("guild")) or snowflake(said.get("guild_id"))
    kind = ChannelType.GROUP if channel else ChannelType.WORLD
    within = snowflake(scene.get("parent"))
    world_name = words(scene.get("guild_name"))
    return Place(kind_of_channel(type, kind), name, guild or channel, world_name, within=within)


def world_seen(guild: dict[str, Any]) -> WorldSeen:
    rooms = []
    for room in (*listed(guild.get("channels")), *listed(guild.get("threads"))):
        number, type = snowflake(room.get("id")), room.get("type")
        if number and type not in NO_ROOMS:
            kind = kind_of_channel(type)
            rooms.append(RoomSeen(number, words(room.get("name")), kind))
    return WorldSeen(snowflake(guild.get("id")), words(guild.get("name")), tuple(rooms))


def listed(value: object) -> list[dict[str, Any]]:
    """The objects of a list; nothing else that may stand in it."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def ids(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def words(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""


def kind_of_channel(type: object, unknown: ChannelType = ChannelType.GROUP) -> ChannelType:
    return _CHANNELS.get(type, unknown) if isinstance(type, int) else unknown
