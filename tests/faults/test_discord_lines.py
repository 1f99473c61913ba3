"""A line to Discord that dies, or is taken rights away, costs what it brings and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bots.sandbox import Bot, Person, Stage
from bots.sandbox.discord.intents import NONE
from bots.sandbox.world import Chat
from bots.testkit import Play
from core.models.scripted import Scripted
from core.ports import ModelRequest, Spent
from tests.faults.ledgers import until
from tests.flows.on_discord import Server, heard, on_discord
from tests.flows.talk import echo, question
from tests.flows.test_forms_on_discord import offered

SHARDS = 3


def of_each_shard(stage: Stage, ada: Bot, bob: Person) -> list[Chat]:
    """The first channel of a server of each shard."""
    found: dict[int, Chat] = {}
    while len(found) < SHARDS:
        room = Server.of(stage, [ada], bob, name=f"Server {len(stage.world.guilds)}").general
        found.setdefault((room.guild.id >> 22) % SHARDS, room)
    return [found[shard] for shard in range(SHARDS)]


def lacks(play: Play) -> str:
    return str(play.gateway.ready()["links"][0])


async def test_a_shard_that_dies_alone_is_missed_in_its_own_servers_only(tmp_path: Path) -> None:
    """What was said there meanwhile is answered when it is back; a command in the channel, since
    Discord waits for no answer to it any more."""
    async with Stage(limits=False) as stage:
        ada, bob = stage.discord.bot("Ada"), stage.person("Bob")
        gateway = stage.discord.gateway
        gateway.ask_shards(ada, SHARDS)
        gateway.logins.together = SHARDS  # else they log in five seconds after one another
        rooms = of_each_shard(stage, ada, bob)
        async with on_discord("Ada", model=Scripted(echo), data=tmp_path, stage=stage) as play:
            await offered(play)
            stage.discord.patience = 0.5
            gateway.shut(ada, 1)
            unheard = stage.discord.interaction(
                bob.uses(rooms[1], ada, "chat", message="by command?")
            )
            bob.says(rooms[1], "@Ada, do you hear me?")
            for shard in (0, 2):
                bob.says(rooms[shard], f"@Ada, and in {shard}?")
                said = await stage.next_from(ada, rooms[shard])
                assert said.text.endswith(f"and in {shard}?")
                asked = stage.discord.interaction(bob.uses(rooms[shard], ada, "help"))
                await until(
                    lambda asked=asked: asked.reply and asked.reply.text,  # type: ignore[misc]
                    lambda: "no help",
                )
            bob.says(stage.discord.dm(bob, ada), "directly")
            await stage.next_from(ada, stage.discord.dm(bob, ada))
            assert heard(stage, rooms[1], ada) == []
            await until(lambda: unheard.failed, lambda: "Discord still waits")
            assert play.gateway.ready()["links"][0]["phase"] == "live"
            gateway.shut(ada, 1, None)

            def answers() -> list[str]:
                return [one.text for one in heard(stage, rooms[1], ada)]

            await until(
                lambda: {one[-8:] for one in answers()} == {"command?", "hear me?"},
                lambda: f"{answers()}",
            )
            assert len(answers()) == 2
            assert gateway.sessions(ada).identifies == SHARDS


class Growing:
    """Speaks until it may end."""

    name = "growing"

    def __init__(self) -> None:
        self.may_end = asyncio.Event()

    async def stream(
        self, request: ModelRequest, spent: Spent | None = None
    ) -> AsyncGenerator[str, None]:
        if "story" in question(request):
            yield "Once upon a time"
            while not self.may_end.is_set():
                yield " and a time"
                await asyncio.sleep(0.05)
            yield ", "
        yield "the end."


@pytest.mark.parametrize("code", [4013, 4014])
async def test_rights_that_are_taken_away_in_the_midst_of_an_answer_leave_it_whole(
    code: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """She goes on with what she may still hear, and says which switch is off and where it is."""
    model = Growing()
    async with on_discord("Ada", model=model, data=tmp_path) as play:
        await offered(play)
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general, gateway = server.owner, server.general, stage.discord.gateway
        told = server.channel("told")
        bob.says(general, "@Ada tell me a story")
        asked = stage.discord.interaction(bob.uses(told, ada, "chat", message="a story, please"))
        await until(
            lambda: heard(stage, general, ada) and asked.reply and asked.reply.text,
            lambda: "nothing is seen to grow",
        )
        stage.discord.grant(ada, NONE)
        gateway.close(ada, code)
        await until(lambda: gateway.sessions(ada).identifies == 2, lambda: "she is gone")
        model.may_end.set()
        await until(
            lambda: (
                [one.text[-8:] for one in heard(stage, general, ada)] == ["the end."]
                and asked.reply
                and asked.reply.text.endswith("the end.")
            ),
            lambda: f"{[one.text for one in heard(stage, general, ada)]}",
        )
        bob.says(general, "@Ada by mark")
        another = stage.discord.interaction(bob.uses(told, ada, "chat", message="by command"))
        await until(
            lambda: (
                len(heard(stage, general, ada)) == 2
                and another.reply
                and another.reply.text == "the end."
            ),
            lambda: "she does not go on",
        )
        assert "Message Content Intent is off" in lacks(play)
        assert len(heard(stage, told, ada)) == 2
    said = [one.getMessage() for one in caplog.records if f"({code})" in one.getMessage()]
    assert len(said) == len(set(said)) == 2, "each switch once"
    assert "https://discord.com/developers/applications" in caplog.text
