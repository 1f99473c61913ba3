"""Killed in mid-action and between two: nothing is done twice, nothing forgotten, nothing said again."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from tests.fakes.databases import in_use
from tests.fakes.model_server import ModelServer
from tests.faults import ledgers
from tests.faults.ledgers import MARK, TAG, Crowd, until
from tests.faults.process import GatewayProcess

IN_FLIGHT = 8
"""Sends at once of one Telegram bot: the most that one kill can double."""

# It writes down what it has done where no kill can take it back. While a file `hold-<name>` lies
# there, an action stops half way.
PLUGIN = '''
import asyncio
from pathlib import Path

from core.plugins import Plugin

plugin = Plugin("errands")


async def half(turn, name):
    tag = turn.message.content.text
    await turn.say(f"{name} {tag} begins")
    with open("done", "a") as done:
        done.write(f"{name} {tag}\\n")
    await asyncio.sleep(0.01)
    while Path(f"hold-{name}").exists():
        await asyncio.sleep(0.01)
    await turn.say(f"{name} {tag} ends")


@plugin.action(tells=False)
async def pay(turn):
    """Pay a bill."""
    await half(turn, "PAY")


@plugin.action(tells=False, idempotent=True)
async def look(turn):
    """Look at something."""
    await half(turn, "LOOK")


@plugin.action(tells=False)
async def wave(turn):
    """Wave."""
    await half(turn, "WAVE")
'''


def obeys(request: dict[str, Any]) -> str:
    """Names three actions; asked again, tells how it went."""
    words = request["messages"][-1]["content"]
    room, number = TAG.findall(words)[-1]
    if "# Done just now" in words:
        return f"<response><actions>REPLY</actions><text>told m{room}.{number}</text></response>"
    return (
        "<response><actions>PAY, LOOK, WAVE</actions>"
        f"<text>at once m{room}.{number}</text></response>"
    )


@asynccontextmanager
async def a_house(folder: Path, stage: Stage) -> AsyncIterator[GatewayProcess]:
    """A gateway whose Ada runs errands."""
    async with ModelServer(obeys, keep_calls=False) as model:
        settings = {
            "OPENAI_API_KEY": "a-key-for-nothing",
            "OPENAI_BASE_URL": model.base_url,
            "BASIC_CAPABILITIES_KEEP_RESP": "true",
        }
        gateway = GatewayProcess(folder, stage, {"Ada": stage.bot("Ada")}, settings)
        (folder / "plugins").mkdir()
        (folder / "plugins" / "errands.py").write_text(PLUGIN)
        ada = {"name": "Ada", "bio": "Ada runs errands.", "plugins": ["errands"]}
        gateway.characters[0].write_text(json.dumps(ada))
        await gateway.start()
        try:
            yield gateway
        finally:
            if gateway.process is not None and gateway.process.returncode is None:
                await gateway.kill()


def done(gateway: GatewayProcess) -> Counter[str]:
    """What was done in the world, whatever the gateway knows of it."""
    path = gateway.folder / "done"
    return Counter(path.read_text().splitlines() if path.exists() else ())


def steps(gateway: GatewayProcess) -> dict[str, list[tuple[str, str]]]:
    """By turn, what was set out to do and how it ended."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in in_use.now.ask(gateway.data, "SELECT * FROM steps ORDER BY turn_id, ordinal"):
        found.setdefault(row["turn_id"], []).append((row["action"], row["status"]))
    return found


def settled(gateway: GatewayProcess, number: int) -> bool:
    found = ledgers.read(gateway.data)
    return (
        len(found.inbox) >= number
        and all(row["status"] != "new" for row in found.inbox)
        and all(row["status"] in ("sent", "failed") for row in found.deliveries)
    )


async def until_settled(gateway: GatewayProcess, number: int) -> None:
    def otherwise() -> str:
        return f"{ledgers.read(gateway.data).statuses()}\n{gateway.log[-2000:]}"

    await until(lambda: settled(gateway, number), otherwise)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("name", ["PAY", "LOOK", "WAVE"])
async def test_killed_in_mid_action(name: str, tmp_path: Path, stage: Stage) -> None:
    async with a_house(tmp_path, stage) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 1)
        await gateway.until()
        held = tmp_path / f"hold-{name}"
        held.touch()
        crowd.says()
        await until(
            lambda: (
                done(gateway)[f"{name} m0.0"] and "".join(crowd.answers(0)[-1:]).endswith("begins")
            ),
            lambda: f"{crowd.answers(0)}\n{gateway.log[-2000:]}",
        )
        await until(  # what was said is known to have been said
            lambda: all(row["status"] == "sent" for row in ledgers.read(gateway.data).deliveries),
            lambda: str(ledgers.read(gateway.data).deliveries),
        )
        await gateway.kill()
        before = crowd.answers(0)
        held.unlink()
        await gateway.start()
        await until_settled(gateway, 1)
        heard = crowd.answers(0)
        assert heard[: len(before)] == before
        assert len(heard) == len(set(heard)), "nothing is said twice"
        twice = {"LOOK m0.0": 2 if name == "LOOK" else 1}
        assert done(gateway) == {"PAY m0.0": 1, "WAVE m0.0": 1, **twice}
        every = [f"{one} m0.0 {when}" for one in ("PAY", "LOOK", "WAVE")
                 for when in ("begins", "ends")]  # fmt: skip
        cut = [] if name == "LOOK" else [f"{name} m0.0 ends"]
        expected = ["at once m0.0", *(line for line in every if line not in cut)]
        # What was interrupted is told of; where everything came to its end there is no need to.
        assert heard == [*expected, *(["told m0.0"] if cut else [])]
        [plan] = steps(gateway).values()
        assert plan == [
            ("PLAN", "done"),
            *(
                (one, "failed" if one == name and cut else "done")
                for one in ("PAY", "LOOK", "WAVE")
            ),
        ]
        assert await gateway.end() == 0
        assert "Traceback" not in gateway.log


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "kills", [3, pytest.param(5, marks=pytest.mark.soak)], ids="{}-kills".format
)
async def test_killed_at_any_moment_of_many_turns(kills: int, tmp_path: Path, stage: Stage) -> None:
    """Between two actions too, and between an action and what is said of it."""
    rooms, rounds = 6, 4
    chance = random.Random(4)
    async with a_house(tmp_path, stage) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], rooms)
        await gateway.until()
        for _ in range(kills):
            crowd.says(1)
            begun = sum(done(gateway).values())
            enough = begun + chance.randrange(1, 2 * rooms)
            await until(
                lambda enough=enough: sum(done(gateway).values()) >= enough,  # type: ignore[misc]
                lambda: f"{done(gateway)}\n{gateway.log[-2000:]}",
            )
            await asyncio.sleep(chance.uniform(0, 0.03))
            await gateway.kill()
            await gateway.start()
        crowd.says(rounds - 1)
        await until_settled(gateway, len(crowd.said))
        assert await gateway.end() == 0
    tags = [message.text for message in crowd.said]
    world = done(gateway)
    for tag in tags:
        assert world[f"PAY {tag}"] <= 1
        assert world[f"WAVE {tag}"] <= 1
        assert world[f"LOOK {tag}"] >= 1
    plans = steps(gateway)
    assert len(plans) == len(tags)
    for plan in plans.values():
        assert [action for action, _ in plan] == ["PLAN", "PAY", "LOOK", "WAVE"]
        assert "started" not in [status for _, status in plan]
    lost = sum(1 for plan in plans.values() for _, status in plan if status == "failed")
    missing = sum(2 - world[f"PAY {tag}"] - world[f"WAVE {tag}"] for tag in tags)
    assert missing <= lost <= kills * rooms
    # What may have arrived already is sent again with a mark, and nothing else is.
    assert all(one.text.startswith(MARK) for one in crowd.doubles)
    assert len(crowd.doubles) <= IN_FLIGHT * kills
    for room in range(rooms):
        heard = set(crowd.answers(room))
        for tag in (tag for tag in tags if tag.startswith(f"m{room}.")):
            assert {f"at once {tag}", f"LOOK {tag} begins", f"LOOK {tag} ends"} <= heard
    assert "Traceback" not in gateway.log
