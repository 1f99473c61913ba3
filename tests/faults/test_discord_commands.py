"""Whoever gives a command gets one answer, whole, whenever the process is killed: G3, G6 on Discord."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from bots.sandbox.discord.interactions import Interaction
from bots.sandbox.world import Chat
from tests.fakes.model_server import ModelServer, Script
from tests.faults import ledgers
from tests.faults.discord_crowd import calls, crowd_of, discord_process, until_offered
from tests.faults.ledgers import Crowd, locked, until
from tests.faults.process import GatewayProcess
from tests.flows.talk import reply

Variables = Callable[..., dict[str, str]]
ROOMS = 4
FROZEN = 5.0
PARTS = ("one " * 450 + ".\n\n", "two " * 450 + ".\n\n", "three " * 50)


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    """Three messages long."""

    def thinks(request: dict[str, Any]) -> Script:
        return Script(reply("".join(PARTS)), before=0.2)

    async with ModelServer(thinks) as server:
        yield server


def said(stage: Stage, room: Chat) -> list[str]:
    """The first words of what she says there."""
    return [one.text.split(" ")[0] for one in stage.messages(room) if one.sender.is_bot]


async def gives(stage: Stage, crowd: Crowd) -> list[Interaction]:
    """Everybody says something by a command, as soon as there is one."""
    await until_offered(stage, crowd.bot)
    numbers = [
        person.uses(room, crowd.bot, "chat", message="tell me all") for person, room in crowd.rooms
    ]
    return [stage.discord.interaction(number) for number in numbers]


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


# --- before there is an answer ---------------------------------------------------------------------


async def test_killed_between_the_promise_and_the_answer_the_next_process_keeps_the_promise(
    tmp_path: Path, stage: Stage, model: ModelServer, thinks: Variables
) -> None:
    """Through the same token, so that the answer stands where it says "thinking"."""
    model.answer = lambda request: Script(reply("here I am"), before=30)
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], ROOMS)
        await gateway.until()
        asked = await gives(stage, crowd)
        await until(
            lambda: len(model.calls) == ROOMS and all(one.answered for one in asked),
            lambda: f"{len(model.calls)} are thought about",
        )
        await gateway.kill()
        model.answer = lambda request: reply("here I am")
        await gateway.start()
        await until(lambda: texts(asked) == ["here I am"] * ROOMS, lambda: f"{texts(asked)}")
        assert await gateway.end() == 0
    assert [len(crowd.heard(room)) for _, room in crowd.rooms] == [1] * ROOMS
    assert not calls(stage, "create_message", "execute_webhook")
    assert not any(one.failed for one in asked)
    assert [row["status"] for row in _commands(gateway)] == ["answered"] * ROOMS
    assert "Traceback" not in gateway.log


def texts(asked: list[Interaction]) -> list[str]:
    """What stands there of each, and nothing as long as it says "thinking"."""
    return [one.reply.text if one.reply is not None else "" for one in asked]


async def test_killed_while_a_form_is_open_what_is_written_into_it_is_answered(
    tmp_path: Path, stage: Stage, model: ModelServer, thinks: Variables
) -> None:
    """And the next process knows the message that it is about, which no form names by its words."""
    model.answer = lambda request: reply("they do")
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        ada, bob, eve = gateway.bots["Ada"], stage.person("Bob"), stage.person("Eve")
        await gateway.until()
        guild = stage.discord.guild("The Commons", [bob, eve], [ada])
        room = next(iter(guild.channels.values()))
        await until_offered(stage, ada)
        about = eve.says(room, "moths eat wool")
        await until(
            lambda: len(_commands(gateway)) == 1 and _commands(gateway)[0]["status"] != "new",
            lambda: "nobody has heard of moths",
        )
        asked = stage.discord.interaction(bob.uses(room, ada, "Ask Ada about this", target=about))
        await until(lambda: asked.modal is not None, lambda: "there is no form")
        await gateway.kill()
        await gateway.start()
        await gateway.until()
        filled = [stage.discord.interaction(bob.fills(asked.number, question="is it so?"))]
        await until(lambda: texts(filled) == ["they do"], lambda: f"{texts(filled)}")
        assert await gateway.end() == 0
    assert "moths eat wool" in str(model.calls[-1].request)
    assert [len(stage.messages(room))] == [2]
    assert "Traceback" not in gateway.log


async def test_with_the_database_frozen_for_five_seconds_whatever_is_started_is_acknowledged_in_time(
    tmp_path: Path, stage: Stage, model: ModelServer, thinks: Variables
) -> None:
    """Commands and presses within three seconds, forms and suggestions at once; then answered."""
    model.answer = lambda request: reply("here I am")
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        crowd = crowd_of(stage, gateway.bots["Ada"], ROOMS)
        (bob, room), bot, there = crowd.rooms[ROOMS // 2], crowd.bot, stage.discord
        await gateway.until()
        crowd.says(rooms=[ROOMS // 2], more=", @Ada?")
        await until(lambda: said(stage, room) == ["here"], lambda: "she is not there")
        (about, _) = stage.messages(room)
        await until_offered(stage, bot)
        async with locked(gateway.data):
            began = time.monotonic()
            asked = await gives(stage, crowd)
            menu = there.interaction(bob.uses(room, bot, "Ask Ada about this", target=about))
            typed = there.interaction(bob.completes(room, bot, "settings", "name", name="lang"))
            await until(
                lambda: all(one.answered or one.failed for one in (*asked, menu, typed)),
                lambda: "somebody still waits",
            )
            assert menu.modal is not None
            assert typed.choices is not None
            assert texts(asked) == [""] * ROOMS
            await asyncio.sleep(max(0.0, began + FROZEN - time.monotonic()))
        assert not any(one.failed for one in (*asked, menu, typed))
        await until(lambda: texts(asked) == ["here I am"] * ROOMS, lambda: f"{texts(asked)}")
        assert await gateway.end() == 0
    assert [len(crowd.heard(place)) for _, place in crowd.rooms] == [1, 1, 2, 1]
    assert "Traceback" not in gateway.log
