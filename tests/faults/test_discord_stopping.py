"""The process comes and goes without losing a word of Discord's: G9."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

from bots.sandbox import Stage
from tests.fakes.model_server import ModelServer
from tests.faults import ledgers
from tests.faults.discord_crowd import asks, crowd_of, discord_process
from tests.faults.ledgers import until
from tests.faults.test_stopping import Slow

Variables = Callable[..., dict[str, str]]


async def test_g9_on_discord_at_sigterm_two_hundred_running_turns_are_finished(
    tmp_path: Path, stage: Stage, model: ModelServer, thinks: Variables
) -> None:
    model.answer = slow = Slow(2.5)
    async with discord_process(tmp_path, stage, **thinks(STOP_PATIENCE="8")) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], 200)
        await gateway.until()
        asks(crowd, 2)
        await until(lambda: slow.asked >= 200, lambda: f"{slow.asked} were asked")
        assert await gateway.end(timeout=10) == 0
        assert crowd.answered == 200
        ended = [row for row in ledgers.read(gateway.data).inbox if row["kind"] == "message"]
        # The second question of each room waits in the inbox for the next start.
        assert sorted(row["status"] for row in ended) == ["answered"] * 200 + ["new"] * 200
        slow.seconds = 0.0
        await gateway.start()
        await crowd.until_answered(400)
        assert await gateway.end() == 0
    assert not crowd.doubles
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log


async def test_g9_on_discord_a_second_sigterm_skips_the_patience(
    tmp_path: Path, stage: Stage, model: ModelServer, thinks: Variables
) -> None:
    model.answer = slow = Slow(0.0)
    slow.never = {0}
    async with discord_process(tmp_path, stage, **thinks(STOP_PATIENCE="100")) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], 1)
        await gateway.until()
        asks(crowd)
        await until(lambda: slow.asked, lambda: "nobody was asked")
        gateway.send(signal.SIGTERM)
        await asyncio.sleep(0.5)
        assert gateway.process is not None
        assert gateway.process.returncode is None  # it waits for the model
        assert await gateway.end(timeout=10) == 0
        slow.never.clear()
        await gateway.start()
        await crowd.until_answered(1)
    assert not crowd.doubles


async def test_g9_on_discord_what_is_said_after_sigterm_is_answered_by_the_next_start(
    tmp_path: Path, stage: Stage, model: ModelServer, thinks: Variables
) -> None:
    model.answer = slow = Slow(1.0)
    async with discord_process(tmp_path, stage, **thinks(STOP_PATIENCE="8")) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], 10)
        await gateway.until()
        asks(crowd)
        await until(lambda: slow.asked >= 10, lambda: f"{slow.asked} were asked")
        gateway.send(signal.SIGTERM)
        for _ in range(5):  # while it drains
            asks(crowd)
            await asyncio.sleep(0.1)
        assert await gateway.end(timeout=10) == 0
        asks(crowd)
        slow.seconds = 0.0
        await gateway.start()
        await crowd.until_answered(len(crowd.said))
        assert await gateway.end() == 0
    assert not crowd.doubles
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
