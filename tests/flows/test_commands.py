"""Commands on the stage: who may, where they are told of, and those that plugins bring."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from core.models.scripted import Scripted
from core.plugins import Plugin, Rank, Turn
from tests.flows.on_discord import on_discord
from tests.flows.talk import echo, outcomes, playing, reply, settled, until, whole

pytestmark = pytest.mark.usefixtures("database")


def games(thrown: list[str] | None = None) -> Plugin:
    plugin = Plugin("games")

    @plugin.command("dice", "Throws a die", words={"de": "Wirft einen Würfel"})
    async def dice(turn: Turn, arguments: str) -> str:
        if thrown is not None:
            thrown.append(arguments)
        return f"{arguments or 'd6'}: a four"

    @plugin.command("card", "Draws a card", direct=False)
    async def card(turn: Turn) -> Mapping[str, Any]:
        return {"text": "The queen.", "buttons": [{"text": "Another", "data": "card"}]}

    @plugin.command("break", "Breaks something")
    def fail(turn: Turn) -> str:
        raise RuntimeError("somebody's words")

    @plugin.command("clear", "Clears the table", who=Rank.ADMIN)
    async def clear(turn: Turn) -> None:
        await turn.say("All is gone.")

    return plugin


async def test_help_tells_each_person_what_there_is_for_them_here(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path, plugins=[games()]) as play:
        ada, bob, kim = play.bots["Ada"], play.stage.person("Bob"), play.stage.person("Kim")
        dm = play.stage.dm(bob, ada)
        group = play.stage.supergroup("Friends", [bob, kim], [ada])
        bob.says(dm, "/help")
        direct = (await play.stage.next_from(ada, dm)).text
        bob.says(group, "/help@ada_bot")
        owner = (await play.stage.next_from(ada, group)).text
        kim.says(group, "/help@ada_bot")
        member = (await play.stage.next_from(ada, group)).text
    assert "/mute" in direct
    assert "/dice – Throws a die" in direct
    assert "/card" not in direct
    assert "/initiative" not in direct
    assert "/voice" in direct
    assert {"/mute", "/clear", "/card"} <= {line.split()[0] for line in owner.splitlines() if line}
    assert "/card" in member
    assert "/mute" not in member
    assert "/clear" not in member


async def test_an_admin_mutes_her_and_her_name_and_commands_are_heard_all_the_same(
    tmp_path: Path,
) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada, bob, kim = play.bots["Ada"], play.stage.person("Bob"), play.stage.person("Kim")
        group = play.stage.supergroup("Friends", [bob, kim], [ada])
        kim.says(group, "/mute@ada_bot")
        assert "Only admins" in (await play.stage.next_from(ada, group)).text
        bob.says(group, "/mute@ada_bot")
        quiet = await play.stage.next_from(ada, group)
        assert "I am quiet here now" in quiet.text
        kim.says(group, "are you there?", reply_to=quiet)
        assert (await settled(play, 3))[-1] == ("silent", "muted")
        kim.says(group, "Ada, are you there?")
        assert "are you there?" in (await play.stage.next_from(ada, group)).text
        bob.says(group, "/unmute@ada_bot")
        loud = await play.stage.next_from(ada, group)
        assert loud.text == "I speak here again."
        kim.says(group, "are you there now?", reply_to=loud)
        assert "there now?" in (await play.stage.next_from(ada, group)).text
        bob.says(group, "/unmute@ada_bot")
        assert (await play.stage.next_from(ada, group)).text == "I am not muted here."


async def test_what_concerns_one_person_alone_is_shown_to_nobody_else_and_is_no_talk(
    tmp_path: Path,
) -> None:
    asked = Scripted(echo)
    async with playing("Ada", model=asked, data=tmp_path) as play:
        ada, bob, kim = play.bots["Ada"], play.stage.person("Bob"), play.stage.person("Kim")
        group = play.stage.supergroup("Friends", [bob, kim], [ada], admins=[ada])
        kim.says(group, "/mute@ada_bot")
        await until(lambda: play.stage.journal.of("sendMessage"))
        kim.says(group, "/help@ada_bot")
        assert "/why" in (await play.stage.next_from(ada, group)).text
        refused, told = play.stage.journal.of("sendMessage")
        kim.says(group, "Ada?")
        assert "Ada?" in (await play.stage.next_from(ada, group)).text
    assert refused.params["ephemeral_message_parameters"] == {"receiver_user_id": kim.id}
    assert "ephemeral_message_parameters" not in told.params
    assert "Only admins" not in whole(asked.requests[-1])


async def test_who_has_muted_her_finds_her_muted_after_a_restart_too(tmp_path: Path) -> None:
    async with Stage(limits=False) as stage:
        bob = stage.person("Bob")
        async with playing("Ada", model=Scripted(echo), data=tmp_path, stage=stage) as play:
            ada = play.bots["Ada"]
            dm = stage.dm(bob, ada)
            bob.says(dm, "/mute")
            assert "write my name" in (await stage.next_from(ada, dm)).text
        async with playing("Ada", model=Scripted(echo), data=tmp_path, stage=stage) as play:
            bob.says(dm, "psst")
            assert (await settled(play, 2))[-1] == ("silent", "muted")
            bob.says(dm, "Ada, psst")
            assert "Ada, psst" in (await stage.next_from(ada, dm)).text


async def test_where_nobody_speaks_for_her_she_says_what_to_set(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "/voice on")
        told = (await play.stage.next_from(ada, dm)).text
        assert "I have no voice" in told
        assert "ELEVENLABS_API_KEY" in told


async def test_a_plugins_command_is_done_without_a_model(tmp_path: Path) -> None:
    asked = Scripted(echo)
    async with playing("Ada", model=asked, data=tmp_path, plugins=[games()]) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm, group = play.stage.dm(bob, ada), play.stage.group("Friends", [bob], [ada])
        bob.says(dm, "/dice 2d6")
        assert (await play.stage.next_from(ada, dm)).text == "2d6: a four"
        bob.says(group, "/card@ada_bot")
        card = await play.stage.next_from(ada, group)
        assert card.text == "The queen."
        assert card.markup is not None
        assert card.markup["inline_keyboard"][0][0]["text"] == "Another"
        await settled(play, 2)
    assert asked.requests == []
    assert outcomes(play) == [("answered", "command-dice"), ("answered", "command-card")]


async def test_a_plugins_command_is_refused_to_those_who_may_not_and_where_it_is_not_for(
    tmp_path: Path,
) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path, plugins=[games()]) as play:
        ada, bob, kim = play.bots["Ada"], play.stage.person("Bob"), play.stage.person("Kim")
        dm = play.stage.dm(kim, ada)
        group = play.stage.supergroup("Friends", [bob, kim], [ada])
        kim.says(dm, "/card")
        assert (await play.stage.next_from(ada, dm)).text == "/card is for groups."
        kim.says(group, "/clear@ada_bot")
        assert (
            await play.stage.next_from(ada, group)
        ).text == "Only admins of this group can do that."
        bob.says(group, "/clear@ada_bot")
        assert (await play.stage.next_from(ada, group)).text == "All is gone."


async def test_a_plugins_command_that_fails_is_answered_in_one_sentence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path, plugins=[games()]) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "/break it")
        assert (await play.stage.next_from(ada, dm)).text == "/break did not work."
        bob.says(dm, "/dice")
        assert (await play.stage.next_from(ada, dm)).text == "d6: a four"
    assert "somebody's words" not in caplog.text


async def test_plugins_commands_stand_in_the_menu_in_its_language_and_go_with_a_reload(
    tmp_path: Path,
) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path, plugins=[games()]) as play:

        def menus() -> dict[tuple[str, str], dict[str, str]]:
            return {
                (call.params["scope"]["type"], call.params.get("language_code", "")): {
                    one["command"]: one["description"] for one in call.params["commands"]
                }
                for call in play.stage.journal.of("setMyCommands")
            }

        await until(lambda: ("default", "") in menus())
        await asyncio.sleep(0)
    shown = menus()
    assert len(shown) == 18, "three kinds of chat in English and five more languages"
    assert shown["default", "de"]["dice"] == "Wirft einen Würfel"
    assert shown["default", "fr"]["dice"] == "Throws a die"
    assert "card" not in shown["default", ""]
    assert "clear" not in shown["all_group_chats", ""]
    assert "clear" in shown["all_chat_administrators", ""]


async def test_a_command_that_was_begun_when_the_process_died_is_not_done_twice(
    tmp_path: Path,
) -> None:
    thrown: list[str] = []
    begun, go_on = asyncio.Event(), asyncio.Event()
    plugin = Plugin("games")

    @plugin.command("dice", "Throws a die")
    async def dice(turn: Turn, arguments: str) -> str:
        thrown.append(arguments)
        begun.set()
        await go_on.wait()
        return "a four"

    # What a stop cannot wait for any longer is left as a crash would leave it.
    how: dict[str, Any] = {"model": Scripted(echo), "data": tmp_path, "plugins": [plugin]}
    async with Stage(limits=False) as stage:
        bob = stage.person("Bob")
        async with playing("Ada", settings={"STOP_PATIENCE": "0.1"}, stage=stage, **how) as play:
            ada = play.bots["Ada"]
            dm = stage.dm(bob, ada)
            bob.says(dm, "/dice 2d6")
            await begun.wait()
        go_on.set()
        async with playing("Ada", stage=stage, **how) as play:
            assert "I was interrupted" in (await stage.next_from(ada, dm)).text
            assert await settled(play, 1) == [("answered", "command-dice")]
    assert thrown == ["2d6"]


async def test_on_discord_she_is_muted_by_a_text_command_too(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted([reply("Hello.")]), data=tmp_path) as play:
        ada, bob = play.discord_bots["Ada"], play.stage.person("Bob")
        dm = play.stage.discord.dm(bob, ada)
        bob.says(dm, "/mute")
        assert "I am quiet here now" in (await play.stage.next_from(ada, dm)).text
        bob.says(dm, "/unmute")
        assert (await play.stage.next_from(ada, dm)).text == "I speak here again."
