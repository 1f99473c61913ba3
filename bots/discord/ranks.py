"""Who somebody is in a server of Discord's, as Discord knows it now."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import discord

from bots.discord.envelope import snowflake
from bots.discord.errors import send_failure
from bots.discord.people import listed
from bots.discord.quota import Quota
from core.errors import LinkLost, LinkRejected, Throttled, Unsendable
from core.messages import Address, Rank

_PATIENCE = 10.0
_DIRECT = (1, 3)
_ROOMS = 1000
_NOBODY = frozenset({10007, 10013})
"""Such a member or such a user is not known."""


class Ranks:
    """Owners and roles are told by the gateway; who has which role is asked each time."""

    def __init__(self, client: discord.Client, quota: Quota) -> None:
        self._client = client
        self._quota = quota
        # Rooms that no server has shown us: a direct chat's people, else a thread's server.
        self._elsewhere: OrderedDict[int, frozenset[str] | int] = OrderedDict()

    async def of(self, address: Address, author: str) -> Rank:
        room, person = snowflake(address.room), snowflake(author)
        if not room:
            raise Unsendable("the room is not a channel of Discord's")
        if not person:
            return Rank.STRANGER
        server = self._server_of(int(room)) or await self._look_up(int(room))
        if isinstance(server, frozenset):
            return Rank.OWNER if person in server else Rank.STRANGER
        guild = self._client.get_guild(server)
        if guild is None:
            raise LinkLost("the server is not here yet")
        if guild.owner_id == int(person):
            return Rank.OWNER
        return await self._in(guild, int(person))

    async def leave(self, address: Address) -> None:
        """Go out of the server that the room is in."""
        room = snowflake(address.room)
        guild = self._client.get_guild(self._server_of(int(room))) if room else None
        if guild is None:
            raise Unsendable("the room is in no server that can be left")
        await self._asked(guild.leave)

    def _server_of(self, room: int) -> int:
        """0 where no server that we see has the room."""
        if self._client.get_guild(room) is not None:
            return room  # what concerns a server as a whole is addressed to it
        channel = self._client.get_channel(room)
        guild = getattr(channel, "guild", None)
        return guild.id if isinstance(guild, discord.Guild) else 0

    async def _look_up(self, room: int) -> frozenset[str] | int:
        if (known := self._elsewhere.get(room)) is not None:
            return known
        shown = await self._asked(lambda: self._client.http.get_channel(room))
        whole = shown if isinstance(shown, dict) else {}
        found: frozenset[str] | int = int(snowflake(whole.get("guild_id")) or 0)
        if whole.get("type") in _DIRECT:
            found = frozenset(snowflake(one.get("id")) for one in listed(whole.get("recipients")))
        if found == 0:
            raise LinkLost("Discord's answer makes no sense")
        self._elsewhere[room] = found
        while len(self._elsewhere) > _ROOMS:
            self._elsewhere.popitem(last=False)
        return found

    async def _in(self, guild: discord.Guild, person: int) -> Rank:
        shown = await self._asked(lambda: self._client.http.get_member(guild.id, person))
        if shown is None:
            return Rank.STRANGER
        whole = shown if isinstance(shown, dict) else {}
        user, roles = whole.get("user"), whole.get("roles")
        if not isinstance(user, dict) or not isinstance(roles, list):
            raise LinkLost("Discord's answer makes no sense")
        if user.get("bot") is True:
            return Rank.STRANGER
        has = [guild.default_role, *(guild.get_role(int(snowflake(one) or 0)) for one in roles)]
        may = [role.permissions for role in has if role is not None]
        leads = any(each.administrator or each.manage_guild for each in may)
        return Rank.ADMIN if leads else Rank.MEMBER

    async def _asked(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """None where there is nobody of that number."""
        if silence := self._quota.silence:
            raise Throttled(silence)
        try:
            async with asyncio.timeout(_PATIENCE):
                return await ask()
        except discord.NotFound as error:
            if error.code in _NOBODY:
                return None
            raise send_failure(error, repeatable=True) from None
        except (discord.DiscordException, OSError, aiohttp.ClientError, ValueError) as error:
            failure = send_failure(error, repeatable=True)
            if isinstance(failure, LinkRejected):
                raise LinkLost(str(failure)) from None  # the line finds out and ends the link
            raise failure from None
