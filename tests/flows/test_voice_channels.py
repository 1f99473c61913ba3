"""Characters come into voice channels, follow people there, and leave when nobody is left."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from core.models.scripted import Scripted
from tests.flows.talk import reply, whole
from tests.flows.voice_house import BOB, EVE, KITCHEN, LOUNGE, Ada, passes, until, voices


def joined(ada: Ada) -> list[str]:
    return list(ada.discord.joined)


async def test_whoever_asks_is_joined_where_they_are_or_where_they_say(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted()) as (ada,):
        join = ada.house.voices.join
        assert await join(ada.part, "900", "", BOB.id) == (
            "Go into a voice channel first, or tell me which one: Lounge, Kitchen."
        )
        assert "which one" in await join(ada.part, "900", "Attic", BOB.id)
        ada.discord.goes(BOB, LOUNGE)
        assert await join(ada.part, "900", "", BOB.id) == "I am in Lounge now."
        assert await join(ada.part, "900", "lounge", BOB.id) == "I am in Lounge already."
        assert await join(ada.part, "900", "#Kitchen", BOB.id) == "I am in Kitchen now."
        assert joined(ada) == [KITCHEN]
        assert ada.house.voices.channel(ada.part, "900") == KITCHEN
        assert await ada.house.voices.leave(ada.part, "900") == "I have left Kitchen."
        assert await ada.house.voices.leave(ada.part, "900") == "I am in no voice channel here."
        assert joined(ada) == []


async def test_a_channel_that_is_closed_to_her_is_told_of_and_she_stays(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted()) as (ada,):
        ada.discord.refuses[KITCHEN] = "Kitchen is full"
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        join = ada.house.voices.join
        assert await join(ada.part, "900", "Kitchen", BOB.id) == "Kitchen is full."
        assert joined(ada) == [LOUNGE]
    async with voices(tmp_path / "off", Scripted(), DISCORD_VOICE_ENABLED="false") as (ada,):
        said = await ada.house.voices.join(ada.part, "900", LOUNGE, BOB.id)
        assert said == "My settings keep me out of voice channels."
    listed = {"DISCORD_ALLOWED_CHANNELS": f'["{KITCHEN}"]'}
    async with voices(tmp_path / "listed", Scripted(), **listed) as (ada,):
        said = await ada.house.voices.join(ada.part, "900", LOUNGE, BOB.id)
        assert said == "My settings keep me out of that channel."
        await ada.house.voices.join(ada.part, "900", KITCHEN, BOB.id)
        assert joined(ada) == [KITCHEN]


async def test_she_says_once_that_she_listens_and_not_where_she_does_not(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted()) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        assert ada.speech.said[0] == "Hi, I am Ada."
        (written,) = ada.discord.texts
        assert "/voice ignore me" in written
        assert ada.discord.ways is not None
        assert ada.discord.ways.hears
    async with voices(tmp_path / "mute", Scripted(), ENABLE_VOICE_TRANSCRIPTION="false") as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        words = await ada.house.voices.join(ada.part, "900", LOUNGE, BOB.id)
        assert words == "I am in Lounge now. I hear nobody: I am set not to listen."
        await passes(ada.clock, 2)
        assert not ada.discord.texts
        assert not ada.speech.said
        assert not ada.discord.ways.hears if ada.discord.ways else False


async def test_she_leaves_when_only_bots_are_left_and_stays_when_somebody_comes_back(
    tmp_path: Path,
) -> None:
    async with voices(tmp_path, Scripted(), DISCORD_VOICE_ALONE="5") as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.discord.goes(BOB, "")
        await passes(ada.clock, 3)
        ada.discord.goes(BOB, LOUNGE)
        await passes(ada.clock, 6)
        assert joined(ada) == [LOUNGE]
        ada.discord.goes(BOB, "")
        await until(lambda: not joined(ada))
        assert ada.house.voices.states() == []


async def test_she_comes_along_with_whoever_asked_her_to_follow(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted()) as (ada,):
        ada.house.voices.entered(ada.part)
        follow = ada.house.voices.follow
        said = await follow(ada.part, "900", BOB.id, on=True)
        assert said == "I come along whenever you go into a voice channel here."
        ada.discord.goes(EVE, KITCHEN)
        ada.discord.goes(BOB, LOUNGE)
        await until(lambda: joined(ada) == [LOUNGE])
        ada.discord.goes(BOB, KITCHEN)
        await until(lambda: joined(ada) == [KITCHEN])
        await follow(ada.part, "900", BOB.id, on=False)
        ada.discord.goes(BOB, LOUNGE)
        await passes(ada.clock, 1)
        assert joined(ada) == [KITCHEN]
        assert await follow(ada.part, "900", BOB.id, on=True) == "I am in Lounge now."


async def test_she_follows_after_a_restart_too_and_whom_her_settings_name(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted()) as (ada,):
        await ada.house.voices.follow(ada.part, "900", BOB.id, on=True)
        clock = ada.clock
    async with voices(tmp_path, Scripted(), clock=clock, DISCORD_VOICE_FOLLOW="8") as (ada,):
        ada.house.voices.entered(ada.part)
        ada.discord.goes(BOB, LOUNGE)
        await until(lambda: joined(ada) == [LOUNGE])
        ada.discord.goes(EVE, KITCHEN)
        await until(lambda: joined(ada) == [KITCHEN])


async def test_she_takes_her_seat_again_after_a_restart_and_does_not_introduce_herself_again(
    tmp_path: Path,
) -> None:
    async with voices(tmp_path, Scripted()) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        clock = ada.clock
        ada.talk.closed("")  # her link goes
    async with voices(tmp_path, Scripted([reply("Hello Bob.")]), clock=clock) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        ada.house.voices.entered(ada.part)
        await until(lambda: joined(ada) == [LOUNGE])
        await passes(ada.clock, 2)
        assert not ada.speech.said
        ada.hears("Good morning.")
        await until(lambda: ada.speech.said == ["Hello Bob."])
        ada.talk.closed("somebody has put her out")
        await passes(ada.clock, 1)
        clock = ada.clock
    async with voices(tmp_path, Scripted(), clock=clock) as (ada,):
        ada.house.voices.entered(ada.part)
        await passes(ada.clock, 1)
        assert joined(ada) == []


async def test_a_channel_by_setting_is_tried_until_it_opens_with_one_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    wanted = f"{LOUNGE}, {KITCHEN}"
    async with voices(tmp_path, Scripted(), DISCORD_VOICE_CHANNEL_ID=wanted) as (ada,):
        ada.discord.refuses = {LOUNGE: "I lack Connect in Lounge", KITCHEN: "no such channel"}
        ada.house.voices.entered(ada.part)
        await passes(ada.clock, 650)
        told = [one.getMessage() for one in caplog.records if "cannot go into" in one.getMessage()]
        assert told == [
            "Ada cannot go into voice channel 500: I lack Connect in Lounge",
            "Ada cannot go into voice channel 501: no such channel",
        ]
        ada.discord.goes(BOB, LOUNGE)
        ada.discord.refuses = {}
        await until(lambda: joined(ada) == [LOUNGE])
        await passes(ada.clock, 301)
        assert joined(ada) == [LOUNGE]  # and not to and fro: one of each server
        assert len(ada.house.voices.states()) == 1
    other = tmp_path / "open"
    async with voices(other, Scripted(), DISCORD_VOICE_CHANNEL_ID=wanted) as (ada,):
        ada.house.voices.entered(ada.part)
        await until(lambda: "is in the same server" in caplog.text)
        assert joined(ada) == [LOUNGE]


async def test_a_channel_by_setting_that_she_has_left_is_joined_when_somebody_comes(
    tmp_path: Path,
) -> None:
    settings = {"DISCORD_VOICE_CHANNEL_ID": LOUNGE, "DISCORD_VOICE_ALONE": "2"}
    async with voices(tmp_path, Scripted(), clock=None, **settings) as (ada,):
        ada.house.voices.entered(ada.part)
        await until(lambda: joined(ada) == [LOUNGE])
        await until(lambda: joined(ada) == [])
        ada.discord.goes(BOB, KITCHEN)
        await passes(ada.clock, 1)
        assert joined(ada) == []
        ada.discord.goes(BOB, LOUNGE)
        await until(lambda: joined(ada) == [LOUNGE])


async def test_who_is_moved_is_there_and_says_there_that_she_listens(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted([reply("Here I am.")])) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        there = ada.channel
        there.id, there.name = KITCHEN, "Kitchen"
        ada.discord.where[BOB.id] = KITCHEN
        ada.talk.moved(KITCHEN)
        await until(lambda: len(ada.discord.texts) == 2)
        assert ada.discord.sent[-1].address.room == KITCHEN
        await ada.silent()
        ada.hears("Where are you?")
        await until(lambda: "Here I am." in ada.speech.said)
        assert ada.house.voices.channel(ada.part, "900") == KITCHEN


async def test_how_it_goes_there_is_told_in_words_and_as_data(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted()) as (ada,):
        assert await ada.house.voices.status(ada.part, "900") == "I am in no voice channel here."
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        assert await ada.house.voices.status(ada.part, "900") == (
            "I am in Lounge with 1 person; I am listening; its encryption is up; 12 ms away."
        )
        assert (await ada.house.voices.code(ada.part, "900")).endswith("12345 67890")
        ada.begins()
        (state,) = ada.house.voices.states()
        assert state == {
            "character": "Ada", "platform": "discord", "server": "900", "channel": LOUNGE,
            "people": 1, "joined": True, "decrypting": True, "hearing": True, "thinking": False,
            "speaking": False, "deaf": "", "mute": "", "away": "", "latency": 0.012, "lost": 0,
            "undecrypted": 0,
        }  # fmt: skip


async def test_events_tell_of_coming_speaking_and_going_once_each(tmp_path: Path) -> None:
    told: list[tuple[str, Mapping[str, Any]]] = []
    async with voices(tmp_path, Scripted([reply("Hello Bob.")])) as (ada,):

        def listener(name: str) -> Callable[[Mapping[str, Any]], None]:
            return lambda payload: told.append((name, payload))

        for name in (
            "VOICE_STARTED", "VOICE_ENDED", "VOICE_MESSAGE_RECEIVED", "VOICE_MESSAGE_SENT",
            "MESSAGE_RECEIVED", "RUN_STARTED",
        ):  # fmt: skip
            ada.part.gear.events.on(name, listener(name))
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.hears("Good morning.")
        await until(lambda: "Hello Bob." in ada.speech.said)
        await ada.silent()
        await ada.house.voices.leave(ada.part, "900")
        await until(lambda: told[-1][0] == "VOICE_ENDED")
    assert [name for name, _ in told] == [
        "VOICE_STARTED", "RUN_STARTED", "VOICE_MESSAGE_RECEIVED", "VOICE_MESSAGE_SENT",
        "VOICE_ENDED",
    ]  # fmt: skip
    received, sent = told[2][1], told[3][1]
    assert (received["transcript"], received["userName"]) == ("Good morning.", "Bob")
    assert (sent["text"], sent["interrupted"]) == ("Hello Bob.", False)


async def test_asked_aloud_to_leave_she_says_goodbye_and_goes(tmp_path: Path) -> None:
    answer = "<response><actions>REPLY,LEAVE_VOICE</actions><text>Goodbye, Bob.</text></response>"
    model = Scripted([answer])
    async with voices(tmp_path, model) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        channel = ada.channel
        ada.hears("Please leave us now.")
        await until(lambda: not joined(ada))
        assert "Goodbye, Bob." in ada.speech.said
        assert channel.mouth.waiting == 0
        await until(lambda: ada.outcomes() == [("answered", "spoken-to-us")])
        asked = whole(model.requests[0])
        assert "LEAVE_VOICE" in asked
        assert "You are in this voice channel with Bob." in asked
        assert "JOIN_VOICE" not in asked
