"""What was in doubt when Discord had forgotten the nonce is looked up before it is said again: G6."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bots.sandbox import Stage
from tests.fakes.databases import in_use
from tests.fakes.model_server import ModelServer, Script
from tests.faults import ledgers
from tests.faults.discord_crowd import asks, calls, crowd_of, discord_process
from tests.faults.ledgers import Crowd, answer, until
from tests.faults.process import GatewayProcess

Variables = Callable[..., dict[str, str]]
LONG_AGO = 600
"""Seconds: twice as long as the stage knows a nonce."""


class Clock:
    """The stage's wall clock, to be put forward."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def stage(clock: Clock) -> AsyncIterator[Stage]:
    async with Stage(limits=False, now=clock) as stage:
        yield stage


async def until_on_their_way(stage: Stage, number: int) -> None:
    await until(
        lambda: len(calls(stage, "create_message")) >= number,
        lambda: f"{len(calls(stage, 'create_message'))} messages are on their way",
    )


def let_time_pass(gateway: GatewayProcess, clock: Clock) -> None:
    """The gateway lies dead for so long that every nonce is forgotten."""
    clock.ahead += LONG_AGO
    age = f"UPDATE deliveries SET created_at = created_at - {LONG_AGO * 1000}"
    in_use.now.ask(gateway.data, age)


async def test_g6_on_discord_what_arrived_before_the_nonce_was_forgotten_is_not_said_again(
    tmp_path: Path, stage: Stage, clock: Clock, thinks: Variables
) -> None:
    """And what did not arrive is said."""
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], 8)
        await gateway.until()
        asks(crowd)
        await crowd.until_answered(8)
        for _, chat in crowd.rooms[::2]:
            stage.discord.faults.hang(method="create_message", chat=chat.id)
        stage.discord.faults.delay(0.5, method="create_message")
        asks(crowd)
        await until_on_their_way(stage, 16)
        await gateway.kill()
        await crowd.until_answered(12)  # they arrive; nobody is left to be told so
        stage.discord.faults.clear()
        let_time_pass(gateway, clock)
        asks(crowd)
        await gateway.start()
        await crowd.until_answered(24)
        assert await gateway.end() == 0
    assert not crowd.doubles
    assert not any(one.edited for _, chat in crowd.rooms for one in crowd.heard(chat))
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
    assert {row["status"] for row in ledgers.read(gateway.data).deliveries} == {"sent"}


async def test_g6_on_discord_a_beginning_that_nobody_owned_up_to_is_made_whole_long_after(
    tmp_path: Path, stage: Stage, clock: Clock, model: ModelServer, thinks: Variables
) -> None:
    stage.discord.faults.delay(0.8, method="create_message")
    model.answer = lambda request: Script(
        f"{answer(request)}, once {'upon a time ' * 10}", between=0.06, size=10
    )
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], 4)
        await gateway.until()
        asks(crowd)
        await until_on_their_way(stage, 4)
        assert crowd.answered == 0
        await gateway.kill()
        await crowd.until_answered(4)
        beginnings = messages_of(crowd)
        stage.discord.faults.clear()
        let_time_pass(gateway, clock)
        await gateway.start()
        await until(
            lambda: all(text.endswith("time") for text in messages_of(crowd).values()),
            lambda: f"seen: {messages_of(crowd)}",
        )
        assert await gateway.end() == 0
    assert messages_of(crowd).keys() == beginnings.keys()
    ledgers.check(crowd, gateway.data)


def messages_of(crowd: Crowd) -> dict[int, str]:
    """The bot's messages in all rooms, by number."""
    return {one.id: one.text for _, chat in crowd.rooms for one in crowd.heard(chat)}
