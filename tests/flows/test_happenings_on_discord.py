"""What happens on a server reaches her, and what she remembers follows."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Fault
from bots.sandbox.discord import deeds
from bots.testkit import Play
from core.events import EventType
from core.models.scripted import Line, Scripted
from core.plugins import Plugin
from core.ports import ModelRequest
from tests.flows.on_discord import Server, calls, heard, on_discord, outcomes, rows, settled
from tests.flows.talk import echo, question, reply, until, whole

MANAGE_GUILD, KICK = 1 << 5, 1 << 1
TAKEN = ("silent", "taken-back")
DELETES = ("delete",)
NUMBERS = (*(f"number {one} follows the one before. " for one in range(80)), "</text></response>")


def memories(play: Play) -> list[str]:
    found = sorted(rows(play, "memories"), key=lambda row: row["seq"])
    return [json.loads(row["content"])["text"] for row in found if row["type"] == "messages"]


def written(play: Play, *tables: str) -> str:
    """Everything that the database holds, to look for words in."""
    found = []
    for table in tables or ("inbox", "deliveries", "memories"):
        found += [str(tuple(row.values())) for row in rows(play, table)]
    return "\n".join(found)


def hers(server: Server, room: Any) -> list[str]:
    return [one.text for one in heard(server.stage, room, server.bots[0])]


def room_of(server: Server, where: str) -> Any:
    match where:
        case "thread":
            return server.stage.discord.thread(server.general, "On oolong", server.owner)
        case "direct":
            return server.stage.discord.dm(server.owner, server.bots[0])
    return server.general


# --- taken back --------------------------------------------------------------------------------


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("where", ["channel", "thread", "direct"])
async def test_what_is_taken_back_is_forgotten_with_its_answer(tmp_path: Path, where: str) -> None:
    async with on_discord("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        server = Server.of(play.stage, [play.discord_bots["Ada"]])
        bob, room = server.owner, room_of(server, where)
        bob.says(room, "Ada, are you there?")
        await until(lambda: len(hers(server, room)) == 1)
        said = bob.says(room, "Ada, my number is 12345")
        await until(lambda: len(hers(server, room)) == 2)
        await settled(play, 2)
        bob.deletes(said)
        await until(lambda: len(hers(server, room)) == 1)
        assert (await settled(play, 1, kinds=DELETES))[0] == TAKEN
        bob.says(room, "Ada, what is my number?")
        await until(lambda: len(hers(server, room)) == 2)
        assert "12345" not in whole(asked.requests[-1])
        assert len(memories(play)) == 4
        assert "12345" not in written(play)


async def test_a_purge_of_a_hundred_messages_is_one_matter(tmp_path: Path) -> None:
    brief = Scripted(lambda request: reply("12345? No."))
    async with on_discord("Ada", model=brief, data=tmp_path) as play:
        server = Server.of(play.stage, [play.discord_bots["Ada"]], play.stage.person("Olga"))
        bob, general = play.stage.person("Bob"), server.general
        play.stage.discord.invite(server.guild, bob)
        bob.says(general, "it rains")
        spam = [bob.says(general, f"buy 12345 now, {number}") for number in range(98)]
        spam.append(bob.says(general, "Ada, buy 12345"))
        await until(lambda: len(hers(server, general)) == 1)
        (answer,) = heard(play.stage, general, server.bots[0])
        await settled(play, 100)
        server.owner.purges(*spam, answer)
        assert await settled(play, 1, kinds=DELETES) == [TAKEN]
        await until(lambda: "12345" not in written(play))
        assert memories(play) == ["it rains"]
        assert not calls(play.stage, "delete_message"), "her answer is gone with the rest"


async def test_what_a_moderator_takes_away_of_hers_she_has_never_said(tmp_path: Path) -> None:
    async with on_discord("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        server = Server.of(play.stage, [play.discord_bots["Ada"]], play.stage.person("Olga"))
        bob, general = play.stage.person("Bob"), server.general
        play.stage.discord.invite(server.guild, bob)
        for text in ("Ada, say owls", "Ada, say cats"):
            bob.says(general, text)
            await until(lambda text=text: text in "".join(hers(server, general)))
        owls, cats = heard(play.stage, general, server.bots[0])
        server.owner.deletes(owls)
        assert await settled(play, 1, kinds=DELETES) == [TAKEN]
        assert memories(play) == ["Ada, say owls", "Ada, say cats", cats.text]
        bob.says(general, "Ada, and dogs")
        await until(lambda: len(hers(server, general)) == 2)
        assert owls.text not in whole(asked.requests[-1])
        assert cats.text in whole(asked.requests[-1])
        assert hers(server, general)[0] == cats.text, "what is gone is not said again"


async def test_what_a_moderator_takes_away_while_it_grows_is_not_said_again(
    tmp_path: Path,
) -> None:
    gate = asyncio.Event()

    def answer(request: ModelRequest) -> str | Line:
        if "count" not in question(request):
            return echo(request)
        return Line(("<response><actions>REPLY</actions><text>", *NUMBERS))

    class Slow(Scripted):
        async def stream(self, request: ModelRequest, spent: Any = None) -> Any:
            async for piece in super().stream(request, spent):
                yield piece
                if piece.startswith("number 60 "):
                    await gate.wait()
                await asyncio.sleep(0.03)

    async with on_discord("Ada", model=Slow(answer), data=tmp_path) as play:
        server = Server.of(play.stage, [play.discord_bots["Ada"]], play.stage.person("Olga"))
        bob, general = play.stage.person("Bob"), server.general
        play.stage.discord.invite(server.guild, bob)
        bob.says(general, "Ada, count")
        await until(lambda: hers(server, general))
        (begun,) = heard(play.stage, general, server.bots[0])
        server.owner.deletes(begun)
        await until(lambda: any(row["kind"] == "delete" for row in rows(play, "inbox")))
        gate.set()
        await settled(play, 1)
        assert await settled(play, 1, kinds=DELETES) == [TAKEN]
        assert hers(server, general) == []
        assert memories(play) == ["Ada, count"]
        bob.says(general, "Ada, hello")
        await until(lambda: len(hers(server, general)) == 1)


async def test_what_she_takes_back_herself_is_nobodys_deletion(tmp_path: Path) -> None:
    long = "\n\n".join("word " * 300 for _ in range(4))

    def answer(request: ModelRequest) -> str:
        return reply(long if "long" in question(request) else "Short.")

    async with on_discord("Ada", model=Scripted(answer), data=tmp_path) as play:
        server = Server.of(play.stage, [play.discord_bots["Ada"]])
        bob, general = server.owner, server.general
        said = bob.says(general, "Ada, a long story")
        await until(lambda: len(hers(server, general)) > 1)
        bob.edits(said, "Ada, in brief")
        await until(lambda: hers(server, general) == ["Short."])
        found = await settled(play, 1, kinds=DELETES)
        assert set(found) == {("silent", "delete-noted")}
        assert memories(play) == ["Ada, in brief", "Short."]


async def test_nobody_is_answered_who_takes_it_back_while_she_thinks(tmp_path: Path) -> None:
    def answer(request: ModelRequest) -> str | Line:
        return Line((), hangs=True) if "secret" in question(request) else echo(request)

    async with on_discord("Ada", model=(asked := Scripted(answer)), data=tmp_path) as play:
        server = Server.of(play.stage, [play.discord_bots["Ada"]])
        bob, general = server.owner, server.general
        said = bob.says(general, "Ada, my secret is 12345")
        await until(lambda: asked.requests)
        bob.deletes(said)
        assert await settled(play, 1) == [TAKEN]
        await settled(play, 1, kinds=DELETES)
        assert asked.closed == 1
        bob.says(general, "Ada, hello")
        await until(lambda: len(hers(server, general)) == 1)
        assert "12345" not in whole(asked.requests[-1])
        assert "12345" not in written(play)


async def test_what_is_taken_back_while_it_waits_is_not_answered_and_the_rest_is(
    tmp_path: Path,
) -> None:
    gate = asyncio.Event()

    def answer(request: ModelRequest) -> str | Line:
        first = "one" in question(request)
        return Line((echo(request),), after=gate.wait) if first else echo(request)

    async with on_discord("Ada", model=(asked := Scripted(answer)), data=tmp_path) as play:
        server = Server.of(play.stage, [play.discord_bots["Ada"]])
        bob, carol, general = server.owner, play.stage.person("Carol"), server.general
        play.stage.discord.invite(server.guild, carol)
        bob.says(general, "Ada, one")
        await until(lambda: asked.requests)
        slip = carol.says(general, "Ada, 12345")
        carol.says(general, "Ada, six")
        carol.deletes(slip)
        await until(lambda: any(row["kind"] == "delete" for row in rows(play, "inbox")))
        gate.set()
        found = await settled(play, 3)
        assert [status for status, _ in found] == ["answered", "silent", "answered"]
        assert found[1] == TAKEN
        await until(lambda: len(hers(server, general)) == 2)
        assert "12345" not in "".join(map(whole, asked.requests))
        await settled(play, 1, kinds=DELETES)
        assert "12345" not in written(play)


# --- reactions ---------------------------------------------------------------------------------


async def test_reactions_reach_plugins_also_on_messages_that_nobody_remembers(
    tmp_path: Path,
) -> None:
    told: list[Any] = []
    eyes = Plugin("eyes")

    @eyes.on(EventType.REACTION_RECEIVED)
    async def seen(payload: Any) -> None:
        told.append(payload)

    async with on_discord("Ada", model=Scripted(echo), data=tmp_path, plugins=[eyes]) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general = server.owner, server.general
        said = bob.says(general, "Ada, hello")
        await until(lambda: len(hers(server, general)) == 1)
        (answer,) = heard(stage, general, ada)
        bob.reacts(answer, "👍")
        bob.reacts(answer, "👍", on=False)
        bob.reacts(said, "🦉")
        for event in ("MESSAGE_REACTION_REMOVE_ALL", "MESSAGE_REACTION_ADD"):
            data = {
                "channel_id": str(general.id),
                "message_id": "5",
                "guild_id": str(general.guild.id),
            }
            if event.endswith("ADD"):
                data |= {"user_id": str(bob.snowflake), "emoji": {"id": "77", "name": "owl"}}  # type: ignore[dict-item]
            stage.discord.gateway.dispatch(ada, event, data)
        found = await settled(play, 5, kinds=["reaction"])
        assert set(found) == {("silent", "reaction-noted")}
        await until(lambda: len(told) == 5)
        deeds.reacts(stage.world, ada, answer, "👀", on=True)
        bob.says(general, "Ada, and?")
        await settled(play, 2)
        assert len(outcomes(play, kinds=["reaction"])) == 5, "her own are no news"


# --- members, roles and ranks ------------------------------------------------------------------


async def test_who_may_lead_counts_from_the_next_moment_in_every_channel(tmp_path: Path) -> None:
    on = {"TROUPE_INITIATIVE": "true"}
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path, settings=on) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada], stage.person("Olga"))
        bob, guild = stage.person("Bob"), server.guild
        stage.discord.invite(guild, bob)
        role = stage.discord.role(guild, "Hosts", permissions=KICK)
        other = server.channel("other")
        tries = 0

        async def may() -> bool:
            nonlocal tries
            tries += 1
            room = (server.general, other)[tries % 2]
            bob.says(room, "@Ada /initiative off")
            await until(lambda: len(hers(server, server.general) + hers(server, other)) == tries)
            return "admins" not in hers(server, room)[-1]

        async def told(number: int, kind: str) -> None:
            await until(lambda: len(outcomes(play, kinds=[kind])) >= number)
            await settled(play, number, kinds=[kind])

        assert not await may()
        stage.discord.give(guild, bob, role)
        await told(2, "member")
        assert not await may()
        worlds = len(outcomes(play, kinds=["world"]))
        stage.discord.change_role(guild, role, permissions=KICK | MANAGE_GUILD)
        await told(worlds + 1, "world")
        assert await may()
        stage.discord.give(guild, bob)
        await told(3, "member")
        assert not await may()
        stage.discord.give(guild, bob, role)
        await told(4, "member")
        assert await may()


async def test_people_servers_and_rooms_are_called_what_they_are_called_now(
    tmp_path: Path,
) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general = server.owner, server.general
        thread = stage.discord.thread(general, "On oolong", bob)
        for room in (general, thread):
            bob.says(room, "Ada, hello")
            await until(lambda room=room: hers(server, room))
        stage.discord.rename(general, "lobby")
        stage.discord.rename(thread, "On tea")
        stage.discord.nick(server.guild, bob, "Bobby")

        def names(table: str) -> set[str]:
            found = rows(play, table)
            return {str(one.get("name") or one.get("names")) for one in found}

        await until(lambda: {"lobby", "On tea"} <= names("rooms"))
        await until(lambda: any("Bobby" in one for one in names("entities")))
        assert not {"general", "On oolong"} & names("rooms")
        assert all(status == "silent" for status, _ in outcomes(play, kinds=["world", "member"]))


async def test_who_comes_is_greeted_in_the_channel_for_it(tmp_path: Path) -> None:
    on = {
        "TROUPE_INITIATIVE": "true",
        "TROUPE_INITIATIVE_ON": "joined",
        "DISCORD_WELCOME_CHANNEL": "hall",
    }

    def answer(request: ModelRequest) -> str:
        return reply("Welcome!" if "joined" in whole(request) else "I see.")

    async with on_discord("Ada", model=Scripted(answer), data=tmp_path, settings=on) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        hall = server.channel("hall")
        server.owner.says(server.general, "Ada, hello")
        await until(lambda: hers(server, server.general))
        eve = stage.person("Eve")
        stage.discord.invite(server.guild, eve)
        await until(lambda: hers(server, hall) == ["Welcome!"])
        assert hers(server, server.general) == ["I see."]
        stage.discord.remove(server.guild, eve)
        await until(lambda: ("silent", "member-noted") in outcomes(play, kinds=["member"])[1:])


# --- put out, and rooms that are no more -------------------------------------------------------


async def test_put_out_of_a_server_she_forgets_nothing_and_tries_nothing(tmp_path: Path) -> None:
    on = {"TROUPE_INITIATIVE": "true", "TROUPE_INITIATIVE_ON": "joined"}
    async with on_discord("Ada", "Ben", model=Scripted(echo), data=tmp_path, settings=on) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada, play.discord_bots["Ben"]])
        bob, general = server.owner, server.general
        bob.says(general, "Ada, hello")
        await until(lambda: hers(server, general))
        before = memories(play)
        stage.discord.lose(server.guild)
        stage.discord.lose(server.guild, on=False)
        stage.discord.remove(server.guild, ada)
        await until(
            lambda: [one for one in rows(play, "inbox") if "GUILD_DELETE" in one["payload"]]
        )
        await until(
            lambda: {status for status, _ in outcomes(play, kinds=["member"])} == {"silent"}
        )
        assert [one["key"] for one in rows(play, "cache") if "left" in one["key"]]
        assert set(before) <= set(memories(play))
        stage.discord.invite(server.guild, ada)
        await until(lambda: not [one for one in rows(play, "cache") if "left" in one["key"]])
        bob.says(general, "Ada, are you back?")
        await until(lambda: len(hers(server, general)) == 2)


async def test_what_she_owes_to_a_channel_that_is_no_more_is_given_up(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        other = server.channel("other")
        busy = Fault("refuse", status=503, method="create_message", chat=other.id, times=1)
        stage.discord.faults.add(busy)
        server.owner.says(other, "Ada, hello")
        await until(lambda: calls(stage, "create_message", other))
        stage.discord.delete_channel(other)
        await until(lambda: [one["status"] for one in rows(play, "deliveries")] == ["failed"])
        assert (await settled(play, 1, kinds=["member"]))[-1] == ("silent", "member-noted")
        tries = len(calls(stage, "create_message"))
        assert "Ada, hello" in memories(play)
        server.owner.says(server.general, "Ada, hello")
        await until(lambda: hers(server, server.general))
        assert len(calls(stage, "create_message")) == tries + 1


# --- posts -------------------------------------------------------------------------------------


async def test_the_title_of_a_post_is_a_part_of_what_is_asked(tmp_path: Path) -> None:
    async with on_discord("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        board = stage.discord.channel(server.guild, "questions", "board", tags=("tea",))
        post = stage.discord.post(board, "Which cup?", server.owner, "Ada, help me", tags=("tea",))
        await until(lambda: hers(server, post))
        assert question(asked.requests[-1]) == ("Bob: Which cup?\n  [tags: tea]\n  Ada, help me")
        assert "Which cup?" in {one["name"] for one in rows(play, "rooms")}
