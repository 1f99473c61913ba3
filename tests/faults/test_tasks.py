"""Killed round a stored task, a choice and a cue: what is promised of each holds in the next life."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Person, Stage
from bots.sandbox.world import Chat, Message
from tests.fakes.databases import in_use
from tests.fakes.model_server import ModelServer
from tests.faults import ledgers
from tests.faults.ledgers import MARK, until
from tests.faults.process import GatewayProcess

pytestmark = pytest.mark.usefixtures("database")

# It writes down what it has begun where no kill can take it back. While a file `hold` lies there,
# everything stops half way.
PLUGIN = '''
import asyncio
from pathlib import Path

from core.plugins import Plugin
from core.tasks import AWAITING_CHOICE, buttons

plugin = Plugin("kitchen")


async def half(name):
    with open("done", "a") as done:
        done.write(f"{name}\\n")
    await asyncio.sleep(0.01)
    while Path("hold").exists():
        await asyncio.sleep(0.01)
    with open("done", "a") as done:
        done.write(f"{name} ends\\n")


@plugin.task("BAKE")
async def bake(runtime, options, task):
    await half(f"bake {options['what']}")


@plugin.task("SERVE")
async def serve(runtime, options, task):
    await half(f"serve {options['option']}")


@plugin.action
async def cook(turn):
    """Cook."""
    tags = {"bread": ["queue"], "soup": ["queue", "repeat", "immediate"]}
    for what, how in tags.items():
        metadata = {"what": what, "updateInterval": 3_600_000}
        await turn.runtime.create_task({"name": "BAKE", "tags": how, "metadata": metadata})
    await turn.say("It is on the stove.")


@plugin.action
async def order(turn):
    """Ask what they would like."""
    options = ["Tea", "Milk"]
    room = turn.message.room_id
    task = await turn.runtime.create_task(
        {"name": "SERVE", "tags": [AWAITING_CHOICE], "roomId": room, "metadata": {"options": options}}
    )
    await turn.say("What would you like?", buttons=buttons(task, options))
'''

INTERRUPTED = "I was interrupted there. It may or may not be done; choose again if it is not."


def obeys(request: dict[str, Any]) -> str:
    words = request["messages"][-1]["content"].splitlines()[-1]
    if "Nobody has written" in words:
        return "<response><actions>REPLY</actions><text>Good day!</text></response>"
    name = "COOK" if "cook" in words else "ORDER" if "order" in words else ""
    if name:
        return f"<response><actions>{name}</actions></response>"
    return "<response><actions>REPLY</actions><text>I see.</text></response>"


class Kitchen:
    """Bob, and Ada in a process of her own."""

    def __init__(self, gateway: GatewayProcess, stage: Stage) -> None:
        self.gateway, self.stage = gateway, stage
        self.ada = gateway.bots["Ada"]
        self.bob: Person = stage.person("Bob")
        self.dm: Chat = stage.dm(self.bob, self.ada)
        self.hold = gateway.folder / "hold"

    @property
    def heard(self) -> list[Message]:
        return [one for one in self.stage.messages(self.dm) if one.sender is self.ada]

    @property
    def said(self) -> list[str]:
        """Each once, however often a kill has let it arrive."""
        return list(dict.fromkeys(one.text.removeprefix(MARK) for one in self.heard))

    @property
    def done(self) -> list[str]:
        path = self.gateway.folder / "done"
        return sorted(path.read_text().splitlines()) if path.exists() else []

    def rows(self, table: str) -> list[Any]:
        return in_use.now.rows(self.gateway.data, table)

    async def until(self, holds: Any) -> None:
        await until(holds, lambda: f"{self.said} {self.done}\n{self.gateway.log[-2000:]}")

    async def settled(self) -> None:
        """Everything that came in has ended, and everything that was to be said is said."""

        def settled() -> bool:
            found = ledgers.read(self.gateway.data)
            return all(row["status"] != "new" for row in found.inbox) and all(
                row["status"] in ("sent", "failed") for row in found.deliveries
            )

        await self.until(settled)

    async def again(self) -> None:
        """Killed, and started anew."""
        await self.gateway.kill()
        self.hold.unlink(missing_ok=True)
        await self.gateway.start()
        await self.gateway.until()

    def presses(self, option: str) -> None:
        asked = next(one for one in self.heard if one.markup)
        assert asked.markup is not None
        keys = {key["text"]: key["callback_data"] for line in asked.markup["inline_keyboard"]
                for key in line}  # fmt: skip
        self.bob.presses(asked, keys[option])


@asynccontextmanager
async def a_kitchen(folder: Path, stage: Stage, **more: str) -> AsyncIterator[Kitchen]:
    async with ModelServer(obeys, keep_calls=False) as model:
        settings = {
            "OPENAI_API_KEY": "a-key-for-nothing",
            "OPENAI_BASE_URL": model.base_url,
            **more,
        }
        gateway = GatewayProcess(folder, stage, {"Ada": stage.bot("Ada")}, settings)
        (folder / "plugins").mkdir()
        (folder / "plugins" / "kitchen.py").write_text(PLUGIN)
        ada = {"name": "Ada", "bio": "Ada cooks.", "plugins": ["kitchen"]}
        gateway.characters[0].write_text(json.dumps(ada))
        await gateway.start()
        try:
            await gateway.until()
            yield Kitchen(gateway, stage)
            assert await gateway.end() == 0
            assert "Traceback" not in gateway.log
        finally:
            if gateway.process is not None and gateway.process.returncode is None:
                await gateway.kill()


async def test_a_task_runs_until_it_has_succeeded_and_a_repeated_one_once_an_interval(
    tmp_path: Path, stage: Stage
) -> None:
    async with a_kitchen(tmp_path, stage) as kitchen:
        kitchen.hold.touch()
        kitchen.bob.says(kitchen.dm, "cook")
        await kitchen.until(lambda: kitchen.done == ["bake bread", "bake soup"])
        await kitchen.again()
        bread = ["bake bread", "bake bread", "bake bread ends"]
        await kitchen.until(lambda: len(kitchen.rows("tasks")) == 1)
        assert kitchen.done == [*bread, "bake soup"]
        await kitchen.again()
        await asyncio.sleep(1.5)  # more than a tick: the soup would have been cooked by now
        assert kitchen.done == [*bread, "bake soup"]
        assert [json.loads(row["metadata"])["what"] for row in kitchen.rows("tasks")] == ["soup"]


async def test_a_choice_whose_work_was_cut_off_is_told_of_and_stays_open(
    tmp_path: Path, stage: Stage
) -> None:
    async with a_kitchen(tmp_path, stage) as kitchen:
        kitchen.bob.says(kitchen.dm, "order")
        await kitchen.until(lambda: kitchen.said == ["What would you like?"])
        kitchen.hold.touch()
        kitchen.presses("Tea")
        await kitchen.until(lambda: kitchen.done == ["serve Tea"])
        await kitchen.again()
        await kitchen.until(lambda: kitchen.said == ["What would you like?", INTERRUPTED])
        assert kitchen.done == ["serve Tea"], "it is not begun again by itself"
        kitchen.presses("Milk")
        await kitchen.until(lambda: kitchen.said[2:] == ["Chosen: Milk."])
        assert kitchen.done == ["serve Milk", "serve Milk ends", "serve Tea"]
        assert kitchen.rows("tasks") == []


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (2, 3))]
)
async def test_a_press_is_answered_once_at_whatever_moment_the_kill_comes(
    seed: int, tmp_path: Path, stage: Stage
) -> None:
    chance = random.Random(seed)
    async with a_kitchen(tmp_path, stage) as kitchen:
        kitchen.bob.says(kitchen.dm, "order")
        await kitchen.until(lambda: kitchen.said == ["What would you like?"])
        await kitchen.settled()
        kitchen.presses("Tea")
        await asyncio.sleep(chance.uniform(0, 0.08))
        await kitchen.again()
        await kitchen.until(lambda: len(kitchen.said) == 2)
        await kitchen.settled()
        assert len(kitchen.heard) <= 3, "Telegram's one doubtful send a kill"
        if kitchen.said[1] == INTERRUPTED:
            assert kitchen.done.count("serve Tea") <= 1
            assert len(kitchen.rows("tasks")) == 1
        else:
            assert kitchen.said[1] == "Chosen: Tea."
            assert kitchen.done == ["serve Tea", "serve Tea ends"]
            assert kitchen.rows("tasks") == []
        assert [row["status"] for row in ledgers.read(kitchen.gateway.data).inbox
                if row["kind"] == "press"] == ["answered"]  # fmt: skip


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (1, 2))]
)
async def test_a_cue_is_taken_up_once_at_whatever_moment_the_kill_comes(
    seed: int, tmp_path: Path, stage: Stage
) -> None:
    chance = random.Random(seed)
    at = f"{datetime.now(UTC):%H:%M}"
    settings = {"TROUPE_INITIATIVE": "true", "TROUPE_INITIATIVE_AT": at}
    async with a_kitchen(tmp_path, stage, **settings) as kitchen:
        kitchen.bob.says(kitchen.dm, "hello")
        await kitchen.until(lambda: "I see." in kitchen.said)
        await asyncio.sleep(chance.uniform(0, 1.2))
        await kitchen.again()
        await kitchen.until(lambda: kitchen.said == ["I see.", "Good day!"])
        await kitchen.again()
        await asyncio.sleep(1.5)  # it looks at the clock every second
        await kitchen.settled()
        cues = [row for row in ledgers.read(kitchen.gateway.data).inbox if row["kind"] == "cue"]
        assert [(row["status"], row["rule"]) for row in cues] == [("answered", "cue")]
        assert kitchen.said == ["I see.", "Good day!"]
        assert len(kitchen.heard) <= 4
