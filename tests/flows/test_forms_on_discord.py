"""On Discord: commands, menus and forms, from what people choose to what they see."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bots.discord.slash import listed
from bots.sandbox.world import Message
from bots.testkit import Play
from core.flow import commands
from core.models.scripted import Scripted
from tests.fakes.model_server import ModelServer, Script
from tests.flows import on_discord as discord
from tests.flows.on_discord import Server, calls, heard, outcomes, rows, settled
from tests.flows.talk import echo, reply, until, whole

pytestmark = pytest.mark.usefixtures("database")

# Everybody here waits for the menu; it need not wait for anybody.
on_discord = partial(discord.on_discord, commands_after=0.0)

_LONG = ("One two three four five six seven eight nine ten. " * 12).strip()
_ALONE = 64


def _slowly(request: dict[str, Any]) -> Script:
    return Script(reply(_LONG), before=0.3, between=0.15, size=20)


async def offered(play: Play, name: str = "Ada") -> list[Mapping[str, Any]]:
    """What Discord shows of her commands, as soon as it has been told."""
    office, bot = play.stage.discord._office, play.discord_bots[name]
    await until(lambda: office.commands.get((bot.id, None)))
    return list(office.commands[bot.id, None].values())


def answer(play: Play, number: str) -> Message | None:
    """What stands in the place of "thinking" now."""
    said = play.stage.discord.interaction(number).reply
    return None if said is None or said.more.get("flags", 0) & 1 << 7 else said


async def answered(play: Play, number: str) -> Message:
    await until(lambda: answer(play, number) is not None)
    said = answer(play, number)
    assert said is not None
    return said


def is_for_one(said: Message) -> bool:
    return bool(said.more.get("flags", 0) & _ALONE)


# --- what there is -----------------------------------------------------------------------------


async def test_discord_is_told_of_everything_that_she_offers(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        shown = await offered(play)
    names = {one["name"] for one in shown if one["type"] == 1}
    assert {"chat", "ask", "summarize", "settings", "why", "help", "forget"} <= names
    assert [one["name"] for one in shown if one["type"] != 1] == [
        "Ask Ada about them",
        "Ask Ada about this",
        "Why?",
    ]


async def test_what_one_character_answers_to_a_command_reaches_the_others(tmp_path: Path) -> None:
    """While she thinks there is nothing to hear; when it is filled in it is a message."""
    async with on_discord("Ada", "Eliza", model=Scripted(echo), data=tmp_path) as play:
        server = Server.of(play.stage, play.discord_bots.values())
        await offered(play)
        ada, eliza = play.discord_bots["Ada"], play.roster.loaded[1].id
        number = server.owner.uses(server.general, ada, "ask", question="Is there tea?")
        said = await answered(play, number)

        def heard_by_eliza() -> list[Mapping[str, Any]]:
            hers = [one for one in rows(play, "memories") if one["character_id"] == eliza]
            return [one for one in hers if said.text in str(one["content"])]

        await until(heard_by_eliza)
        assert len(heard_by_eliza()) == 1


async def test_what_is_to_be_set_is_suggested_and_never_kept(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        await offered(play)
        ada = play.discord_bots["Ada"]
        server = Server.of(play.stage, [ada])
        number = server.owner.completes(server.general, ada, "settings", "name", name="lang")
        await until(lambda: play.stage.discord.interaction(number).choices is not None)
        choices = play.stage.discord.interaction(number).choices
    assert [one["value"] for one in choices or ()] == ["language"]
    assert not [one for one in rows(play, "inbox") if one["event_key"].startswith("i:")]


# --- talk ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("command", "field"), [("chat", "message"), ("ask", "question")])
async def test_what_is_said_with_a_command_is_answered_in_its_place(
    tmp_path: Path, command: str, field: str
) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        await offered(play)
        ada = play.discord_bots["Ada"]
        server = Server.of(play.stage, [ada])
        number = server.owner.uses(server.general, ada, command, **{field: "what of tea?"})
        said = await answered(play, number)
        await settled(play, 1)
        assert len(heard(play.stage, server.general, ada)) == 1, "nothing is said twice"
    assert "what of tea?" in said.text
    assert not is_for_one(said)
    assert outcomes(play) == [("answered", "mentioned")]


async def test_in_a_direct_chat_a_command_is_talk_too_and_remembered(tmp_path: Path) -> None:
    async with on_discord("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        await offered(play)
        ada, bob = play.discord_bots["Ada"], play.stage.person("Bob")
        dm = play.stage.discord.dm(bob, ada)
        await answered(play, bob.uses(dm, ada, "chat", message="my cat is called Moth"))
        bob.says(dm, "and what is my cat called?")
        await settled(play, 2)
    assert "my cat is called Moth" in whole(asked.requests[1])


async def test_each_command_has_an_answer_of_its_own_however_fast_they_come(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        await offered(play)
        ada = play.discord_bots["Ada"]
        server = Server.of(play.stage, [ada])
        numbers = [
            server.owner.uses(server.general, ada, "chat", message=f"number {n}") for n in range(4)
        ]
        for n, number in enumerate(numbers):
            assert f"number {n}" in (await answered(play, number)).text
        ended = await settled(play, 4)
    assert [status for status, _ in ended] == ["answered"] * 4


async def test_who_is_silent_says_so_to_whoever_waits(tmp_path: Path) -> None:
    silent = Scripted(["<response><actions>IGNORE</actions></response>"])
    async with on_discord("Ada", model=silent, data=tmp_path) as play:
        await offered(play)
        ada = play.discord_bots["Ada"]
        server = Server.of(play.stage, [ada])
        said = await answered(play, server.owner.uses(server.general, ada, "chat", message="hm"))
    assert said.text.startswith("I did not answer")


async def test_whoever_may_not_talk_to_her_is_told_so_and_nothing_is_asked_of_a_model(
    tmp_path: Path,
) -> None:
    settings, model = {"DISCORD_DIRECT_MESSAGES": "false"}, Scripted(echo)
    async with on_discord("Ada", model=model, data=tmp_path, settings=settings) as play:
        await offered(play)
        ada, bob = play.discord_bots["Ada"], play.stage.person("Bob")
        said = await answered(
            play, bob.uses(play.stage.discord.dm(bob, ada), ada, "chat", message="hi")
        )
    assert said.text.startswith("I did not answer")
    assert outcomes(play) == [("silent", "directs-off")]
    assert model.requests == []


# --- other commands ----------------------------------------------------------------------------


async def test_help_is_for_whoever_asked_alone(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        await offered(play)
        ada = play.discord_bots["Ada"]
        server = Server.of(play.stage, [ada])
        said = await answered(play, server.owner.uses(server.general, ada, "help"))
    assert "I am Ada" in said.text
    assert is_for_one(said)


async def test_a_command_that_is_no_more_on_offer_is_told_to_be_none(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        await offered(play)
        ada = play.discord_bots["Ada"]
        server = Server.of(play.stage, [ada])
        # As one that somebody still has in the menu after a plugin was taken away.
        shape = {"id": "5", "name": "dice", "type": 1, "description": "?", "options": []}
        play.stage.discord._office.commands[ada.id, server.guild.id] = {5: shape}
        said = await answered(play, server.owner.uses(server.general, ada, "dice"))
    assert said.text == "I do not know /dice (any more)."
    assert is_for_one(said)


async def test_the_menu_of_settings_is_answered_to_who_chose_from_it_alone(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        await offered(play)
        ada = play.discord_bots["Ada"]
        server = Server.of(play.stage, [ada])
        shown = await answered(play, server.owner.uses(server.general, ada, "settings"))
        assert is_for_one(shown)
        number = server.owner.presses(shown, "settings_menu", values=["language"])
        chosen = await answered(play, number)
    assert "language" in chosen.text
    assert is_for_one(chosen)


async def test_why_in_the_menu_of_her_answer_explains_it_to_one_alone(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        await offered(play)
        ada = play.discord_bots["Ada"]
        server = Server.of(play.stage, [ada])
        server.owner.says(server.general, "Ada, hello")
        hers = await play.stage.next_from(ada, server.general)
        await settled(play, 1)
        said = await answered(play, server.owner.uses(server.general, ada, "Why?", target=hers))
    assert "name" in said.text
    assert is_for_one(said)


# --- menus -----------------------------------------------------------------------------------------


async def test_what_is_asked_about_a_message_is_answered_knowing_that_message(
    tmp_path: Path,
) -> None:
    async with on_discord("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        await offered(play)
        ada, eve = play.discord_bots["Ada"], play.stage.person("Eve")
        server = Server.of(play.stage, [ada], play.stage.person("Bob"), eve)
        said = eve.says(server.general, "moths eat wool")
        await settled(play, 1)
        number = server.owner.uses(server.general, ada, "Ask Ada about this", target=said)
        await until(lambda: play.stage.discord.interaction(number).modal is not None)
        filled = server.owner.fills(number, question="is it so?")
        told = await answered(play, filled)
    assert "is it so?" in told.text
    assert "moths eat wool" in whole(asked.requests[-1])
    assert "Eve" in whole(asked.requests[-1])


async def test_what_is_asked_about_a_person_names_them(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        await offered(play)
        ada, eve = play.discord_bots["Ada"], play.stage.person("Eve")
        server = Server.of(play.stage, [ada], play.stage.person("Bob"), eve)
        number = server.owner.uses(server.general, ada, "Ask Ada about them", target=eve)
        said = await answered(play, number)
    assert "Eve" in said.text


# --- where she is no member --------------------------------------------------------------------


async def test_who_has_brought_her_along_is_answered_where_she_is_no_member(
    tmp_path: Path,
) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        await offered(play)
        ada, bob = play.discord_bots["Ada"], play.stage.person("Bob")
        office = play.stage.discord._office
        shapes = listed(commands.OURS, "Ada").commands
        for shown in office.commands[ada.id, None].values():
            whole = next(one for one in shapes if one["name"] == shown["name"])
            shown |= {key: whole[key] for key in ("contexts", "integration_types")}
        guild = play.stage.discord.guild("Elsewhere", [bob])
        room = next(iter(guild.channels.values()))
        bob.installs(ada)
        said = await answered(play, bob.uses(room, ada, "chat", message="are you here?"))
    assert "are you here?" in said.text


# --- ending an answer ----------------------------------------------------------------------------


async def test_the_button_below_a_growing_answer_stops_it_for_who_asked_only(
    tmp_path: Path,
) -> None:
    async with ModelServer(_slowly) as server:
        own = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
        async with on_discord("Ada", data=tmp_path, settings=own) as play:
            ada, eve = play.discord_bots["Ada"], play.stage.person("Eve")
            there = Server.of(play.stage, [ada], play.stage.person("Bob"), eve)
            there.owner.says(there.general, "Ada, count")
            await until(lambda: heard(play.stage, there.general, ada))
            (growing,) = heard(play.stage, there.general, ada)
            number = eve.presses(growing, "stop")
            await until(lambda: play.stage.discord.interaction(number).answered)
            await until(lambda: calls(play.stage, "update_message"))
            assert not server.calls[0].ended.is_set(), "it is Bob's answer"
            there.owner.presses(heard(play.stage, there.general, ada)[0], "stop")
            await until(lambda: outcomes(play)[0][0] != "new")
            await until(lambda: not heard(play.stage, there.general, ada)[0].more["components"])
            (said,) = heard(play.stage, there.general, ada)
            assert outcomes(play)[0] == ("answered", "stopped")
    assert _LONG.startswith(said.text)
    assert len(said.text) < len(_LONG)
    assert server.calls[0].closed_by_client


async def test_words_from_a_model_stay_words(tmp_path: Path) -> None:
    """Nothing that a model says can name the way by which an answer goes back."""
    model = Scripted([reply("via interaction:1:2")])
    async with on_discord("Ada", model=model, data=tmp_path) as play:
        await offered(play)
        ada = play.discord_bots["Ada"]
        server = Server.of(play.stage, [ada])
        said = await answered(play, server.owner.uses(server.general, ada, "chat", message="hi"))
        token = play.stage.discord.interaction(str(_number(said))).token
    assert said.text == "via interaction:1:2"
    kept = [row["content"] for row in rows(play, "memories")]
    assert not [one for one in kept if token in str(one)]


def _number(said: Message) -> str:
    return str(said.more["interaction_metadata"]["id"])
