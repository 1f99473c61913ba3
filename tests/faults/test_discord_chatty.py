"""One person writes and commands without end on Discord; nobody else notices (G37)."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from bots.sandbox import Person
from bots.sandbox.world import Chat
from tests.faults.ledgers import until
from tests.faults.test_chatty_people import NOTICE, Counting
from tests.flows.on_discord import Server, heard, on_discord, outcomes, rows
from tests.flows.test_forms_on_discord import offered

MOST, ALONE = 10, 64


@pytest.mark.parametrize(
    ("messages", "asked", "pause"),
    [
        pytest.param(60, 2, 0, id="60-messages"),
        pytest.param(
            3_000, 8, 7, id="a-minute", marks=[pytest.mark.soak, pytest.mark.timeout(300)]
        ),
    ],
)
async def test_g37_on_discord_fifty_messages_and_commands_a_second_of_one_person_disturb_nobody(
    messages: int, asked: int, pause: float, tmp_path: Path
) -> None:
    """In a channel where others talk to her too; every tenth time by a command."""
    model = Counting()
    settings = {"TROUPE_TURNS_PER_MINUTE": str(MOST)}
    async with on_discord("Ada", model=model, data=tmp_path, settings=settings) as play:
        await offered(play)
        stage, ada = play.stage, play.discord_bots["Ada"]
        loud, *others = (stage.person(name) for name in ("Loud", *(f"P{one}" for one in range(10))))
        server = Server.of(stage, [ada], loud, *others)
        room, rooms = server.general, {who: stage.discord.dm(who, ada) for who in others[1:]}
        rooms[others[0]] = room
        given: list[str] = []
        written = 0

        async def floods() -> None:
            nonlocal written
            while not calm.is_set():
                written += 1
                if written % 10:
                    loud.says(room, f"@Ada {written}! I am Loud.")
                else:
                    given.append(loud.uses(room, ada, "chat", message=f"{written}! I am Loud."))
                await asyncio.sleep(0.02)

        async def asks(who: Person, where: Chat) -> None:
            for number in range(asked):
                who.says(where, f"@Ada question {number}. I am {who.name}.")
                await until(
                    lambda number=number: answers(who, where) == number + 1,  # type: ignore[misc]
                    lambda: f"{who.name} has {answers(who, where)}",
                    timeout=30,
                )
                await asyncio.sleep(pause)

        def answers(who: Person, where: Chat) -> int:
            return len([one for one in heard(stage, where, ada) if f"To {who.name}." in one.text])

        calm, began = asyncio.Event(), time.monotonic()
        async with asyncio.TaskGroup() as flood:
            flood.create_task(floods())
            async with asyncio.TaskGroup() as group:
                for who, where in rooms.items():
                    group.create_task(asks(who, where))
            await until(lambda: written >= messages, lambda: f"{written}", timeout=120)
            calm.set()
        minutes = (time.monotonic() - began) // 60 + 1
        total = written + len(others) * asked
        await until(
            lambda: (
                len(found := outcomes(play)) == total
                and all(status != "new" for status, _ in found)
                and not play.gateway.ready()["owed"]
            ),
            lambda: f"{len(outcomes(play))} of {total} are over",
        )
        commands = [stage.discord.interaction(one) for one in given]
        assert model.most["Loud"] == 1
        assert model.asked["Loud"] <= MOST * minutes + 2, "ten in a minute, and where it ended"
        told = [one for one in heard(stage, room, ada) if one.text.startswith(NOTICE)]
        seen = [one for one in told if "interaction_metadata" not in one.more]
        assert len(seen) <= 1, "what all see is said once"
        assert not any(one.failed for one in commands)
        replies = [one.reply for one in commands if one.reply and one.reply.text]
        assert len(replies) == len(commands), "whoever waits is told"
        refused = [one for one in replies if "To Loud." not in one.text]
        assert refused
        assert all(one.more["flags"] & ALONE for one in refused), "and nobody else"
        for who, where in rooms.items():
            assert answers(who, where) == asked
        kept = "".join(row["content"] for row in rows(play, "memories"))
        assert NOTICE not in kept
