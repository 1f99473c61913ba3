"""Whoever says more while an answer is made gets one answer to all of it: G8."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bots.testkit import Play
from tests.fakes.model_server import ModelServer, Script
from tests.faults import ledgers
from tests.flows.talk import playing, reply, settled, until

pytestmark = pytest.mark.usefixtures("database")

SLOW = 1.5
"""Seconds of thinking; in full 5."""


def words(request: dict[str, Any]) -> str:
    content: str = request["messages"][-1]["content"]
    return content.rpartition("</context>\n")[2]


def slowly(request: dict[str, Any]) -> Script:
    """Thinks long, and repeats what it was asked."""
    return Script(reply(f"to: {words(request)}"), before=SLOW)


def at_once(request: dict[str, Any]) -> str:
    return reply(f"to: {words(request)}")


@asynccontextmanager
async def thinking(server: ModelServer, data: Path, **settings: str) -> AsyncIterator[Play]:
    wanted = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
    async with playing("Ada", data=data, settings={**wanted, **settings}) as play:
        yield play


async def test_g8_a_newer_message_ends_the_answer_in_flight_and_one_reply_uses_both(
    tmp_path: Path,
) -> None:
    async with ModelServer(slowly) as server, thinking(server, tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "I have a cat")
        await until(lambda: server.chats == 1)
        server.answer = at_once
        bob.says(dm, "she is called Ada too")
        # The promise is 100 ms; the rest is for a slow machine, and far from the end of thinking.
        async with asyncio.timeout(SLOW / 2):
            await server.calls[0].ended.wait()
        said = await play.stage.next_from(ada, dm)
        ended = await settled(play, 2)
        await asyncio.sleep(SLOW)  # by now the first answer would have come
        spoken = [one for one in play.stage.messages(dm) if one.sender is ada]
    assert server.calls[0].closed_by_client
    assert "I have a cat" in said.text
    assert "she is called Ada too" in said.text
    assert len(spoken) == 1
    assert [status for status, _ in ended] == ["answered-by", "answered"]
    first, second = ledgers.read(tmp_path).inbox
    assert first["successor"] == second["id"]
    assert len(ledgers.read(tmp_path).deliveries) == 1
    assert play.gateway.tally.model_calls.total() == 1, "only the finished call is charged"


async def test_g8_of_many_messages_in_a_row_all_are_answered_by_the_last(tmp_path: Path) -> None:
    async with ModelServer(slowly) as server, thinking(server, tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        for number in range(6):
            bob.says(dm, f"part {number}")
            await until(lambda number=number: server.chats == number + 1)  # type: ignore[misc]
        said = await play.stage.next_from(ada, dm, timeout=10)
        ended = await settled(play, 6)
    assert all(f"part {number}" in said.text for number in range(6))
    assert [status for status, _ in ended] == ["answered-by"] * 5 + ["answered"]
    rows = ledgers.read(tmp_path).inbox
    assert {row["successor"] for row in rows[:5]} == {rows[5]["id"]}


async def test_g8_somebody_elses_message_stops_nobodys_answer(tmp_path: Path) -> None:
    def model(request: dict[str, Any]) -> Script:
        return Script(at_once(request), before=1.0 if "Bob" in words(request) else 0.0)

    async with ModelServer(model) as server, thinking(server, tmp_path) as play:
        ada = play.bots["Ada"]
        bob, eve = play.stage.person("Bob"), play.stage.person("Eve")
        group = play.stage.group("Friends", [bob, eve], [ada])
        bob.says(group, "Ada, the first question")
        await until(lambda: server.chats == 1)
        eve.says(group, "Ada, the second question")
        first = await play.stage.next_from(ada, group)
        second = await play.stage.next_from(ada, group)
        ended = await settled(play, 2)
    assert "first question" in first.text
    assert "second question" in second.text
    assert [status for status, _ in ended] == ["answered", "answered"]
    assert not any(call.closed_by_client for call in server.calls)


async def test_g8_with_keep_every_message_gets_its_own_answer_in_order(tmp_path: Path) -> None:
    def model(request: dict[str, Any]) -> Script:
        return Script(at_once(request), before=1.0 if "slow" in words(request) else 0.0)

    async with (
        ModelServer(model) as server,
        thinking(server, tmp_path, BASIC_CAPABILITIES_KEEP_RESP="true") as play,
    ):
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "a slow one")
        await until(lambda: server.chats == 1)
        bob.says(dm, "a quick one")
        texts = [(await play.stage.next_from(ada, dm)).text for _ in range(2)]
        ended = await settled(play, 2)
    assert texts == ["to: a slow one", "to: a quick one"]
    assert [status for status, _ in ended] == ["answered", "answered"]


async def test_g8_what_people_have_begun_to_read_is_finished_first(tmp_path: Path) -> None:
    def model(request: dict[str, Any]) -> Script:
        if "story" in words(request):
            return Script(reply("Once there was a very small engine. " * 10), between=0.15)
        return Script(at_once(request))

    async with ModelServer(model) as server, thinking(server, tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "tell me a story")
        await until(lambda: play.stage.drafts(dm))
        bob.says(dm, "and what is one and one?")
        first = await play.stage.next_from(ada, dm)
        second = await play.stage.next_from(ada, dm)
        ended = await settled(play, 2)
    assert first.text.count("small engine") == 10
    assert "one and one" in second.text
    assert [status for status, _ in ended] == ["answered", "answered"]


async def test_g8_a_setting_changed_in_mid_answer_does_not_matter_to_it(tmp_path: Path) -> None:
    async with ModelServer(slowly) as server, thinking(server, tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "the only question")
        await until(lambda: server.chats == 1)
        await play.gateway.reload(play.plan(BASIC_CAPABILITIES_KEEP_RESP="true"))
        said = await play.stage.next_from(ada, dm)
        assert await settled(play, 1) == [("answered", "direct")]
    assert said.text == "to: the only question"
    assert server.chats == 1
