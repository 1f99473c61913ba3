"""Talk that goes on for a while leaves its channel for a thread, and is known there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Bot, Person, Stage
from bots.sandbox.discord import permissions
from bots.sandbox.world import Chat, Message
from core.models.scripted import Scripted
from core.ports import ModelRequest
from tests.fakes.model_server import ModelServer, Script
from tests.faults.discord_crowd import discord_process
from tests.flows.on_discord import Server, calls, heard, on_discord, settled
from tests.flows.talk import echo, playing, question, reply, until, whole

pytestmark = pytest.mark.usefixtures("database")

AFTER_TWO = {"DISCORD_THREADS": "2"}


def spoken(stage: Stage, room: Chat, ada: Bot) -> list[Message]:
    """What she has said there; a thread begins with a message of hers that has no words."""
    return [one for one in heard(stage, room, ada) if one.text]


async def exchanged(stage: Stage, ada: Bot, bob: Person, room: Chat, times: int) -> None:
    for number in range(times):
        bob.says(room, f"Ada, question {number} about moths")
        await stage.next_from(ada, room)


async def opened(stage: Stage, ada: Bot, room: Chat, said: Message) -> Chat:
    """The thread that hangs from what somebody said, once she has spoken in it."""

    def found() -> list[Chat]:
        return [one for one in room.guild.channels.values() if one.id == said.id]

    await until(found)
    (thread,) = found()
    await until(lambda: spoken(stage, thread, ada))
    return thread


async def test_after_some_exchanges_the_next_answer_opens_a_thread_and_she_goes_on_there(
    tmp_path: Path,
) -> None:
    asked = Scripted(echo)
    async with on_discord("Ada", model=asked, data=tmp_path, settings=AFTER_TWO) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        bob, eve = stage.person("Bob"), stage.person("Eve")
        general = Server.of(stage, [ada], bob, eve).general
        await exchanged(stage, ada, bob, general, 2)
        said = bob.says(general, "Ada, and what do they drink at night, in the dark of the garden?")
        thread = await opened(stage, ada, general, said)
        assert thread.title == "Ada, and what do they drink at night, in the dark of the"
        assert len(spoken(stage, general, ada)) == 2
        bob.says(thread, "nobody has to call her here")
        await until(lambda: len(spoken(stage, thread, ada)) == 2)
        eve.says(thread, "nor do others")
        await until(lambda: len(spoken(stage, thread, ada)) == 3)
        eve.says(thread, "@Bob but this is for you")
        ended = await settled(play, 3, room=thread)
        eve.says(general, "the channel is quiet again")
        assert (await settled(play, 4, room=general))[-1] == ("silent", "not-addressed")
    assert ended == [
        ("answered", "her-thread"),
        ("answered", "her-thread"),
        ("silent", "addressed-to-another"),
    ]
    first = whole(asked.requests[3])
    assert "question 0 about moths" in first, "what led there is known"
    assert "in the dark of the garden" in first
    assert first.index("question 0") < first.index("in the dark") < first.index("nobody has")


async def test_a_killed_process_knows_the_threads_that_it_has_opened(tmp_path: Path) -> None:
    async with Stage(limits=False) as stage:
        bob = stage.person("Bob")
        async with discord_process(tmp_path, stage, **AFTER_TWO) as gateway:
            ada = gateway.bots["Ada"]
            general = Server.of(stage, [ada], bob).general
            await gateway.until("ok")
            await exchanged(stage, ada, bob, general, 2)
            thread = await opened(stage, ada, general, bob.says(general, "Ada, one more"))
            await gateway.kill()
            await gateway.start()
            await gateway.until("ok")
            bob.says(thread, "are you still here?")
            await until(lambda: len(spoken(stage, thread, ada)) == 2)


async def test_each_person_is_counted_alone_and_nobody_without_the_setting(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path, settings=AFTER_TWO) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        bob, eve = stage.person("Bob"), stage.person("Eve")
        general = Server.of(stage, [ada], bob, eve).general
        for who in (bob, eve, bob, eve):
            who.says(general, "Ada, a word")
            await stage.next_from(ada, general)
        assert len(spoken(stage, general, ada)) == 4
        await play.gateway.reload(play.plan(DISCORD_THREADS="0"))
        await exchanged(stage, ada, bob, general, 3)
        assert len(spoken(stage, general, ada)) == 7
        assert not calls(stage, "start_thread_from_message")


async def test_in_private_in_threads_and_in_posts_talk_stays_where_it_is(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path, settings=AFTER_TWO) as play:
        stage, ada, bob = play.stage, play.discord_bots["Ada"], play.stage.person("Bob")
        server = Server.of(stage, [ada], bob)
        dm = stage.discord.dm(bob, ada)
        thread = stage.discord.thread(server.general, "On oolong", bob)
        post = stage.discord.post(server.channel("board", "board"), "Moths", bob, "Ada, here")
        await stage.next_from(ada, post)
        for room in (dm, thread, post):
            await exchanged(stage, ada, bob, room, 4)
        assert [len(spoken(stage, room, ada)) for room in (dm, thread, post)] == [4, 4, 5]


async def test_where_she_may_not_open_one_she_answers_in_the_channel(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path, settings=AFTER_TWO) as play:
        stage, ada, bob = play.stage, play.discord_bots["Ada"], play.stage.person("Bob")
        general = Server.of(stage, [ada], bob).general
        stage.discord.allow(general, ada, deny=permissions.PUBLIC_THREADS)
        await exchanged(stage, ada, bob, general, 7)
        assert len(spoken(stage, general, ada)) == 7


async def test_what_opens_a_thread_does_not_grow_in_the_channel_first(tmp_path: Path) -> None:
    async with ModelServer(_slowly) as server:
        settings = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
        async with on_discord("Ada", data=tmp_path, settings=AFTER_TWO | settings) as play:
            stage, ada, bob = play.stage, play.discord_bots["Ada"], play.stage.person("Bob")
            general = Server.of(stage, [ada], bob).general
            for number in range(2):
                bob.says(general, f"Ada, question {number}")
                await until(lambda: len(spoken(stage, general, ada)) == number + 1)  # noqa: B023
                await until(lambda: _is_whole(spoken(stage, general, ada)[-1]))
            grown = len(calls(stage, "update_message", general))
            thread = await opened(stage, ada, general, bob.says(general, "Ada, at length please"))
            await until(lambda: _is_whole(spoken(stage, thread, ada)[0]))
            assert grown, "what is said in the channel grows there"
            assert len(calls(stage, "update_message", general)) == grown
            assert len(spoken(stage, general, ada)) == 2


async def test_what_is_forgotten_in_the_channel_is_not_known_in_the_thread(tmp_path: Path) -> None:
    def model(request: ModelRequest) -> str:
        return reply("yes" if "/reset" not in question(request) else "done")

    asked = Scripted(model)
    async with on_discord("Ada", model=asked, data=tmp_path, settings=AFTER_TWO) as play:
        stage, ada, bob = play.stage, play.discord_bots["Ada"], play.stage.person("Bob")
        general = Server.of(stage, [ada], bob).general
        await exchanged(stage, ada, bob, general, 2)
        thread = await opened(stage, ada, general, bob.says(general, "Ada, one more"))
        bob.says(general, "@Ada /reset")
        await stage.next_from(ada, general)
        bob.says(thread, "what did we talk about?")
        await until(lambda: len(spoken(stage, thread, ada)) == 2)
    assert "about moths" not in whole(asked.requests[-1])


async def test_on_telegram_talk_stays_where_it_is(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path, settings=AFTER_TWO) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        group = play.stage.group("Friends", [bob], [ada])
        for number in range(4):
            bob.says(group, f"Ada, {number}")
            assert (await play.stage.next_from(ada, group)).text.endswith(f"Ada, {number}")


_TEXT = "One two three four five six seven eight nine ten. " * 6


def _slowly(request: dict[str, Any]) -> Script:
    return Script(reply(_TEXT), before=0.4, between=0.12)


def _is_whole(said: Message) -> bool:
    return said.text == _TEXT.strip()
