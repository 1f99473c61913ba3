"""How she behaves among many people on Discord: she speaks when spoken to, and shows when she thinks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.models.scripted import Scripted
from core.ports import ModelRequest
from tests.fakes.model_server import ModelServer, Script
from tests.flows.on_discord import Server, calls, heard, on_discord, outcomes, rows, settled
from tests.flows.talk import IGNORE, echo, question, reply, speaker, until

pytestmark = pytest.mark.usefixtures("database")


FOLLOW = "<response><actions>FOLLOW_ROOM</actions><text>I will.</text></response>"


class Ahead(SystemClock):
    """The real one, but for the hours that a test lets pass."""

    def __init__(self) -> None:
        self.hours = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.hours * 3600


async def chatter(play: Any, room: Any, times: int, before: int = 0) -> None:
    """Several people talk with each other, and nobody with her."""
    people = [one for one in room.guild.members if not (one.is_bot or one is room.guild.owner)]
    for number in range(times):
        people[number % 2].says(room, f"as I said, {number}")
        # Each is heard for itself, and not together with what came next.
        await settled(play, before + number + 1, room=room)


def commons(play: Any) -> Server:
    people = [play.stage.person(name) for name in ("Bob", "Eve", "Mallory")]
    return Server.of(play.stage, play.discord_bots.values(), *people)


async def test_a_busy_channel_costs_no_model_call_as_long_as_nobody_speaks_to_her(
    tmp_path: Path,
) -> None:
    async with on_discord("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        server = commons(play)
        await chatter(play, server.general, 30)
        assert set(outcomes(play)) == {("silent", "not-addressed")}
        assert heard(play.stage, server.general, play.discord_bots["Ada"]) == []
        assert not calls(play.stage, "trigger_typing_indicator")
    assert asked.requests == []


async def test_she_joins_in_as_often_as_is_set_and_may_pass_it_over(tmp_path: Path) -> None:
    clock = Ahead()

    def model(request: ModelRequest) -> str:
        return echo(request) if clock.hours < 3 else IGNORE

    async with on_discord(
        "Ada",
        model=(asked := Scripted(model)),
        data=tmp_path,
        settings={"TROUPE_JOINS_IN": "2"},
        clock=clock,
    ) as play:
        general = commons(play).general
        said: list[int] = []
        for hours in (0.0, 0.2, 0.4, 0.6, 1.3, 3.0):
            clock.hours, before = hours, len(outcomes(play))
            await chatter(play, general, 6, before)
            said.append(len(heard(play.stage, general, play.discord_bots["Ada"])))
        rules = [rule for _, rule in outcomes(play)]
    # The third time of the hour has to wait until the first one is an hour old.
    assert said == [1, 2, 2, 2, 3, 3]
    assert rules.count("joins-in") == 3
    assert rules.count("ignored-by-model") == 1
    assert len(asked.requests) == 4, "and no more calls than that"


async def test_none_an_hour_is_none_even_where_she_was_told_to_follow(tmp_path: Path) -> None:
    def model(request: ModelRequest) -> str:
        follows = "follow us" in question(request)
        return FOLLOW if follows else echo(request)

    asked, settings = Scripted(model), {"TROUPE_JOINS_IN": "0"}
    async with on_discord("Ada", model=asked, data=tmp_path, settings=settings) as play:
        server = commons(play)
        server.owner.says(server.general, "Ada, follow us")
        await settled(play, 1)
        (state,) = {row["state"] for row in rows(play, "participants") if row["state"]}
        assert state == "FOLLOWED"
        told = len(asked.requests)
        await chatter(play, server.general, 5, 1)
        server.owner.says(server.general, "Ada, you there?")
        await settled(play, 7)
        assert outcomes(play)[-1] == ("answered", "named"), "whoever calls her is answered"
    assert len(asked.requests) == told + 1


async def test_she_types_only_while_she_thinks_of_an_answer(tmp_path: Path) -> None:
    def slowly(request: dict[str, Any]) -> Script:
        return Script(reply("Here."), before=1.0)

    async with ModelServer(slowly) as server:
        settings = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
        async with on_discord("Ada", data=tmp_path, settings=settings) as play:
            stage, ada, there = play.stage, play.discord_bots["Ada"], commons(play)
            other = there.channel("other")
            there.owner.says(other, "not for her")
            there.owner.says(there.general, "Ada, think")
            await until(lambda: calls(stage, "trigger_typing_indicator", there.general))
            assert heard(stage, there.general, ada) == []
            await stage.next_from(ada, there.general)
            typed = len(calls(stage, "trigger_typing_indicator"))
            await stage.quiet(there.general, 0.6)
            assert len(calls(stage, "trigger_typing_indicator")) == typed
            assert not calls(stage, "trigger_typing_indicator", other)


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("@Ada @Bert good morning", {"Ada", "Bert"}),
        ("@Ada what does Bert say?", {"Ada", "Bert"}),
        ("@Bert what does she say?", {"Bert"}),
        ("Ada and Bert, good morning", {"Ada", "Bert"}),
        ("good morning", set()),
    ],
)
async def test_of_several_characters_each_answers_who_calls_her_and_once(
    tmp_path: Path, text: str, who: set[str]
) -> None:
    def model(request: ModelRequest) -> str:
        return reply(f"{speaker(request)} is here") if "morning" in text or who else IGNORE

    async with on_discord("Ada", "Bert", model=Scripted(model), data=tmp_path) as play:
        server, bots = commons(play), play.discord_bots
        server.owner.says(server.general, text)
        for name in bots:
            await settled(play, 1, name)
        await until(lambda: _spoke(play, server) == who)
        await play.stage.quiet(server.general, 0.4)
        spoken = [one for one in play.stage.messages(server.general) if one.sender.is_bot]
    assert {one.sender.name for one in spoken} == who
    assert len(spoken) <= 2 * len(who), "nobody goes on and on"


async def test_whoever_joins_a_server_is_greeted_where_that_is_wished(tmp_path: Path) -> None:
    def model(request: ModelRequest) -> str:
        return reply("Welcome, Zoe!") if "Zoe" in question(request) else IGNORE

    settings = {
        "TROUPE_INITIATIVE": "true",
        "TROUPE_INITIATIVE_ON": "joined",
        "DISCORD_WELCOME_CHANNEL": "lobby",
    }
    async with on_discord("Ada", model=Scripted(model), data=tmp_path, settings=settings) as play:
        stage, ada, server = play.stage, play.discord_bots["Ada"], commons(play)
        lobby = server.channel("lobby")
        await _known(play, "lobby")
        stage.discord.invite(server.guild, stage.person("Zoe"))
        said = await stage.next_from(ada, lobby, timeout=20)
        assert said.text == "Welcome, Zoe!"
        assert heard(stage, server.general, ada) == []


async def test_nobody_is_greeted_unless_that_is_wished(tmp_path: Path) -> None:
    async with on_discord("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        server = commons(play)
        play.stage.discord.invite(server.guild, play.stage.person("Zoe"))
        await settled(play, 1, kinds=["member"])
        await play.stage.quiet(server.general, 0.5)
    assert asked.requests == []


async def test_what_stands_below_her_name_changes_with_her_settings(tmp_path: Path) -> None:
    async with on_discord(
        "Ada",
        model=Scripted(echo),
        data=tmp_path,
        settings={"DISCORD_PRESENCE": "Asleep"},
    ) as play:
        ada, server = play.discord_bots["Ada"], commons(play)

        def shown() -> list[str]:
            sessions = play.stage.discord.gateway.logins.of(ada.id)
            told = [one.presence.get("activities") or [] for one in sessions]
            return [activity["state"] for activities in told for activity in activities]

        assert shown() == ["Asleep"]
        await play.gateway.reload(play.plan(DISCORD_PRESENCE="Awake"))
        await until(lambda: shown() == ["Awake"])
        server.owner.says(server.general, "Ada, good morning")
        await play.stage.next_from(ada, server.general)
        # With everything else as it was, nothing is told anew.
        before = play.stage.discord.gateway.sessions(ada).identifies
        await play.gateway.reload(play.plan(DISCORD_PRESENCE="Awake"))
        assert play.stage.discord.gateway.sessions(ada).identifies == before


def _spoke(play: Any, server: Server) -> set[str]:
    return {one.sender.name for one in play.stage.messages(server.general) if one.sender.is_bot}


async def _known(play: Any, name: str) -> None:
    await until(lambda: name in [row["name"] for row in rows(play, "rooms")])
