"""The voice channels of a bot that may not be on Discord yet, or any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bots.discord.voice_rooms import DiscordVoiceRooms
from core.errors import CannotJoin
from core.ports.voices import Listener, Listening, VoiceChannel


class VoiceDoor:
    """Implements VoiceRooms."""

    def __init__(self) -> None:
        self._rooms: DiscordVoiceRooms | None = None
        self._watchers: list[Callable[[str, str, str], None]] = []

    async def join(self, channel: str, listener: Listener, ways: Listening) -> VoiceChannel:
        if self._rooms is None:
            raise CannotJoin("I am not on Discord now")
        return await self._rooms.join(channel, listener, ways)

    def whereabouts(self, world: str, person: str) -> str:
        return self._rooms.whereabouts(world, person) if self._rooms else ""

    def channels(self, world: str) -> Sequence[tuple[str, str]]:
        return self._rooms.channels(world) if self._rooms else ()

    def watch(self, told: Callable[[str, str, str], None]) -> None:
        self._watchers.append(told)
        if self._rooms is not None:
            self._rooms.watch(told)

    def _open(self, rooms: DiscordVoiceRooms) -> None:
        self._rooms = rooms
        for told in self._watchers:
            rooms.watch(told)
