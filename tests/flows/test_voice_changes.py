"""What changes while she is in a voice channel: her settings, whether she is heard, the voice server."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from core.flow.outbox import Outbox
from core.models.scripted import Scripted
from tests.flows.talk import reply
from tests.flows.voice_house import BOB, EVE, KITCHEN, LOUNGE, Ada, passes, until, voices

LAST = "The fifth sentence is the last one."
LONG = (
    "The first sentence is said. The second sentence is said too. The third one follows it. The "
    f"fourth one is not the end. {LAST}"
)


class Closed:
    """An outbox that takes nothing."""

    def accept(self, rows: object) -> None:
        raise OSError("nothing can be posted")


async def status(ada: Ada) -> str:
    return await ada.house.voices.status(ada.part, "900")


# --- her settings -----------------------------------------------------------------------------------


async def test_how_she_listens_and_how_loud_she_is_follow_a_reload_at_once(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted()) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.reload(
            VOICE_ACTIVITY_THRESHOLD="0.8",
            VOICE_ENDPOINTING="1.2",
            VOICE_INTERRUPTION="0.9",
            DISCORD_VOICE_VOLUME="0.4",
        )
        await until(lambda: ada.channel.mouth.volume == 0.4)
        ways = ada.discord.ways
        assert ways is not None
        assert (ways.threshold, ways.silence, ways.interrupts) == (0.8, 1.2, 0.9)
        assert list(ada.discord.joined) == [LOUNGE], "she has not gone out for it"


async def test_whom_she_may_be_interrupted_by_follows_a_reload(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted([reply(LONG), reply(LONG)])) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.reload(VOICE_INTERRUPTION="0")
        ada.hears("Tell me something.")
        await until(lambda: ada.channel.mouth.speaking and ada.channel.mouth.played > 1)
        ada.begins()
        ada.insists()
        assert not ada.channel.mouth.paused
        ada.ends("", speech=0.3)
        await ada.silent()
        ada.reload(VOICE_INTERRUPTION="0.5")
        ada.hears("Tell me more of it.")
        await until(lambda: ada.channel.mouth.speaking and ada.channel.mouth.played > 1)
        ada.begins()
        ada.insists()
        assert ada.channel.mouth.paused
        ada.ends("", speech=0.3)
        await ada.silent()


async def test_that_her_words_stand_in_the_chat_follows_a_reload(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted([reply("Hello Bob."), reply("Well.")])) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.hears("Good morning.")
        await ada.silent()
        assert "Hello Bob." not in ada.discord.texts
        ada.reload(DISCORD_VOICE_TEXT="true")
        ada.hears("How are you?")
        await until(lambda: "Well." in ada.discord.texts)
        assert "Well." in ada.speech.said


async def test_who_begins_to_listen_by_a_reload_says_so_first(tmp_path: Path) -> None:
    settings = {"ENABLE_VOICE_TRANSCRIPTION": "false"}
    async with voices(tmp_path, Scripted(), **settings) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.house.voices.join(ada.part, "900", LOUNGE, BOB.id)
        await passes(ada.clock, 2)
        assert not ada.discord.texts
        assert "I am set not to listen" in await status(ada)
        ada.reload()
        await until(lambda: ada.discord.texts)
        assert ada.discord.ways is not None
        assert not ada.discord.ways.hears, "nobody is listened to who cannot know it"
        (written,) = ada.discord.texts
        assert "/voice ignore me" in written
        await until(lambda: ada.discord.ways and ada.discord.ways.hears)
        assert ada.speech.said, "aloud as well"
        ada.reload(**settings)
        await until(lambda: ada.discord.ways and not ada.discord.ways.hears)
        ada.reload()
        await until(lambda: ada.discord.ways and ada.discord.ways.hears)
        await passes(ada.clock, 2)
        assert len(ada.discord.texts) == 1, "those who are there have read it"


async def test_what_she_could_not_say_as_she_began_to_listen_is_said_to_who_comes_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"ENABLE_VOICE_TRANSCRIPTION": "false"}
    async with voices(tmp_path, Scripted(), **settings) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.house.voices.join(ada.part, "900", LOUNGE, BOB.id)
        outbox = ada.part.outbox
        ada.part = replace(ada.part, outbox=cast(Outbox, Closed()))
        ada.reload()
        await until(lambda: ada.discord.ways and ada.discord.ways.hears)
        assert "nothing can be posted" in caplog.text
        assert not ada.discord.texts
        ada.part = replace(ada.part, outbox=outbox)
        ada.reload()
        await until(lambda: ada.discord.texts and ada.speech.said)
        await ada.silent()
        told = len(ada.discord.texts)
        ada.discord.goes(EVE, LOUNGE)
        await passes(ada.clock, 3)
        assert len(ada.discord.texts) == told, "those who are there have read it"


async def test_how_long_she_stays_alone_follows_a_reload(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted(), DISCORD_VOICE_ALONE="5000") as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.discord.goes(BOB, "")
        await passes(ada.clock, 100)
        assert list(ada.discord.joined) == [LOUNGE]
        ada.reload(DISCORD_VOICE_ALONE="5")
        await until(lambda: not ada.discord.joined)


async def test_channels_are_entered_and_left_as_a_reload_says(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted()) as (ada,):
        ada.house.voices.entered(ada.part)
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.reload(DISCORD_VOICE_ENABLED="false")
        await until(lambda: not ada.discord.joined)
        ada.reload(DISCORD_VOICE_CHANNEL_ID=KITCHEN)
        await until(lambda: list(ada.discord.joined) == [KITCHEN])
        ada.reload(DISCORD_ALLOWED_CHANNELS=f'["{LOUNGE}"]')
        await until(lambda: not ada.discord.joined)


# --- whether she is heard ---------------------------------------------------------------------------


async def test_muted_she_answers_in_the_chat_and_nobody_pays_for_a_voice(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted([reply("In writing."), reply("Aloud.")])) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.channel.silence("a moderator has muted me")
        asked = len(ada.speech.asked)
        ada.hears("Can you hear me?")
        await until(lambda: "In writing." in ada.discord.texts)
        assert len(ada.speech.asked) == asked
        assert await status(ada) == (
            "I am in Lounge with 1 person; I am listening; I am mute there: a moderator has muted "
            "me; I answer in its chat; its encryption is up; 12 ms away."
        )
        (state,) = ada.house.voices.states()
        assert state["mute"] == "a moderator has muted me"
        ada.channel.silence("")
        ada.hears("And now?")
        await until(lambda: "Aloud." in ada.speech.said)
        await ada.silent()
        assert "Aloud." not in ada.discord.texts
        assert "mute" not in await status(ada)


async def test_muted_in_the_middle_she_writes_what_was_not_heard(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted([reply(LONG)])) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.hears("Tell me something.")
        await until(lambda: ada.channel.mouth.speaking and ada.channel.mouth.played > 2)
        ada.channel.silence("a moderator has muted me")
        assert not ada.channel.mouth.speaking
        await ada.silent()
        rest = ada.discord.texts[-1]
        assert LONG.endswith(rest)
        assert rest.endswith(LAST)
        assert not rest.startswith("The first")
        assert LAST not in ada.speech.said
        kept = " ".join((await ada.lines())[-1].split())
        assert LONG in kept, "heard or read, it was said"


async def test_who_comes_in_mute_says_why_and_introduces_herself_in_writing(
    tmp_path: Path,
) -> None:
    async with voices(tmp_path, Scripted()) as (ada,):
        ada.discord.mute = "I am in the audience, and ask to speak"
        ada.discord.goes(BOB, LOUNGE)
        words = await ada.house.voices.join(ada.part, "900", LOUNGE, BOB.id)
        assert words == (
            "I am in Lounge now. Nobody hears me: I am in the audience, and ask to speak. Until "
            "then I answer in its chat."
        )
        await until(lambda: ada.discord.texts)
        await passes(ada.clock, 2)
        assert not ada.speech.asked


async def test_deafened_she_says_by_whom(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted()) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.channel.deaf = "a moderator has deafened me"
        assert "I am deaf there: a moderator has deafened me" in await status(ada)


# --- the voice server -------------------------------------------------------------------------------


async def test_a_voice_server_that_stays_away_is_told_of_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with voices(tmp_path, Scripted([reply("Hello again.")])) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.discord.refuses[LOUNGE] = "Discord's voice server is not to be reached"
        ada.channel.loses("Discord's voice server is not to be reached")
        assert await status(ada) == (
            "I am not in Lounge: Discord's voice server is not to be reached. I try again every 5 "
            "minutes."
        )
        (state,) = ada.house.voices.states()
        assert (state["channel"], state["joined"]) == (LOUNGE, False)
        assert state["away"] == "Discord's voice server is not to be reached"
        await passes(ada.clock, 1000)
        told = [one.getMessage() for one in caplog.records if "voice" in one.getMessage()]
        assert told == [
            "Ada is out of the voice channel 500, whose voice server cannot be reached: Discord's "
            "voice server is not to be reached. She tries again every 5 minutes."
        ]
        del ada.discord.refuses[LOUNGE]
        await passes(ada.clock, 301)
        await until(lambda: ada.house.voices.channel(ada.part, "900") == LOUNGE)
        await passes(ada.clock, 3)
        ada.hears("Are you there again?")
        await until(lambda: "Hello again." in ada.speech.said)
        (state,) = ada.house.voices.states()
        assert (state["joined"], state["away"]) == (True, "")


async def test_whoever_is_sent_away_tries_no_more_to_come_back(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted()) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.channel.loses("Discord's voice server is not to be reached")
        said = await ada.house.voices.leave(ada.part, "900")
        assert said == "I no longer try to come back into the voice channel."
        assert ada.house.voices.states() == []
        await passes(ada.clock, 400)
        assert not ada.discord.joined


async def test_a_lost_seat_is_taken_again_after_a_restart(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted()) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.channel.loses("Discord's voice server is not to be reached")
        await passes(ada.clock, 1)
        clock = ada.clock
    async with voices(tmp_path, Scripted(), clock=clock) as (ada,):
        ada.house.voices.entered(ada.part)
        await until(lambda: list(ada.discord.joined) == [LOUNGE])
