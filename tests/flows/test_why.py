"""/why on the stage: every answer and every silence can be asked about, and nobody's words are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Bot, Person, Stage
from bots.sandbox.world import Chat, Message
from bots.testkit import Play
from core.errors import ModelRejected
from core.flow import explaining
from core.models.scripted import Scripted
from core.plugins import Plugin, Turn
from core.ports import ModelRequest
from tests.flows.on_discord import on_discord
from tests.flows.talk import echo, playing, question, reply, settled, whole

pytestmark = pytest.mark.usefixtures("database")

WORDS = "swordfish"


async def why(
    play: Play, who: Person, where: Chat, about: Message | None = None, bot: Bot | None = None
) -> str:
    """What she tells about a message, or about what ended last."""
    bot = bot or play.bots["Ada"]
    who.says(where, "/why" if where.kind == "private" else "/why@ada_bot", reply_to=about)
    told = (await play.stage.next_from(bot, where)).text
    assert WORDS not in told
    return told


async def test_an_answer_tells_its_rule_its_times_who_told_the_model_and_the_cost(
    tmp_path: Path,
) -> None:
    async with Stage(limits=False) as stage:
        bob = stage.person("Bob")
        async with playing("Ada", model=Scripted(echo), data=tmp_path, stage=stage) as play:
            ada = play.bots["Ada"]
            dm = stage.dm(bob, ada)
            asked = bob.says(dm, f"what about {WORDS}?")
            answer = await stage.next_from(ada, dm)
            told = await why(play, bob, dm, answer)
            assert told.startswith("I answered because this is our direct talk. (direct)")
            assert "From you, " in told
            assert " UTC; the answer was there " in told
            assert "Told by: CHARACTER, " in told
            assert "Model: scripted, 1 call, 0 tokens read, 1 written, of unknown price." in told
            assert told.endswith("Sent: 1 message.")
            assert await why(play, bob, dm, asked) == told, "the question leads to the same turn"
            assert await why(play, bob, dm) == told, "and it is what ended last"
        async with playing("Ada", model=Scripted(echo), data=tmp_path, stage=stage) as play:
            assert await why(play, bob, dm, answer) == told, "a restart later too"


async def test_a_silence_tells_the_rule_that_decided_it(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada, bob, kim = play.bots["Ada"], play.stage.person("Bob"), play.stage.person("Kim")
        group = play.stage.supergroup("Friends", [bob, kim], [ada])
        weather = kim.says(group, f"nice {WORDS} today")
        await settled(play, 1)
        told = await why(play, kim, group, weather)
        assert told.startswith("I kept silent because nobody spoke to me")
        assert "(not-addressed)" in told
        assert "No model was asked." in told
        kim.says(group, "Ada, are you there?")
        answer = await play.stage.next_from(ada, group)
        assert "my name was in it" in await why(play, kim, group, answer)
        assert "(not-addressed)" in await why(play, kim, group, weather)


async def test_of_others_only_admins_are_told_and_everybody_of_themselves(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada, bob, kim = play.bots["Ada"], play.stage.person("Bob"), play.stage.person("Kim")
        group = play.stage.supergroup("Friends", [bob, kim], [ada])
        kim.says(group, f"Ada, {WORDS}?")
        to_kim = await play.stage.next_from(ada, group)
        bob.says(group, f"Ada, no {WORDS}!")
        to_bob = await play.stage.next_from(ada, group)
        assert await why(play, kim, group, to_bob) == explaining.OTHERS
        assert "From Kim, " in await why(play, bob, group, to_kim)
        assert "From you, " in await why(play, bob, group)
        assert "From you, " in await why(play, kim, group), "the last of her own"


async def test_no_talk_is_told_of_in_another(tmp_path: Path) -> None:
    def model(request: ModelRequest) -> str:
        if "privately" not in question(request):
            return reply("Hello.")
        sends = f'<params>{{"SEND_MESSAGE": {{"to": "Bob", "text": "The {WORDS}."}}}}</params>'
        return f"<response><actions>SEND_MESSAGE</actions>{sends}<text></text></response>"

    async with playing("Ada", model=Scripted(model), data=tmp_path) as play:
        ada, bob, stage = play.bots["Ada"], play.stage.person("Bob"), play.stage
        dm, group = stage.dm(bob, ada), stage.supergroup("Friends", [bob], [ada])
        bob.says(dm, "hello")
        await stage.next_from(ada, dm)
        bob.says(group, "Ada, tell me privately")
        sent = await stage.next_from(ada, dm)
        assert WORDS in sent.text
        await settled(play, 2)
        assert await why(play, bob, dm, sent) == explaining.ELSEWHERE


async def test_what_was_never_hers_is_unknown(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        group = play.stage.supergroup("Friends", [bob], [ada])
        ada.privacy(True)
        unheard = bob.says(group, "to nobody")  # Telegram never told her
        assert await why(play, bob, group, unheard) == explaining.UNKNOWN
        assert await why(play, bob, group) == explaining.NOTHING
        bob.says(group, "/help@ada_bot")
        help = await play.stage.next_from(ada, group)
        assert "it was the command /help" in await why(play, bob, group, help)


async def test_what_was_answered_together_with_more_tells_of_the_answer_to_both(
    tmp_path: Path,
) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        first = bob.says(dm, "one thing")
        second = bob.says(dm, "and another")
        await play.stage.next_from(ada, dm)
        assert [status for status, _ in await settled(play, 2)] == ["answered-by", "answered"]
        told = await why(play, bob, dm, first)
        assert told.startswith("I answered because")
        assert told == await why(play, bob, dm, second)


async def test_a_failure_is_told_as_one(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted([ModelRejected("no")]), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        asked = bob.says(dm, "hello")
        apology = await play.stage.next_from(ada, dm)
        await settled(play, 1)
        told = await why(play, bob, dm, asked)
        assert told.startswith("I failed because no model of mine gave an answer.")
        assert await why(play, bob, dm, apology) == told


async def test_what_was_done_is_named_with_how_it_ended(tmp_path: Path) -> None:
    plugin = Plugin("house")

    @plugin.action(tells=False)
    async def open_window(turn: Turn) -> None:
        """Open the window."""

    @plugin.action
    async def light_fire(turn: Turn) -> None:
        """Light the fire."""
        raise RuntimeError(WORDS)

    answers = [
        "<response><actions>OPEN_WINDOW,LIGHT_FIRE</actions><text>At once.</text></response>",
        reply("The window is open; the fire is not lit."),
    ]
    async with playing("Ada", model=Scripted(answers), data=tmp_path, plugins=[plugin]) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        asked = bob.says(dm, "air and warmth, please")
        await play.stage.next_from(ada, dm)
        last = await play.stage.next_from(ada, dm)
        told = await why(play, bob, dm, last)
        assert "Done: OPEN_WINDOW, which worked; LIGHT_FIRE, which did not work" in told
        assert "2 calls" in told
        assert "Sent: 2 messages." in told
        assert await why(play, bob, dm, asked) == told


async def test_neither_the_question_nor_what_it_is_told_is_talk(tmp_path: Path) -> None:
    asked = Scripted(echo)
    async with playing("Ada", model=asked, data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "hello")
        await play.stage.next_from(ada, dm)
        await why(play, bob, dm)
        bob.says(dm, "and now?")
        await play.stage.next_from(ada, dm)
        assert (await settled(play, 3))[1] == ("answered", "command-why")
    assert "/why" not in whole(asked.requests[-1])
    assert "direct talk" not in whole(asked.requests[-1])


async def test_where_nothing_is_kept_the_rule_and_the_cost_are_all_there_is(
    tmp_path: Path,
) -> None:
    private = {"DISABLE_MEMORY_CREATION": "true"}
    async with playing("Ada", model=Scripted(echo), data=tmp_path, settings=private) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "hello")
        answer = await play.stage.next_from(ada, dm)
        told = await why(play, bob, dm, answer)
    assert "(direct)" in told
    assert "Model: scripted" in told
    assert "Told by" not in told


async def test_on_discord_it_is_asked_by_text(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada, bob = play.discord_bots["Ada"], play.stage.person("Bob")
        dm: Any = play.stage.discord.dm(bob, ada)
        bob.says(dm, "hello")
        answer = await play.stage.next_from(ada, dm)
        bob.says(dm, "/why", reply_to=answer)
        told = (await play.stage.next_from(ada, dm)).text
    assert told.startswith("I answered because this is our direct talk.")
