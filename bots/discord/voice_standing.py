"""Whether a bot is heard in the voice channel that it is in, and hears: others decide on both."""

from __future__ import annotations

import asyncio
import logging

import aiohttp
import discord

from bots.discord.sharded import Sharded
from bots.discord.voice_people import Seated, VoicePeople
from core.clock import Clock

log = logging.getLogger(__name__)

Room = discord.VoiceChannel | discord.StageChannel
"""Where people talk."""

_ASKING = 5.0
_TRIES = 3
_LATE = 2
"""Looks, some seconds apart, after which Discord is not about to let us speak by itself."""


class Standing:
    """Of one bot in one channel at a time, in which it takes up as little of people as it can."""

    def __init__(self, client: Sharded, people: VoicePeople, clock: Clock) -> None:
        self._client = client
        self._people = people
        self._clock = clock
        self._asked = ""
        """The stage channel in which we have asked to speak: once for each coming."""
        self._up = self._put_back = ""
        """The stage channel in which we were let up, and the one in which somebody has put us back
        since, which a new connection does not change."""
        self._tries = 0
        self._refused = ""
        self._behind = 0

    def deaf(self, room: Room) -> str:
        """Why nothing reaches us, in words; empty where it does."""
        seat = self._seat(room)
        return "a moderator has deafened me" if seat is not None and seat.deafened else ""

    def mute(self, room: Room) -> str:
        """Why nobody hears us, in words; empty where people do."""
        seat = self._seat(room)
        if seat is None:
            return ""
        if seat.muted:
            return "a moderator has muted me"
        if isinstance(room, discord.StageChannel):
            return self._audience(seat) if seat.suppressed else ""
        return f"I lack Speak in {room.name}" if seat.suppressed or not _may_speak(room) else ""

    def begin(self) -> None:
        """We have come in anew where we were."""
        self._asked = self._refused = self._up = ""
        self._tries = self._behind = 0

    def moved(self) -> None:
        """We are in another channel now."""
        self.begin()
        self._put_back = ""

    def look(self, room: Room) -> None:
        """Something is otherwise with somebody there; with us, maybe."""
        seat, channel = self._seat(room), str(room.id)
        if not isinstance(room, discord.StageChannel) or seat is None:
            self._up = ""  # who comes in begins in the audience, and nobody has put her there
        elif not seat.suppressed:
            self._up, self._put_back = channel, ""
        elif self._up == channel:
            self._up, self._put_back = "", channel

    async def ask(self, room: Room) -> None:
        """Out of the audience of a stage channel: by ourselves where we may, else by asking.

        Raises nothing. Whoever was put back there by a moderator does not ask again.
        """
        seat, us = self._seat(room), room.guild.me
        channel = str(room.id)
        if not isinstance(room, discord.StageChannel) or seat is None or us is None:
            return
        if channel in (self._asked, self._put_back) or not seat.suppressed:
            return
        has = room.permissions_for(us)
        wish: dict[str, object] = {"channel_id": channel}
        if has.mute_members:
            wish |= {"suppress": False, "request_to_speak_timestamp": None}
        elif has.request_to_speak:
            wish["request_to_speak_timestamp"] = self._clock.now().isoformat()
        else:
            self._asked, self._refused = channel, f"I lack Request to Speak in {room.name}"
            return
        self._tries += 1
        try:
            async with asyncio.timeout(_ASKING):
                await self._client.http.edit_my_voice_state(room.guild.id, wish)
        except (TimeoutError, OSError, aiohttp.ClientError, discord.HTTPException) as error:
            log.info("asking to speak on a stage failed (%s)", type(error).__name__)
            final = isinstance(error, discord.Forbidden) or self._tries >= _TRIES
            self._asked = channel if final else ""
            self._refused = "Discord does not let me ask to speak"
            return
        self._asked, self._refused = channel, ""

    def is_behind(self, room: Room) -> bool:
        """Asked from time to time: whether we may speak here, but only after coming in anew."""
        seat = self._seat(room)
        behind = (
            isinstance(room, discord.VoiceChannel)
            and seat is not None
            and seat.suppressed
            and not seat.muted
            and _may_speak(room)
        )
        self._behind = self._behind + 1 if behind else 0
        return self._behind >= _LATE

    def _audience(self, seat: Seated) -> str:
        if seat.asks:
            return "I am in the audience, and have asked to speak"
        return f"I am in the audience: {self._refused or 'nobody has let me up'}"

    def _seat(self, room: Room) -> Seated | None:
        us = self._client.user
        seat = self._people.seat(str(room.guild.id), str(us.id)) if us is not None else None
        return seat if seat is not None and seat.channel == str(room.id) else None


def _may_speak(room: Room) -> bool:
    us: discord.Member | None = room.guild.me
    return us is None or room.permissions_for(us).speak
