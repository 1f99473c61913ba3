"""One person writes without end; nobody else notices, and nobody pays for it (G37)."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bots.sandbox import Person
from bots.sandbox.world import Chat
from core.models.scripted import Line, Scripted
from core.ports import ModelRequest, Spent
from tests.flows.on_discord import rows
from tests.flows.talk import outcomes, playing, question, reply, until
from tests.flows.test_access import talk

pytestmark = pytest.mark.usefixtures("database")

NOTICE = "That is a lot at once"


class Counting(Scripted):
    """Counts how many calls for one person are open at once."""

    def __init__(self) -> None:
        super().__init__(lambda request: Line((reply(f"To {_who(request)}."),), after=_a_while))
        self.open: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()

    async def stream(
        self, request: ModelRequest, spent: Spent | None = None
    ) -> AsyncGenerator[str, None]:
        who = _who(request)
        self.asked[who] += 1
        self.open[who] += 1
        self.most[who] = max(self.most[who], self.open[who])
        try:
            async for piece in super().stream(request, spent):
                yield piece
        finally:
            self.open[who] -= 1


async def _a_while() -> None:
    await asyncio.sleep(0.05)


def _who(request: ModelRequest) -> str:
    return question(request).rpartition("I am ")[2].split(".")[0]


@pytest.mark.parametrize(
    ("messages", "asked", "pause"),
    [
        pytest.param(100, 3, 0, id="100-messages"),
        pytest.param(
            3_000, 8, 7, id="a-minute", marks=[pytest.mark.soak, pytest.mark.timeout(300)]
        ),
    ],
)
async def test_g37_fifty_messages_a_second_of_one_person_disturb_nobody(
    messages: int, asked: int, pause: float, tmp_path: Path
) -> None:
    """In full for a minute, in which the answers of others take hardly longer than before it."""
    model = Counting()
    settings = {"TROUPE_TURNS_PER_MINUTE": "10"}
    async with playing("Ada", model=model, data=tmp_path, settings=settings) as play:
        ada, stage = play.bots["Ada"], play.stage
        loud = stage.person("Loud")
        others = [stage.person(f"P{number}") for number in range(20)]
        rooms = {who: stage.dm(who, ada) for who in (loud, *others)}
        written = 0

        async def floods() -> None:
            nonlocal written
            while not calm.is_set():
                written += 1
                loud.says(rooms[loud], f"{written}! I am Loud.")
                await asyncio.sleep(0.02)

        async def asks(who: Person, where: Chat) -> None:
            for number in range(asked):
                began = time.monotonic()
                who.says(where, f"Question {number}. I am {who.name}.")
                assert (await stage.next_from(ada, where, timeout=20)).text == f"To {who.name}."
                took.append(time.monotonic() - began)
                await asyncio.sleep(pause)

        async def everybody_asks() -> None:
            async with asyncio.TaskGroup() as group:
                for who in others:
                    group.create_task(asks(who, rooms[who]))

        took: list[float] = []
        alone = 0.0
        if pause:
            await everybody_asks()
            alone, took = sorted(took)[-3], []
            await asyncio.sleep(60)  # the minute in which that counted
        calm = asyncio.Event()
        async with asyncio.TaskGroup() as flood:
            flood.create_task(floods())
            began = time.monotonic()
            await everybody_asks()
            await until(lambda: written > messages, timeout=120)
            calm.set()
        minutes = (time.monotonic() - began) // 60 + 1
        rounds = 2 * asked if pause else asked
        total = written + 20 * rounds
        await until(lambda: len(outcomes(play)) == total)
        await until(lambda: all(status != "new" for status, _ in outcomes(play)))
        await until(lambda: all(row["status"] == "sent" for row in rows(play, "deliveries")))

        assert model.most["Loud"] == 1
        assert model.asked["Loud"] <= 10 * minutes + 2, "ten in a minute, and where it ended"
        notices = [one for one in stage.messages(rooms[loud]) if one.text.startswith(NOTICE)]
        assert len(notices) == 1
        for who in others:
            texts = [one.text for one in stage.messages(rooms[who]) if one.sender is ada]
            assert texts == [f"To {who.name}."] * rounds
        kept = "".join(row["content"] for row in rows(play, "memories"))
        assert f"{written}! I am Loud." in kept
        assert NOTICE not in kept
        if pause:
            assert sorted(took)[-3] <= 1.2 * alone, "the worst but one in a hundred"


async def test_it_counts_over_all_rooms_and_an_operator_is_free(tmp_path: Path) -> None:
    async with talk(tmp_path, TROUPE_TURNS_PER_MINUTE="2") as it:
        assert "heard" in await it.answers(it.zoe, "one")
        assert "heard" in await it.answers(it.zoe, "Ada, two", it.group)
        assert NOTICE in await it.answers(it.zoe, "Ada, three", it.group)
        it.zoe.says(it.dm(it.zoe), "four")
        for number in range(4):
            assert "heard" in await it.answers(it.boss, f"Ada, {number}", it.group)
        assert "heard" in await it.answers(it.eve, "and I?")
        await until(lambda: ("silent", "too-many") in outcomes(it.play)[3:])
        assert len(it.said(it.dm(it.zoe))) == 1
        # A command is no answer of hers.
        assert "I am Ada" in await it.answers(it.zoe, "/help")


async def test_what_nobody_asked_her_costs_nothing(tmp_path: Path) -> None:
    async with talk(tmp_path, TROUPE_TURNS_PER_MINUTE="1") as it:
        for number in range(5):
            it.zoe.says(it.group, f"among ourselves, {number}")
        await until(lambda: len(outcomes(it.play)) == 5)
        assert "heard" in await it.answers(it.zoe, "Ada, now you", it.group)
