"""What we may do in a channel, as far as the gateway has told; and where to say that we may not."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import discord

from core.clock import Clock
from core.errors import SendFailed

log = logging.getLogger(__name__)

_ROOMS = 5_000
_DAY = 86_400.0
_LOOK_BACK = 50
_PATIENCE = 10.0
_NAMED = 5
_EPOCH = 1_420_070_400.0


class Rights:
    """Nothing is asked: a server that we do not see, or a direct chat, is unknown."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._servers: OrderedDict[int, int] = OrderedDict()

    def server_of(self, channel: int) -> discord.Guild | None:
        if (known := self._servers.get(channel)) is not None:
            guild = self._client.get_guild(known)
            if guild is not None and guild.get_channel_or_thread(channel) is not None:
                return guild
        # discord.py looks through all servers for it.
        guild = getattr(self._client.get_channel(channel), "guild", None)
        if not isinstance(guild, discord.Guild):
            return None
        self._servers[channel] = guild.id
        while len(self._servers) > _ROOMS:
            self._servers.popitem(last=False)
        return guild

    def is_thread(self, channel: int) -> bool:
        guild = self.server_of(channel)
        return guild is not None and guild.get_thread(channel) is not None

    def may(self, channel: int, *wanted: str) -> bool | None:
        """Whether we have all of these permissions there; None where that is not known."""
        guild = self.server_of(channel)
        room = guild.get_channel_or_thread(channel) if guild else None
        if guild is None or room is None or (us := guild.me) is None:
            return None
        try:
            has = room.permissions_for(us)
        except discord.ClientException:  # a thread whose channel is hidden from us
            return None
        return all(getattr(has, name) for name in wanted)

    def may_write(self, channel: int) -> bool | None:
        says = "send_messages_in_threads" if self.is_thread(channel) else "send_messages"
        return self.may(channel, "view_channel", says)


class Notices:
    """Where we are spoken to and may not write, somebody has to be told: not there, and seldom.

    Told is a channel of the same server in which we may write, once a day for the whole server,
    whichever its channels are; the operator learns of each.
    """

    def __init__(
        self,
        client: discord.Client,
        rights: Rights,
        clock: Clock,
        say: Callable[[int, str], Awaitable[Any]],
    ) -> None:
        self._client = client
        self._rights = rights
        self._clock = clock
        self._say = say
        self._told: dict[int, float] = {}
        self._barred: OrderedDict[int, None] = OrderedDict()

    @property
    def note(self) -> str:
        """For the operator; empty for nothing."""
        if not self._barred:
            return ""
        some = ", ".join(map(str, list(self._barred)[-_NAMED:]))
        more = len(self._barred) - _NAMED
        return f"may not write in channel {some}" + (f" and {more} more" if more > 0 else "")

    def may_again(self, channel: int) -> None:
        self._barred.pop(channel, None)

    async def barred(self, channel: int) -> None:
        """We were refused there; never raises what the answer itself did not fail by."""
        if channel not in self._barred:
            log.warning("%s may not write in channel %d", self._us(), channel)
            self._barred[channel] = None
            while len(self._barred) > _ROOMS:
                self._barred.popitem(last=False)
        guild, now = self._rights.server_of(channel), self._clock.monotonic()
        if guild is None or now - self._told.get(guild.id, -_DAY) < _DAY:
            return
        self._told[guild.id] = now
        place = self._place(guild, channel)
        if place is None:
            return
        text = f"I was spoken to in <#{channel}>, but I may not write there. Somebody who manages "
        text += "this server can allow me to send messages in that channel."
        try:
            async with asyncio.timeout(_PATIENCE):
                if not await self._stands(place, text):
                    await self._say(place, text)
        except (discord.DiscordException, OSError, aiohttp.ClientError, SendFailed) as error:
            log.info("a notice could not be given in channel %d: %s", place, type(error).__name__)

    def _place(self, guild: discord.Guild, barred: int) -> int | None:
        """Where a server has its own notices, else its first channel that will take one."""
        places = [guild.system_channel, *sorted(guild.text_channels, key=lambda one: one.position)]
        for one in places:
            if one is not None and one.id != barred and self._rights.may_write(one.id):
                return one.id
        return None

    async def _stands(self, place: int, text: str) -> bool:
        """An earlier process may have told it."""
        if not self._rights.may(place, "read_message_history"):
            return False
        since = int((self._clock.now().timestamp() - _DAY - _EPOCH) * 1000) << 22
        return any(
            said.get("content") == text and int(said["id"]) > since
            for said in await self._client.http.logs_from(place, _LOOK_BACK)
            if said["author"]["id"] == str(self._client.user.id if self._client.user else 0)
        )

    def _us(self) -> str:
        return f"discord:{self._client.user.id}" if self._client.user else "discord"
