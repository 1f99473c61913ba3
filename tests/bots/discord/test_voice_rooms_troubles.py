"""What befalls a voice connection, and what those in the channel notice of it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bots.discord.client import DiscordLink
from bots.discord.pulse import PULSE
from bots.sandbox import Bot, Stage
from bots.sandbox.discord.voice import Policy, Trouble
from core.clock import SystemClock
from core.errors import CannotJoin
from core.ports.voices import Listening, VoiceChannel
from tests.bots.discord.conftest import Listening as Listens
from tests.bots.discord.conftest import MakeLink
from tests.bots.discord.voices import Notes, longest_gap, longest_jump, loud, samples, tone, until


@dataclass
class Talk:
    stage: Stage
    guild: Any
    room: Any
    ada: Bot
    them: Any
    link: DiscordLink
    notes: Notes
    voice: VoiceChannel

    @property
    def house(self) -> Any:
        return self.stage.discord.voice

    @property
    def heard(self) -> bytes:
        return bytes(self.them.hears(self.ada))

    @property
    def stands(self) -> bool:
        return self.voice.state.joined and self.voice.state.decrypting and self.them.seat.encrypted

    async def is_heard(self, seconds: float = 15.0) -> None:
        """What is said now, is: all of it."""
        await until(lambda: self.stands, seconds)
        self.them.forgets()
        self.voice.mouth.say(tone(0.4))
        self.voice.mouth.end()
        await self.voice.mouth.quiet()
        await until(lambda: loud(self.heard).size / 48_000 == pytest.approx(0.4, rel=0.05))


class Hasty(random.Random):
    """Whoever may choose how long to wait does not wait."""

    def uniform(self, a: float, b: float) -> float:
        return 0.0


@pytest.fixture
async def talk(
    make_link: MakeLink, listening: Listens, stage: Stage, guild: Any, ada: Bot, ed: Any
) -> AsyncIterator[Talk]:
    room = stage.discord.channel(guild, "Parlour", "voice")
    notes = Notes()
    async with (
        make_link(clock=SystemClock(), chance=Hasty(), patience=60.0) as link,
        listening(link),
    ):
        them = stage.discord.joins_voice(ed, room)
        voice = await link.join(str(room.id), notes, Listening())
        talk = Talk(stage, guild, room, ada, them, link, notes, voice)
        await until(lambda: talk.stands)
        yield talk
    assert PULSE.settle()


def aborted(talk: Talk) -> None:
    talk.house.abort(talk.guild.id, talk.ada.snowflake)


def crashed(talk: Talk) -> None:
    talk.house.close(talk.guild.id, talk.ada.snowflake, 4015)


def forgotten(talk: Talk) -> None:
    talk.house.close(talk.guild.id, talk.ada.snowflake, 4015, forget=True)


def timed_out(talk: Talk) -> None:
    talk.house.close(talk.guild.id, talk.ada.snowflake, 4009, forget=True)


def elsewhere(talk: Talk) -> None:
    talk.stage.discord.moves_region(talk.guild)


def keys_anew(talk: Talk) -> None:
    talk.house.renew(talk.guild.id, talk.room.id)


@pytest.mark.parametrize("trouble", [aborted, crashed, forgotten, timed_out, elsewhere, keys_anew])
async def test_speech_goes_on_where_it_was_when_the_connection_breaks(
    talk: Talk, trouble: Callable[[Talk], None]
) -> None:
    talk.voice.mouth.say(tone(2.0))
    talk.voice.mouth.end()
    await until(lambda: talk.voice.mouth.played > 0.5)
    trouble(talk)
    await talk.voice.mouth.quiet()
    assert talk.voice.mouth.played == pytest.approx(2.0, abs=0.1)
    await talk.is_heard()
    assert talk.notes.ends == []


async def test_a_line_that_breaks_alone_is_taken_up_without_a_gap(talk: Talk) -> None:
    said = tone(2.0)
    talk.voice.mouth.say(said)
    talk.voice.mouth.end()
    await until(lambda: talk.voice.mouth.played > 0.5)
    crashed(talk)
    await talk.voice.mouth.quiet()
    await until(lambda: loud(talk.heard).size / 48_000 == pytest.approx(2.0, rel=0.02))
    assert longest_gap(loud(talk.heard)) < 0.06
    assert longest_jump(samples(talk.heard)) < 1.5 * longest_jump(samples(said))


async def test_a_new_session_of_the_gateway_goes_into_the_same_channel_again(talk: Talk) -> None:
    gateway = talk.stage.discord.gateway
    gateway.invalidate(talk.ada)
    await until(lambda: gateway.sessions(talk.ada).identifies == 2)
    await until(lambda: talk.ada in talk.stage.discord.in_voice(talk.room))
    await until(lambda: talk.house.connected(talk.guild.id, talk.ada.snowflake))
    await talk.is_heard()
    assert talk.notes.ends == []


async def test_who_loses_both_lines_comes_back_with_the_gateway(talk: Talk) -> None:
    gateway = talk.stage.discord.gateway
    async with talk.stage.discord.outage():
        talk.house.close(talk.guild.id, talk.ada.snowflake, 4009, forget=True)
        await until(lambda: not talk.voice.state.joined)
    await until(lambda: gateway.lines == 1, 20)
    await talk.is_heard(20)
    assert talk.notes.ends == []


async def test_whoever_is_deafened_shows_it(talk: Talk) -> None:
    talk.stage.discord.silences_voice(talk.guild, talk.ada, deaf=True)
    await until(lambda: "deafened" in talk.voice.state.deaf)
    talk.stage.discord.silences_voice(talk.guild, talk.ada, deaf=False)
    await until(lambda: not talk.voice.state.deaf)


async def test_a_deleted_channel_is_left_with_a_reason(talk: Talk) -> None:
    talk.voice.mouth.say(tone(1.0))
    talk.stage.discord.delete_channel(talk.room)
    await until(lambda: talk.notes.ends == ["the channel is gone"])
    await talk.voice.mouth.quiet()
    with pytest.raises(CannotJoin, match="no such channel"):
        await talk.link.join(str(talk.room.id), Notes(), Listening())


async def test_a_server_that_is_left_is_left_with_a_reason(talk: Talk) -> None:
    talk.stage.discord.remove(talk.guild, talk.ada)
    await until(lambda: len(talk.notes.ends) == 1)
    assert talk.notes.ends[0] in ("she is no longer in the server", "somebody has put her out")
    assert not talk.voice.state.joined


async def test_a_refusal_for_good_is_told_and_not_tried_again(talk: Talk) -> None:
    talk.house.close(talk.guild.id, talk.ada.snowflake, 4017, forget=True)
    await until(lambda: len(talk.notes.ends) == 1)
    assert "end-to-end encryption" in talk.notes.ends[0]
    await until(lambda: talk.ada not in talk.stage.discord.in_voice(talk.room))


async def test_a_voice_server_that_stays_away_is_given_up(
    talk: Talk,
) -> None:
    talk.house.refuse()
    talk.house.close(talk.guild.id, talk.ada.snowflake, 4009, forget=True)
    talk.voice.mouth.say(tone(0.2))
    talk.voice.mouth.end()
    await until(lambda: len(talk.notes.ends) == 1, 30)
    assert "voice server is lost" in talk.notes.ends[0]
    await talk.voice.mouth.quiet()
    await until(lambda: talk.ada not in talk.stage.discord.in_voice(talk.room))


async def test_without_end_to_end_encryption_it_speaks_as_everybody_there_does(
    talk: Talk,
) -> None:
    talk.house.set_policy(Policy.OFF, talk.guild.id, talk.room.id)
    await until(lambda: not talk.voice.state.decrypting)
    talk.them.forgets()
    talk.voice.mouth.say(tone(0.4))
    talk.voice.mouth.end()
    await talk.voice.mouth.quiet()
    await until(lambda: loud(talk.heard).size / 48_000 == pytest.approx(0.4, rel=0.05))


async def test_ears_that_understand_nobody_have_the_connection_made_anew(talk: Talk) -> None:
    came: list[str] = []
    talk.house.watchers.append(lambda event: came.append(event.kind))
    with talk.house.faults.during(Trouble(undecryptable=1.0, of=talk.them.who.snowflake)):
        talk.them.says(tone(8.0))
        await until(lambda: "left" in came and "joined" in came)
        talk.them.stops()
    await talk.is_heard()
    assert talk.voice.state.undecrypted > 0
    assert talk.notes.ends == []


async def test_a_listener_that_fails_hurts_nobody(talk: Talk) -> None:
    def fails(channel: str) -> None:
        raise ValueError("broken")

    kitchen = talk.stage.discord.channel(talk.guild, "Kitchen", "voice")
    talk.notes.moved = fails  # type: ignore[method-assign]
    talk.stage.discord.moves_voice(talk.guild, talk.ada, kitchen)
    await until(lambda: talk.voice.id == str(kitchen.id))
    talk.them.moves(kitchen)
    await talk.is_heard()
