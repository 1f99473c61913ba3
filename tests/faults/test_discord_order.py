"""Each channel keeps its order, and the parts of one answer stand together: G7."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from bots.sandbox.discord.interactions import Interaction
from tests.fakes.model_server import ModelServer, Script
from tests.faults import ledgers
from tests.faults.discord_crowd import asks, crowd_of, discord_process, until_offered
from tests.faults.ledgers import TAG, Crowd, answer, until
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


# --- commands between what is said -----------------------------------------------------------------

PARTS = ("first", "second", "third")


def at_length(request: dict[str, Any]) -> Script:
    """Every answer grows; to every other question it fills three messages."""
    text = answer(request)
    parts = PARTS if int(TAG.findall(text)[-1][1]) in (1, 2) else PARTS[:1]
    said = "\n\n".join(f"{text} {part} {'word ' * 340}." for part in parts)
    return Script(said, between=0.01, size=120)


def order_of(crowd: Crowd, room: int, asked: Sequence[Interaction]) -> list[str]:
    """What stands there beside what took the place of "thinking", as "<question> <part>"."""
    originals = {one.original.id for one in asked if one.original is not None}
    said = [one for one in crowd.heard(crowd.rooms[room][1]) if one.id not in originals]
    return [" ".join(one.text.split()[1:3]) for one in said]


async def test_g7_on_discord_answers_that_grow_stand_in_order_with_commands_between(
    tmp_path: Path, stage: Stage, model: ModelServer, thinks: Callable[..., dict[str, str]]
) -> None:
    """The first part of an answer to a command stands where it was given; whatever follows, and
    what was said, stand one answer behind the other. Killed once in the midst of it."""
    model.answer, rooms = at_length, range(4)
    stage.discord.faults.delay(0.0, 0.1, method="create_message")
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], len(rooms))
        await gateway.until()
        await until_offered(stage, crowd.bot)
        asked: list[list[Interaction]] = [[] for _ in rooms]
        for number in range(4):
            for room in rooms:
                person, chat = crowd.rooms[room]
                if number % 2:
                    given = person.uses(chat, crowd.bot, "chat", message=f"m{room}.{number}")
                    asked[room].append(stage.discord.interaction(given))
                else:
                    person.says(chat, f"m{room}.{number}, @Ada?")

        def stands() -> list[list[str]]:
            return [order_of(crowd, room, asked[room]) for room in rooms]

        wanted = [
            [f"m{room}.{rest}" for rest in ("0 first", "1 second", "1 third")]
            + [f"m{room}.2 {part}" for part in PARTS]
            for room in rooms
        ]
        await until(lambda: any(len(one) > 1 for one in stands()), lambda: f"{stands()}")
        await gateway.kill()
        await gateway.start()
        await gateway.until()
        await until(
            lambda: (
                stands() == wanted
                and all(one.reply and "first" in one.reply.text for two in asked for one in two)
            ),
            lambda: f"{stands()}",
        )
        assert await gateway.end() == 0
    assert stands() == wanted
    for room in rooms:
        for number, one in zip((1, 3), asked[room], strict=True):
            assert one.reply is not None
            assert one.reply.text.startswith(f"re m{room}.{number} first")
    assert "Traceback" not in gateway.log
