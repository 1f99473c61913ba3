"""Whether a bot is heard, and hears, where others decide on it: muted, without Speak, on a stage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bots.discord.client import DiscordLink
from bots.discord.pulse import PULSE
from bots.sandbox import Bot, Stage
from bots.sandbox.discord.permissions import MUTE, REQUEST_TO_SPEAK, SPEAK
from core.clock import SystemClock
from core.ports.voices import Listening, VoiceChannel
from tests.bots.discord.conftest import Listening as Listens
from tests.bots.discord.conftest import MakeLink
from tests.bots.discord.voices import Notes, loud, tone, until

WAYS = Listening()


@pytest.fixture
def parlour(stage: Stage, guild: Any) -> Any:
    return stage.discord.channel(guild, "Parlour", "voice")


@pytest.fixture
def podium(stage: Stage, guild: Any) -> Any:
    return stage.discord.channel(guild, "Podium", "stage")


@pytest.fixture
async def live(
    make_link: MakeLink, listening: Listens, parlour: Any, podium: Any
) -> AsyncIterator[DiscordLink]:
    async with make_link(clock=SystemClock()) as link, listening(link):
        yield link
    assert PULSE.settle()


@pytest.fixture
def notes() -> Notes:
    return Notes()


async def is_heard(voice: VoiceChannel, them: Any, ada: Bot) -> bool:
    await until(lambda: voice.state.decrypting and them.seat.encrypted)
    them.forgets()
    voice.mouth.say(tone(0.4))
    voice.mouth.end()
    await voice.mouth.quiet()
    return bool(loud(them.hears(ada)).size > 9_600)


async def test_whoever_is_muted_by_a_moderator_knows_it(
    live: DiscordLink, stage: Stage, guild: Any, ada: Bot, ed: Any, parlour: Any, notes: Notes
) -> None:
    them = stage.discord.joins_voice(ed, parlour)
    voice = await live.join(str(parlour.id), notes, WAYS)
    assert voice.state.mute == ""
    told = len(notes.there)
    stage.discord.silences_voice(guild, ada, mute=True)
    await until(lambda: voice.state.mute == "a moderator has muted me")
    assert len(notes.there) > told, "whoever listens is told to look"
    assert not await is_heard(voice, them, ada)
    stage.discord.silences_voice(guild, ada, mute=False)
    await until(lambda: not voice.state.mute)
    assert await is_heard(voice, them, ada)


async def test_whoever_is_deafened_by_a_moderator_is_deaf_and_not_mute(
    live: DiscordLink, stage: Stage, guild: Any, ada: Bot, parlour: Any, notes: Notes
) -> None:
    voice = await live.join(str(parlour.id), notes, WAYS)
    stage.discord.silences_voice(guild, ada, deaf=True)
    await until(lambda: voice.state.deaf == "a moderator has deafened me")
    assert voice.state.mute == ""
    stage.discord.silences_voice(guild, ada, deaf=False)
    await until(lambda: not voice.state.deaf)


async def test_whoever_loses_speak_while_inside_knows_it_and_speaks_again_with_it(
    live: DiscordLink, stage: Stage, ada: Bot, ed: Any, parlour: Any, notes: Notes
) -> None:
    them = stage.discord.joins_voice(ed, parlour)
    voice = await live.join(str(parlour.id), notes, WAYS)
    stage.discord.allow(parlour, ada, deny=SPEAK)
    await until(lambda: voice.state.mute == "I lack Speak in Parlour")
    assert voice.state.joined
    stage.discord.allow(parlour, ada)
    await until(lambda: not voice.state.mute)
    assert await is_heard(voice, them, ada)


async def test_who_comes_back_without_speak_stays_and_is_mute(
    live: DiscordLink, stage: Stage, guild: Any, ada: Bot, parlour: Any, notes: Notes
) -> None:
    voice = await live.join(str(parlour.id), notes, WAYS)
    stage.discord.allow(parlour, ada, deny=SPEAK)
    await until(lambda: voice.state.mute)
    came: list[str] = []
    stage.discord.voice.watchers.append(lambda event: came.append(event.kind))
    stage.discord.voice.close(guild.id, ada.snowflake, 4009, forget=True)
    await until(lambda: "joined" in came and voice.state.joined)
    assert voice.state.mute == "I lack Speak in Parlour"
    assert notes.ends == []


async def test_who_may_speak_and_is_still_suppressed_comes_in_anew(
    live: DiscordLink, stage: Stage, guild: Any, ada: Bot, parlour: Any, notes: Notes
) -> None:
    voice = await live.join(str(parlour.id), notes, WAYS)
    stage.discord.gateway.calls.bid(guild, ada, suppress=True)  # of which no permission tells
    await until(lambda: voice.state.mute)
    await until(lambda: voice.state.joined and not voice.state.mute, 20)
    assert not guild.voices[ada].suppress
    assert notes.ends == []


async def test_on_a_stage_she_asks_to_speak_and_is_heard_once_let_up(
    live: DiscordLink, stage: Stage, guild: Any, ada: Bot, ed: Any, podium: Any, notes: Notes
) -> None:
    them = stage.discord.joins_voice(ed, podium)
    stage.discord.lets_speak(guild, ed)
    world = str(guild.id)
    assert (str(podium.id), "Podium") in live.channels(world)
    voice = await live.join(str(podium.id), notes, WAYS)
    await until(lambda: stage.discord.asks_to_speak(guild, ada))
    await until(lambda: voice.state.mute == "I am in the audience, and have asked to speak")
    assert not await is_heard(voice, them, ada)
    them.says(tone(0.5))
    stage.discord.lets_speak(guild, ada)
    await until(lambda: not voice.state.mute)
    assert await is_heard(voice, them, ada)
    stage.discord.lets_speak(guild, ada, on=False)
    await until(lambda: voice.state.mute == "I am in the audience: nobody has let me up")
    assert not await is_heard(voice, them, ada)
    assert not stage.discord.asks_to_speak(guild, ada), "whoever was sent back does not insist"


async def test_whoever_was_put_back_does_not_ask_again_after_a_new_connection(
    live: DiscordLink, stage: Stage, guild: Any, ada: Bot, podium: Any, notes: Notes
) -> None:
    came: list[str] = []
    stage.discord.voice.watchers.append(lambda event: came.append(event.kind))
    voice = await live.join(str(podium.id), notes, WAYS)
    await until(lambda: stage.discord.asks_to_speak(guild, ada))
    stage.discord.lets_speak(guild, ada)
    await until(lambda: not voice.state.mute)
    stage.discord.lets_speak(guild, ada, on=False)
    await until(lambda: voice.state.mute)
    await comes_anew(voice, stage, guild, ada, came)
    assert voice.state.mute == "I am in the audience: nobody has let me up"
    assert not stage.discord.asks_to_speak(guild, ada)


async def test_whoever_was_up_asks_again_after_a_new_connection(
    live: DiscordLink, stage: Stage, guild: Any, ada: Bot, podium: Any, notes: Notes
) -> None:
    came: list[str] = []
    stage.discord.voice.watchers.append(lambda event: came.append(event.kind))
    voice = await live.join(str(podium.id), notes, WAYS)
    await until(lambda: stage.discord.asks_to_speak(guild, ada))
    stage.discord.lets_speak(guild, ada)
    await until(lambda: not voice.state.mute)
    await comes_anew(voice, stage, guild, ada, came)
    assert stage.discord.asks_to_speak(guild, ada)


async def comes_anew(
    voice: VoiceChannel, stage: Stage, guild: Any, ada: Bot, came: list[str]
) -> None:
    """By another connection, and has done what she does then."""
    came.clear()
    stage.discord.voice.close(guild.id, ada.snowflake, 4009, forget=True)
    await until(lambda: "joined" in came and voice.state.joined)
    for hears in (False, True):  # shown before she asks: by the second time, she has asked
        voice.listen(Listening(hears=hears))
        await until(lambda hears=hears: guild.voices[ada].self_deaf is not hears)  # type: ignore[misc]


async def test_a_moderator_of_the_stage_comes_up_by_herself(
    live: DiscordLink, stage: Stage, guild: Any, ada: Bot, ed: Any, podium: Any, notes: Notes
) -> None:
    stage.discord.role(guild, "Moderators", [ada], permissions=MUTE)
    them = stage.discord.joins_voice(ed, podium)
    await until(lambda: guild.members[ada])
    voice = await live.join(str(podium.id), notes, WAYS)
    await until(lambda: voice.state.joined and not voice.state.mute)
    assert not guild.voices[ada].suppress
    assert await is_heard(voice, them, ada)


async def test_who_may_not_even_ask_says_what_is_missing(
    live: DiscordLink, stage: Stage, guild: Any, ada: Bot, podium: Any, notes: Notes
) -> None:
    assert live._client is not None
    stage.discord.allow(podium, guild.id, deny=REQUEST_TO_SPEAK)
    room: Any = live._client.get_channel(podium.id)
    await until(lambda: not room.permissions_for(room.guild.me).request_to_speak)
    voice = await live.join(str(podium.id), notes, WAYS)
    lacks = "I am in the audience: I lack Request to Speak in Podium"
    await until(lambda: voice.state.mute == lacks)
    assert not stage.discord.asks_to_speak(guild, ada)


async def test_who_is_put_onto_a_stage_asks_there_and_listens(
    live: DiscordLink,
    stage: Stage,
    guild: Any,
    ada: Bot,
    parlour: Any,
    podium: Any,
    notes: Notes,
) -> None:
    voice = await live.join(str(parlour.id), notes, WAYS)
    stage.discord.moves_voice(guild, ada, podium)
    await until(lambda: voice.id == str(podium.id))
    await until(lambda: stage.discord.asks_to_speak(guild, ada))
    await until(lambda: voice.state.joined and "asked to speak" in voice.state.mute)
    assert notes.ends == []


async def test_how_she_listens_can_be_changed_while_she_is_inside(
    live: DiscordLink, stage: Stage, guild: Any, ada: Bot, ed: Any, parlour: Any, notes: Notes
) -> None:
    came: list[str] = []
    stage.discord.voice.watchers.append(lambda event: came.append(event.kind))
    stage.discord.joins_voice(ed, parlour)
    voice = await live.join(str(parlour.id), notes, Listening(hears=False))
    assert voice.state.deaf == "listening is switched off"
    assert guild.voices[ada].self_deaf
    came.clear()
    voice.listen(WAYS)
    await until(lambda: not guild.voices[ada].self_deaf)
    assert voice.state.deaf == ""
    voice.listen(Listening(hears=False))
    await until(lambda: guild.voices[ada].self_deaf)
    assert voice.state.deaf == "listening is switched off"
    assert "left" not in came, "she has not gone out for it"


async def test_no_way_for_sound_is_named(
    live: DiscordLink, stage: Stage, parlour: Any, notes: Notes
) -> None:
    stage.discord.voice.media.silent = True
    with pytest.raises(Exception, match="must let UDP out"):
        await live.join(str(parlour.id), notes, WAYS)
    stage.discord.voice.media.silent = False
    voice = await live.join(str(parlour.id), notes, WAYS)
    assert voice.state.joined
