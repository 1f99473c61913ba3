"""On Discord: what people change after they said it, and what only seems to have changed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bots.sandbox.discord import talking
from core.models.scripted import Line, Scripted
from core.ports import ModelRequest
from tests.flows.on_discord import Server, bot_says, heard, on_discord, outcomes, rows, settled
from tests.flows.talk import echo, question, reply, until, whole

NOTED = ("silent", "edit-noted")
MENDED = ("answered", "edit-answered")
ROOMS = ("channel", "thread", "direct")


def room_of(server: Server, where: str):  # type: ignore[no-untyped-def]
    match where:
        case "thread":
            return server.stage.discord.thread(server.general, "On oolong", server.owner)
        case "direct":
            return server.stage.discord.dm(server.owner, server.bots[0])
    return server.general


def hers(server: Server, room: object) -> list[str]:
    return [one.text for one in heard(server.stage, room, server.bots[0])]  # type: ignore[arg-type]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("where", ROOMS)
async def test_her_answer_follows_twice_wherever_it_was_given(tmp_path: Path, where: str) -> None:
    async with on_discord("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        server = Server.of(play.stage, [play.discord_bots["Ada"]])
        bob, room = server.owner, room_of(server, where)
        said = bob.says(room, "Ada, what is the capital of Farnce?")
        await until(lambda: len(hers(server, room)) == 1)
        for country in ("France", "Spain"):
            bob.edits(said, f"Ada, what is the capital of {country}?")
            await until(lambda country=country: country in hers(server, room)[0])
        assert (await settled(play, 3))[1:] == [MENDED] * 2
        assert len(hers(server, room)) == 1, "nothing new is said"
        assert "Farnce" not in whole(asked.requests[-1])


async def test_what_is_changed_while_she_answers_is_mended_behind_it(tmp_path: Path) -> None:
    gate = asyncio.Event()

    def answer(request: ModelRequest) -> str | Line:
        first = question(request).endswith("one")
        return Line((echo(request),), after=gate.wait) if first else echo(request)

    async with on_discord("Ada", model=(asked := Scripted(answer)), data=tmp_path) as play:
        server = Server.of(play.stage, [play.discord_bots["Ada"]])
        bob, general = server.owner, server.general
        said = bob.says(general, "Ada, one")
        await until(lambda: asked.requests)
        bob.edits(said, "Ada, two")
        gate.set()
        await until(lambda: "two" in "".join(hers(server, general)))
        assert len(hers(server, general)) == 1
        assert (await settled(play, 2))[1] == MENDED


async def test_words_that_are_taken_out_below_a_file_leave_the_file(tmp_path: Path) -> None:
    async with on_discord("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        server = Server.of(play.stage, [play.discord_bots["Ada"]])
        bob = server.owner
        dm = play.stage.discord.dm(bob, play.discord_bots["Ada"])
        said = bob.sends(dm, "plan.txt", b"It rains.", caption="my secret plan")
        await until(lambda: len(hers(server, dm)) == 1)
        talking.edit(play.stage.world, said, "")
        found = await settled(play, 2)
        assert found[1] == MENDED
        assert "plan.txt" in question(asked.requests[-1])
        assert "secret" not in whole(asked.requests[-1])
        assert len(rows(play, "memories")) == 2


async def test_what_discord_changes_by_itself_is_not_even_stored(tmp_path: Path) -> None:
    async with on_discord("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general = server.owner, server.general
        said = bob.says(general, "Ada, look: https://example.org")
        await until(lambda: len(hers(server, general)) == 1)
        page = {"embeds": [{"type": "link", "url": "https://example.org", "title": "Example"}]}
        said = talking.change(stage.world, said, said.text, page)
        stage.discord.thread(general, "About it", bob, message=said)
        bob.says(general, "Ada, and?")
        await settled(play, 2)
        kinds = [row["kind"] for row in rows(play, "inbox")]
        assert "edit" not in kinds
        assert sum(row["payload"].count("MESSAGE_UPDATE") for row in rows(play, "inbox")) == 0
        assert len(asked.requests) == 2


async def test_what_is_edited_and_then_looked_up_is_one_edit(tmp_path: Path) -> None:
    async with on_discord("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general = server.owner, server.general
        said = bob.says(general, "Ada, look here")
        await until(lambda: len(hers(server, general)) == 1)
        said = bob.edits(said, "Ada, look: https://example.org")
        await settled(play, 2)
        page = {"embeds": [{"type": "link", "url": "https://example.org", "title": "Example"}]}
        talking.change(stage.world, said, said.text, page)
        bob.says(general, "Ada, and?")
        await settled(play, 3)
        assert [kind for kind, _ in outcomes(play)] == ["answered"] * 3
        assert len(asked.requests) == 3


async def test_what_another_bot_goes_on_changing_costs_no_thought(tmp_path: Path) -> None:
    async with on_discord("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        other = stage.discord.bot("Ticker")
        server = Server.of(stage, [ada, other])
        said = bot_says(stage, other, server.general, "Ada: 1")
        for number in range(2, 5):
            said = talking.edit(stage.world, said, f"Ada: {number}")
        await until(lambda: len(outcomes(play, kinds=["edit"])) == 3)
        assert {rule for _, rule in await settled(play, 4)} <= {"bot", "edit-noted", "not-answered"}
        assert not asked.requests


async def test_an_edit_of_long_ago_is_remembered_only(tmp_path: Path) -> None:
    never = {"TROUPE_EDIT_WINDOW": "0"}
    asked = Scripted(lambda request: reply("noted"))
    async with on_discord("Ada", model=asked, data=tmp_path, settings=never) as play:
        server = Server.of(play.stage, [play.discord_bots["Ada"]])
        thread = room_of(server, "thread")
        said = server.owner.says(thread, "Ada, I live in Pairs")
        await until(lambda: len(hers(server, thread)) == 1)
        server.owner.edits(said, "Ada, I live in Paris")
        assert (await settled(play, 2))[1] == NOTED
        assert any("Paris" in row["content"] for row in rows(play, "memories"))
