"""What was said on Discord before she came is remembered, as far as that is set, and answered never."""

from __future__ import annotations

from pathlib import Path

import pytest

from bots.sandbox import Stage
from bots.sandbox.journal import Call
from bots.sandbox.world import Chat
from bots.testkit import Play
from core.models.scripted import Scripted
from tests.fakes.databases import in_use
from tests.faults.discord_crowd import discord_process
from tests.faults.ledgers import read
from tests.flows.on_discord import Server, bot_says, calls, heard, on_discord, outcomes, rows
from tests.flows.talk import echo, until, whole

pytestmark = pytest.mark.usefixtures("database")

WITH_PAST = {"DISCORD_HISTORY": "200"}


def kept(play: Play) -> list[str]:
    """Everything that is remembered of messages, in the order in which it is read back."""
    return [row["content"] for row in rows(play, "memories") if row["type"] == "messages"]


def told_in(text: str, *parts: str) -> bool:
    """Whether these stand in it, in this order."""
    places = [text.find(one) for one in parts]
    return -1 not in places and places == sorted(places)


async def test_she_knows_what_was_said_before_she_came_and_answers_none_of_it(
    tmp_path: Path,
) -> None:
    asked = Scripted(echo)
    async with Stage(limits=False) as stage:
        ada, bob = stage.discord.bot("Ada"), stage.person("Bob")
        general = Server.of(stage, [ada], bob).general
        bob.says(general, "@Ada the cake is in the cellar")
        bot_says(stage, ada, general, "I shall fetch it, I said in an earlier life")
        bob.says(general, "Ada, do not forget the candles")
        async with on_discord(
            "Ada", model=asked, data=tmp_path, stage=stage, settings=WITH_PAST
        ) as play:
            await until(lambda: len(kept(play)) == 3)
            assert outcomes(play) == [], "no turn is made of it"
            await stage.next_from(ada, general)  # of her earlier life
            bob.says(general, "Ada, where is the cake?")
            await stage.next_from(ada, general)
            assert len(heard(stage, general, ada)) == 2, "the earlier one, and this answer"
            authors = [
                row["entity_id"] == row["character_id"] for row in rows(play, "memories")[:3]
            ]
    assert authors == [False, True, False], "what she had said herself is hers"
    assert len(asked.requests) == 1
    assert told_in(whole(asked.requests[0]), "in the cellar", "an earlier life", "the candles")


async def test_what_is_said_while_it_is_read_stands_behind_it(tmp_path: Path) -> None:
    asked = Scripted(echo)
    async with Stage(limits=False) as stage:
        ada, bob = stage.discord.bot("Ada"), stage.person("Bob")
        server = Server.of(stage, [ada], bob)
        general = server.general
        for number in range(30):
            bob.says(general, f"old talk {number}.")
        for number in range(8):  # livelier ones, which are read first
            bob.says(server.channel(f"room {number}"), "hello")
        async with on_discord(
            "Ada", model=asked, data=tmp_path, stage=stage, settings=WITH_PAST
        ) as play:
            bob.says(general, "Ada, a first question")
            await stage.next_from(ada, general)
            assert "old talk" not in whole(asked.requests[0]), "its turn has not come"
            await until(lambda: len(kept(play)) == 30 + 8 + 2, timeout=30)
            bob.says(general, "Ada, a second question")
            await stage.next_from(ada, general)
    last = whole(asked.requests[-1])
    assert told_in(last, "old talk 28.", "old talk 29.", "a first question", "a second question")


async def test_a_killed_process_goes_on_where_it_was_and_asks_nothing_twice(
    tmp_path: Path,
) -> None:
    async with Stage(limits=False) as stage:
        bob = stage.person("Bob")
        async with discord_process(tmp_path, stage, DISCORD_HISTORY="50") as gateway:
            ada = gateway.bots["Ada"]
            await gateway.until("ok")
            late = stage.discord.guild("Late", [bob], [])
            rooms = [stage.discord.channel(late, f"room {number}") for number in range(12)]
            for room in rooms:
                bob.says(room, f"said in {room.title}.")
            stage.discord.invite(late, ada)
            await until(lambda: _pages(stage, rooms) >= 4)
            await gateway.kill()
            stored = _remembered(gateway.data, rooms)
            assert 0 < len(stored) < len(rooms)
            bob.says(rooms[0], "Ada, are you there?")
            await gateway.start()
            await until(lambda: len(_remembered(gateway.data, rooms)) == len(rooms), timeout=40)
            report = await gateway.until("ok")
        assert all(one["work"] != "history" for one in report["background"])
        for room in stored:
            assert len(_read_back(stage, room)) == 1


async def test_how_far_it_is_stands_among_what_goes_on_in_the_background(tmp_path: Path) -> None:
    async with Stage(limits=False) as stage:
        ada, bob = stage.discord.bot("Ada"), stage.person("Bob")
        server = Server.of(stage, [ada], bob)
        for number in range(6):
            bob.says(server.channel(f"room {number}"), "hello")
        async with on_discord(
            "Ada", model=Scripted(echo), data=tmp_path, stage=stage, settings=WITH_PAST
        ) as play:
            await until(lambda: play.gateway.ready()["background"])
            (work,) = play.gateway.ready()["background"]
            assert {**work, "done": 0} == {
                "character": "Ada",
                "work": "history",
                "done": 0,
                "all": 6,
            }
            await until(lambda: not play.gateway.ready()["background"], timeout=30)
            assert len(kept(play)) == 6


async def test_nothing_is_read_back_unless_that_is_set(tmp_path: Path) -> None:
    asked = Scripted(echo)
    async with Stage(limits=False) as stage:
        ada, bob = stage.discord.bot("Ada"), stage.person("Bob")
        general = Server.of(stage, [ada], bob).general
        bob.says(general, "a secret of old")
        async with on_discord("Ada", model=asked, data=tmp_path, stage=stage):
            bob.says(general, "Ada, what do you know?")
            await stage.next_from(ada, general)
        assert not calls(stage, "list_messages", general)
    assert "secret" not in whole(asked.requests[0])


async def test_who_may_not_talk_to_her_is_not_remembered_either(tmp_path: Path) -> None:
    async with Stage(limits=False) as stage:
        ada, bob, eve = stage.discord.bot("Ada"), stage.person("Bob"), stage.person("Eve")
        general = Server.of(stage, [ada], bob, eve).general
        bob.says(general, "from Bob")
        eve.says(general, "from Eve")
        settings = WITH_PAST | {"DISCORD_ALLOWED_USERS": f'["{bob.snowflake}"]'}
        async with on_discord(
            "Ada", model=Scripted(echo), data=tmp_path, stage=stage, settings=settings
        ) as play:
            await until(lambda: kept(play))
            await until(lambda: not play.gateway.ready()["background"])
            assert len(kept(play)) == 1
            assert "from Bob" in kept(play)[0]


async def test_where_she_has_talked_before_nothing_is_read_back(tmp_path: Path) -> None:
    """Not even where the inbox has forgotten that anybody did."""
    async with Stage(limits=False) as stage:
        ada, bob = stage.discord.bot("Ada"), stage.person("Bob")
        server = Server.of(stage, [ada], bob)
        other = server.channel("other")
        bob.says(other, "said where she never was heard.")
        bob.says(server.general, "said before she came.")
        async with on_discord("Ada", model=Scripted(echo), data=tmp_path, stage=stage) as play:
            bob.says(server.general, "Ada, hello")
            await stage.next_from(ada, server.general)
            told = len(kept(play))
        in_use.now.ask(tmp_path, "DELETE FROM inbox")
        async with on_discord(
            "Ada", model=Scripted(echo), data=tmp_path, stage=stage, settings=WITH_PAST
        ) as play:
            await until(lambda: len(kept(play)) > told)
            await until(lambda: not play.gateway.ready()["background"])
            assert "never was heard" in kept(play)[-1]
            assert len(kept(play)) == told + 1


async def test_what_she_has_said_into_a_thread_is_not_remembered_a_second_time(
    tmp_path: Path,
) -> None:
    settings = WITH_PAST | {"DISCORD_THREADS": "1"}
    async with Stage(limits=False) as stage:
        ada, bob = stage.discord.bot("Ada"), stage.person("Bob")
        server = Server.of(stage, [ada], bob)
        general = server.general
        async with on_discord(
            "Ada", model=Scripted(echo), data=tmp_path, stage=stage, settings=settings
        ) as play:
            for text in ("Ada, hello", "Ada, and now?"):
                bob.says(general, text)
                await stage.next_from(ada)
            await until(lambda: len(kept(play)) == 4)
        quiet = server.channel("quiet")
        bob.says(quiet, "said while she was away")
        async with on_discord(
            "Ada", model=Scripted(echo), data=tmp_path, stage=stage, settings=settings
        ) as play:
            thread = next(one for one in server.guild.channels.values() if one.kind == "thread")
            await until(lambda: _read_back(stage, thread))
            await until(lambda: not play.gateway.ready()["background"])
            mine = [one for one in kept(play) if "Ada heard" in one]
    assert len(mine) == 2


def _pages(stage: Stage, rooms: list[Chat]) -> int:
    return sum(len(_read_back(stage, room)) for room in rooms)


def _read_back(stage: Stage, room: Chat) -> list[Call]:
    """The pages of a room that were asked for from some message downwards; what was missed is
    asked for otherwise."""
    return [one for one in calls(stage, "list_messages", room) if "before" in one.query]


def _remembered(data: Path, rooms: list[Chat]) -> list[Chat]:
    known = " ".join(row["content"] for row in read(data).memories)
    return [room for room in rooms if f"said in {room.title}." in known]
