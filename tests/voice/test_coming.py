"""How she comes into a voice channel, what people are told there, and how she comes again."""

from __future__ import annotations

from pathlib import Path

import pytest

from bots.sandbox import Stage
from core.models.scripted import Scripted
from core.ports import ModelRequest
from tests.flows.talk import question, reply
from tests.voice.audio import said, same_sound, seconds_of, trimmed
from tests.voice.parlour import CLEAR, parlour, until

LISTENS = (
    "Hi, I am Ada. I listen here, and answer when you speak to me. How to be left out stands in "
    "this channel's chat."
)


async def test_whoever_asks_for_her_hears_once_that_she_listens(
    tmp_path: Path, stage: Stage
) -> None:
    model = Scripted([reply("Yes.")])
    listens = await said(LISTENS, CLEAR)
    async with parlour(tmp_path, "Ada", model=model, stage=stage, joins=False) as here:
        bob = await here.comes("Bob")
        assert await here.commands(bob, "join", here.chat) == "I am in Parlour now."
        assert here.inside()
        heard = trimmed((await bob.hears()).pcm)
        # From the first sound on, though both have only just got each other's keys.
        assert seconds_of(heard) == pytest.approx(seconds_of(listens), abs=0.1)
        assert same_sound(heard, listens) > 0.9
        assert [one.partition(":")[0] for one in here.says()] == ["I listen in this channel"]
        assert "in Parlour already" in await here.commands(bob, "join", here.chat)
        await bob.says("can you hear me now")
        await until(lambda: model.requests)
        status = await here.commands(bob, "status", here.chat)
        assert "I am in Parlour with 1 person" in status
        assert "its encryption is up" in status
        told = await here.commands(bob, "code", here.chat)
        assert bob.talker.privacy_code
        assert bob.talker.privacy_code.replace(" ", "") in told.replace(" ", "")
        assert await here.commands(bob, "leave", here.chat) == "I have left Parlour."
        await until(lambda: not here.inside())
        assert len(here.says()) == 1


async def test_her_own_decision_brings_her_and_takes_her_away(tmp_path: Path, stage: Stage) -> None:
    def decides(request: ModelRequest) -> str:
        action = "JOIN_VOICE" if "come" in question(request) else "LEAVE_VOICE"
        return f"<response><actions>{action}</actions><text></text></response>"

    async with parlour(tmp_path, "Ada", model=Scripted(decides), stage=stage, joins=False) as here:
        bob = await here.comes("Bob")
        bob.person.says(here.chat, "@Ada come to us")
        await until(here.inside)
        bob.person.says(here.chat, "@Ada you may go")
        await until(lambda: not here.inside())


async def test_whom_she_follows_she_comes_to_and_alone_she_leaves(
    tmp_path: Path, stage: Stage
) -> None:
    alone = {"DISCORD_VOICE_ALONE": "0.3"}
    async with parlour(tmp_path, "Ada", stage=stage, joins=False, settings=alone) as here:
        bob = await here.comes("Bob")
        bob.talker.leaves()
        assert "I come along" in await here.commands(bob, "follow", here.chat)
        bob = await here.comes("Bob")
        await until(here.inside)
        bob.talker.leaves()
        await until(lambda: not here.inside())


@pytest.mark.soak  # flows/test_voice_channels shows it without any sound
async def test_after_a_restart_she_is_where_she_was_and_says_nothing_anew(
    tmp_path: Path, stage: Stage
) -> None:
    model = Scripted([reply("Thank you very much.")])
    async with parlour(tmp_path, "Ada", model=model, stage=stage, joins=False) as here:
        bob = await here.comes("Bob")
        await here.commands(bob, "join", here.chat)
        await bob.hears()
    async with parlour(tmp_path, "Ada", model=model, stage=stage, joins=False) as here:
        await until(here.inside)
        await here.settled()
        bob.forgets()
        await bob.says("where is the library")
        await until(lambda: "Thank you very much." in here.kept())
        assert len(bob.tracks["Ada"].spells) == 1
        assert len(here.says()) == 1, "of listening, nobody is told twice"
