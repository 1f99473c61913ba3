"""A voice server that stays away, a moderator and a reload: told by the whole gateway, and mended."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bots.sandbox import Stage
from tests.fakes.voice_server import brisk
from tests.faults.lounges import lounges, state_of
from tests.faults.vendors import vendors
from tests.flows.talk import until

_GIVES_UP = 75.0
"""Seconds, at most, for which she comes back as often as is decent."""


async def test_a_voice_server_out_of_reach_is_told_in_one_sentence_and_she_comes_back(
    tmp_path: Path, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with (
        vendors({"Ada": ""}, brisk) as servers,
        lounges(tmp_path, stage, ["Ada"], servers=servers) as (play, (here,)),
    ):
        here.voice.refuse()
        here.voice.close(*here.us, 4009, forget=True)
        await until(lambda: state_of(play, "Ada")["away"])
        assert "its voice server cannot be reached" in await here.asks("status")
        await here.is_answered("is anybody there?")
        await until(lambda: _told(caplog), timeout=_GIVES_UP)
        (told,) = _told(caplog)
        assert "Discord's voice server is not to be reached" in told
        assert "She tries again every 5 minutes" in told
        assert here.bot not in stage.discord.in_voice(here.room)
        state = state_of(play, "Ada")
        assert (state["joined"], state["channel"]) == (False, str(here.room.id))
        assert state["away"] == "Discord's voice server is not to be reached"
        assert "I am not in Parlour: Discord's voice server" in await here.asks("status")
        here.voice.refuse(None)
        here.person.uses(here.chat, here.bot, "voice", action="join")
        await here.settles()
        assert state_of(play, "Ada")["away"] == ""
        await here.talks()
        assert len(_told(caplog)) == 1


async def test_a_moderator_and_a_reload_change_what_she_does_where_she_is(
    tmp_path: Path, stage: Stage
) -> None:
    async with (
        vendors({"Ada": ""}, brisk) as servers,
        lounges(tmp_path, stage, ["Ada"], servers=servers) as (play, (here,)),
    ):
        await here.rests(play)
        spoken = len(servers["Ada"].asked)
        written = len(here.written())
        stage.discord.silences_voice(here.guild, here.bot, mute=True)
        await until(lambda: state_of(play, "Ada")["mute"] == "a moderator has muted me")
        assert "I am mute there: a moderator has muted me" in await here.asks("status")
        here.says()
        await until(lambda: len(here.written()) > written)
        assert len(servers["Ada"].asked) == spoken, "nobody pays for what nobody hears"
        stage.discord.silences_voice(here.guild, here.bot, mute=False)
        await until(lambda: not state_of(play, "Ada")["mute"])
        await here.talks()
        await play.gateway.reload(play.plan(ENABLE_VOICE_TRANSCRIPTION="false"))
        await until(lambda: here.guild.voices[here.bot].self_deaf)
        assert state_of(play, "Ada")["deaf"] == "I am set not to listen"
        await play.gateway.reload(play.plan(ENABLE_VOICE_TRANSCRIPTION="true"))
        await until(lambda: not here.guild.voices[here.bot].self_deaf)
        await here.rests(play)
        await here.talks()


def _told(caplog: pytest.LogCaptureFixture) -> list[str]:
    told = [one.getMessage() for one in caplog.records if one.name.startswith("core.flow.voice")]
    return [one for one in told if "cannot be reached" in one]
