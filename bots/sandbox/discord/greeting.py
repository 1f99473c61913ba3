"""What a bot is told when it logs in: READY, its servers, and the members it asks for."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from bots.sandbox.discord import shapes
from bots.sandbox.discord.attendance import voice_state
from bots.sandbox.discord.intents import Intents, application_flags
from bots.sandbox.discord.permissions import THREADS
from bots.sandbox.discord.sessions import Event, Session
from bots.sandbox.things import Account, Guild
from bots.sandbox.world import World

_CHUNK = 1_000
_MOST_BY_NAME = 100
_MOST_BY_ID = 100


def ready(world: World, session: Session, url: str, granted: Intents) -> Iterator[Event]:
    """READY with every server still unavailable, then each of them as it comes up."""
    bot = session.bot
    guilds = list(guilds_of(world, session))
    yield _event(
        "READY",
        {
            "v": 10,
            "user": {
                **shapes.user(bot),
                "mfa_enabled": True,
                "verified": True,
                "email": None,
            },
            "user_settings": {},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": url,
            "shard": list(session.shard),
            "application": {
                "id": str(bot.snowflake),
                "flags": application_flags(granted),
            },
            "_trace": ["local-gateway"],
        },
    )
    if session.wants(Intents.GUILDS):
        for guild in guilds:
            if not guild.down:
                yield guild_create(guild, session)


def guilds_of(world: World, session: Session) -> Iterator[Guild]:
    """The servers that this session hears of: those of its bot that belong to its shard."""
    for guild in world.guilds.values():
        if session.bot in guild.members and session.covers(guild.id):
            yield guild


def guild_create(guild: Guild, session: Session, *, joined: bool = False) -> Event:
    """A server as it comes up; without presences, or in a crowd, members have to be asked for."""
    bot = session.bot
    large = len(guild.members) > session.large
    # Those who are in voice channels are shown even then.
    few = dict.fromkeys((bot, *guild.voices))
    shown = guild.members if session.wants(Intents.GUILD_PRESENCES) and not large else few
    # A bot is told of every channel, with the permissions that close some of them to it.
    rooms = [room for room in guild.channels.values() if room.kind not in THREADS]
    data = {
        **shapes.whole_guild(guild, bot, members=False),
        "members": [shapes.member(guild, who) for who in shown],
        "voice_states": [voice_state(guild, who) for who in guild.voices],
        "channels": [shapes.channel(room, bot) for room in rooms],
        "large": large,
    }
    if joined:
        # By its absence clients tell a server they came to from one that is back.
        del data["unavailable"]
    return _event("GUILD_CREATE", data)


def members(world: World, session: Session, asked: dict[str, Any]) -> Iterator[Event]:
    """GUILD_MEMBERS_CHUNK by name or by ids, in pieces of a thousand; nothing for a server unseen."""
    guild = world.guilds.get(_number(asked.get("guild_id")) or 0)
    if guild is None or session.bot not in guild.members:
        return
    found, missing = _found(guild, session, asked)
    nonce = asked.get("nonce")
    pieces = [found[at : at + _CHUNK] for at in range(0, len(found), _CHUNK)] or [[]]
    for index, piece in enumerate(pieces):
        chunk: dict[str, Any] = {
            "guild_id": str(guild.id),
            "members": [shapes.member(guild, who) for who in piece],
            "chunk_index": index,
            "chunk_count": len(pieces),
        }
        if missing and index == 0:
            chunk["not_found"] = missing
        if asked.get("presences") and session.wants(Intents.GUILD_PRESENCES):
            chunk["presences"] = []
        # A longer nonce is dropped, and the chunks come without one.
        if isinstance(nonce, str) and len(nonce.encode()) <= 32:
            chunk["nonce"] = nonce
        yield _event("GUILD_MEMBERS_CHUNK", chunk)


def _found(
    guild: Guild, session: Session, asked: dict[str, Any]
) -> tuple[list[Account], list[str]]:
    ids = asked.get("user_ids")
    if ids is not None:
        wanted = [str(each) for each in (ids if isinstance(ids, list) else [ids])][:_MOST_BY_ID]
        known = {str(who.snowflake): who for who in guild.members}
        return [known[i] for i in wanted if i in known], [i for i in wanted if i not in known]
    query, limit = str(asked.get("query") or "").lower(), _number(asked.get("limit")) or 0
    if not query and not limit:
        # The whole list is for those with the privileged intent alone.
        everyone = session.wants(Intents.GUILD_MEMBERS)
        return (list(guild.members) if everyone else [session.bot]), []
    named = [who for who in guild.members if _is_called(who, query)]
    return named[: min(limit or _MOST_BY_NAME, _MOST_BY_NAME)], []


def _is_called(who: Account, query: str) -> bool:
    names: Iterable[str | None] = (who.name, who.username)
    return any(name is not None and name.lower().startswith(query) for name in names)


def _number(value: object) -> int | None:
    try:
        return int(value) if isinstance(value, int | str) else None
    except ValueError:
        return None


def _event(name: str, data: dict[str, Any]) -> Event:
    return Event(name, orjson.dumps(data))
