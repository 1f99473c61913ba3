"""What grows in groups on Telegram ends as one whole message, whatever breaks: G6."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from bots.sandbox.cast import Person
from bots.sandbox.world import Chat
from tests.fakes.model_server import ModelServer, Script
from tests.faults import ledgers
from tests.faults.process import GatewayProcess, gateway_process
from tests.flows.talk import reply, until

ROOMS = 3
WHOLE = "One two three four five six seven eight nine ten. " * 8 + "The end."


def slowly(request: dict[str, Any]) -> Script:
    return Script(reply(WHOLE), before=0.2, between=0.12, size=20)


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    async with ModelServer(slowly, keep_calls=False) as server:
        yield server


def settings(model: ModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}


def company(stage: Stage, gateway: GatewayProcess) -> list[tuple[Person, Chat]]:
    people = [stage.person(f"Person {number}") for number in range(ROOMS)]
    bots = [gateway.bots["Ada"]]
    return [(person, stage.group(f"Group {person.id}", [person], bots)) for person in people]


def asks(rooms: list[tuple[Person, Chat]]) -> None:
    for person, group in rooms:
        person.says(group, "Ada, count")


def answers(stage: Stage, gateway: GatewayProcess, group: Chat) -> list[str]:
    ada = gateway.bots["Ada"]
    return [one.text for one in stage.messages(group) if one.sender is ada]


def sent(gateway: GatewayProcess) -> Sequence[Mapping[str, Any]]:
    return ledgers.read(gateway.data).deliveries


async def until_growing(
    stage: Stage, gateway: GatewayProcess, rooms: list[tuple[Person, Chat]]
) -> None:
    def all_grow() -> bool:
        said = [answers(stage, gateway, group)[-1:] for _, group in rooms]
        return all(texts and not texts[0].endswith("The end.") for texts in said)

    await until(all_grow)


async def until_whole(
    stage: Stage, gateway: GatewayProcess, rooms: list[tuple[Person, Chat]]
) -> None:
    await until(
        lambda: all(answers(stage, gateway, group)[-1:] == [WHOLE] for _, group in rooms),
        timeout=30,
    )
    assert await gateway.end() == 0
    assert [row["status"] for row in ledgers.read(gateway.data).inbox] == ["answered"] * ROOMS
    assert [row["status"] for row in sent(gateway)] == ["sent"] * ROOMS
    assert "Traceback" not in gateway.log


async def test_g6_killed_while_answers_grow_in_groups_the_same_messages_become_whole(
    tmp_path: Path, stage: Stage, model: ModelServer
) -> None:
    """Killed as they grow, and once more as the next process sends off their end."""
    async with gateway_process(tmp_path, stage, "Ada", **settings(model)) as gateway:
        await gateway.until()
        rooms = company(stage, gateway)
        asks(rooms)
        await until_growing(stage, gateway, rooms)
        await until(lambda: all(row["target_message_id"] for row in sent(gateway)))
        await gateway.kill()
        stage.faults.delay(1.0, method="editMessageText")
        await gateway.start()
        await until(lambda: stage.journal.of("editMessageText"))
        await asyncio.sleep(0.3)
        await gateway.kill()
        stage.faults.clear()
        await gateway.start()
        await gateway.until()
        await until_whole(stage, gateway, rooms)
        assert [answers(stage, gateway, group) for _, group in rooms] == [[WHOLE]] * ROOMS


async def test_g6_killed_while_first_words_are_on_their_way_a_group_gets_its_whole_answer(
    tmp_path: Path, stage: Stage, model: ModelServer
) -> None:
    """Telegram drops no doubles: what may stand there twice is a beginning, and it says no 🔁."""
    stage.faults.delay(0.8, method="sendMessage", times=ROOMS)
    async with gateway_process(tmp_path, stage, "Ada", **settings(model)) as gateway:
        await gateway.until()
        rooms = company(stage, gateway)
        asks(rooms)
        await until(lambda: len(stage.journal.of("sendMessage")) == ROOMS)
        await gateway.kill()  # what is on its way arrives; nobody is left to be told its number
        await until_growing(stage, gateway, rooms)
        await gateway.start()
        await gateway.until()
        await until_whole(stage, gateway, rooms)
        for _, group in rooms:
            beginning, whole = answers(stage, gateway, group)
            assert whole == WHOLE
            assert WHOLE.startswith(beginning)


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [1, 2])
async def test_g6_killed_at_any_moment_every_answer_that_grows_becomes_whole(
    seed: int, tmp_path: Path, stage: Stage, model: ModelServer
) -> None:
    """Whole once, and beside it nothing but beginnings and what says that it may be a double."""
    kills, chance = 8, random.Random(seed)
    every = {"BASIC_CAPABILITIES_KEEP_RESP": "true"}
    async with gateway_process(tmp_path, stage, "Ada", **settings(model), **every) as gateway:
        rooms = company(stage, gateway)
        for _ in range(kills):
            await gateway.until()
            asks(rooms)
            await asyncio.sleep(chance.uniform(0, 5))
            await gateway.kill()
            await gateway.start()
        await until(
            lambda: (
                ledgers.read(gateway.data).statuses() == {"answered": kills * ROOMS}
                and {row["status"] for row in sent(gateway)} == {"sent"}
            ),
            timeout=120,
        )
        assert await gateway.end() == 0
    assert "Traceback" not in gateway.log
    for _, group in rooms:
        said = answers(stage, gateway, group)
        assert said.count(WHOLE) <= kills
        assert said.count(WHOLE) + said.count(ledgers.MARK + WHOLE) >= kills
        assert all(WHOLE.startswith(one.removeprefix(ledgers.MARK)) for one in said)
