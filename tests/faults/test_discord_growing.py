"""An answer that grows before people's eyes ends as one whole message, whatever breaks: G6, G9."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from bots.sandbox.discord.interactions import Interaction
from tests.fakes.model_server import ModelServer, Script
from tests.faults import ledgers
from tests.faults.discord_crowd import (
    asks,
    calls,
    crowd_of,
    discord_process,
    until_offered,
)
from tests.faults.ledgers import Crowd, answer, until
from tests.faults.process import GatewayProcess

Variables = Callable[..., dict[str, str]]
ROOMS = 4


class Slowly:
    """Speaks for a second and a half, a few words at a time."""

    def __call__(self, request: dict[str, Any]) -> Script:
        return Script(whole(answer(request)), between=0.06, size=10)


def whole(beginning: str) -> str:
    return f"{beginning}, for {'once upon a time ' * 14}and so on."


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    async with ModelServer(Slowly(), keep_calls=False) as server:
        yield server


def growing(crowd: Crowd) -> int:
    """How many rooms see a part of an answer now."""
    texts = [crowd.answers(room)[-1:] for room in range(ROOMS)]
    return sum(bool(text) and not text[0].endswith("and so on.") for text in texts)


async def until_growing(crowd: Crowd) -> None:
    await until(
        lambda: growing(crowd) == ROOMS, lambda: f"{growing(crowd)} answers are seen to grow"
    )


async def until_whole(crowd: Crowd, gateway: GatewayProcess) -> None:
    """Wait for one whole message for each question, and that nothing else is left behind."""
    wanted = [[whole(f"re m{room}.0")] for room in range(ROOMS)]
    await until(
        lambda: [crowd.answers(room) for room in range(ROOMS)] == wanted,
        lambda: f"seen: {[crowd.answers(room) for room in range(ROOMS)]}",
        timeout=20,
    )
    assert await gateway.end() == 0
    assert [crowd.answers(room) for room in range(ROOMS)] == wanted
    if crowd.said:
        ledgers.check(crowd, gateway.data)
    assert set(ledgers.read(gateway.data).statuses()) <= ledgers.FINAL_IN
    assert "Traceback" not in gateway.log


async def test_g6_on_discord_killed_while_an_answer_grows_one_whole_message_stands_in_the_end(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    """Killed as it grows, and once more as the next process sends off its end."""
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], ROOMS)
        await gateway.until()
        asks(crowd)
        await until_growing(crowd)
        await gateway.kill()
        stage.discord.faults.delay(1.0, method="update_message")
        await gateway.start()
        await until(lambda: ends(stage) == ROOMS, lambda: f"{ends(stage)} ends are on their way")
        await gateway.kill()
        stage.discord.faults.clear()
        await gateway.start()
        await gateway.until()
        await until_whole(crowd, gateway)


def ends(stage: Stage) -> int:
    """How many requests to make an answer whole have been seen."""
    texts = (call.params.get("content") for call in calls(stage, "update_message"))
    return sum(str(text).endswith("and so on.") for text in texts)


async def test_g6_on_discord_killed_while_the_first_words_go_out_one_whole_message_stands(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    stage.discord.faults.delay(0.6, method="create_message")
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], ROOMS)
        await gateway.until()
        asks(crowd)
        await until(
            lambda: len(calls(stage, "create_message")) == ROOMS, lambda: "nothing is on its way"
        )
        assert growing(crowd) == 0
        await gateway.kill()  # what is on its way arrives; nobody is left to be told its number
        await until_growing(crowd)
        stage.discord.faults.clear()
        await gateway.start()
        await gateway.until()
        await until_whole(crowd, gateway)


async def test_g6_on_discord_killed_while_the_answer_to_a_command_grows_one_whole_message_stands(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    """Where it says "thinking"; killed as it grows, and once more as the end is put there."""
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], ROOMS)
        await gateway.until()
        await until_offered(stage, crowd.bot)
        asked = gives(stage, crowd)
        await until_growing(crowd)
        await gateway.kill()
        there = [crowd.heard(chat)[0].id for _, chat in crowd.rooms]
        slow = stage.discord.faults.delay(1.0, method="update_webhook_message")
        await gateway.start()
        await until(lambda: slow.met >= ROOMS, lambda: f"{slow.met} ends are on their way")
        await gateway.kill()
        stage.discord.faults.clear()
        await gateway.start()
        await gateway.until()
        await until_whole(crowd, gateway)
    assert [one.reply.id for one in asked if one.reply] == there
    assert not any(one.failed for one in asked)


def gives(stage: Stage, crowd: Crowd, rooms: Iterable[int] = range(ROOMS)) -> list[Interaction]:
    """Everybody there says it by a command."""
    numbers = []
    for room in rooms:
        person, chat = crowd.rooms[room]
        numbers.append(person.uses(chat, crowd.bot, "chat", message=f"m{room}.0"))
    return [stage.discord.interaction(number) for number in numbers]


@pytest.mark.parametrize("trouble", ["502", "429-for-the-whole-bot"])
async def test_g6_on_discord_what_is_refused_in_the_middle_of_an_answer_spoils_none(
    trouble: str, tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    """Answers to what was said, and to commands."""
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], ROOMS)
        await gateway.until()
        await until_offered(stage, crowd.bot)
        crowd.says(rooms=(0, 3), more=", @Ada?")
        gives(stage, crowd, (1, 2))
        await until_growing(crowd)
        faults = stage.discord.faults
        if trouble == "502":
            fault = faults.fail(502, times=ROOMS)
        else:
            fault = faults.flood(0.7, times=ROOMS, scope="global")
        await until_whole(crowd, gateway)
    assert fault.met == ROOMS


async def test_g6_on_discord_a_line_that_breaks_while_an_answer_grows_changes_nothing(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    there = stage.discord
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        bot = gateway.bots["Ada"]
        crowd = crowd_of(stage, bot, ROOMS)
        await gateway.until()
        asks(crowd)
        await until_growing(crowd)
        there.gateway.drop(bot)
        await until(lambda: there.gateway.sessions(bot).resumes == 1, lambda: "nobody resumed")
        assert growing(crowd)
        async with there.outage():  # nothing at all gets through while the answers end
            await asyncio.sleep(1.5)
        await until_whole(crowd, gateway)


async def test_g9_on_discord_an_answer_that_an_impatient_stop_cuts_off_is_made_whole_by_the_next_start(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    async with discord_process(tmp_path, stage, **thinks(STOP_PATIENCE="100")) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], ROOMS)
        await gateway.until()
        asks(crowd)
        await until_growing(crowd)
        gateway.send(signal.SIGTERM)
        await asyncio.sleep(0.05)
        assert await gateway.end() == 0  # told twice, it waits for nobody
        assert growing(crowd) == ROOMS
        await gateway.start()
        await gateway.until()
        await until_whole(crowd, gateway)
