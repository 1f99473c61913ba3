"""What happens to a server and its people, as events in our words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bots.discord.envelope import snowflake
from bots.discord.people import ids, kind_of_channel, words
from core.messages import ChannelType, Inbound, Place, Rank, RoomSeen, WorldSeen

ENDED = frozenset({"GUILD_DELETE", "CHANNEL_DELETE", "THREAD_DELETE"})


def of_member(blank: Inbound, event: str, said: dict[str, Any], scene: dict[str, Any]) -> Inbound:
    """Who has come, gone, or may do more or less; `blank` has them as its author."""
    who = blank.author
    if not who.id:
        return blank
    match event:
        case "GUILD_MEMBER_ADD":
            return replace(blank, joined=(who,))
        case "GUILD_MEMBER_REMOVE":
            return replace(blank, parted=(who,))
    if who.is_bot or not scene.get("owner"):
        return blank
    return replace(blank, ranked=((who, _rank(who.id, said, scene)),))


def ended(blank: Inbound, said: dict[str, Any], scene: dict[str, Any]) -> Inbound:
    """A server that we were put out of, or a channel or thread that is no more."""
    number, guild = snowflake(said.get("id")), snowflake(said.get("guild_id"))
    called = words(scene.get("guild_name"))
    if not guild:
        place = Place(ChannelType.WORLD, called, number, called)
        return replace(blank, place=place, left=True, is_direct=False)
    place = Place(
        kind_of_channel(said.get("type")),
        words(said.get("name")),
        guild,
        called,
        within=snowflake(said.get("parent_id")),
    )
    return replace(blank, place=place, left=True)


def renewed(blank: Inbound, event: str, said: dict[str, Any], scene: dict[str, Any]) -> Inbound:
    """A thread that is new or has another name; or whoever has a role may now do more or less."""
    guild, called = snowflake(said.get("guild_id")), words(scene.get("guild_name"))
    thread, name = snowflake(said.get("id")), words(said.get("name"))
    rooms: tuple[RoomSeen, ...] = ()
    if event.startswith("THREAD_") and thread and name:
        rooms = (RoomSeen(thread, name, kind_of_channel(said.get("type"))),)
    place = Place(ChannelType.WORLD, called, guild, called)
    return replace(blank, place=place, world=WorldSeen(guild, called, rooms))


def _rank(person: str, said: dict[str, Any], scene: dict[str, Any]) -> Rank:
    if person == snowflake(scene.get("owner")):
        return Rank.OWNER
    leads = {snowflake(one) for one in ids(scene.get("leads"))}
    # Everybody has the role that bears its server's own number.
    has = {snowflake(one) for one in (*ids(said.get("roles")), said.get("guild_id"))}
    return Rank.ADMIN if (leads & has) - {""} else Rank.MEMBER
