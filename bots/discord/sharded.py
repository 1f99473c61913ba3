"""discord.py's client with one cache for several lines: whose server is whose, whose socket is whose.

Its own AutoShardedClient brings a loop of its own, and a queue that nobody here reads; what it keeps
is what is needed (`AutoShardedConnectionState`).
"""

from __future__ import annotations

import sys
from typing import Any

import aiohttp
import discord
from discord.gateway import DiscordWebSocket
from discord.state import AutoShardedConnectionState

from bots.discord.quota import Quota

_LONGEST_LIMIT = 30.0
"""Seconds that discord.py may wait out a 429; a longer one comes back to us."""
_NOBODYS: list[Any] = []
"""The permissions of a channel that has none of its own."""


class _Cache(AutoShardedConnectionState[Any]):
    def __init__(self, *args: Any, **options: Any) -> None:
        self.sockets: dict[int, DiscordWebSocket] = {}
        super().__init__(*args, **options)
        self.shard_count, self.shard_ids = 1, range(1)

    def _update_references(self, ws: DiscordWebSocket) -> None:
        """Called for each socket as soon as it is open, before its first word."""
        self.sockets[ws.shard_id or 0] = ws
        super()._update_references(ws)

    def parse_ready(self, data: Any) -> None:
        """Of the shard's servers only those that READY names are left; another's are let be."""
        shard = data.setdefault("shard", [0, 1])[0]
        for guild in tuple(self._guilds.values()):
            if shard_of(guild.id, self.shard_count) == shard:
                self._remove_guild(guild)
        super().parse_ready(data)

    def parse_guild_create(self, data: Any) -> None:
        super().parse_guild_create(data)
        guild = self._get_guild(int(data["id"]))
        if guild is not None:
            _share(guild)

    async def _delay_shard_ready(self, shard_id: int) -> None:
        """Waiting for the servers is done here (`all_here`), by nobody who outlives the client."""
        self._ready_states.pop(shard_id, None)

    async def _delay_ready(self) -> None:
        self._ready_tasks.clear()


class Sharded(discord.Client):
    """A client for as many lines as `spread` has been told of; one to begin with."""

    @property
    def shards(self) -> int:
        return self._connection.shard_count or 1

    def spread(self, shards: int) -> None:
        """What is known of servers stays; the next READYs tell it anew."""
        self.shard_count = self._connection.shard_count = shards
        self._cache.shard_ids = range(shards)
        self._cache.sockets.clear()

    def shard_of(self, guild: int) -> int:
        """0 is for direct messages, which are of no server."""
        return shard_of(guild, self._connection.shard_count)

    def socket(self, shard: int) -> DiscordWebSocket | None:
        """The one that was opened last, be it still open or not."""
        return self._cache.sockets.get(shard)

    def all_here(self) -> None:
        """The servers have come; to be told whenever sessions have begun."""
        self._cache.call_handlers("ready")

    @property
    def _cache(self) -> _Cache:
        assert isinstance(self._connection, _Cache)
        return self._connection

    def _get_state(self, **options: Any) -> _Cache:
        return _Cache(
            dispatch=self.dispatch,
            handlers=self._handlers,
            hooks=self._hooks,
            http=self.http,
            **options,
        )

    def _get_websocket(
        self, guild_id: int | None = None, *, shard_id: int | None = None
    ) -> DiscordWebSocket:
        return self._cache.sockets[self.shard_of(guild_id or 0) if shard_id is None else shard_id]


def _share(guild: discord.Guild) -> None:
    """What is alike in a hundred thousand channels is kept once: names, and who may do what.

    discord.py makes a new list of permissions whenever they change, and never changes one.
    """
    alike: dict[tuple[tuple[int, int, int, int], ...], list[Any]] = {(): _NOBODYS}
    for room in guild.channels:
        if isinstance(room.name, str):
            room.name = sys.intern(room.name)
        own = tuple((one.id, one.allow, one.deny, one.type) for one in room._overwrites)
        room._overwrites = alike.setdefault(own, room._overwrites)


def lean_client(
    quota: Quota,
    connector: aiohttp.BaseConnector | None,
    activity: discord.BaseActivity | None = None,
) -> Sharded:
    """As lean as discord.py can be: no messages, no members, nobody's presence."""
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = (
        False  # whoever wants voice is told
    )
    return Sharded(
        intents=discord.Intents(
            guilds=True,
            members=True,
            guild_messages=True,
            guild_reactions=True,
            dm_messages=True,
            dm_reactions=True,
            message_content=True,
            voice_states=True,
        ),
        max_messages=None,
        chunk_guilds_at_startup=False,
        member_cache_flags=discord.MemberCacheFlags.none(),
        max_ratelimit_timeout=_LONGEST_LIMIT,
        connector=connector,
        http_trace=quota.trace(),
        activity=activity,
    )


def shard_of(guild: int, shards: int | None) -> int:
    return (guild >> 22) % (shards or 1)
