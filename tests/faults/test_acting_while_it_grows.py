"""Killed while an answer grows that names actions, and once more while they are done (G6)."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from tests.fakes.model_server import ModelServer, Script
from tests.faults import ledgers
from tests.faults.discord_crowd import asks, crowd_of
from tests.faults.ledgers import TAG, Crowd, until
from tests.faults.process import GatewayProcess
from tests.faults.test_acting import PLUGIN, done, steps, until_settled

ROOMS = 4
TAIL = f", for {'once upon a time ' * 14}and so on."
ACTIONS = ("PAY", "LOOK", "WAVE")


def obeys(request: dict[str, Any]) -> Script:
    """Says at length that it will, and names three actions; asked again, tells how it went."""
    words = request["messages"][-1]["content"]
    room, number = TAG.findall(words)[-1]
    if "# Done just now" in words:
        return Script(
            f"<response><actions>REPLY</actions><text>told m{room}.{number}</text></response>"
        )
    said = f"<actions>{', '.join(ACTIONS)}</actions><text>at once m{room}.{number}{TAIL}</text>"
    return Script(f"<response>{said}</response>", between=0.1, size=10)


@asynccontextmanager
async def a_house(folder: Path, stage: Stage) -> AsyncIterator[GatewayProcess]:
    """A gateway whose Ada runs errands on Discord, where answers grow."""
    async with ModelServer(obeys, keep_calls=False) as model:
        settings = {
            "OPENAI_API_KEY": "a-key-for-nothing",
            "OPENAI_BASE_URL": model.base_url,
            "BASIC_CAPABILITIES_KEEP_RESP": "true",
        }
        gateway = GatewayProcess(folder, stage, {"Ada": stage.discord.bot("Ada")}, settings)
        (folder / "plugins").mkdir()
        (folder / "plugins" / "errands.py").write_text(PLUGIN)
        ada = {"name": "Ada", "bio": "Ada runs errands.", "plugins": ["errands"]}
        gateway.characters[0].write_text(json.dumps(ada))
        await gateway.start()
        try:
            yield gateway
        finally:
            if gateway.process is not None and gateway.process.returncode is None:
                await gateway.kill()


def growing(crowd: Crowd) -> int:
    """How many rooms see a part of an answer now."""
    last = [crowd.answers(room)[-1:] for room in range(ROOMS)]
    return sum(bool(one) and one[0].startswith("at ") and not one[0].endswith(TAIL) for one in last)


def tags(crowd: Crowd) -> list[str]:
    return [message.text.partition(",")[0] for message in crowd.said]


def assert_all_done_once(crowd: Crowd, gateway: GatewayProcess, *, interrupted: bool) -> None:
    world, plans = done(gateway), steps(gateway)
    assert len(plans) == len(crowd.said), "one plan for each, however often it was begun"
    lost = 0
    for plan in plans.values():
        assert [name for name, _ in plan] == ["PLAN", *ACTIONS]
        assert {status for _, status in plan} <= {"done", "failed"}
        lost += sum(status == "failed" for _, status in plan)
    assert interrupted or not lost
    for tag in tags(crowd):
        once = [line for line in world if line.split()[1].startswith(tag)]
        assert {line.split()[0] for line in once} | {"PAY", "WAVE"} == set(ACTIONS)
        for line in once:
            assert world[line] == 1 or (line.startswith("LOOK") and interrupted), line
    missing = sum(world.values()) < len(ACTIONS) * len(crowd.said)
    assert not missing or lost
    for room in range(ROOMS):
        heard = crowd.answers(room)
        assert len(heard) == len(set(heard)), "nothing is said twice"
        for tag in (tag for tag in tags(crowd) if tag.startswith(f"m{room}.")):
            assert heard.count(f"at once {tag}{TAIL}") == 1, "whole, and once"
        assert not [one for one in heard if one.startswith("at ") and not one.endswith(TAIL)]


@pytest.mark.usefixtures("database")
async def test_killed_while_an_answer_with_actions_grows(tmp_path: Path, stage: Stage) -> None:
    """Nothing has been set out on by then, so the next process asks the model anew."""
    async with a_house(tmp_path, stage) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], ROOMS)
        await gateway.until()
        asks(crowd)
        await until(lambda: growing(crowd) == ROOMS, lambda: f"{growing(crowd)} grow")
        assert not done(gateway), "what is still being said is not done yet"
        await gateway.kill()
        await gateway.start()
        await until_settled(gateway, ROOMS)
        assert await gateway.end() == 0
        assert_all_done_once(crowd, gateway, interrupted=False)
        for room in range(ROOMS):
            assert len(crowd.answers(room)) == 1 + 2 * len(ACTIONS)
    assert "Traceback" not in gateway.log


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (2, 3, 4))]
)
async def test_killed_at_any_moment_while_answers_grow_and_actions_are_done(
    seed: int, tmp_path: Path, stage: Stage
) -> None:
    kills = 3
    chance = random.Random(seed)
    async with a_house(tmp_path, stage) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], ROOMS)
        await gateway.until()
        for number in range(kills):
            asks(crowd)
            before = sum(done(gateway).values())
            if number % 2:
                await until(lambda: growing(crowd) > 0, lambda: f"{growing(crowd)} grow")
            else:
                await until(
                    lambda before=before: sum(done(gateway).values()) > before,  # type: ignore[misc]
                    lambda: f"{done(gateway)}\n{gateway.log[-2000:]}",
                )
            await asyncio.sleep(chance.uniform(0, 0.3))
            await gateway.kill()
            await gateway.start()
        await until_settled(gateway, len(crowd.said))
        assert await gateway.end() == 0
        assert_all_done_once(crowd, gateway, interrupted=True)
    assert ledgers.read(gateway.data).statuses()["answered"] == len(crowd.said)
    assert "Traceback" not in gateway.log
