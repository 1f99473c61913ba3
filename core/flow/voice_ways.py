"""What a character's settings and a server let her do in voice channels."""

from __future__ import annotations

from core.errors import CannotJoin
from core.flow import voice_words
from core.flow.cast import Part
from core.ports import Listening, Speech, VoiceRooms
from core.settings.layers import Settings

_INTERRUPTS = 0.5
"""Seconds of speech that are told of, also where nothing is made of it."""


def rooms_of(part: Part) -> VoiceRooms | None:
    platform = part.platform
    return platform if platform.limits.voice_rooms and isinstance(platform, VoiceRooms) else None


def may_go(settings: Settings) -> bool:
    return settings.flag("DISCORD_VOICE_ENABLED", True)


def listening(settings: Settings, speech: Speech) -> Listening:
    return Listening(
        hears=settings.flag("ENABLE_VOICE_TRANSCRIPTION", True),
        threshold=settings.number("VOICE_ACTIVITY_THRESHOLD", 0.5),
        silence=settings.number("VOICE_ENDPOINTING", 0.5),
        interrupts=settings.number("VOICE_INTERRUPTION", 0.5) or _INTERRUPTS,
        along=speech.listen(settings) is not None,
    )


def found(part: Part, rooms: VoiceRooms, world: str, wanted: str, person: str) -> str:
    """The channel's id. Raises CannotJoin, in words."""
    channel = _meant(rooms, world, wanted, person)
    gate = part.policy.door.gate
    if gate is not None and not gate.takes_in(world, channel):
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
