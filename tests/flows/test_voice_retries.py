"""Voice channels that a character wants to be in: what is tried again, what keeps nobody out, what ends."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from core.models.scripted import Scripted
from tests.fakes.voices import Channel
from tests.flows.voice_house import BOB, KITCHEN, LOUNGE, Ada, passes, until, voices

NO_MORE = "I no longer try to come back into the voice channel."


def joined(ada: Ada) -> list[str]:
    return list(ada.discord.joined)


async def leave(ada: Ada) -> str:
    return await ada.house.voices.leave(ada.part, "900")


async def refused(ada: Ada, channel: str = LOUNGE) -> None:
    """By that channel, so that she wants to be there."""
    ada.discord.refuses[channel] = "it is full"
    ada.house.voices.entered(ada.part)
    await until(lambda: ada.house.voices.states())


async def dials_again(ada: Ada) -> None:
    """And waits before the door."""
    ada.discord.refuses = {}
    ada.discord.dialled.clear()
    ada.discord.door.clear()
    await passes(ada.clock, 301)
    assert ada.discord.dialled == [LOUNGE]


# --- what goes wrong --------------------------------------------------------------------------------


async def test_a_wrong_setting_keeps_her_out_until_it_is_mended_and_nothing_ends_by_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with voices(tmp_path, Scripted(), DISCORD_VOICE_CHANNEL_ID=LOUNGE) as (ada,):
        await refused(ada)
        ada.reload(DISCORD_VOICE_CHANNEL_ID=LOUNGE, DISCORD_VOICE_ALONE="soon")
        ada.discord.refuses = {}
        await passes(ada.clock, 650)
        assert ada.discord.dialled == [LOUNGE] * 3
        assert joined(ada) == [], "she is nowhere where nobody could send her out"
        assert await ada.house.voices.status(ada.part, "900") == (
            "I am not in Lounge: one of my settings is wrong, and my log says which. I try again "
            "every 5 minutes."
        )
        told = [one for one in caplog.records if "DISCORD_VOICE_ALONE" in one.getMessage()]
        assert len(told) == 1
        ada.reload(DISCORD_VOICE_CHANNEL_ID=LOUNGE)
        await passes(ada.clock, 301)
        assert joined(ada) == [LOUNGE]


async def test_what_nobody_foresaw_in_one_channel_keeps_her_out_of_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    wanted = f"{LOUNGE}, {KITCHEN}"
    async with voices(tmp_path, Scripted(), DISCORD_VOICE_CHANNEL_ID=wanted) as (ada,):
        ada.discord.refuses[KITCHEN] = "it is full"
        await refused(ada)
        await until(lambda: len(ada.house.voices.states()) == 2)
        ada.discord.refuses = {}
        ada.discord.breaks[LOUNGE] = RuntimeError("a wire broke")
        await passes(ada.clock, 301)
        assert joined(ada) == [KITCHEN]
        assert "a wire broke" in caplog.text


async def test_a_line_that_ends_while_she_comes_in_leaves_no_place_that_nobody_can_end(
    tmp_path: Path,
) -> None:
    async with voices(tmp_path, Scripted()) as (ada,):

        def ends(channel: Channel) -> None:
            channel.gone = True
            del ada.discord.joined[channel.id]
            channel.listener.closed("somebody has put me out")

        ada.discord.goes(BOB, LOUNGE)
        ada.discord.lets_in = ends
        join = ada.house.voices.join
        assert await join(ada.part, "900", LOUNGE, BOB.id) == "Somebody has put me out."
        assert ada.house.voices.states() == []
        ada.discord.lets_in = lambda channel: None
        assert await join(ada.part, "900", LOUNGE, BOB.id) == "I am in Lounge now."


# --- sent away --------------------------------------------------------------------------------------


async def test_sent_away_while_she_tries_again_she_goes_and_tries_no_more(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted(), DISCORD_VOICE_CHANNEL_ID=LOUNGE) as (ada,):
        ada.discord.goes(BOB, LOUNGE)  # else she would go by herself
        await refused(ada)
        await dials_again(ada)
        assert await leave(ada) == NO_MORE
        ada.discord.door.set()
        await passes(ada.clock, 650)
        assert joined(ada) == []
        assert ada.discord.dialled == [LOUNGE]
        assert ada.house.voices.states() == []


async def test_sent_away_while_she_is_refused_again_she_tries_no_more(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted(), DISCORD_VOICE_CHANNEL_ID=LOUNGE) as (ada,):
        await refused(ada)
        await dials_again(ada)
        ada.discord.refuses[LOUNGE] = "it is full"
        assert await leave(ada) == NO_MORE
        ada.discord.door.set()
        await passes(ada.clock, 650)
        assert ada.discord.dialled == [LOUNGE]
        assert ada.house.voices.states() == []


async def test_sent_away_she_does_not_go_on_to_the_next_channel_of_that_server(
    tmp_path: Path,
) -> None:
    wanted = f"{LOUNGE}, {KITCHEN}"
    async with voices(tmp_path, Scripted(), DISCORD_VOICE_CHANNEL_ID=wanted) as (ada,):
        ada.discord.refuses[KITCHEN] = "it is full"
        await refused(ada)
        await until(lambda: len(ada.house.voices.states()) == 2)
        await dials_again(ada)
        ada.discord.refuses[LOUNGE] = "it is full"
        await leave(ada)
        ada.discord.door.set()
        await passes(ada.clock, 350)
        assert ada.discord.dialled == [LOUNGE]
        assert joined(ada) == []


async def test_tries_for_a_channel_that_her_settings_name_end_as_well_when_she_is_sent_away(
    tmp_path: Path,
) -> None:
    async with voices(tmp_path, Scripted(), DISCORD_VOICE_CHANNEL_ID=LOUNGE) as (ada,):
        ada.discord.goes(BOB, LOUNGE)  # else she would go by herself
        await refused(ada)
        assert "I try again" in await ada.house.voices.status(ada.part, "900")
        assert await leave(ada) == NO_MORE
        assert await leave(ada) == "I am in no voice channel here."
        ada.discord.refuses = {}
        await passes(ada.clock, 350)
        assert joined(ada) == []


async def test_where_she_is_asked_into_another_channel_of_that_server_she_stays(
    tmp_path: Path,
) -> None:
    async with voices(tmp_path, Scripted(), DISCORD_VOICE_CHANNEL_ID=LOUNGE) as (ada,):
        await refused(ada)
        ada.discord.goes(BOB, KITCHEN)
        await ada.joins(KITCHEN)
        (state,) = ada.house.voices.states()
        assert state["channel"] == KITCHEN, "and wants to be nowhere else there"


# --- on her way -------------------------------------------------------------------------------------


async def test_a_reload_while_she_is_on_her_way_counts_where_she_comes_in(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted(), DISCORD_VOICE_CHANNEL_ID=LOUNGE) as (ada,):
        ada.discord.door.clear()
        ada.house.voices.entered(ada.part)
        await until(lambda: ada.discord.dialled)
        ada.reload(
            DISCORD_VOICE_CHANNEL_ID=LOUNGE,
            DISCORD_VOICE_VOLUME="0.4",
            ENABLE_VOICE_TRANSCRIPTION="false",
        )
        await passes(ada.clock, 3)
        ada.discord.door.set()
        await until(lambda: joined(ada))
        await passes(ada.clock, 3)
        assert ada.channel.mouth.volume == 0.4
        assert ada.discord.ways is not None
        assert not ada.discord.ways.hears
        assert not ada.discord.texts


async def test_a_reload_that_keeps_her_out_counts_also_while_she_is_on_her_way(
    tmp_path: Path,
) -> None:
    async with voices(tmp_path, Scripted(), DISCORD_VOICE_CHANNEL_ID=LOUNGE) as (ada,):
        ada.discord.door.clear()
        ada.house.voices.entered(ada.part)
        await until(lambda: ada.discord.dialled)
        ada.reload(DISCORD_VOICE_ENABLED="false")
        await passes(ada.clock, 3)
        ada.discord.door.set()
        await passes(ada.clock, 3)
        assert joined(ada) == []
