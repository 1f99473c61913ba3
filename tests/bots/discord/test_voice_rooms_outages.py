"""What is done, and said, while a voice connection is away and is still to come back."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from bots.discord.client import DiscordLink
from bots.discord.pulse import PULSE
from bots.sandbox import Bot, Stage
from core.clock import SystemClock
from core.ports.voices import Listening, VoiceChannel
from tests.bots.discord.conftest import Listening as Listens
from tests.bots.discord.conftest import MakeLink
from tests.bots.discord.voices import Notes, tone, until


class Patient(random.Random):
    """Waits as long as may be, so that there is time to do something meanwhile."""

    def uniform(self, a: float, b: float) -> float:
        return b


class Ends(Notes):
    """Remembers whether the channel was to be tried again when it was told to be over."""

    def __init__(self) -> None:
        super().__init__()
        self.voice: VoiceChannel | None = None
        self.away: list[str] = []

    def closed(self, reason: str) -> None:
        super().closed(reason)
        assert self.voice is not None
        self.away.append(self.voice.state.away)


@dataclass
class Away:
    stage: Stage
    guild: Any
    room: Any
    ada: Bot
    them: Any
    link: DiscordLink
    voice: VoiceChannel
    notes: Ends

    @property
    def house(self) -> Any:
        return self.stage.discord.voice

    @property
    def is_inside(self) -> bool:
        return self.ada in self.stage.discord.in_voice(self.room)

    @property
    def clients(self) -> Sequence[object]:
        """Connections to voice servers, standing or not."""
        assert self.link._client is not None
        return self.link._client.voice_clients

    def loses(self) -> None:
        self.house.close(self.guild.id, self.ada.snowflake, 4009, forget=True)

    async def breaks(self) -> None:
        self.loses()
        await until(lambda: not self.voice.state.joined)


@pytest.fixture
async def away(
    make_link: MakeLink, listening: Listens, stage: Stage, guild: Any, ada: Bot, ed: Any
) -> AsyncIterator[Away]:
    room = stage.discord.channel(guild, "Parlour", "voice")
    notes = Ends()
    async with make_link(clock=SystemClock(), chance=Patient()) as link, listening(link):
        them = stage.discord.joins_voice(ed, room)
        voice = notes.voice = await link.join(str(room.id), notes, Listening())
        one = Away(stage, guild, room, ada, them, link, voice, notes)
        await until(lambda: voice.state.decrypting)
        yield one
    assert PULSE.settle()


async def test_whoever_is_sent_away_meanwhile_is_not_to_come_back(away: Away) -> None:
    away.house.refuse()
    await away.breaks()
    await until(lambda: away.voice.state.away)
    await away.voice.leave()
    assert away.notes.ends == [""]
    assert away.notes.away == [""]


async def test_a_channel_that_is_deleted_meanwhile_is_not_tried_again(away: Away) -> None:
    away.house.refuse()
    await away.breaks()
    await until(lambda: away.voice.state.away)
    away.stage.discord.delete_channel(away.room)
    await until(lambda: away.notes.ends)
    assert away.notes.ends == ["the channel is gone"]
    assert away.notes.away == [""]


async def test_who_is_to_listen_from_now_on_does_so_with_the_next_connection(away: Away) -> None:
    away.voice.listen(Listening(hears=False))
    await until(lambda: away.guild.voices[away.ada].self_deaf)
    away.house.refuse()
    await away.breaks()
    await until(lambda: away.voice.state.away)
    away.voice.listen(Listening())
    away.house.refuse(None)
    await until(lambda: away.voice.state.joined and away.voice.state.decrypting)
    await until(lambda: not away.guild.voices[away.ada].self_deaf)
    assert away.voice.state.deaf == ""
    away.them.says(tone(0.6))
    await until(lambda: away.notes.began_)
    assert away.notes.ends == []


async def test_whoever_is_sent_away_between_two_connections_is_not_seen_there_any_more(
    away: Away,
) -> None:
    came: list[str] = []
    away.house.watchers.append(lambda event: came.append(event.kind))
    away.loses()
    await until(lambda: "joined" in came and away.voice.state.decrypting)
    away.loses()  # the second time she waits a moment before she comes back
    await until(lambda: not away.clients)
    assert away.is_inside
    await away.voice.leave()
    await until(lambda: not away.is_inside)
    assert away.notes.ends == [""]
