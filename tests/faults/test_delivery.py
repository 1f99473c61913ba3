"""Nothing is lost, and nothing is done twice: G1, G3, G6."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bots.sandbox import Stage
from bots.sandbox.faults import FaultPlan
from tests.faults import ledgers
from tests.faults.ledgers import MARK, Crowd
from tests.faults.process import GatewayProcess, gateway_process, until_dropped

Variables = Callable[..., dict[str, str]]
IN_FLIGHT = 8
"""Sends at once of one Telegram bot: the most that one kill can double."""


async def killed_while_talking(
    crowd: Crowd, gateway: GatewayProcess, *, rounds: int, kills: int, seed: int
) -> None:
    """People go on talking through every kill; each kill falls into the midst of the work.

    Every second one hits a gateway that was just then waiting for its database: whatever it
    confirmed before it had it in the file is lost then.
    """
    chance = random.Random(seed)
    for kill in range(kills):
        before = len(crowd.said)
        times = rounds * (kill + 1) // (kills + 1) - rounds * kill // (kills + 1)
        waits = kill % 2 == 1
        crowd.says(times - waits)
        answered = chance.uniform(before, before + 0.8 * (len(crowd.said) - before))
        await crowd.until_answered(int(answered))
        if waits:
            async with ledgers.locked(gateway.data):
                crowd.says()
                await asyncio.sleep(0.3)
                await gateway.kill()
        else:
            await gateway.kill()
        assert ledgers.confirmed(crowd) <= ledgers.stored(crowd, gateway.data)
        await gateway.start()
    crowd.says(rounds - rounds * kills // (kills + 1))
    await crowd.until_answered(len(crowd.said), timeout=120)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("rounds", "kills"),
    [
        pytest.param(25, 3, id="500-updates"),
        pytest.param(
            150, 10, id="3000-updates", marks=[pytest.mark.soak, pytest.mark.timeout(600)]
        ),
    ],
)
async def test_g1_no_update_is_lost_however_often_the_gateway_is_killed(
    rounds: int, kills: int, tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    """In full: 3,000 updates in 20 chats, ten kills."""
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 20)
        await gateway.until()
        await killed_while_talking(crowd, gateway, rounds=rounds, kills=kills, seed=1)
        assert await gateway.end() == 0
    assert len(crowd.said) == 20 * rounds
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
    assert ledgers.read(gateway.data).statuses() == Counter(answered=len(crowd.said))
    assert len(crowd.doubles) <= IN_FLIGHT * kills


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("rounds", "kills"),
    [
        pytest.param(8, 3, id="400-replies"),
        pytest.param(40, 20, id="2000-replies", marks=[pytest.mark.soak, pytest.mark.timeout(600)]),
    ],
)
async def test_g6_no_reply_is_lost_and_few_are_doubled_with_a_mark(
    rounds: int, kills: int, tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    """Sends take a while here, so that every kill finds some on their way.

    In full: 2,000 replies in 50 lanes, twenty kills.
    """
    stage.faults.delay(0.02, 0.1, method="sendMessage")
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 50)
        await gateway.until()
        await killed_while_talking(crowd, gateway, rounds=rounds, kills=kills, seed=6)
        assert await gateway.end() == 0
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
    assert crowd.answered == len(crowd.said) == 50 * rounds
    assert 0 < len(crowd.doubles) <= IN_FLIGHT * kills
    assert all(double.text.startswith(MARK) for double in crowd.doubles)
    marked = [one for _, chat in crowd.rooms for one in crowd.heard(chat) if MARK in one.text]
    assert len(marked) <= IN_FLIGHT * kills  # a mark on what came only once is doubt, too


async def test_g6_a_doubtful_reply_in_a_group_is_not_said_twice(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        bot = gateway.bots["Ada"]
        bob = stage.person("Bob")
        club = stage.group("Club", [bob], [bot])
        await gateway.until()
        cut = stage.faults.cut(after=True, method="sendMessage")
        bob.says(club, "Ada, m0.0?")
        assert (await stage.next_from(bot, club, timeout=20)).text == "re m0.0"
        bob.says(club, "Ada, m0.1?")
        assert (await stage.next_from(bot, club, timeout=20)).text == "re m0.1"
        assert cut.met == 1
        assert await gateway.end() == 0
    first, second = ledgers.read(gateway.data).deliveries
    assert (first["status"], first["reason"]) == ("failed", "uncertain-not-repeated")
    assert second["status"] == "sent"


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "rounds",
    [
        pytest.param(10, id="200-messages"),
        pytest.param(50, id="1000-messages", marks=[pytest.mark.soak, pytest.mark.timeout(300)]),
    ],
)
async def test_g3_what_comes_three_times_is_handled_once(
    rounds: int, tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    """In full: 1,000 messages. Half of the repeats come to a gateway that was started anew."""
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        bot = gateway.bots["Ada"]
        crowd = Crowd.of(stage, bot, 20)
        await gateway.until()
        stage.repeat_updates(bot, 2)
        crowd.says(rounds // 2)
        await crowd.until_answered(len(crowd.said) // 2)
        await gateway.end()
        await gateway.start()
        later = rounds - rounds // 2
        crowd.says(later)
        await crowd.until_answered(len(crowd.said))
        await until_dropped(gateway, 2 * 20 * later)
        assert await gateway.end() == 0
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
    assert not crowd.doubles
    found = ledgers.read(gateway.data)
    assert len(found.inbox) == len(found.deliveries) == len(crowd.said)
    assert len(found.memories) == 2 * len(crowd.said)  # what was said, and what was answered


async def test_g6_no_reply_is_lost_where_telegram_answers_badly_every_twentieth_time(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    """429, 502, lines cut before and after, delays, and pages of HTML."""
    stage.faults.follow(
        FaultPlan(seed=16, longest_wait=1, spares=frozenset({"getMe", "getUpdates"}))
    )
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 30)
        await gateway.until()
        for method in ("getUpdates", "getUpdates"):
            stage.faults.cut(method=method)
            crowd.says(5)
            await crowd.until_answered(len(crowd.said))
        assert await gateway.end() == 0
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
    assert {"refuse", "cut", "cut_after", "garbage"} <= {
        fault.kind for fault, _ in stage.faults.met
    }
    assert crowd.answered == len(crowd.said)
    assert all(double.text.startswith(MARK) for double in crowd.doubles)
