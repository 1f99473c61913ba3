"""On Discord too nothing is lost, and nothing is done twice: G3, G4, G6."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bots.sandbox import Stage
from tests.faults import ledgers
from tests.faults.discord_crowd import asks, calls, crowd_of, discord_process, heard_again
from tests.faults.ledgers import TAG, Crowd, until
from tests.faults.process import GatewayProcess, until_dropped

Variables = Callable[..., dict[str, str]]


async def killed_while_talking(
    crowd: Crowd, gateway: GatewayProcess, *, rounds: int, kills: int, seed: int
) -> None:
    """People go on talking through every kill, some while nobody listens at all."""
    chance = random.Random(seed)
    for kill in range(kills):
        before = len(crowd.said)
        times = rounds * (kill + 1) // (kills + 1) - rounds * kill // (kills + 1)
        unheard = min(kill % 2, times)
        asks(crowd, times - unheard)
        answered = chance.uniform(before, before + 0.8 * (len(crowd.said) - before))
        await crowd.until_answered(int(answered))
        await gateway.kill()
        asks(crowd, unheard)
        await gateway.start()
        # Somebody answers before the next blow falls: else a gateway could die in its cradle.
        await crowd.until_answered(crowd.answered + 1)
    asks(crowd, rounds - rounds * kills // (kills + 1))
    await crowd.until_answered(len(crowd.said), timeout=120)


@pytest.mark.parametrize(
    ("rounds", "kills"),
    [
        pytest.param(5, 3, id="250-replies"),
        pytest.param(40, 20, id="2000-replies", marks=[pytest.mark.soak, pytest.mark.timeout(600)]),
    ],
)
async def test_g6_on_discord_no_reply_is_lost_and_none_is_doubled_however_often_it_is_killed(
    rounds: int, kills: int, tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    """Sends take a while here, so that every kill finds some on their way.

    In full: 2,000 replies in 50 lanes, twenty kills.
    """
    stage.discord.faults.delay(0.1, 0.6, method="create_message")
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], 50)
        await gateway.until()
        await killed_while_talking(crowd, gateway, rounds=rounds, kills=kills, seed=6)
        assert await gateway.end() == 0
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
    assert crowd.answered == len(crowd.said) == 50 * rounds
    assert not crowd.doubles
    said = Counter(call.message_id for call in calls(stage, "create_message") if call.message_id)
    assert len(said) == crowd.answered
    # What a kill left in doubt was sent once more.
    assert 2 <= max(said.values()) <= kills + 1


@pytest.mark.parametrize(
    "rounds",
    [
        pytest.param(10, id="200-messages"),
        pytest.param(50, id="1000-messages", marks=[pytest.mark.soak, pytest.mark.timeout(300)]),
    ],
)
async def test_g3_on_discord_what_comes_live_and_read_back_and_by_resume_is_handled_once(
    rounds: int, tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    """In full: 1,000 messages."""
    counts = stage.discord.gateway.sessions
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        bot = gateway.bots["Ada"]
        crowd = crowd_of(stage, bot, 20)
        await gateway.until()
        asks(crowd)
        await crowd.until_answered(20)
        assert await gateway.end() == 0
        # Every room has something to be read back; and before it is, everything else is said live.
        asks(crowd)
        slow = stage.discord.faults.delay(0.6, method="list_messages", times=20)
        await gateway.start()
        await until(lambda: counts(bot).identifies == 2, lambda: "nobody came back")
        await until(lambda: slow.met, lambda: "nothing was read back")
        both = len(crowd.said)
        asks(crowd, rounds - 2)
        assert slow.met <= 4
        await crowd.until_answered(len(crowd.said))
        stage.discord.gateway.drop(bot)
        for message in crowd.said:
            heard_again(stage, bot, message)
        await until(lambda: counts(bot).resumes == 1, lambda: "nobody resumed")
        await until_dropped(gateway, len(crowd.said) - both + len(crowd.said))
        assert await gateway.end() == 0
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
    assert not crowd.doubles
    found = ledgers.read(gateway.data)
    messages = [row for row in found.inbox if row["kind"] == "message"]
    assert len(messages) == len(found.deliveries) == len(crowd.said) == 20 * rounds
    assert len(found.memories) == 2 * len(crowd.said)  # what was said, and what was answered


async def until_last_is_answered(crowd: Crowd) -> None:
    """Wait until every room's last question has its answer."""
    last = {
        f"re {found[0]}"
        for one in crowd.said[-len(crowd.rooms) :]
        if (found := TAG.search(one.text))
    }
    rooms = range(len(crowd.rooms))
    await until(
        lambda: last <= {text for room in rooms for text in crowd.answers(room)},
        lambda: f"not answered: {last - {text for room in rooms for text in crowd.answers(room)}}",
    )


async def test_g4_on_discord_a_cut_line_is_resumed_and_what_was_on_its_way_is_answered(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    """Five cuts with no goodbye, two hundred events on their way at each."""
    there = stage.discord.gateway
    variables = thinks(BASIC_CAPABILITIES_KEEP_RESP="false")
    async with discord_process(tmp_path, stage, **variables) as gateway:
        bot = gateway.bots["Ada"]
        crowd = crowd_of(stage, bot, 20)
        await gateway.until()
        for cut in range(1, 6):
            there.hold(bot)
            asks(crowd, 10)
            assert there.pending(bot) >= 200
            there.drop(bot)
            await until_last_is_answered(crowd)
            assert there.sessions(bot).resumes == cut
        assert await gateway.end() == 0
    counts = there.sessions(bot)
    assert (counts.identifies, counts.resumes) == (1, 5)
    assert counts.replayed >= 1000
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
    assert not crowd.doubles
    # Whoever says ten things at once gets one answer to them all.
    rows = [row for row in ledgers.read(gateway.data).inbox if row["kind"] == "message"]
    assert len(rows) == 1000
    assert {row["status"] for row in rows} <= {"answered", "answered-by"}


async def test_g6_on_discord_no_reply_is_lost_or_doubled_where_its_answers_are_bad(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    """429, 502, lines cut before and after, and pages of HTML, ten of each among sixty sends."""
    faults, send = stage.discord.faults, "create_message"
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], 60)
        await gateway.until()
        troubles = (
            faults.flood(1, method=send, times=10),
            faults.fail(502, method=send, times=10),
            faults.cut(method=send, times=10),
            faults.cut(after=True, method=send, times=10),
            faults.garbage(method=send, times=10),
        )
        asks(crowd)
        await crowd.until_answered(len(crowd.said))
        assert [fault.met for fault in troubles] == [10] * 5
        assert await gateway.end() == 0
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
    assert not crowd.doubles
