"""Whoever gives a command gets one answer, whole, whenever the process is killed: G3, G6 on Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from bots.sandbox.world import Chat
from tests.fakes.model_server import ModelServer, Script
from tests.faults import ledgers
from tests.faults.discord_crowd import calls, crowd_of, discord_process
from tests.faults.ledgers import Crowd, until
from tests.faults.process import GatewayProcess
from tests.flows.talk import reply

Variables = Callable[..., dict[str, str]]
ROOMS = 4
PARTS = ("one " * 450 + ".\n\n", "two " * 450 + ".\n\n", "three " * 50)


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    """Three messages long."""

    def thinks(request: dict[str, Any]) -> Script:
        return Script(reply("".join(PARTS)), before=0.2)

    async with ModelServer(thinks, keep_calls=False) as server:
        yield server


def said(stage: Stage, room: Chat) -> list[str]:
    """The first words of what she says there."""
    return [one.text.split(" ")[0] for one in stage.messages(room) if one.sender.is_bot]


async def gives(stage: Stage, crowd: Crowd) -> None:
    """Everybody says something by a command, as soon as there is one."""
    offered = stage.discord._office.commands
    await until(
        lambda: any(
            one["name"] == "chat" for one in offered.get((crowd.bot.id, None), {}).values()
        ),
        lambda: "no command is on offer",
    )
    for person, room in crowd.rooms:
        person.uses(room, crowd.bot, "chat", message="tell me all")


async def until_answered(stage: Stage, crowd: Crowd, gateway: GatewayProcess) -> None:
    wanted = [["one", "two", "three"]] * ROOMS

    def seen() -> list[list[str]]:
        return [said(stage, room) for _, room in crowd.rooms]

    await until(lambda: seen() == wanted, lambda: f"seen: {seen()}", timeout=30)
    assert await gateway.end() == 0
    assert seen() == wanted
    assert all(row["status"] == "answered" for row in _commands(gateway))
    assert "Traceback" not in gateway.log


def _commands(gateway: GatewayProcess) -> list[Any]:
    rows = ledgers.read(gateway.data).inbox
    return [row for row in rows if row["kind"] in ("message", "command")]


@pytest.mark.parametrize(
    "held_up",
    [
        pytest.param("update_original_webhook_message", id="as-the-first-is-put-there"),
        pytest.param("execute_webhook", id="as-the-next-is-sent-after-it"),
        pytest.param("create_message", id="as-the-next-is-sent-into-the-channel"),
    ],
)
async def test_killed_as_a_command_is_answered_it_has_one_answer(
    held_up: str, tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    stage.discord.faults.delay(0.8, method=held_up)
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], ROOMS)
        await gateway.until()
        await gives(stage, crowd)
        await until(lambda: calls(stage, held_up), lambda: f"no {held_up}")
        await gateway.kill()
        stage.discord.faults.clear()
        await gateway.start()
        await gateway.until()
        await until_answered(stage, crowd, gateway)
