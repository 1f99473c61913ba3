"""On Discord: what she remembers of talk, and what she knows of servers, threads and people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bots.sandbox import Stage
from core.models.scripted import Scripted
from core.ports import ModelRequest
from tests.flows.on_discord import Server, heard, on_discord, outcomes, rows, settled
from tests.flows.talk import IGNORE, echo, question, reply, whole

pytestmark = pytest.mark.usefixtures("database")


async def test_an_edit_changes_what_she_remembers_though_not_what_she_answered(
    tmp_path: Path,
) -> None:
    asked, never = Scripted(echo), {"TROUPE_EDIT_WINDOW": "0"}
    async with on_discord("Ada", model=asked, data=tmp_path, settings=never) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general = server.owner, server.general
        wrong = bob.says(general, "Ada, I live in Pairs")
        first = await stage.next_from(ada, general)
        bob.edits(wrong, "Ada, I live in Paris")
        await settled(play, 2)
        bob.says(general, "where do I live?", reply_to=first)
        await stage.next_from(ada, general)
        assert outcomes(play)[1] == ("silent", "edit-noted")
        assert len(heard(stage, general, ada)) == 2
        kept = [json.loads(row["content"])["text"] for row in rows(play, "memories")]
    assert "Paris" in whole(asked.requests[-1])
    assert "Ada, I live in Paris" in kept
    assert "Ada, I live in Pairs" not in kept


async def test_reset_takes_the_older_talk_out_of_the_prompt_and_of_that_room_alone(
    tmp_path: Path,
) -> None:
    def model(request: ModelRequest) -> str:
        return IGNORE if question(request).endswith("/reset") else reply("noted")

    asked = Scripted(model)
    async with on_discord("Ada", model=asked, data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general = server.owner, server.general
        dm = stage.discord.dm(bob, ada)
        for chat in (dm, general):
            bob.says(chat, "Ada, my cat is called Harold")
            await stage.next_from(ada, chat)
        bob.says(general, "/reset")
        bob.says(general, "@Ada /reset")
        await stage.next_from(ada, general)
        bob.says(general, "Ada, what is it called?")
        await stage.next_from(ada, general)
        assert "Harold" not in whole(asked.requests[-1])
        bob.says(dm, "what is it called?")
        await stage.next_from(ada, dm)
        assert "Harold" in whole(asked.requests[-1])
        bob.says(dm, "/reset")
        await stage.next_from(ada, dm)
        bob.says(dm, "and now, what is it called?")
        await stage.next_from(ada, dm)
        assert "Harold" not in whole(asked.requests[-1])
        commands = outcomes(play, kinds=["command"])
    assert commands == [("answered", "command-reset")] * 2, "only what is meant for her is one"


async def test_servers_that_were_there_before_are_known_with_their_rooms_at_the_start(
    tmp_path: Path,
) -> None:
    async with Stage(limits=False) as stage:
        ada, bob = stage.discord.bot("Ada"), stage.person("Bob")
        home = Server.of(stage, [ada], bob, name="Home")
        away = Server.of(stage, [ada], bob, name="Away")
        Server.of(stage, [], bob, name="Not hers")
        board = home.channel("questions", "board")
        stage.discord.post(board, "Moths", bob, "What do they eat?")
        stage.discord.thread(home.general, "On oolong", bob)
        async with on_discord("Ada", model=Scripted(echo), data=tmp_path, stage=stage) as play:
            await settled(play, 2, kinds=["world"])
            worlds, rooms = rows(play, "worlds"), rows(play, "rooms")
            assert {one["name"]: one["server_id"] for one in worlds} == {
                "Home": str(home.guild.id),
                "Away": str(away.guild.id),
            }
            of_home = next(one["id"] for one in worlds if one["name"] == "Home")
            known = {one["name"]: one["type"] for one in rooms if one["world_id"] == of_home}
            assert known == {
                "general": "GROUP",
                "random": "GROUP",
                "questions": "FORUM",
                "Moths": "THREAD",
                "On oolong": "THREAD",
            }
            assert not rows(play, "memories"), "to know a place is not to remember talk"
            assert stage.discord.journal.of("create_message") == []


async def test_a_thread_is_in_its_server_and_an_author_is_the_person(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general = server.owner, server.general
        thread = stage.discord.thread(general, "On oolong", bob)
        dm = stage.discord.dm(bob, ada)
        for chat in (general, thread, dm):
            bob.says(chat, "Ada, hello")
            await stage.next_from(ada, chat)
        await settled(play, 3)
        rooms = {one["channel"]: one for one in rows(play, "rooms")}
        worlds = {one["id"]: one["server_id"] for one in rows(play, "worlds")}
        memories = rows(play, "memories")
        authors = {row["author"] for row in rows(play, "inbox") if row["kind"] == "message"}
    assert worlds[rooms[str(general.id)]["world_id"]] == str(server.guild.id)
    assert rooms[str(thread.id)]["world_id"] == rooms[str(general.id)]["world_id"]
    assert rooms[str(dm.id)]["world_id"] != rooms[str(general.id)]["world_id"]
    assert rooms[str(thread.id)]["type"] == "THREAD"
    assert authors == {str(bob.snowflake)}
    spoken = [one for one in memories if one["entity_id"] != one["character_id"]]
    assert len({one["entity_id"] for one in spoken}) == 1, "one person, in whichever room"
    assert len(spoken) == 3
