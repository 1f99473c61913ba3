"""Each room keeps its order, and the parts of one answer stand together: G7."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from tests.fakes.model_server import ModelServer, Script
from tests.faults import ledgers
from tests.faults.ledgers import MARK, TAG, Crowd
from tests.faults.process import gateway_process

pytestmark = pytest.mark.usefixtures("database")

PARTS = 3
LONG = "word " * 700


def parts_of(tag: str) -> str:
    """An answer that needs three messages; each begins with its tag and its number."""
    return "\n\n".join(f"re {tag} part {part} {LONG}".strip() for part in range(PARTS))


class Moody:
    """Thinks for a random time; every fourth answer is long."""

    def __init__(self, seed: int, longest: float) -> None:
        self._chance = random.Random(seed)
        self._longest = longest

    def __call__(self, request: dict[str, Any]) -> Script:
        room, number = TAG.findall(request["messages"][-1]["content"])[-1]
        tag = f"m{room}.{number}"
        text = parts_of(tag) if int(number) % 4 == 1 else f"re {tag}"
        return Script(text, before=self._chance.uniform(0, self._longest), size=2000)


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    async with ModelServer(keep_calls=False) as server:
        yield server


def told(texts: list[str]) -> Iterator[tuple[int, int]]:
    """The number of the question and of the part, for each message of a room."""
    for text in texts:
        found = TAG.search(text)
        assert found, text[:80]
        part = text.partition(" part ")[2].split(" ", 1)[0]
        yield int(found[2]), int(part or 0)


def wanted(questions: int) -> list[tuple[int, int]]:
    return [
        (number, part)
        for number in range(questions)
        for part in range(PARTS if number % 4 == 1 else 1)
    ]


def undoubled(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """A doubtful part comes again before anything else does."""
    return [one for at, one in enumerate(places) if at == 0 or places[at - 1] != one]


@pytest.mark.parametrize(
    ("rooms", "questions", "longest", "kills"),
    [
        pytest.param(40, 8, 0.4, 3, id="40-rooms"),
        pytest.param(
            100, 20, 2.0, 3, id="100-rooms", marks=[pytest.mark.soak, pytest.mark.timeout(600)]
        ),
    ],
)
async def test_g7_every_room_keeps_its_order_whatever_the_model_takes_and_who_is_killed(
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
    model.answer = Moody(7, longest)
    stage.faults.delay(0.0, 0.03, method="sendMessage")
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], rooms)
        await gateway.until()
        crowd.says(questions)
        total = rooms * len(wanted(questions))
        for kill in range(kills):
            await crowd.until_answered(total * (kill + 1) // (kills + 2))
            await gateway.kill()
            await gateway.start()
        await crowd.until_answered(total, timeout=90)
        assert await gateway.end() == 0
    for room in range(rooms):
        assert undoubled(list(told(crowd.answers(room)))) == wanted(questions)
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
    assert all(double.text.startswith(MARK) for double in crowd.doubles)
