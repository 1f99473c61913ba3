"""The voice channels of one bot: into them, out of them, and who is in which."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import discord

from bots.discord.envelope import snowflake
from bots.discord.pulse import PULSE, Pulse
from bots.discord.sharded import Sharded
from bots.discord.voice_people import Change, VoicePeople
from bots.discord.voice_standing import Room
from core.clock import Clock
from core.errors import CannotJoin
from core.ids import Account
from core.ports.voices import Listener, Listening

if TYPE_CHECKING:  # it needs what the extra [voice] brings
    from bots.discord.voice_line import VoiceLine

log = logging.getLogger(__name__)

_SERVERS = ("GUILD_CREATE", "GUILD_DELETE")
_LEAVING = 3.0
_COMING = 10.0
"""Seconds for the servers of a session that has just begun to come, one after the other."""
_MISSING = "voices are not installed here: run `make setup`, or `pip install troupe[voice]`"


class DiscordVoiceRooms:
    """Implements VoiceRooms. A voice channel's failures end here, and never reach the gateway."""

    def __init__(
        self,
        client: Sharded,
        account: Account,
        clock: Clock,
        chance: random.Random,
        most: int = 10,
        volume: float = 1.0,
        *,
        pulse: Pulse = PULSE,
    ) -> None:
        """`most` is in how many voice channels she is at once."""
        self._client = client
        self._us = account.partition(":")[2]
        self._account = account
        self._clock = clock
        self._chance = chance
        self._most = most
        self._volume = volume
        self._pulse = pulse
        self._people = VoicePeople(self._us)
        self._lines: dict[str, VoiceLine] = {}
        """By their servers."""
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._watchers: list[Callable[[str, str, str], None]] = []
        self._again: set[str] = set()
        """Servers of a session that is over: as soon as they come, we go in again there."""
        self._came = asyncio.Event()
        """One more server is known."""
        self._group: asyncio.TaskGroup | None = None

    def begin(self, group: asyncio.TaskGroup) -> None:
        """Channels are kept up by tasks of this group, none of which fails."""
        self._group = group

    # --- as VoiceRooms ---------------------------------------------------------------------------

    async def join(self, channel: str, listener: Listener, ways: Listening) -> VoiceLine:
        await asyncio.to_thread(_installed)  # libraries are read from the disk
        await self._all_servers(channel)
        room = self._room(channel)
        async with self._turns[str(room.guild.id)]:
            if self._group is None:
                raise CannotJoin("I am not on Discord now")
            self.may(room)
            before = self._lines.get(str(room.guild.id))
            if before is not None and before.is_over:
                await before.go("")
                before = None
            if before is not None and before.id == channel:
                before.heed(listener)
                before.listen(ways)
                before.see()
                return before
            await self._make_room(before)
            return await self._enter(room, listener, ways, before)

    def whereabouts(self, world: str, person: str) -> str:
        return self._people.where(world, person)

    def channels(self, world: str) -> Sequence[tuple[str, str]]:
        guild = self._client.get_guild(int(world)) if world.isdecimal() else None
        if guild is None:
            return ()
        both: list[Room] = [*guild.voice_channels, *guild.stage_channels]
        rooms = sorted(both, key=lambda one: (_place(one), one.position, one.id))
        return tuple((str(one.id), one.name) for one in rooms)

    def watch(self, told: Callable[[str, str, str], None]) -> None:
        self._watchers.append(told)

    @property
    def joined(self) -> Sequence[VoiceLine]:
        return tuple(one for one in self._lines.values() if not one.is_over)

    # --- coming and going ------------------------------------------------------------------------

    async def _all_servers(self, channel: str) -> None:
        """A channel that nobody knows may be one of a server that is still to come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_COMING):
                while self._is_still_to_come(channel):
                    self._came.clear()
                    await self._came.wait()

    def _is_still_to_come(self, channel: str) -> bool:
        if not channel.isdecimal() or self._client.get_channel(int(channel)) is not None:
            return False
        return not self._client.guilds or any(one.unavailable for one in self._client.guilds)

    def _room(self, channel: str) -> Room:
        room = self._client.get_channel(int(channel)) if channel.isdecimal() else None
        if room is None:
            raise CannotJoin("there is no such channel that I can see")
        if not isinstance(room, Room):
            raise CannotJoin("that is no voice channel")
        return room

    def may(self, room: Room, *, again: bool = False) -> None:
        """Raises CannotJoin where Discord would refuse us, which it would do without a word, or
        where nobody would hear us; who comes back `again` may have been silenced meanwhile."""
        if (us := room.guild.me) is None:
            raise CannotJoin("the server is not there yet; it may be in a moment")
        has = room.permissions_for(us)
        missing = [
            name
            for name, has_it in (
                ("View Channel", has.view_channel),
                ("Connect", has.connect),
                ("Speak", has.speak or again or isinstance(room, discord.StageChannel)),
            )
            if not has_it
        ]
        if missing:
            raise CannotJoin(f"I lack {' and '.join(missing)} in {room.name}")
        world, channel = str(room.guild.id), str(room.id)
        if self._people.where(world, self._us) == channel or has.move_members:
            return
        inside = len(self._people.present(world, channel))
        if room.user_limit and inside >= room.user_limit:
            raise CannotJoin(f"{room.name} is full")

    async def _make_room(self, before: VoiceLine | None) -> None:
        """Leave the channel that has been silent longest, where she is in as many as she may be."""
        joined = self.joined
        if before is not None or len(joined) < self._most:
            return
        silent = [one for one in joined if not one.mouth.speaking]
        if not silent:
            raise CannotJoin("I am speaking in as many voice channels as I may be in")
        longest = min(silent, key=lambda one: one.silent_since)
        await longest.go("she was asked into another voice channel, and may not be in more at once")

    async def _enter(
        self,
        room: Room,
        listener: Listener,
        ways: Listening,
        before: VoiceLine | None,
    ) -> VoiceLine:
        from bots.discord.voice_line import VoiceLine

        assert self._group is not None
        line = VoiceLine(
            self._client,
            room,
            listener,
            ways,
            self._people,
            self._clock,
            self._chance,
            self._pulse,
            self._volume,
            self._forget,
            self.may,
        )
        if before is not None:
            # Discord takes us from the one into the other, unless it is the same.
            await before.go("", out=before.id == line.id)
        self._lines[line.world] = line
        await line.enter(self._group)
        log.info("%s is in voice channel %s", self._account, line.id)
        return line

    def _forget(self, line: VoiceLine) -> None:
        if self._lines.get(line.world) is line:
            del self._lines[line.world]

    async def close(self) -> None:
        """Out of all of them, while the gateway still stands; takes a moment, and raises nothing."""
        lines = tuple(self._lines.values())
        self._group = None
        try:
            async with asyncio.timeout(_LEAVING), asyncio.TaskGroup() as group:
                for line in lines:
                    group.create_task(line.go(""))
        except TimeoutError:
            log.info("%s: Discord does not confirm that voice channels are left", self._account)

    # --- what the gateway tells ------------------------------------------------------------------

    def meet(self, event: str, data: Any) -> None:
        """One of VOICES, after discord.py was told; whoever calls has a wall."""
        if not isinstance(data, dict):
            return
        if event == "GUILD_CREATE":
            self._came.set()
        changes = self._people.meet(event, data)
        for change in changes:
            self._told(change)
        self._seen(changes)
        line = self._lines.get(snowflake(data.get("id" if event in _SERVERS else "guild_id")))
        if event == "GUILD_CREATE" and line is not None and line.world in self._again:
            self._again.discard(line.world)
            line.ail("a new session has begun")
        elif event == "GUILD_DELETE" and line is not None and not data.get("unavailable"):
            line.removed("she is no longer in the server")
        elif (
            event == "CHANNEL_DELETE" and line is not None and snowflake(data.get("id")) == line.id
        ):
            line.removed("the channel is gone")

    def renewed(self, shard: int) -> None:
        """A new session begins there, which is in no voice channel."""
        self._again |= {one for one in self._lines if self._client.shard_of(int(one)) == shard}

    def _told(self, change: Change) -> None:
        if change.person == self._us or change.before == change.now:
            return
        for told in self._watchers:
            try:
                told(change.world, change.person, change.now)
            except Exception:  # the wall round whoever watches
                log.exception("whoever follows people into voice channels failed")

    def _seen(self, changes: Sequence[Change]) -> None:
        for world in {one.world for one in changes}:
            line = self._lines.get(world)
            if line is not None and any(
                line.id in (one.before, one.now) for one in changes if one.world == world
            ):
                line.see()


def _installed() -> None:
    try:
        import davey  # noqa: F401

        import bots.discord.voice_line  # noqa: F401
    except ImportError:
        raise CannotJoin(_MISSING) from None
    from core.speech import opus

    if not opus.is_here():
        raise CannotJoin(_MISSING)


def _place(room: Room) -> int:
    """Categories stand in an order of their own, below what has none."""
    return room.category.position if room.category else -1
