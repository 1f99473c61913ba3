"""Each channel keeps its order, and the parts of one answer stand together: G7."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from tests.fakes.model_server import ModelServer, Script
from tests.faults import ledgers
from tests.faults.discord_crowd import asks, crowd_of, discord_process
from tests.faults.test_order import LONG, Moody, told, wanted


class Concise(Moody):
    """Each part of its long answers fills one of Discord's messages, which are half of Telegram's."""

    def __call__(self, request: dict[str, Any]) -> Script:
        script = super().__call__(request)
        return replace(script, text=script.text.replace(LONG.strip(), LONG[:1900].strip()))


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    async with ModelServer(keep_calls=False) as server:
        yield server


@pytest.mark.parametrize(
    ("rooms", "questions", "longest", "kills"),
    [
        pytest.param(20, 6, 0.2, 2, id="20-rooms"),
        pytest.param(
            100, 20, 2.0, 3, id="100-rooms", marks=[pytest.mark.soak, pytest.mark.timeout(600)]
        ),
    ],
)
async def test_g7_on_discord_every_room_keeps_its_order_whatever_the_model_takes_and_who_is_killed(
    rooms: int,
    questions: int,
    longest: float,
    kills: int,
    tmp_path: Path,
    stage: Stage,
    model: ModelServer,
    thinks: Callable[..., dict[str, str]],
) -> None:
    """In full: 100 rooms, 20 questions in each, up to 2 s for an answer, three kills."""
    model.answer = Concise(7, longest)
    stage.discord.faults.delay(0.0, 0.1, method="create_message")
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], rooms)
        await gateway.until()
        asks(crowd, questions)
        total = rooms * len(wanted(questions))
        for kill in range(kills):
            await crowd.until_answered(total * (kill + 1) // (kills + 2))
            await gateway.kill()
            await gateway.start()
        await crowd.until_answered(total, timeout=120)
        assert await gateway.end() == 0
    for room in range(rooms):
        assert list(told(crowd.answers(room))) == wanted(questions)
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
    assert not crowd.doubles
