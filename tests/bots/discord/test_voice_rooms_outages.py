"""What is done, and said, while a voice connection is away and is still to come back."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from bots.discord.client import DiscordLink
from bots.discord.pulse import PULSE
from bots.sandbox import Bot, Stage
from core.clock import SystemClock
from core.ports.voices import Listening, Present, VoiceChannel
from tests.bots.discord.conftest import Listening as Listens
from tests.bots.discord.conftest import MakeLink
from tests.bots.discord.voices import Notes, tone, until


class Patient(random.Random):
    """Waits as long as may be, so that there is time to do something meanwhile."""

    def uniform(self, a: float, b: float) -> float:
        return b


class Ends(Notes):
    """Looks when it is told to, and when the channel is over whether it is to be tried again."""

    def __init__(self) -> None:
        super().__init__()
        self.voice: VoiceChannel | None = None
        self.away: list[str] = []
        self.look: Callable[[], object] = lambda: None

    def present(self, now: Sequence[Present]) -> None:
        super().present(now)
        self.look()

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

    async def pauses(self) -> None:
        """She has lost it a second time, and waits a moment before she comes back."""
        came: list[str] = []
        self.house.watchers.append(lambda event: came.append(event.kind))
        self.loses()
        await until(lambda: "joined" in came and self.voice.state.decrypting)
        self.loses()
        await until(lambda: not self.clients)

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
    await away.pauses()
    away.voice.listen(Listening())
    await until(lambda: away.voice.state.joined and away.voice.state.decrypting)
    await until(lambda: not away.guild.voices[away.ada].self_deaf)
    assert away.voice.state.deaf == ""
    away.them.says(tone(0.6))
    await until(lambda: away.notes.began_)
    assert away.notes.ends == []


async def test_whoever_is_sent_away_between_two_connections_is_not_seen_there_any_more(
    away: Away,
) -> None:
    await away.pauses()
    assert away.is_inside
    await away.voice.leave()
    await until(lambda: not away.is_inside)
    assert away.notes.ends == [""]


async def test_a_short_absence_is_none_and_what_was_said_goes_on_where_it_was(away: Away) -> None:
    mouth = away.voice.mouth
    mouth.say(tone(1.0))
    mouth.end()
    await until(lambda: mouth.played > 0.3)
    away.house.refuse()
    away.loses()
    await until(lambda: not away.is_inside and not away.clients)
    assert away.voice.state.away == ""
    away.house.refuse(None)
    await mouth.quiet()
    assert mouth.played == pytest.approx(1.0, abs=0.1)
    assert away.notes.ends == []


async def test_whoever_speaks_is_told_to_look_once_what_they_say_has_waited_for_long(
    away: Away,
) -> None:
    looked: list[tuple[str, float]] = []
    mouth = away.voice.mouth
    mouth.say(tone(1.0))
    mouth.end()
    await until(lambda: mouth.played > 0.3)
    away.notes.look = lambda: looked.append((away.voice.state.away, mouth.waiting))
    away.house.refuse()
    away.loses()
    await until(lambda: any(why for why, _ in looked))
    why, waiting = next(one for one in looked if one[0])
    assert why == "Discord's voice server is not to be reached"
    assert waiting > 0.5, "nothing of it was thrown away before"
