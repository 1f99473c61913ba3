"""An answer that follows an edit is changed once and for all, whenever the process is killed: G5, G6."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from bots.sandbox.world import Chat
from tests.fakes.model_server import ModelServer, Script
from tests.faults import ledgers
from tests.faults.process import GatewayProcess, gateway_process
from tests.flows.talk import reply, until

LONG = "\n\n".join(f"Paragraph {number}. " + "word " * 180 for number in range(6))


def by_its_length(request: dict[str, Any]) -> Script:
    asked = request["messages"][-1]["content"].rpartition("</context>")[2]
    if "slowly" in asked:
        return Script(reply("Slow."), before=1.5)
    return Script(reply(LONG if "long" in asked else "Short."))


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    async with ModelServer(by_its_length, keep_calls=False) as server:
        yield server


def settings(model: ModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}


def hers(stage: Stage, gateway: GatewayProcess, chat: Chat) -> list[str]:
    ada = gateway.bots["Ada"]
    return [one.text for one in stage.messages(chat) if one.sender is ada]


async def ends_well(gateway: GatewayProcess, *rules: str) -> None:
    await until(lambda: [row["rule"] for row in ledgers.read(gateway.data).inbox] == [*rules])
    await until(
        lambda: {row["status"] for row in ledgers.read(gateway.data).deliveries} == {"sent"}
    )
    assert await gateway.end() == 0
    assert "Traceback" not in gateway.log


async def test_g6_killed_while_an_answer_is_changed_it_stands_there_changed_and_once(
    tmp_path: Path, stage: Stage, model: ModelServer
) -> None:
    async with gateway_process(tmp_path, stage, "Ada", **settings(model)) as gateway:
        await gateway.until()
        bob = stage.person("Bob")
        dm = stage.dm(bob, gateway.bots["Ada"])
        said = bob.says(dm, "a long story")
        await until(lambda: len(hers(stage, gateway, dm)) == 2)
        stage.faults.delay(1.0, method="editMessageText")
        bob.edits(said, "in a word")
        await until(lambda: stage.journal.of("editMessageText"))
        await gateway.kill()
        stage.faults.clear()
        stage.faults.delay(1.0, method="deleteMessage")
        await gateway.start()
        await until(lambda: stage.journal.of("deleteMessage"))
        await gateway.kill()
        stage.faults.clear()
        await gateway.start()
        await gateway.until()
        await until(lambda: hers(stage, gateway, dm) == ["Short."])
        await ends_well(gateway, "direct", "edit-answered")
        assert hers(stage, gateway, dm) == ["Short."]


async def test_g5_killed_while_it_is_thought_over_an_edit_is_thought_over_again(
    tmp_path: Path, stage: Stage, model: ModelServer
) -> None:
    async with gateway_process(tmp_path, stage, "Ada", **settings(model)) as gateway:
        await gateway.until()
        bob = stage.person("Bob")
        dm = stage.dm(bob, gateway.bots["Ada"])
        said = bob.says(dm, "in a word")
        await until(lambda: hers(stage, gateway, dm) == ["Short."])
        bob.edits(said, "slowly, please")
        await until(lambda: model.chats == 2)
        await gateway.kill()
        assert [row["status"] for row in ledgers.read(gateway.data).inbox] == ["answered", "new"]
        await gateway.start()
        await gateway.until()
        await until(lambda: hers(stage, gateway, dm) == ["Slow."])
        await ends_well(gateway, "direct", "edit-answered")
