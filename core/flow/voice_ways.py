"""What a character's settings and a server let her do in voice channels."""

from __future__ import annotations

import logging

from core.errors import CannotJoin
from core.flow import voice_words
from core.flow.cast import Part
from core.flow.seats import Seat
from core.flow.voice_places import Places
from core.ports import Listening, Speech, VoiceRooms
from core.settings.layers import Settings

log = logging.getLogger(__name__)

CHANNELS = "DISCORD_VOICE_CHANNEL_ID"
_INTERRUPTS = 0.5
"""Seconds of speech that are told of, also where nothing is made of it."""


def rooms_of(part: Part) -> VoiceRooms | None:
    platform = part.platform
    return platform if platform.limits.voice_rooms and isinstance(platform, VoiceRooms) else None


def channels_of(part: Part, world: str) -> frozenset[str]:
    """The ids of a server's voice channels."""
    rooms = rooms_of(part)
    return frozenset(one for one, _ in rooms.channels(world)) if rooms is not None else frozenset()


def may_go(settings: Settings) -> bool:
    return settings.flag("DISCORD_VOICE_ENABLED", True)


def named(settings: Settings) -> tuple[str, ...]:
    """The channels in which her settings want her."""
    return settings.csv(CHANNELS) if may_go(settings) else ()


def listening(settings: Settings, speech: Speech) -> Listening:
    return Listening(
        hears=settings.flag("ENABLE_VOICE_TRANSCRIPTION", True),
        threshold=settings.number("VOICE_ACTIVITY_THRESHOLD", 0.5),
        silence=settings.number("VOICE_ENDPOINTING", 0.5),
        interrupts=settings.number("VOICE_INTERRUPTION", 0.5) or _INTERRUPTS,
        along=speech.listen(settings) is not None,
    )


def volume(settings: Settings) -> float:
    return min(2.0, max(0.0, settings.number("DISCORD_VOICE_VOLUME", 1.0)))


def takes_in(part: Part, world: str, channel: str) -> bool:
    """Whether her settings let her be in a channel."""
    gate = part.policy.door.gate
    return may_go(part.settings) and (gate is None or gate.takes_in(world, channel))


def is_taken(part: Part, rooms: VoiceRooms, places: Places, seat: Seat) -> bool:
    """She is in a channel of that server already: there can be but one."""
    for account, place in places:
        channel = place.talk.channel
        there = {one for one, _ in rooms.channels(channel.world)}
        if account != part.platform.account or seat.channel not in there | {channel.id}:
            continue
        if seat.channel != channel.id and not seat.world:
            name = part.character.name
            log.warning(
                "%s: %s: %s is in the same server as %s, where she is",
                name, CHANNELS, seat.channel, channel.id,
            )  # fmt: skip
        return True
    return False


def found(part: Part, rooms: VoiceRooms, world: str, wanted: str, person: str) -> str:
    """The channel's id. Raises CannotJoin, in words."""
    channel = _meant(rooms, world, wanted, person)
    if not takes_in(part, world, channel):
        raise CannotJoin("My settings keep me out of that channel.")
    return channel


def _meant(rooms: VoiceRooms, world: str, wanted: str, person: str) -> str:
    if not wanted:
        if channel := rooms.whereabouts(world, person):
            return channel
        raise CannotJoin(voice_words.which(rooms.channels(world)))
    plain = wanted.strip().strip("<>#! ").casefold()
    for channel, name in rooms.channels(world):
        if plain in (channel, name.casefold()):
            return channel
    if plain.isdecimal():
        return plain  # whether there is one, its platform knows
    raise CannotJoin(voice_words.which(rooms.channels(world)))
