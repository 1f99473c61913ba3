"""The voice channels of the local Discord, beside its gateway: who of its people is in which."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from bots.sandbox.cast import Person
from bots.sandbox.discord.attendance import inside
from bots.sandbox.discord.gateway import Gateway
from bots.sandbox.discord.intents import Intents
from bots.sandbox.discord.stewarding import Steward
from bots.sandbox.discord.talker import Talker, Talkers
from bots.sandbox.things import Account, Chat, Guild
from bots.sandbox.world import World

if TYPE_CHECKING:
    from bots.sandbox.discord.voice import Seat, VoiceEvent, VoiceHouse

_MISSING = "the extra [voice] is not installed: pip install troupe[voice]"
_SETTLED = 0.1
"""Seconds after which a change of encryption has reached those in this process."""


class Hall(Steward):
    """What an owner of a server and its people do about voice; without its extra, all else goes on."""

    def __init__(
        self,
        world: World,
        granted: Callable[[Account], Intents],
        where: Callable[[], str],
        host: str,
    ) -> None:
        super().__init__(world)
        self._voice = _voice_house(where, host)
        self.gateway = Gateway(world, granted=granted, voice=self._voice)
        self._talkers = Talkers(world, self.gateway.calls, self._sit)

    async def _open_hall(self) -> None:
        self._world.listeners.append(self._talkers.hear)
        if self._voice is not None:
            await self._voice.open()
            self._voice.on_region = self.gateway.calls.relocate
            self._voice.watchers.append(self._spoken)

    async def _close_hall(self) -> None:
        self._talkers.close()
        if self._voice is not None:
            await self._voice.aclose()

    # -- people ----------------------------------------------------------------------------------

    @property
    def voice(self) -> VoiceHouse:
        """The voice server: what is to go wrong there is done to it by hand."""
        if self._voice is None:
            raise ValueError(_MISSING)
        return self._voice

    @property
    def has_voice(self) -> bool:
        """Whether its libraries are installed."""
        return self._voice is not None

    def joins_voice(self, person: Person, channel: Chat, **own: bool) -> Talker:
        """Let a person into a voice channel, out of any other of its server.

        `own` is what this one shows there: self_mute, self_deaf, self_video.
        """
        if self._voice is None:
            raise ValueError(_MISSING)
        return self._talkers.join(person, channel, **own)

    def talker(self, person: Person, guild: Guild) -> Talker | None:
        """Somebody who is in a voice channel of this server."""
        return self._talkers.of(person, guild)

    def in_voice(self, channel: Chat) -> list[Account]:
        """Who is in a voice channel, people and bots."""
        return inside(channel)

    # -- what an owner does to others --------------------------------------------------------------

    def moves_voice(self, guild: Guild, who: Account, channel: Chat) -> None:
        """Put somebody who is in a voice channel into another one."""
        if who not in guild.voices or channel.guild is not guild:
            raise ValueError(f"{who.name} cannot be moved to {channel.title}")
        self.gateway.calls.move(guild, who, channel)

    def puts_out_of_voice(self, guild: Guild, who: Account) -> None:
        self.gateway.calls.leave(guild, who)

    def silences_voice(
        self, guild: Guild, who: Account, *, mute: bool | None = None, deaf: bool | None = None
    ) -> None:
        """Let nobody hear a member, or let this one hear nobody; or end that."""
        self.gateway.calls.rule(guild, who, mute=mute, deaf=deaf)

    def lets_speak(self, guild: Guild, who: Account, *, on: bool = True) -> None:
        """Let somebody up from the audience of a stage channel, or back into it."""
        if who not in guild.voices or guild.voices[who].chat.kind != "stage":
            raise ValueError(f"{who.name} is on no stage")
        self.gateway.calls.bid(guild, who, suppress=not on)

    def asks_to_speak(self, guild: Guild, who: Account) -> bool:
        """Whether somebody in the audience waits to be let up."""
        return who in guild.voices and bool(guild.voices[who].asked)

    def limits_voice(self, channel: Chat, people: int) -> None:
        """Let so many at once into a voice channel; 0 lets everybody in."""
        more = {"user_limit": people}
        self._world.commit({"fact": "room_changed", "chat": channel.key, "more": more})

    def moves_region(self, guild: Guild) -> str:
        """Take the calls of a server to another voice server; gives its endpoint."""
        return self.voice.move_region(guild.id)

    # -- what the voice server tells ---------------------------------------------------------------

    def _sit(self, guild: int, channel: int, user: int) -> Seat:
        return self.voice.seat(guild, channel, user)

    def _spoken(self, event: VoiceEvent) -> None:
        room = self._world.chats.get(f"dc:{event.channel}")
        if room is None or room.guild is None:
            return
        if event.kind in {"speaking", "silent"}:
            who, on = self._world.snowflakes[event.user], event.kind == "speaking"
            fact = {"fact": "speaking", "guild": room.guild.id, "who": who.id}
            self._world.tell({**fact, "on": on})
        else:
            self._tell_code(room)
            asyncio.get_running_loop().call_later(_SETTLED, self._tell_code, room)

    def _tell_code(self, room: Chat) -> None:
        if room.guild is None or not inside(room):
            return
        sealed = self.voice.view(room.guild.id, room.id).version > 0
        code = self._talkers.code(room) if sealed else None
        if code != room.guild.codes.get(room):
            self._world.tell({"fact": "voice_code", "chat": room.key, "code": code})


def _voice_house(where: Callable[[], str], host: str) -> VoiceHouse | None:
    """None where the libraries of voices are not installed."""
    try:
        from bots.sandbox.discord.voice import VoiceHouse
    except ImportError:
        return None
    return VoiceHouse(where, host=host)
