"""Killed with a picture on its way: it comes once, whole, and with its words (G6)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Person, Stage
from bots.sandbox.faults import Faults
from bots.sandbox.journal import Journal
from bots.sandbox.world import Chat
from tests.contracts.theatres import pictures
from tests.fakes.model_server import ModelServer
from tests.fakes.pictures import png
from tests.faults import ledgers
from tests.faults.ledgers import MARK, until
from tests.faults.process import GatewayProcess

pytestmark = pytest.mark.usefixtures("database")

METHODS = {"telegram": "sendPhoto", "discord": "create_message"}
ON_BOTH = tuple(METHODS)

PLUGIN = '''
from pathlib import Path

from core.plugins import Plugin

plugin = Plugin("painter")


@plugin.action(tells=False)
async def show(turn):
    """Show the owl."""
    owl = Path("owl.png").read_bytes()
    await turn.say({"text": "An owl.", "attachments": [{"data": owl, "title": "Owl"}]})
'''


def obeys(request: dict[str, Any]) -> str:
    return "<response><actions>SHOW</actions></response>"


@asynccontextmanager
async def a_house(folder: Path, stage: Stage, platform: str) -> AsyncIterator[GatewayProcess]:
    """A gateway whose Ada shows a picture."""
    async with ModelServer(obeys, keep_calls=False) as model:
        settings = {"OPENAI_API_KEY": "a-key-for-nothing", "OPENAI_BASE_URL": model.base_url}
        house = stage if platform == "telegram" else stage.discord
        gateway = GatewayProcess(folder, stage, {"Ada": house.bot("Ada")}, settings)
        (folder / "plugins").mkdir()
        (folder / "plugins" / "painter.py").write_text(PLUGIN)
        (folder / "owl.png").write_bytes(png())
        ada = {"name": "Ada", "bio": "Ada paints.", "plugins": ["painter"]}
        gateway.characters[0].write_text(json.dumps(ada))
        await gateway.start()
        try:
            yield gateway
        finally:
            if gateway.process is not None and gateway.process.returncode is None:
                await gateway.kill()


def direct(stage: Stage, gateway: GatewayProcess, platform: str) -> tuple[Person, Chat]:
    bob = stage.person("Bob")
    house = stage if platform == "telegram" else stage.discord
    return bob, house.dm(bob, gateway.bots["Ada"])


def trouble(stage: Stage, platform: str) -> tuple[Faults, Journal]:
    if platform == "telegram":
        return stage.faults, stage.journal
    return stage.discord.faults, stage.discord.journal


async def until_on_its_way(gateway: GatewayProcess, journal: Journal, platform: str) -> None:
    await until(lambda: journal.of(METHODS[platform]), lambda: gateway.log[-2000:])


async def until_sent(gateway: GatewayProcess) -> None:
    def sent() -> bool:
        found = [row["status"] for row in ledgers.read(gateway.data).deliveries]
        return bool(found) and set(found) == {"sent"}

    await until(sent, lambda: f"{ledgers.read(gateway.data).deliveries}\n{gateway.log[-2000:]}")


@pytest.mark.parametrize("platform", ON_BOTH)
async def test_killed_before_the_platform_had_it(
    platform: str, tmp_path: Path, stage: Stage
) -> None:
    async with a_house(tmp_path, stage, platform) as gateway:
        (bob, room), (faults, journal) = (
            direct(stage, gateway, platform),
            trouble(stage, platform),
        )
        await gateway.until()
        faults.hang(method=METHODS[platform])
        bob.says(room, "an owl, please")
        await until_on_its_way(gateway, journal, platform)
        await gateway.kill()
        assert pictures(stage, room) == []
        faults.clear()
        (tmp_path / "owl.png").unlink()  # what was kept is what is sent
        await gateway.start()
        await until_sent(gateway)
        assert await gateway.end() == 0
    assert pictures(stage, room) == [png()]
    mark = MARK if platform == "telegram" else ""
    assert [one.text for one in stage.messages(room)][1:] == [f"{mark}An owl."]
    assert "Traceback" not in gateway.log


@pytest.mark.parametrize("platform", ON_BOTH)
async def test_killed_before_it_knew_that_the_platform_had_it(
    platform: str, tmp_path: Path, stage: Stage
) -> None:
    async with a_house(tmp_path, stage, platform) as gateway:
        (bob, room), (faults, journal) = (
            direct(stage, gateway, platform),
            trouble(stage, platform),
        )
        await gateway.until()
        faults.delay(0.5, method=METHODS[platform])
        bob.says(room, "an owl, please")
        await until_on_its_way(gateway, journal, platform)
        await gateway.kill()
        await until(lambda: pictures(stage, room), lambda: "it never came")
        faults.clear()
        await gateway.start()
        await until_sent(gateway)
        assert await gateway.end() == 0
    said = [one.text for one in stage.messages(room)][1:]
    if platform == "discord":  # it drops the double by its nonce
        assert (said, pictures(stage, room)) == (["An owl."], [png()])
    else:  # where no platform does, people are told that it may be one
        assert (said, pictures(stage, room)) == (["An owl.", f"{MARK}An owl."], [png()] * 2)
    assert "Traceback" not in gateway.log


async def test_in_a_group_of_telegrams_a_picture_in_doubt_is_not_said_again(
    tmp_path: Path, stage: Stage
) -> None:
    async with a_house(tmp_path, stage, "telegram") as gateway:
        group = stage.group("Owls", [bob := stage.person("Bob")], [gateway.bots["Ada"]])
        await gateway.until()
        stage.faults.hang(method="sendPhoto")
        bob.says(group, "@ada_bot an owl, please")
        await until_on_its_way(gateway, stage.journal, "telegram")
        await gateway.kill()
        stage.faults.clear()
        await gateway.start()
        await until(
            lambda: [row["status"] for row in ledgers.read(gateway.data).deliveries] == ["failed"],
            lambda: f"{ledgers.read(gateway.data).deliveries}\n{gateway.log[-2000:]}",
        )
        assert await gateway.end() == 0
    assert pictures(stage, group) == []


async def test_a_file_that_somebody_has_deleted_costs_one_message(
    tmp_path: Path, stage: Stage
) -> None:
    async with a_house(tmp_path, stage, "telegram") as gateway:
        bob, room = direct(stage, gateway, "telegram")
        await gateway.until()
        stage.faults.hang(method="sendPhoto")
        bob.says(room, "an owl, please")
        await until_on_its_way(gateway, stage.journal, "telegram")
        await gateway.kill()
        stage.faults.clear()
        for path in list((gateway.data / "files").iterdir()):
            path.unlink()
        await gateway.start()
        await until(
            lambda: [row["status"] for row in ledgers.read(gateway.data).deliveries] == ["failed"],
            lambda: f"{ledgers.read(gateway.data).deliveries}\n{gateway.log[-2000:]}",
        )
        bob.says(room, "another one, please")
        await until(lambda: pictures(stage, room), lambda: gateway.log[-2000:])
        assert await gateway.end() == 0
    assert "the file is not there any more" in gateway.log
    assert "Traceback" not in gateway.log
