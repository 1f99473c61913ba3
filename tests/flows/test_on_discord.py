"""On Discord: whom she answers and where, and what she makes of servers, threads and posts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from bots.sandbox.discord import talking
from core.models.scripted import Line, Scripted
from core.ports import ModelRequest
from tests.fakes.model_server import ModelServer, Script
from tests.flows.on_discord import (
    Server,
    bot_says,
    calls,
    heard,
    on_discord,
    outcomes,
    rows,
    settled,
)
from tests.flows.talk import IGNORE, echo, question, reply, speaker, until, whole

pytestmark = pytest.mark.usefixtures("database")

# --- whom she answers --------------------------------------------------------------------------


async def test_in_a_channel_she_answers_whoever_addresses_her_and_nobody_else(
    tmp_path: Path,
) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        bob, eve = stage.person("Bob"), stage.person("Eve")
        general = Server.of(stage, [ada], bob, eve).general
        bob.says(general, "what a day")
        await settled(play, 1)
        bob.says(general, "@Ada by mark")
        first = await stage.next_from(ada, general)
        bob.says(general, "so, Ada, by name")
        await stage.next_from(ada, general)
        eve.says(general, "by reply", reply_to=first)
        last = await stage.next_from(ada, general)
        bob.says(general, "adamant talk of Adamov")
        await settled(play, 5)
        bob.says(general, "@Eve and what of you?")
        ended = await settled(play, 6)
        answered = heard(stage, general, ada)
    assert ended == [
        ("silent", "not-addressed"),
        ("answered", "mentioned"),
        ("answered", "named"),
        ("answered", "reply"),
        ("silent", "not-addressed"),
        ("silent", "addressed-to-another"),
    ]
    assert len(answered) == 3
    assert "by reply" in last.text
    assert last.reply_to is not None, "in company it shows whom she answers"


async def test_a_follow_up_may_be_passed_over_by_the_model(tmp_path: Path) -> None:
    def model(request: ModelRequest) -> str:
        return IGNORE if "hm" in question(request) else echo(request)

    async with on_discord("Ada", model=(asked := Scripted(model)), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        bob, eve = stage.person("Bob"), stage.person("Eve")
        general = Server.of(stage, [ada], bob, eve).general
        bob.says(general, "Ada, what is a bug?")
        await stage.next_from(ada, general)
        bob.says(general, "and who found the first one?")
        await stage.next_from(ada, general)
        bob.says(general, "hm")
        await settled(play, 3)
        eve.says(general, "I was in the garden")
        ended = await settled(play, 4)
    assert ended == [
        ("answered", "named"),
        ("answered", "follow-up"),
        ("silent", "ignored-by-model"),
        ("silent", "not-addressed"),
    ]
    assert len(asked.requests) == 3, "silence by rule asks no model"


async def test_who_is_marked_answers_and_the_other_character_keeps_silent(tmp_path: Path) -> None:
    async with on_discord("Ada", "Bert", model=Scripted(echo), data=tmp_path) as play:
        stage, bots = play.stage, play.discord_bots
        server = Server.of(stage, bots.values())
        server.owner.says(server.general, "@Bert who are you?")
        said = await stage.next_from(bots["Bert"], server.general)
        server.owner.says(server.general, "and then?", reply_to=said)
        await stage.next_from(bots["Bert"], server.general)
        assert [status for status, _ in await settled(play, 2, "Bert")] == ["answered"] * 2
        # She hears what he says, too, on Discord.
        assert await settled(play, 4) == [("silent", "addressed-to-another")] * 4
        assert heard(stage, server.general, bots["Ada"]) == []


async def test_in_a_thread_and_in_a_post_she_answers_where_one_spoke(tmp_path: Path) -> None:
    async with on_discord("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob = server.owner
        thread = stage.discord.thread(server.general, "On oolong", bob)
        bob.says(thread, "Ada, a word about oolong")
        assert "oolong" in (await stage.next_from(ada, thread)).text
        board = server.channel("questions", "board")
        post = stage.discord.post(board, "Moths", bob, "Ada, a word about moths")
        assert "moths" in (await stage.next_from(ada, post)).text
        bob.says(post, "@Ada and about flies")
        assert "flies" in (await stage.next_from(ada, post)).text
        bob.says(server.general, "Ada, in general")
        await stage.next_from(ada, server.general)
        assert len(heard(stage, server.general, ada)) == 1, "what is asked in a thread stays there"
    for request in asked.requests[1:]:
        assert "oolong" not in whole(request), "each thread is a room of its own"
    for request in asked.requests[3:]:
        assert "moths" not in whole(request)


async def test_in_private_she_answers_everything(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        bob = stage.person("Bob")
        dm = stage.discord.dm(bob, ada)
        for text in ("hello", "and how is Bert?", "/dance with me"):
            bob.says(dm, text)
            said = await stage.next_from(ada, dm)
            assert said.text == f"Ada heard: {text}"
            assert said.reply_to is None, "between two it is plain who is answered"
        assert await settled(play, 3) == [("answered", "direct")] * 3


async def test_other_bots_are_not_answered_unless_that_is_wanted(tmp_path: Path) -> None:
    characters: list[dict[str, Any]] = [
        {"name": "Ada", "bio": "Shy."},
        {"name": "Bert", "bio": "Open.", "settings": {"TROUPE_ANSWER_BOTS": True}},
    ]
    async with on_discord(*characters, model=Scripted(echo), data=tmp_path) as play:
        stage, bots = play.stage, play.discord_bots
        seller = stage.discord.bot("Seller")
        general = Server.of(stage, [*bots.values(), seller]).general
        bot_says(stage, seller, general, "@Ada buy my coins")
        assert await settled(play, 1) == [("silent", "bot")]
        await settled(play, 1, "Bert")
        bot_says(stage, seller, general, "@Bert buy my coins")
        await stage.next_from(bots["Bert"], general)
        assert (await settled(play, 2, "Bert"))[1] == ("answered", "mentioned")
        assert heard(stage, general, bots["Ada"]) == []


async def test_characters_stop_answering_one_another_after_a_few_hops(tmp_path: Path) -> None:
    """They hear one another on Discord, and each here asks the other something back."""
    other = {"Ada": "Bert", "Bert": "Ada"}

    def model(request: ModelRequest) -> str:
        return reply(f"{other[speaker(request)]}, and what do you say?")

    async with on_discord(
        "Ada", "Bert", model=Scripted(model), data=tmp_path, settings={"TROUPE_HOPS": "3"}
    ) as play:
        stage, bots = play.stage, play.discord_bots
        server = Server.of(stage, bots.values())

        def hopped() -> int:
            return sum(rule == "hops" for name in bots for _, rule in outcomes(play, name))

        for round in (1, 2):
            server.owner.says(server.general, "Ada, begin")
            await until(lambda: hopped() == round)  # noqa: B023
            await stage.quiet(server.general)
            spoken = [one for one in stage.messages(server.general) if one.sender.is_bot]
            assert len(spoken) == round * 4, "her answer, and three answers to an answer"


async def test_without_the_content_intent_private_talk_and_marks_go_on_and_it_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Stage(limits=False) as stage:
        ada, bob = stage.discord.bot("Ada", message_content=False), stage.person("Bob")
        general = Server.of(stage, [ada], bob).general
        dm = stage.discord.dm(bob, ada)
        async with on_discord("Ada", model=Scripted(echo), data=tmp_path, stage=stage) as play:
            bob.says(dm, "in private")
            assert "in private" in (await stage.next_from(ada, dm, timeout=15)).text
            bob.says(general, "Ada, by name, which she cannot read")
            assert await settled(play, 1, room=general) == [("silent", "empty")]
            bob.says(general, "@Ada by mark")
            assert "by mark" in (await stage.next_from(ada, general)).text
            stage.discord.gateway.invalidate(ada)
            bob.says(dm, "after a new login")
            assert "new login" in (await stage.next_from(ada, dm, timeout=20)).text
            assert play.gateway.ready()["status"] == "ok"
    told = [one.getMessage() for one in caplog.records if "Intent" in one.getMessage()]
    assert len(told) == 1
    assert "Message Content Intent" in told[0]
    assert "https://discord.com/developers/applications" in told[0], "where it is switched on"


# --- what is said, and how ---------------------------------------------------------------------


async def test_a_long_answer_in_private_comes_in_parts_and_whole(tmp_path: Path) -> None:
    words = " ".join(f"word{number}" for number in range(700))

    async with on_discord("Ada", model=Scripted([reply(words)]), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        bob = stage.person("Bob")
        dm = stage.discord.dm(bob, ada)
        bob.says(dm, "tell me everything")
        await until(lambda: len(heard(stage, dm, ada)) >= 3)
        await stage.quiet(dm)
        parts = [one.text for one in heard(stage, dm, ada)]
    assert len(words) > 2 * 2000
    assert all(len(part) <= 2000 for part in parts)
    assert " ".join(parts).split() == words.split(), "nothing is lost and nothing comes twice"


async def test_a_code_block_beside_a_file_is_read_with_it(tmp_path: Path) -> None:
    code = "```python\nprint('the answer is', 42)\n```"
    file = {
        "id": "1500000000000000001",
        "filename": "notes.txt",
        "size": 12,
        "content_type": "text/plain",
        "url": "http://127.0.0.1/notes.txt",
        "proxy_url": "http://127.0.0.1/notes.txt",
    }
    async with on_discord("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        bob = stage.person("Bob")
        dm = stage.discord.dm(bob, ada)
        text = f"what does this do?\n{code}"
        talking.say(stage.world, bob, dm, text, more={"attachments": [file]})
        said = await stage.next_from(ada, dm)
        kept = [json.loads(row["content"]) for row in rows(play, "memories")]
    assert code in whole(asked.requests[-1])
    assert code in said.text, "and so it comes back"
    assert any(code in one["text"] for one in kept)
    assert any("notes.txt" in json.dumps(one) for one in kept)


async def test_two_people_back_to_back_are_both_answered(tmp_path: Path) -> None:

    def model(request: ModelRequest) -> Line:
        return Line((echo(request),), after=lambda: asyncio.sleep(0.2))

    async with on_discord("Ada", model=Scripted(model), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        bob, eve = stage.person("Bob"), stage.person("Eve")
        general = Server.of(stage, [ada], bob, eve).general
        bob.says(general, "Ada, what is tea?")
        eve.says(general, "Ada, what is coffee?")
        said = [(await stage.next_from(ada, general)).text for _ in range(2)]
        bob.says(stage.discord.dm(bob, ada), "and in private?")
        eve.says(stage.discord.dm(eve, ada), "in private, too?")
        await stage.next_from(ada, stage.discord.dm(bob, ada))
        await stage.next_from(ada, stage.discord.dm(eve, ada))
        assert {status for status, _ in outcomes(play)} == {"answered"}
    assert [("tea" in one, "coffee" in one) for one in said] == [(True, False), (False, True)]


async def test_marked_named_and_replied_to_at_once_she_answers_once(tmp_path: Path) -> None:
    async with on_discord("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general = server.owner, server.general
        bob.says(general, "Ada, hello")
        first = await stage.next_from(ada, general)
        bob.says(general, "@Ada Ada, are you there, Ada?", reply_to=first)
        await stage.next_from(ada, general)
        stage.discord.gateway.drop(ada)  # a RESUME brings nothing twice, a new session neither
        await until(lambda: stage.discord.gateway.sessions(ada).resumes == 1)
        stage.discord.gateway.invalidate(ada)
        await until(lambda: stage.discord.gateway.sessions(ada).identifies == 2)
        bob.says(general, "Ada, and now?")
        await stage.next_from(ada, general, timeout=20)
        await stage.quiet(general)
        assert len(heard(stage, general, ada)) == 3
        assert len(calls(stage, "create_message", general)) == 3
    assert len(asked.requests) == 3


# --- what people see meanwhile -----------------------------------------------------------------

TEXT = "One two three four five six seven eight nine ten. " * 6


async def test_she_types_while_she_thinks_and_sends_once(tmp_path: Path) -> None:
    def slowly(request: dict[str, Any]) -> Script:
        return Script(reply("Here I am."), before=0.8)

    async with ModelServer(slowly) as server:
        settings = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
        async with on_discord("Ada", data=tmp_path, settings=settings) as play:
            stage, ada = play.stage, play.discord_bots["Ada"]
            server_of = Server.of(stage, [ada])
            bob, general = server_of.owner, server_of.general
            bob.says(general, "Ada, are you there?")
            await until(lambda: calls(stage, "trigger_typing_indicator", general))
            assert heard(stage, general, ada) == []
            assert (await stage.next_from(ada, general)).text == "Here I am."
            assert len(calls(stage, "create_message", general)) == 1
            assert not calls(stage, "update_message", general)


async def test_an_answer_that_grows_by_edits_ends_as_one_message(tmp_path: Path) -> None:
    def slowly(request: dict[str, Any]) -> Script:
        return Script(reply(TEXT), before=0.1, between=0.3)

    async with ModelServer(slowly) as server:
        settings = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
        async with on_discord("Ada", data=tmp_path, settings=settings) as play:
            stage, ada = play.stage, play.discord_bots["Ada"]
            server_of = Server.of(stage, [ada])
            bob, general = server_of.owner, server_of.general
            seen: list[str] = []

            def look(change: Any) -> None:
                if change.kind in ("message", "edit") and change.message.sender is ada:
                    seen.append(change.message.text)

            stage.world.listeners.append(look)
            bob.says(general, "Ada, count")
            await settled(play, 1)
            await until(lambda: seen and seen[-1].strip() == TEXT.strip())
            await stage.quiet(general)
            standing = heard(stage, general, ada)
            sent = len(calls(stage, "create_message", general))
    assert [one.text for one in standing] == [TEXT.strip()]
    assert sent == 1
    assert len(seen) >= 3, "it was seen growing"
    assert seen == sorted(seen, key=len), "it only ever grew"
    assert all(TEXT.startswith(text.rstrip("…").rstrip()) for text in seen)
