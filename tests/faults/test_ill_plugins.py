"""Plugins and templates that are ill, each in a way of its own: the others play on (G13)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from bots.sandbox.world import Message
from bots.testkit import playing
from tests.fakes.model_server import ModelServer
from tests.faults.ill_plugins import Ward, ward
from tests.flows.talk import reply, until


@pytest.fixture
def ill() -> Iterator[Ward]:
    found = ward()
    yield found
    found.released.set()


def answer(request: dict[str, Any]) -> str:
    """Asks for whatever action there is; then says what it was asked."""
    words = request["messages"][-1]["content"]
    if "ACT" in request["messages"][0]["content"] and "# Done just now" not in words:
        return "<response><actions>ACT</actions></response>"
    return reply(f"heard {words.splitlines()[-1].split()[-1]}")


@pytest.mark.parametrize(
    ("many", "rounds"),
    [
        pytest.param(12, 3, id="12-well-ones"),
        pytest.param(38, 20, id="38-well-ones", marks=[pytest.mark.soak, pytest.mark.timeout(600)]),
    ],
)
async def test_g13_ill_plugins_and_a_bad_template_are_alone_with_it(
    many: int, rounds: int, ill: Ward, tmp_path: Path, stage: Stage
) -> None:
    well = [{"name": f"Well {number}", "bio": "She is well."} for number in range(many)]
    async with ModelServer(answer, keep_calls=False) as server:
        settings = {
            # By its name, which has to be looked up: in a thread, as most libraries do.
            "OPENAI_BASE_URL": server.base_url.replace("127.0.0.1", "localhost"),
            "OPENAI_API_KEY": "a-key-for-nothing",
            "BASIC_CAPABILITIES_KEEP_RESP": "true",
            "STOP_PATIENCE": "0.5",
        }
        async with playing(
            *ill.characters, *well, data=tmp_path, stage=stage, settings=settings,
            plugins=ill.plugins,
        ) as play:  # fmt: skip
            bob = stage.person("Bob")
            chats = {name: stage.dm(bob, bot) for name, bot in play.bots.items()}
            for number in range(rounds):
                for chat in chats.values():
                    bob.says(chat, f"question {number}")

            def heard(name: str) -> list[Message]:
                said = stage.messages(chats[name])
                return [one for one in said if one.sender is play.bots[name]]

            expected = [f"heard {number}" for number in range(rounds)]
            for one in well:
                name = one["name"]
                await until(lambda name=name: len(heard(name)) >= rounds)  # type: ignore[misc]
                assert [said.text for said in heard(name)] == expected
            for name in set(ill.names) - ill.silent:
                await until(lambda name=name: len(heard(name)) >= rounds)  # type: ignore[misc]
                assert [said.text for said in heard(name)] == expected, name
            await until(
                lambda: (
                    {one["character"] for one in play.gateway.ready()["failing"]}
                    == {"Waits", "Blocks", "Pool"}
                )
            )
            report = play.gateway.ready()
            assert report["status"] == "degraded"
            assert {one["reason"] for one in report["failing"]} == {"turn-timeout"}
            assert {one["character"] for one in report["plugins"]} == {"Serves"}
            assert all(one["phase"] == "live" for one in report["links"])
