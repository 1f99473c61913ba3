"""The process comes and goes without losing a word: G9, G16."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bots.sandbox import Stage
from tests.fakes.model_server import ModelServer, Script
from tests.faults import ledgers
from tests.faults.ledgers import Crowd, answer, until
from tests.faults.process import free_port, gateway_process

Variables = Callable[..., dict[str, str]]
LINGERS = 30.0
"""What a poll of ours lasts at most: after a conflict nobody may ask for so long."""


class Slow:
    """Thinks for so long; rooms named in `never` get no answer while it is so."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.never: set[int] = set()
        self.asked = 0

    def __call__(self, request: dict[str, Any]) -> Script:
        self.asked += 1
        text = answer(request)
        room = int(text.removeprefix("re m").partition(".")[0])
        if room in self.never:
            return Script(text, fault="hang")
        return Script(text, before=self.seconds)


@pytest.mark.usefixtures("database")
async def test_g9_at_sigterm_two_hundred_running_turns_are_finished(
    tmp_path: Path, stage: Stage, model: ModelServer, thinks: Variables
) -> None:
    model.answer = slow = Slow(2.0)
    async with gateway_process(tmp_path, stage, "Ada", **thinks(STOP_PATIENCE="8")) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 200)
        await gateway.until()
        crowd.says(2)
        await until(lambda: slow.asked >= 200, lambda: f"{slow.asked} were asked")
        # A poll brings a hundred at most: the second questions are to be in the inbox too.
        inbox = partial(ledgers.read, gateway.data)
        await until(lambda: len(inbox().inbox) == 400, lambda: f"{inbox().statuses()}")
        assert await gateway.end(timeout=15) == 0
        assert crowd.answered == 200
        # The second question of each room waits in the inbox for the next start.
        assert ledgers.read(gateway.data).statuses() == {"answered": 200, "new": 200}
        slow.seconds = 0.0
        await gateway.start()
        await crowd.until_answered(400)
        assert await gateway.end() == 0
    assert not crowd.doubles
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log


@pytest.mark.usefixtures("database")
async def test_g9_what_is_not_finished_in_time_is_taken_up_by_the_next_start(
    tmp_path: Path, stage: Stage, model: ModelServer, thinks: Variables
) -> None:
    model.answer = slow = Slow(0.5)
    slow.never = set(range(100, 200))
    async with gateway_process(tmp_path, stage, "Ada", **thinks(STOP_PATIENCE="3")) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 200)
        await gateway.until()
        crowd.says()
        await until(lambda: slow.asked >= 200, lambda: f"{slow.asked} were asked")
        assert await gateway.end(timeout=15) == 0
        assert crowd.answered == 100
        slow.never.clear()
        await gateway.start()
        await crowd.until_answered(200)
        assert await gateway.end() == 0
    assert not crowd.doubles
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log


async def test_g9_a_second_sigterm_skips_the_patience(
    tmp_path: Path, stage: Stage, model: ModelServer, thinks: Variables
) -> None:
    model.answer = slow = Slow(0.0)
    slow.never = {0}
    async with gateway_process(tmp_path, stage, "Ada", **thinks(STOP_PATIENCE="100")) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 1)
        await gateway.until()
        crowd.says()
        await until(lambda: slow.asked, lambda: "nobody was asked")
        gateway.send(signal.SIGTERM)
        await asyncio.sleep(0.5)
        assert gateway.process is not None
        assert gateway.process.returncode is None  # it waits for the model
        assert await gateway.end(timeout=30) == 0
        slow.never.clear()
        await gateway.start()
        await crowd.until_answered(1)
    assert not crowd.doubles


def gateway_polls(stage: Stage) -> bool:
    """Whether somebody waits for updates now."""
    return any(call.done is None for call in stage.journal.of("getUpdates"))


async def test_g16_a_second_process_on_the_same_data_ends_at_once_and_names_the_first(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 1)
        await gateway.until()
        assert gateway.process is not None
        calls = len(stage.journal)
        began = time.monotonic()
        second = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bots", "run", "--character", str(gateway.characters[0])),
            cwd=tmp_path,
            env=gateway.environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await second.communicate()
        assert second.returncode == 75
        assert time.monotonic() - began < 20  # about half a second on an idle machine
        assert f"process {gateway.process.pid})" in complained.decode()
        assert not said
        # It never spoke to Telegram, and the first one has noticed nothing.
        assert not [call for call in list(stage.journal)[calls:] if call.method == "getMe"]
        crowd.says()
        await crowd.until_answered(1)
        assert (await gateway.ready())["status"] == "ok"


async def test_g16_a_lock_left_by_a_killed_process_stops_nobody(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        await gateway.until()
        await gateway.kill()
        await gateway.start()
        await gateway.until()
        assert gateway.process is not None
        assert (gateway.data / "troupe.lock").read_text() == str(gateway.process.pid)


@pytest.mark.soak  # half a minute is what it waits
async def test_g16_told_of_another_reader_the_account_falls_silent_for_half_a_minute_and_loses_nothing(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        bot = gateway.bots["Ada"]
        crowd = Crowd.of(stage, bot, 2)
        await gateway.until()
        await until(lambda: gateway_polls(stage), lambda: "nobody polls")
        async with aiohttp.ClientSession() as session:
            asked = {"timeout": 0, "offset": 0}
            async with session.post(f"{stage.root}/bot{bot.token}/getUpdates", json=asked) as other:
                assert other.status == 200
        conflict = [call for call in stage.journal.of("getUpdates") if call.status == 409]
        assert len(conflict) == 1
        report = await gateway.until("down")
        assert report["links"][0]["phase"] == "retrying"
        assert report["links"][0]["reason"] == "another program reads with this token"
        crowd.says(3)
        await crowd.until_answered(6, timeout=60)
        assert conflict[0].done is not None
        following = next(
            call for call in stage.journal.of("getUpdates") if call.at > conflict[0].done + 0.5
        )
        assert following.at - conflict[0].done >= LINGERS
        await gateway.until()
        assert await gateway.end() == 0
    assert not crowd.doubles
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log


@pytest.mark.usefixtures("database")
async def test_g1_a_gateway_that_was_frozen_goes_on_where_it_was(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 20)
        await gateway.until()
        crowd.says(5)
        await crowd.until_answered(30)
        gateway.send(signal.SIGSTOP)
        crowd.says(5)
        await asyncio.sleep(2)
        assert crowd.answered < len(crowd.said)
        gateway.send(signal.SIGCONT)
        await crowd.until_answered(len(crowd.said))
        assert gateway.log.count("is live") == 1
        assert await gateway.end() == 0
    assert not crowd.doubles
    ledgers.check(crowd, gateway.data)


async def test_a_gateway_that_waits_for_its_database_hears_sigterm(
    tmp_path: Path, stage: Stage
) -> None:
    nowhere = f"postgresql://ada:secret@127.0.0.1:{free_port()}/troupe"
    async with gateway_process(tmp_path, stage, "Ada", DATABASE_URL=nowhere) as gateway:
        report = await gateway.until("down")
        assert report["store"] == "the database is not open yet"
        await until(lambda: "waiting" in gateway.log, lambda: gateway.log)
        assert await gateway.end(timeout=20) == 0
        assert "Traceback" not in gateway.log
        assert "secret" not in gateway.log
