"""What people change or take back after it was answered, on both platforms."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Bot, Person
from bots.sandbox.world import Chat, Message
from bots.testkit import Play
from core.errors import ModelUnavailable
from core.models.scripted import Line, Scripted
from core.plugins import Plugin
from core.plugins.records import Turn
from core.ports import ModelRequest, ModelType
from tests.fakes.databases import in_use
from tests.fakes.pictures import png
from tests.flows import on_discord as discord
from tests.flows.talk import (
    echo,
    outcomes,
    playing,
    question,
    reply,
    settled,
    until,
    update,
    whole,
)

NOTED = ("silent", "edit-noted")
MENDED = ("answered", "edit-answered")
LONG = "\n\n".join(f"Paragraph {number}. " + "word " * 180 for number in range(6))
"""Two messages of Telegram's, three of Discord's."""


def direct(play: Play) -> tuple[Bot, Person, Chat]:
    ada, bob = play.bots["Ada"], play.stage.person("Bob")
    return ada, bob, play.stage.dm(bob, ada)


def hers(play: Play, chat: Chat) -> list[str]:
    bots = {*play.bots.values(), *play.discord_bots.values()}
    return [one.text for one in play.stage.messages(chat) if one.sender in bots]


def memories(play: Play) -> list[str]:
    found: list[Mapping[str, Any]] = in_use.now.ask(
        play.data, "SELECT content FROM memories WHERE type = 'messages' ORDER BY seq"
    )
    return [json.loads(row["content"])["text"] for row in found]


def as_long_as_asked(request: ModelRequest) -> str:
    return reply(LONG if "long" in question(request) else "Short.")


@pytest.mark.usefixtures("database")
async def test_her_answer_follows_what_is_edited(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        bob.says(dm, "good morning")
        await play.stage.next_from(ada, dm)
        wrong = bob.says(dm, "what is the capital of Farnce?")
        await play.stage.next_from(ada, dm)
        bob.edits(wrong, "what is the capital of France?")
        assert await settled(play, 3) == [("answered", "direct")] * 2 + [MENDED]
        await until(lambda: "France" in hers(play, dm)[-1])
        assert len(hers(play, dm)) == 2, "nothing new is said"
        again = whole(asked.requests[-1])
        assert "good morning" in again
        assert "Farnce" not in again, "neither the old words nor the old answer are shown"
        bob.says(dm, "and of Spain?")
        await play.stage.next_from(ada, dm)
        assert "Farnce" not in whole(asked.requests[-1])
        assert len([one for one in memories(play) if "France" in one]) == 2
        assert len(memories(play)) == 6


async def test_an_answer_is_mended_as_often_as_it_takes(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(as_long_as_asked), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        said = bob.says(dm, "be brief")
        await play.stage.next_from(ada, dm)
        bob.edits(said, "tell me a long story")
        await until(lambda: len(hers(play, dm)) == 2)
        await until(lambda: hers(play, dm)[0].startswith("Paragraph 0"))
        bob.edits(said, "be brief, I said")
        await until(lambda: hers(play, dm) == ["Short."])
        bob.edits(said, "no, tell me that long story")
        await until(lambda: len(hers(play, dm)) == 2)
        assert hers(play, dm)[-1].startswith("Paragraph")
        assert (await settled(play, 4))[1:] == [MENDED] * 3
        assert len(memories(play)) == 2


async def test_in_a_group_the_talk_of_others_may_stand_behind_it(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(as_long_as_asked)), data=tmp_path) as play:
        ada, bob, carol = play.bots["Ada"], play.stage.person("Bob"), play.stage.person("Carol")
        group = play.stage.group("Friends", [bob, carol], [ada])
        said = bob.says(group, "Ada, be breif")
        await play.stage.next_from(ada, group)
        carol.says(group, "it rains")
        await settled(play, 2)
        bob.edits(said, "Ada, be brief")
        assert (await settled(play, 3))[2] == MENDED
        assert "it rains" not in whole(asked.requests[-1])
        bob.edits(said, "Ada, tell me a long story")
        assert (await settled(play, 4))[3] == NOTED
        assert hers(play, group) == ["Short."], "what is long would end far below its beginning"


async def test_nothing_is_mended_once_they_have_said_more(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        first = bob.says(dm, "I live in Pairs")
        await play.stage.next_from(ada, dm)
        second = bob.says(dm, "/why")
        await play.stage.next_from(ada, dm)
        bob.edits(first, "I live in Paris")
        assert (await settled(play, 3))[2] == NOTED
        bob.edits(second, "/why not")
        assert (await settled(play, 4))[3] == NOTED
        bob.says(dm, "where do I live?")
        await play.stage.next_from(ada, dm)
        bob.edits(first, "I live in Parma")
        assert (await settled(play, 6))[5] == NOTED
        assert len(asked.requests) == 2
        assert "I live in Parma" in memories(play)


async def test_what_telegram_changes_by_itself_causes_nothing(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        said = bob.says(dm, "look: https://example.com")
        await play.stage.next_from(ada, dm)
        seen = update(dm, bob, said.id, said.text)["message"]
        ada.inject({"edited_message": {**seen, "edit_date": seen["date"] + 1}})
        assert (await settled(play, 2))[1] == NOTED
        assert len(asked.requests) == 1


async def test_of_two_quick_edits_the_last_one_alone_is_thought_over(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        said = bob.says(dm, "one")
        await play.stage.next_from(ada, dm)
        bob.edits(said, "two")
        bob.edits(said, "three")
        assert (await settled(play, 3))[1:] == [("answered-by", "edit-answered"), MENDED]
        await until(lambda: "three" in hers(play, dm)[0])
        assert len(asked.requests) == 2
        assert memories(play)[0] == "three"


async def test_a_further_edit_breaks_off_what_was_thought_of_the_one_before(tmp_path: Path) -> None:
    def answer(request: ModelRequest) -> str | Line:
        return Line((), hangs=True) if "two" in question(request) else echo(request)

    async with playing("Ada", model=(asked := Scripted(answer)), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        said = bob.says(dm, "one")
        await play.stage.next_from(ada, dm)
        bob.edits(said, "two")
        await until(lambda: len(asked.requests) == 2)
        bob.edits(said, "three")
        await until(lambda: "three" in hers(play, dm)[0])
        assert (await settled(play, 3))[1:] == [("answered-by", "edit-answered"), MENDED]
        assert asked.closed == 1


async def test_whoever_says_more_instead_is_answered_and_the_old_answer_left(
    tmp_path: Path,
) -> None:
    def answer(request: ModelRequest) -> str | Line:
        return Line((), hangs=True) if question(request).endswith("two") else echo(request)

    async with playing("Ada", model=(asked := Scripted(answer)), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        said = bob.says(dm, "one")
        old = await play.stage.next_from(ada, dm)
        bob.edits(said, "two")
        await until(lambda: len(asked.requests) == 2)
        bob.says(dm, "and four")
        assert "and four" in (await play.stage.next_from(ada, dm)).text
        assert (await settled(play, 3))[1] == NOTED
        assert hers(play, dm)[0] == old.text
        assert "two" in whole(asked.requests[-1]), "what it reads now is remembered"


async def test_an_edit_of_what_is_still_thought_about_is_mended_behind_it(tmp_path: Path) -> None:
    gate = asyncio.Event()

    def answer(request: ModelRequest) -> str | Line:
        first = question(request).endswith("one")
        return Line((echo(request),), after=gate.wait) if first else echo(request)

    async with playing("Ada", model=(asked := Scripted(answer)), data=tmp_path) as play:
        _, bob, dm = direct(play)
        said = bob.says(dm, "one")
        await until(lambda: asked.requests)
        bob.edits(said, "two")
        gate.set()
        await until(lambda: "two" in "".join(hers(play, dm)))
        assert len(hers(play, dm)) == 1
        assert await settled(play, 2) == [("answered", "direct"), MENDED]


async def test_what_was_not_for_her_is_answered_once_it_is(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob, carol = play.bots["Ada"], play.stage.person("Bob"), play.stage.person("Carol")
        group = play.stage.group("Friends", [bob, carol], [ada])
        said = bob.says(group, "what time is it?")
        carol.says(group, "it rains")
        assert await settled(play, 2) == [("silent", "not-addressed")] * 2
        bob.edits(said, "what time is it now?")
        assert (await settled(play, 3))[2] == NOTED
        bob.edits(said, "Ada, what time is it now?")
        answer = await play.stage.next_from(ada, group)
        assert answer.reply_to == said.id
        assert (await settled(play, 4))[3] == ("answered", "named")
        assert whole(asked.requests[-1]).count("what time is it") == 1
        assert "it rains" in whole(asked.requests[-1])
        bob.edits(said, "Ada, what day is it?")
        assert (await settled(play, 5))[4] == MENDED
        await until(lambda: "what day" in hers(play, group)[0])
        assert len(memories(play)) == 3


async def test_no_action_is_done_twice_because_of_an_edit(tmp_path: Path) -> None:
    done: list[str] = []
    lamps = Plugin("lamps")

    @lamps.action
    async def light(turn: Turn) -> str:
        """Light a candle."""
        done.append(turn.inbound.text)
        return "a candle burns"

    def answer(request: ModelRequest) -> str:
        if "light" not in question(request) or "candle burns" in whole(request):
            return echo(request)
        return "<response><actions>REPLY,LIGHT</actions><text>I will.</text></response>"

    asked = Scripted(answer)
    async with playing("Ada", model=asked, data=tmp_path, plugins=[lamps]) as play:
        _, bob, dm = direct(play)
        said = bob.says(dm, "light it")
        await settled(play, 1)
        bob.edits(said, "light it, please")
        assert (await settled(play, 2))[1] == NOTED
        assert "Light a candle" in whole(asked.requests[0])
        said = bob.says(dm, "hello")
        await until(lambda: any("hello" in one for one in hers(play, dm)))
        bob.edits(said, "light one more")
        assert (await settled(play, 4))[3] == MENDED
        await until(lambda: hers(play, dm)[-1] == "I will.")
        assert done == ["light it"]
        assert "Light a candle" not in whole(asked.requests[-1]), "it is not on offer"


async def test_words_below_a_picture_are_changed_and_the_picture_is_looked_at_once(
    tmp_path: Path,
) -> None:
    eyes, seen, asked = Plugin("eyes"), list[Any](), Scripted(echo)

    @eyes.model(ModelType.IMAGE_DESCRIPTION)
    async def look(runtime: Any, params: Any) -> dict[str, str]:
        seen.append(params)
        return {"title": "A cat", "description": "A grey cat."}

    async with playing("Ada", model=asked, data=tmp_path, plugins=[eyes]) as play:
        ada, bob, dm = direct(play)
        said = bob.sends_photo(dm, png(9, 9), caption="my dog")
        await play.stage.next_from(ada, dm)
        bob.edits(said, "my cat")
        assert (await settled(play, 2))[1] == MENDED
        assert question(asked.requests[-1]) == "my cat\n[photo: A grey cat.]"
        await until(lambda: "my cat" in hers(play, dm)[0])
        bob.says(dm, "who is that?")
        await play.stage.next_from(ada, dm)
        assert "my cat\n[photo: A grey cat.]" in whole(asked.requests[-1])
        assert len(seen) == 1


async def test_where_no_model_answers_the_old_answer_stays(tmp_path: Path) -> None:
    def answer(request: ModelRequest) -> str | Exception:
        return ModelUnavailable("away") if "two" in question(request) else echo(request)

    async with playing("Ada", model=Scripted(answer), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        said = bob.says(dm, "one")
        old = await play.stage.next_from(ada, dm)
        bob.edits(said, "two")
        assert (await settled(play, 2))[1] == NOTED
        assert hers(play, dm) == [old.text]
        assert memories(play)[0] == "two"


async def test_what_bots_change_is_remembered_and_answered_by_nobody(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        bob.says(dm, "hi")
        answer = await play.stage.next_from(ada, dm)
        ours = update(dm, ada, answer.id, "changed")["message"]
        ada.inject({"edited_message": {**ours, "edit_date": ours["date"]}})
        assert (await settled(play, 2))[1] == ("silent", "self")
        channel = play.stage.channel("News", bob, [ada])
        post = play.stage.world.say(ada, channel, "breaking")
        await asyncio.sleep(0.2)
        assert len(outcomes(play)) == 2, "her own posts do not come back"
        shown = {"id": channel.id, "type": "channel", "title": "News"}
        edited: dict[str, Any] = {
            "message_id": post.id,
            "date": 1_700_000_000,
            "edit_date": 1_700_000_001,
        }
        edited |= {"chat": shown, "sender_chat": shown, "text": "broken"}
        ada.inject({"edited_channel_post": edited})
        assert (await settled(play, 3))[2] == NOTED
        assert len(asked.requests) == 1


# --- taken back ------------------------------------------------------------------------------


@pytest.mark.usefixtures("database")
async def test_what_is_taken_back_in_a_business_chat_is_forgotten_with_its_answer(
    tmp_path: Path,
) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob, olga = play.bots["Ada"], play.stage.person("Bob"), play.stage.person("Olga")
        ada.may("business")
        olga.connects(ada)
        shop = play.stage.business(olga, bob)
        bob.says(shop, "is it open?")
        await until(lambda: len(hers(play, shop)) == 1)
        said = bob.says(shop, "my number is 12345")
        await until(lambda: len(hers(play, shop)) == 2)
        await settled(play, 3)
        bob.deletes(said)
        await until(lambda: len(hers(play, shop)) == 1)
        assert (await settled(play, 4))[3] == ("silent", "taken-back")
        assert len(memories(play)) == 2
        bob.says(shop, "what is my number?")
        await until(lambda: len(asked.requests) == 3)
        assert "12345" not in whole(asked.requests[-1])
        await settled(play, 5)
    for table in ("inbox", "deliveries", "memories"):
        found = in_use.now.ask(tmp_path, f"SELECT * FROM {table}")
        assert found
        assert "12345" not in str([tuple(row.values()) for row in found])


async def test_in_a_business_chat_too_her_answer_follows_an_edit(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada, bob, olga = play.bots["Ada"], play.stage.person("Bob"), play.stage.person("Olga")
        ada.may("business")
        olga.connects(ada)
        shop = play.stage.business(olga, bob)
        said = bob.says(shop, "is it opne?")
        await until(lambda: len(hers(play, shop)) == 1)
        bob.edits(said, "is it open?")
        await until(lambda: "open" in hers(play, shop)[0])
        assert MENDED in await settled(play, 3)


# --- on Discord ------------------------------------------------------------------------------


async def test_on_discord_her_answer_follows_what_is_edited(tmp_path: Path) -> None:
    asked = Scripted(as_long_as_asked)
    async with discord.on_discord("Ada", model=asked, data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = discord.Server.of(stage, [ada])
        bob, general = server.owner, server.general
        said = bob.says(general, "Ada, tell me a long story")
        await until(lambda: len(hers(play, general)) == 3)
        await discord.settled(play, 1)
        bob.edits(said, "Ada, be brief")
        await until(lambda: hers(play, general) == ["Short."])
        bob.edits(said, "Ada, tell me a long story, though")
        await until(lambda: len(hers(play, general)) == 3)
        found = await discord.settled(play, 3)
        assert found[1:] == [MENDED] * 2
        assert len(memories(play)) == 2


async def test_the_answer_of_a_colleague_that_grows_makes_nobody_think_again(
    tmp_path: Path,
) -> None:
    async with discord.on_discord("Ada", "Ben", model=Scripted(echo), data=tmp_path) as play:
        stage, bots = play.stage, play.discord_bots
        server = discord.Server.of(stage, bots.values())
        theirs: Message = discord.bot_says(stage, bots["Ben"], server.general, "Once upon")
        await discord.settled(play, 1)
        stage.world.edit(theirs, "Once upon a time, Ada, there was a king")
        found = await discord.settled(play, 2)
        assert found[1] == NOTED
