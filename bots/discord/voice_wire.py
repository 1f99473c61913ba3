"""The connection of one bot to one voice server: made, used by whoever speaks and hears, dropped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import discord

from bots.discord.sharded import Sharded
from bots.discord.voice_client import Connection, OurVoiceClient, Told, refusal_of
from bots.discord.voice_packets import Way
from bots.discord.voice_people import VoicePeople
from bots.discord.voice_standing import Room
from core.errors import CannotJoin

_JOINING = 15.0
_HANDSHAKE = 12.0

NOT_LET_IN = "Discord's voice server does not let me in"

Hook = Callable[[Any, dict[str, Any]], Awaitable[Any]]


class Wire:
    """One after the other: what is lost is made anew."""

    def __init__(self, client: Sharded, people: VoicePeople) -> None:
        self._client = client
        self._people = people
        self._made: OurVoiceClient | None = None

    @property
    def voice(self) -> OurVoiceClient | None:
        """While it stands."""
        made = self._made
        return made if made is not None and made.is_connected() else None

    @property
    def connection(self) -> Connection | None:
        """Of one that was made, standing or not; None before the next one is."""
        return self._made.connection if self._made is not None else None

    def way(self) -> Way | None:
        """From any thread."""
        made = self._made
        return made.connection.way if made is not None else None

    def has_gateway(self, room: Room) -> bool:
        """Without it nobody is let in."""
        socket = self._client.socket(self._client.shard_of(room.guild.id))
        return socket is not None and socket.open

    async def dial(self, room: Room, told: Told, hook: Hook, *, hears: bool) -> None:
        """Raises CannotJoin, and whatever else, as it is; nothing is left of it then."""
        made: list[OurVoiceClient] = []

        def voice(client: discord.Client, channel: object) -> OurVoiceClient:
            made.append(OurVoiceClient(client, channel, told))
            made[0].connection.hears = hook
            self._made = made[0]
            return made[0]

        try:
            async with asyncio.timeout(_JOINING):
                await room.connect(timeout=_HANDSHAKE, cls=voice, self_deaf=not hears)
        except BaseException as error:  # noqa: BLE001 - as it is, or as a refusal in words
            await self.drop(out=True)
            raise refusal_of(error) from None
        if not made[0].is_connected():
            await self.drop(out=True)
            raise CannotJoin(NOT_LET_IN)

    async def drop(self, *, out: bool) -> None:
        """`out`: Discord is told that we leave."""
        made, self._made = self._made, None
        if made is not None:
            await made.hang_up(out=out)

    async def part(self, room: Room, *, out: bool) -> None:
        """`out`: Discord is told, whether or not anything connects us to the room just then."""
        if out and self._made is None:
            await self.leave(room)
        else:
            await self.drop(out=out)

    async def leave(self, room: Room) -> None:
        """Who asks to be where it is already is told of no voice server."""
        us = self._client.user
        if us is None or not self.has_gateway(room):
            return
        if self._people.where(str(room.guild.id), str(us.id)):
            with contextlib.suppress(OSError, aiohttp.ClientError, discord.DiscordException):
                await room.guild.change_voice_state(channel=None)

    async def show(self, room: Room, *, deaf: bool) -> None:
        """By our icon."""
        with contextlib.suppress(OSError, aiohttp.ClientError, discord.DiscordException):
            await room.guild.change_voice_state(channel=room, self_deaf=deaf)
