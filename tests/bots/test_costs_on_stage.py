"""What model calls cost, in the whole gateway: nothing spent is lost, and nothing unknown is a 0."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bots.costs import Asked, costs
from bots.testkit import Play
from core.ids import string_to_uuid
from core.plugins import Plugin, Turn
from tests.fakes.databases import in_use
from tests.fakes.model_server import ModelServer, Script
from tests.flows.talk import playing, reply, settled, until

pytestmark = pytest.mark.usefixtures("database")

ADA = string_to_uuid("Ada")
LARGE, SMALL = "large-1", "small-1"
PRICES = {"prices": {"other": {LARGE: {"prompt": 10, "cached": 1, "completion": 100}}}}
"""Of the model server, whose owner nobody knows; its small model is priced by nobody."""
COST = (36 * 10 + 64 * 1 + 2 * 100) / 1_000_000
"""Of 100 tokens, 64 of them cached, and an answer of 2."""
THOUGHT = f"<response><thought>{'hm ' * 400}</thought>"
"""A beginning of which nothing is shown."""


@asynccontextmanager
async def gateway(
    server: ModelServer, data: Path, *characters: Any, **how: Any
) -> AsyncIterator[Play]:
    prices = data / "prices.json"
    prices.write_text(json.dumps(PRICES))
    settings = {
        "OPENAI_BASE_URL": server.base_url,
        "OPENAI_API_KEY": "a-key-for-nothing",
        "OPENAI_LARGE_MODEL": LARGE,
        "OPENAI_SMALL_MODEL": SMALL,
        "MODEL_PRICES": str(prices),
    }
    async with playing(*(characters or ("Ada",)), data=data, settings=settings, **how) as play:
        yield play


def spendings(data: Path) -> list[Mapping[str, Any]]:
    return in_use.now.ask(data, "SELECT * FROM spendings ORDER BY seq")


def kinds(data: Path) -> list[tuple[str, str]]:
    return [(one["kind"], one["model"]) for one in spendings(data)]


async def metrics(play: Play) -> str:
    address = f"http://127.0.0.1:{play.gateway.port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return await answer.text()


def words(request: dict[str, Any]) -> str:
    content: str = request["messages"][-1]["content"]
    return content.rpartition("</context>\n")[2]


def briefly(request: dict[str, Any]) -> Script:
    text = reply("Hello there, you!")
    return Script(text, size=-(-len(text) // 2))


async def test_a_turn_is_paid_for_by_its_person_in_its_room_to_the_model_that_answered(
    tmp_path: Path,
) -> None:
    async with ModelServer(briefly) as server, gateway(server, tmp_path, "Ada", "Eve") as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "hello")
        await play.stage.next_from(ada, dm)
        await settled(play, 1)
        told = await metrics(play)
    (spent,) = spendings(tmp_path)
    (inbox,) = in_use.now.ask(tmp_path, "SELECT * FROM inbox")
    (said,) = in_use.now.ask(tmp_path, f"SELECT * FROM memories WHERE entity_id <> '{ADA}'")
    assert spent["turn_id"] == f"t{inbox['id']}"
    assert (spent["room_id"], spent["entity_id"]) == (said["room_id"], said["entity_id"])
    assert (spent["character_id"], spent["model"]) == (ADA, f"other:{LARGE}")
    assert (spent["kind"], spent["cost"]) == ("TEXT_LARGE", pytest.approx(COST))
    tokens = ("prompt_tokens", "completion_tokens", "cached_tokens")
    assert [spent[name] for name in tokens] == [100, 2, 64]
    assert f'troupe_model_cost_dollars_total{{agent_id="Ada",model="{LARGE}"}} 0.000624' in told
    assert "troupe_model_calls_unpriced_total{" not in told


async def test_the_table_is_told_while_the_gateway_runs(tmp_path: Path) -> None:
    async with ModelServer(briefly) as server, gateway(server, tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        for number in range(2):
            bob.says(dm, f"hello {number}")
            await play.stage.next_from(ada, dm)
        await settled(play, 2)
        environment = play.environment.overlaid(TROUPE_DATA_DIR=str(tmp_path))
        by = {
            one: await asyncio.to_thread(costs, Asked(one, names=True), environment)
            for one in ("person", "model")
        }
    assert by["person"][1].split()[1:] == ["Bob", "2", "200", "128", "4", "0.0012"]
    assert by["model"][1].split() == [f"other:{LARGE}", "2", "200", "128", "4", "0.0012"]


async def test_what_a_superseded_turn_has_spent_is_written_down_by_its_successor(
    tmp_path: Path,
) -> None:
    async with ModelServer() as server, gateway(server, tmp_path) as play:
        begun = asyncio.Event()

        def slowly(request: dict[str, Any]) -> Script:
            begun.set()
            return Script(THOUGHT, between=0.05)

        server.answer = slowly
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "I have a cat")
        await begun.wait()
        await asyncio.sleep(0.3)  # some pieces of the answer are there
        server.answer = briefly
        bob.says(dm, "and a dog")
        await play.stage.next_from(ada, dm)
        ended = await settled(play, 2)
    assert [status for status, _ in ended] == ["answered-by", "answered"]
    broken, whole = spendings(tmp_path)
    assert broken["turn_id"] < whole["turn_id"]
    assert broken["prompt_tokens"] > 100, "estimated by what was asked"
    assert broken["completion_tokens"] < 300
    assert (broken["cost"] or 0) > COST
    assert whole["cost"] == pytest.approx(COST)
    assert play.gateway.tally.model_calls["Ada", LARGE] == 2


async def test_a_call_that_broke_off_midway_is_paid_for_as_far_as_it_came(tmp_path: Path) -> None:
    answers = [Script(THOUGHT, between=0.01, fault="cut"), None]

    def first_cut(request: dict[str, Any]) -> Script:
        return (answers.pop(0) if answers else None) or briefly(request)

    async with ModelServer(first_cut) as server, gateway(server, tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "hello")
        while "Hello" not in (await play.stage.next_from(ada, dm)).text:
            pass  # it says sorry first
        await settled(play, 1)
    broken, whole = spendings(tmp_path)
    assert broken["turn_id"] == whole["turn_id"]
    assert broken["completion_tokens"] == 40 // 4
    assert whole["completion_tokens"] == 2


async def test_a_call_that_was_refused_costs_nothing(tmp_path: Path) -> None:
    def refused(request: dict[str, Any]) -> Script:
        return Script(fault="401")

    async with ModelServer(refused) as server, gateway(server, tmp_path) as play:
        bob = play.stage.person("Bob")
        bob.says(play.stage.dm(bob, play.bots["Ada"]), "hello")
        assert await settled(play, 1) == [("failed", "model-unavailable")]
        told = await metrics(play)
    assert spendings(tmp_path) == []
    assert "troupe_model_calls_total{" not in told


# --- what plugins spend ----------------------------------------------------------------------------


async def test_what_a_plugin_asks_is_paid_for_with_the_turn_and_its_price_may_be_unknown(
    tmp_path: Path,
) -> None:
    asking = Plugin("asking")

    @asking.action
    async def think_it_over(turn: Turn) -> str:
        """Think something over."""
        await turn.ask("by the typed door")
        await turn.runtime.use_model("TEXT_SMALL", {"prompt": "by the classic door"})
        return ""

    def model(request: dict[str, Any]) -> Script | str:
        if request["model"] == SMALL:
            return "some words"
        return "<response><actions>REPLY, THINK_IT_OVER</actions><text>Well.</text></response>"

    async with (
        ModelServer(model) as server,
        gateway(server, tmp_path, plugins=[asking]) as play,
    ):
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "hello")
        await settled(play, 1)
        told = await metrics(play)
        environment = play.environment.overlaid(TROUPE_DATA_DIR=str(tmp_path))
        lines = await asyncio.to_thread(costs, Asked(), environment)
    small = ("TEXT_SMALL", f"other:{SMALL}")
    assert kinds(tmp_path) == [("TEXT_LARGE", f"other:{LARGE}"), small, small]
    assert [one["cost"] is None for one in spendings(tmp_path)] == [False, True, True]
    assert len({one["turn_id"] for one in spendings(tmp_path)}) == 1
    assert f'troupe_model_calls_unpriced_total{{agent_id="Ada",model="{SMALL}"}} 2.0' in told
    assert "+ unknown" in lines[1]
    assert f"The price of other:{SMALL} is not known (2 calls)." in lines


async def test_an_object_that_took_two_answers_costs_both(tmp_path: Path) -> None:
    asking, found, answers = Plugin("asking"), list[Any](), ["no object", '{"a": 1}']

    @asking.on("MESSAGE_RECEIVED")
    async def listen(payload: Mapping[str, Any]) -> None:
        found.append(await payload["runtime"].use_model("OBJECT_SMALL", {"prompt": "an a"}))

    def model(request: dict[str, Any]) -> Script | str:
        return answers.pop(0) if request["model"] == SMALL else briefly(request)

    async with (
        ModelServer(model) as server,
        gateway(server, tmp_path, plugins=[asking]) as play,
    ):
        bob = play.stage.person("Bob")
        bob.says(play.stage.dm(bob, play.bots["Ada"]), "hello")
        await until(lambda: len(spendings(tmp_path)) == 2)
    (spent,) = (one for one in spendings(tmp_path) if one["kind"] == "OBJECT_SMALL")
    assert found == [{"a": 1}]
    assert (spent["prompt_tokens"], spent["completion_tokens"]) == (200, 2)


async def test_what_is_asked_behind_a_turn_or_outside_of_any_is_written_down_too(
    tmp_path: Path,
) -> None:
    asking, runtimes = Plugin("asking"), list[Any]()

    @asking.evaluator(always=True)
    async def look_back(turn: Turn) -> None:
        """Look back at what was said."""
        await turn.ask("by the typed door")

    @asking.on("RUN_COMPLETED")
    async def listen(payload: Mapping[str, Any]) -> None:
        runtimes.append(payload["runtime"])
        await payload["runtime"].use_model("TEXT_SMALL", "by a listener")

    async with (
        ModelServer(briefly) as server,
        gateway(server, tmp_path, plugins=[asking]) as play,
    ):
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "hello")
        await play.stage.next_from(ada, dm)
        await until(lambda: len(spendings(tmp_path)) == 3)
        assert await runtimes[0].use_model("TEXT_SMALL", "by nobody's order")
        await until(lambda: len(spendings(tmp_path)) == 4)
    *of_turn, outside = spendings(tmp_path)
    (inbox,) = in_use.now.ask(tmp_path, "SELECT * FROM inbox")
    assert {one["turn_id"] for one in of_turn} == {f"t{inbox['id']}"}
    assert len({one["entity_id"] for one in of_turn}) == 1
    assert outside["turn_id"] is outside["room_id"] is outside["entity_id"] is None


async def test_listeners_hear_of_every_call_but_not_a_word_of_it(tmp_path: Path) -> None:
    ears, heard = Plugin("ears"), list[Mapping[str, Any]]()

    @ears.on("MODEL_USED")
    async def used(payload: Mapping[str, Any]) -> None:
        heard.append(payload)

    @ears.on("MODEL_FAILED")
    async def failed(payload: Mapping[str, Any]) -> None:
        heard.append(payload)

    answers = [Script(fault="401"), None]

    def model(request: dict[str, Any]) -> Script:
        return (answers.pop(0) if answers else None) or briefly(request)

    async with ModelServer(model) as server, gateway(server, tmp_path, plugins=[ears]) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "my secret word")
        await until(lambda: len(heard) == 1)
        await settled(play, 1)
        bob.says(dm, "my secret word again")
        await until(lambda: len(heard) == 2)
    refused, answered = heard
    assert "error" in refused
    assert "error" not in answered
    assert (answered["type"], answered["model"]) == ("TEXT_LARGE", LARGE)
    assert answered["tokens"] == {"prompt": 100, "completion": 2, "total": 102}
    assert answered["duration"] > 0
    assert "secret" not in str([{**one, "runtime": None} for one in heard])
    assert "Hello there" not in str(answered["tokens"])
