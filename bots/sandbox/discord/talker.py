"""People of the stage in voice channels: what they say and hear, and how they are moved and put out."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bots.sandbox.discord.attendance import inside
from bots.sandbox.discord.calls import Calls, may_enter
from bots.sandbox.sounding import sound_of
from bots.sandbox.things import Account, Change, Chat, Guild, VoiceState
from bots.sandbox.world import World

if TYPE_CHECKING:
    # It needs the libraries of voices, which a stage for text does without.
    from bots.sandbox.discord.voice_seat import Seat

Sit = Callable[[int, int, int], "Seat"]
"""A place on the voice server: of which server and channel, for whom."""


class Talker:
    """One person in a voice channel. Sound is 48 kHz, one channel, signed 16 bits."""

    def __init__(self, who: Account, guild: Guild, calls: Calls, sit: Sit) -> None:
        self.who: Final = who
        self.guild: Final = guild
        self.on_heard: Callable[[Account, bytes], None] | None = None
        """Told of every frame, whose it is and its samples, as it comes."""
        self.on_changed: Callable[[], None] | None = None
        """Told when the person was moved, muted, deafened, or is out."""
        self._calls = calls
        self._sit = sit
        self._seat: Seat | None = None
        self._told: dict[int, Account] = {}

    # -- being there -----------------------------------------------------------------------------

    @property
    def room(self) -> Chat | None:
        """The channel, or None where the person is out."""
        state = self._state
        return None if state is None or self._seat is None else state.chat

    @property
    def seat(self) -> Seat:
        """The place on the voice server; ValueError where the person is out."""
        if self._seat is None:
            raise ValueError(f"{self.who.name} is in no voice channel")
        return self._seat

    @property
    def _state(self) -> VoiceState | None:
        return self.guild.voices.get(self.who)

    @property
    def muted(self) -> bool:
        """Not to be heard, by one's own will or the server's."""
        state = self._state
        if state is None:
            return True
        return state.self_mute or state.suppress or self.who in self.guild.hushed

    @property
    def privacy_code(self) -> str:
        """What everybody in an end-to-end encrypted channel can compare; empty where it is not."""
        return self._seat.privacy_code if self._seat is not None else ""

    def mutes(self, *, on: bool = True) -> None:
        self._shows(self_mute=on)

    def deafens(self, *, on: bool = True) -> None:
        """Hear nobody; whoever does is muted too, as in Discord's own client."""
        self._shows(self_deaf=on, self_mute=on)

    def shows_camera(self, *, on: bool = True) -> None:
        """Have the camera on, as others see it; no picture is sent."""
        self._shows(self_video=on)

    def _shows(self, **own: bool) -> None:
        state, room = self._state, self.room
        if state is None or room is None:
            raise ValueError(f"{self.who.name} is in no voice channel")
        now = {name: getattr(state, name) for name in ("self_mute", "self_deaf", "self_video")}
        self._calls.enter(room, self.who, state.session, **{**now, **own})

    def moves(self, room: Chat) -> None:
        """Go into another channel of the same server."""
        if room.guild is not self.guild or not may_enter(room, self.who):
            raise ValueError(f"{self.who.name} may not come into {room.title}")
        self._calls.move(self.guild, self.who, room)

    def leaves(self) -> None:
        self._calls.leave(self.guild, self.who)

    # -- speaking and hearing --------------------------------------------------------------------

    def says(self, pcm: bytes, *, more: bool = False) -> float:
        """Behind what waits, played as time goes; nothing of it where one is muted.

        With `more` it is a part of what is still to come, as of a microphone. Gives the seconds
        that are now to be said.
        """
        seat = self.seat
        return 0.0 if self.muted else seat.say(pcm, more=more)

    async def says_file(self, data: bytes) -> float:
        """The same of any sound file."""
        return self.says(await sound_of(data))

    def stops(self) -> None:
        """Fall silent in the middle of it."""
        self.seat.stop()

    @property
    def waiting(self) -> float:
        """Seconds that are still to be said."""
        return self._seat.waiting if self._seat is not None else 0.0

    async def quiet(self) -> None:
        """Return when all has been said."""
        await self.seat.quiet()

    def hears(self, who: Account) -> bytes:
        """What came of somebody, since this one is in the channel or has forgotten it."""
        heard = self.seat.heard.get(who.snowflake)
        return bytes(heard.pcm) if heard is not None else b""

    def forgets(self) -> None:
        self.seat.forget()

    # -- what follows from the world -------------------------------------------------------------

    def follow(self, people: dict[int, Account]) -> None:
        """Be where the world says that this one is, muted and deaf as it says."""
        state, seat = self._state, self._seat
        if state is None:
            if seat is not None:
                seat.leave()
            self._seat = None
        elif seat is None or seat.channel != state.chat.id:
            self._seat = self._sit(self.guild.id, state.chat.id, self.who.snowflake)
            self._seat.on_heard = self._heard
            self._told = people
        if self._seat is not None and self.muted:
            self._seat.stop()
        if self.on_changed is not None:
            self.on_changed()

    def _heard(self, user: int, pcm: bytes) -> None:
        who = self._told.get(user)
        if self.on_heard is not None and who is not None:
            self.on_heard(who, pcm)


class Talkers:
    """Everybody of this stage who is in a voice channel; `hear` is to be a listener of the world."""

    def __init__(self, world: World, calls: Calls, sit: Sit) -> None:
        self._world = world
        self._calls = calls
        self._sit = sit
        self._inside: dict[tuple[int, int], Talker] = {}

    def join(self, who: Account, room: Chat, **own: bool) -> Talker:
        """Into a channel, out of any other of its server; ValueError says why not."""
        guild = room.guild
        if guild is None or not may_enter(room, who):
            raise ValueError(f"{who.name} may not come into {room.title}")
        key = (guild.id, who.id)
        talker = self._inside.get(key) or Talker(who, guild, self._calls, self._sit)
        self._inside[key] = talker
        known = guild.voices.get(who)
        session = known.session if known is not None else secrets.token_hex(16)
        self._calls.enter(room, who, session, **own)
        return talker

    def of(self, who: Account, guild: Guild) -> Talker | None:
        return self._inside.get((guild.id, who.id))

    def code(self, room: Chat) -> str:
        """By which those in a channel see that they are among themselves; empty for one alone."""
        assert room.guild is not None
        talkers = (self.of(who, room.guild) for who in inside(room))
        return next((one.privacy_code for one in talkers if one and one.privacy_code), "")

    def hear(self, change: Change) -> None:
        if change.kind not in {"voice_state", "voice_ruled"} or change.guild is None:
            return
        key = (change.guild.id, change.fact["who"])
        talker = self._inside.get(key)
        if talker is None:
            return
        if talker.who not in change.guild.voices:
            del self._inside[key]
        talker.follow(self._world.snowflakes)

    def close(self) -> None:
        """Everybody leaves, because the stage closes."""
        for talker in tuple(self._inside.values()):
            talker.leaves()
