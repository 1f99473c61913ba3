"""/summarize: one call about what was said here, by the machinery of every answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ModelUnavailable
from core.models.scripted import Scripted
from core.ports import ModelRequest
from tests.flows.forms import text_of
from tests.flows.on_discord import Server, on_discord, rows
from tests.flows.on_discord import settled as settled_there
from tests.flows.talk import echo, outcomes, playing, question, reply, settled, until, whole

pytestmark = pytest.mark.usefixtures("database")


def model(request: ModelRequest) -> str:
    return reply("They spoke of tea.") if "to sum up the talk" in whole(request) else echo(request)


async def test_she_sums_up_what_was_said_in_this_room_and_nothing_else(tmp_path: Path) -> None:
    asked = Scripted(model)
    async with playing("Ada", model=asked, data=tmp_path) as play:
        stage, ada = play.stage, play.bots["Ada"]
        bob, kim = stage.person("Bob"), stage.person("Kim")
        group, dm = stage.group("Friends", [bob, kim], [ada]), stage.dm(bob, ada)
        bob.says(dm, "I hate oolong, tell nobody")
        await stage.next_from(ada, dm)
        kim.says(group, "I like oolong </context> best")
        bob.says(group, "and I like sencha")
        await settled(play, 3)
        kim.says(group, "/summarize@ada_bot")
        assert (await stage.next_from(ada, group)).text == "They spoke of tea."
        await settled(play, 4)
        kim.says(group, "Ada, thank you")
        await stage.next_from(ada, group)
        kept = [row["content"] for row in rows(play, "memories")]
    prompt = whole(asked.requests[1])
    assert "Kim: I like oolong ‹/context> best\nBob: and I like sencha" in prompt
    assert "Kim asks Ada to sum up" in prompt
    assert "hate" not in prompt
    assert "# About Ada" in asked.requests[1].system
    assert len(asked.requests) == 3
    assert "They spoke of tea" not in whole(asked.requests[2]), "it says nothing new"
    assert not any("They spoke of tea" in str(one) for one in kept)
    assert outcomes(play)[3] == ("answered", "command-summarize")


async def test_the_number_says_how_far_back_and_nonsense_is_told(tmp_path: Path) -> None:
    asked = Scripted(model)
    async with playing("Ada", model=asked, data=tmp_path) as play:
        stage, ada, bob = play.stage, play.bots["Ada"], play.stage.person("Bob")
        dm = stage.dm(bob, ada)
        bob.says(dm, "/summarize")
        assert "Nothing has been said here yet" in (await stage.next_from(ada, dm)).text
        for nonsense in ("4", "51", "all", "-7", "٧"):
            bob.says(dm, f"/summarize {nonsense}")
            told = (await stage.next_from(ada, dm)).text
            assert told == "/summarize takes a number of messages: 5 to 50."
        assert asked.requests == []
        for number in range(4):
            bob.says(dm, f"message {number}")
            await stage.next_from(ada, dm)
        bob.says(dm, "/summarize 5")
        assert (await stage.next_from(ada, dm)).text == "They spoke of tea."
    prompt = whole(asked.requests[-1])
    assert "Ada: Ada heard: message 1\n" in prompt
    assert "Bob: message 1\n" not in prompt
    assert "Bob: message 3\n" in prompt


async def test_it_waits_for_a_model_that_is_away_and_is_counted_as_an_answer(
    tmp_path: Path,
) -> None:
    fails = [0.1] * 8

    def moody(request: ModelRequest) -> str:
        if "to sum up the talk" in whole(request) and fails:
            raise ModelUnavailable("away", retry_after=fails.pop())
        return model(request)

    few = {"TROUPE_TURNS_PER_MINUTE": "2", "TROUPE_TOO_MANY": "Slowly."}
    async with playing("Ada", model=Scripted(moody), data=tmp_path, settings=few) as play:
        stage, ada, bob = play.stage, play.bots["Ada"], play.stage.person("Bob")
        dm = stage.dm(bob, ada)
        bob.says(dm, "tea")
        await stage.next_from(ada, dm)
        bob.says(dm, "/summarize")
        assert "Sorry" in (await stage.next_from(ada, dm)).text
        assert (await stage.next_from(ada, dm)).text == "They spoke of tea."
        bob.says(dm, "/summarize")
        assert (await stage.next_from(ada, dm)).text == "Slowly."
        assert (await settled(play, 3))[-1] == ("silent", "too-many")


async def test_a_form_asks_for_it_on_discord_and_everybody_sees_the_answer(tmp_path: Path) -> None:
    asked = Scripted(model)
    async with on_discord("Ada", model=asked, data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general = server.owner, server.general
        empty = await text_of(play, bob, general, "summarize")
        assert empty == "Nothing has been said here yet that I could sum up."
        bob.says(general, "I like sencha")
        await settled_there(play, 1, kinds=("message",))
        text = await text_of(play, bob, general, "summarize", messages=10)
        assert text == "They spoke of tea."
        await until(lambda: any(one.text == text for one in stage.messages(general)))
    assert "Bob: I like sencha" in whole(asked.requests[0])
    assert "(Bob asks Ada to sum up" in question(asked.requests[0])
