"""The vector of a question: soon, seldom, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.errors import ModelRejected, ModelUnavailable
from core.events import EventType
from core.memory.embedding import Embedder
from core.models.roles import Models
from core.settings.context import RequestContext, current, request_scope
from core.settings.layers import Environment, Settings
from tests.core.memory.house import House, a_house
from tests.core.models import tiny_bert
from tests.core.store.rows import ADA, BOB
from tests.fakes.model_server import ModelServer, Script, vector_of

KEY = "sk-test-0123456789abcdefghij"


async def test_a_question_gets_its_vector(house: House) -> None:
    async with house.awake() as embedder:
        found = await embedder.query(house.config(), "  where is the sea?  ")
        assert found is not None
        assert list(found) == vector_of("where is the sea?", 16)


async def test_the_same_question_is_not_asked_twice(house: House) -> None:
    house.model.open.clear()
    async with house.awake() as embedder:
        asking = [
            asyncio.create_task(embedder.query(house.config(), "where?", force=True))
            for _ in range(5)
        ]
        await house.rest()
        house.model.open.set()
        assert len({tuple(await one or ()) for one in asking}) == 1
        assert await embedder.query(house.config(), "where?") is not None
        assert house.model.requests == [["where?"]]


async def test_what_comes_too_late_is_for_whoever_asks_next(house: House) -> None:
    house.config(TROUPE_RECALL_PATIENCE="0.02")
    house.model.open.clear()
    async with house.awake() as embedder:
        assert await embedder.query(house.config(), "where?") is None
        assert await embedder.query(house.config(), "where?") is None
        house.model.open.set()
        await house.rest()
        assert await embedder.query(house.config(), "where?") is not None
        assert house.model.requests == [["where?"]]


async def test_who_has_no_patience_never_asks(house: House) -> None:
    house.config(TROUPE_RECALL_PATIENCE="0")
    async with house.awake() as embedder:
        assert await embedder.query(house.config(), "where?") is None
        assert house.model.requests == []
        assert await embedder.query(house.config(), "where?", force=True) is not None


async def test_when_the_allowance_is_spent_only_who_must_know_asks(house: House) -> None:
    async with house.awake() as embedder:
        answers = [await embedder.query(house.config(), f"{n}?") for n in range(5)]
        assert [answer is not None for answer in answers] == [True] * 3 + [False] * 2
        assert await embedder.query(house.config(), "9?", force=True) is not None
        assert await embedder.query(house.config(BOB), "3?") is not None, "each has her own"
        asked = []
        for number in range(60):
            embedder.heard(house.config())
            if await embedder.query(house.config(), f"{number}!") is not None:
                asked.append(number + 1)
        assert asked == [50, 60], "the first three were on trust, one was owed"


@pytest.mark.parametrize(("share", "requests"), [("0", 3), ("1", 103), ("many", 10)])
async def test_how_much_messages_may_cost_can_be_set(
    house: House, share: str, requests: int
) -> None:
    house.config(TROUPE_EMBEDDINGS_PER_MESSAGE=share)
    async with house.awake() as embedder:
        for number in range(103):
            await embedder.query(house.config(), f"{number}?")
            embedder.heard(house.config())
        assert len(house.model.requests) == pytest.approx(requests, abs=3)


async def test_questions_about_many_things_do_not_fill_the_memory(house: House) -> None:
    async with house.awake() as embedder:
        for number in range(200):
            await embedder.query(house.config(), f"{number}?", force=True)
        await embedder.query(house.config(), "199?")
        assert len(house.model.requests) == 200
        await embedder.query(house.config(), "0?", force=True)
        assert len(house.model.requests) == 201


async def test_five_hundred_questions_at_once_are_asked_a_few_at_a_time(house: House) -> None:
    house.model.open.clear()
    async with house.awake() as embedder, asyncio.TaskGroup() as group:
        for number in range(500):
            group.create_task(embedder.query(house.config(), f"{number}?", force=True))
        await house.rest()
        house.model.open.set()
    assert house.model.most == 8
    assert len(house.model.requests) == 500


@pytest.mark.parametrize("error", [ModelUnavailable("away"), ModelRejected("wrong key")])
async def test_a_model_that_fails_costs_an_answer_no_second_wait(
    house: House, error: Exception
) -> None:
    house.model.fault = error  # type: ignore[assignment]  # both are of its kind
    async with house.awake() as embedder:
        assert await embedder.query(house.config(), "where?") is None
        assert await embedder.query(house.config(), "and when?", force=True) is None
        assert len(house.model.requests) == 1, "it is left alone for a while"
        house.model.fault = None
        await house.clock.advance(5)
        assert await embedder.query(house.config(), "and when?") is not None


@pytest.mark.parametrize("answer", [[], [[]], [[1.0, float("nan")]], ["no"], None, [[1.0], [2.0]]])
async def test_what_is_no_vector_is_as_if_none_had_come(house: House, answer: Any) -> None:
    house.model.answer = lambda texts, width: answer  # type: ignore[method-assign]  # a strange service
    async with house.awake() as embedder:
        assert await embedder.query(house.config(), "where?") is None


async def test_a_question_takes_texts_along_that_wait(house: House) -> None:
    async with house.awake() as embedder:
        await house.talk(5)
        await house.later(5)
        assert await embedder.query(house.config(), "where?") is not None
        await house.later(2000)
        assert [len(request) for request in house.model.requests] == [11]
        assert house.model.requests[0][0] == "where?"
        assert await house.have() == 10


async def test_texts_that_went_along_in_vain_are_asked_for_again(house: House) -> None:
    async with house.awake() as embedder:
        await house.talk(20)
        await house.later(5)
        house.model.fault = ModelUnavailable("away")
        assert await embedder.query(house.config(), "where?") is None
        house.model.fault = None
        await house.later(700)
        assert await house.have() == 40


async def test_what_a_person_has_set_for_themselves_makes_no_vectors(house: House) -> None:
    seen: list[object] = []
    house.model.refuses = lambda texts: seen.append(current())  # type: ignore[func-returns-value]  # it only looks
    person = RequestContext("robin", entity_settings={"TROUPE_EMBEDDINGS": "false"})
    async with house.awake() as embedder:
        with request_scope(person):
            assert embedder.model(house.config()) == "openai:small"
            assert await embedder.query(house.config(), "where?") is not None
    assert [getattr(one, "entity_id", None) for one in seen] == [""]


async def test_who_listens_is_told_of_each_memory(house: House) -> None:
    async def listener(payload: Any) -> None: ...

    for event in (
        EventType.EMBEDDING_GENERATION_REQUESTED,
        EventType.EMBEDDING_GENERATION_COMPLETED,
        EventType.EMBEDDING_GENERATION_FAILED,
    ):
        house.events.on(event, listener)
    async with house.awake() as embedder:
        house.model.fault = ModelUnavailable("away")
        await house.keep(house.memory("Robin likes the sea", table="facts"))
        embedder.wake(ADA, house.config(), soon=True)
        await house.rest()
        house.model.fault = None
        await house.later(700)
    told = [(event.rpartition("_")[2], payload) for event, payload in house.told]
    assert [event for event, _ in told] == ["REQUESTED", "FAILED", "REQUESTED", "COMPLETED"]
    assert {payload["memory"].content.text for _, payload in told} == {"Robin likes the sea"}
    assert {payload["priority"] for _, payload in told} == {"normal"}
    assert told[1][1]["error"] == "away"
    assert told[3][1]["embedding"] == vector_of("Robin likes the sea", 16)


async def test_where_nobody_listens_nothing_is_told(house: House) -> None:
    async with house.awake():
        await house.talk(40)
        await house.later(60)
    assert house.told == []


# --- plugins -------------------------------------------------------------------------------------


async def test_a_plugin_that_takes_one_text_at_a_time_is_asked_so_within_the_allowance(
    house: House,
) -> None:
    def one(texts: Any, width: int) -> Any:
        if not isinstance(texts, str):
            raise ModelUnavailable("mine:plugin failed (TypeError)")
        return vector_of(texts, width)

    house.model.name, house.model.answer = "mine:plugin", one  # type: ignore[method-assign]  # a handler
    house.config(TROUPE_EMBEDDINGS_PER_MESSAGE="4")
    async with house.awake():
        for _ in range(30):
            await house.talk(3)
            await house.later(60)
        assert await house.have() >= 170
        assert sum(map(len, house.model.requests)) <= 64 + 4 * 90


async def test_a_plugin_that_takes_lists_is_given_lists(house: House) -> None:
    house.model.name = "mine:plugin"
    async with house.awake():
        await house.talk(32)
        await house.later(10)
        assert [len(request) for request in house.model.requests] == [64]
        assert await house.have() == 64


# --- with real models ----------------------------------------------------------------------------


@asynccontextmanager
async def at_home(models: Models, folder: Path) -> AsyncIterator[House]:
    """A house with real models and the real time; its character is that of the settings."""
    async with a_house(folder) as house, asyncio.TaskGroup() as group:
        store: Any = house.store
        house.events.on(EventType.EMBEDDING_GENERATION_COMPLETED, lambda payload: None)
        house.embedder = Embedder(
            lambda character, settings: models,
            store,
            SystemClock(),
            listeners=lambda character: house.events,
            tell=lambda events, event, payload: house.done.put_nowait(payload),
        )
        task = group.create_task(house.embedder.run())
        try:
            yield house
        finally:
            task.cancel()


def config_of(**values: Any) -> Settings:
    return Settings(Environment.of({key: str(one) for key, one in values.items()}), "Ada", ADA)


async def test_a_service_on_the_network_makes_them_in_the_width_that_is_set(
    tmp_path: Path,
) -> None:
    async with ModelServer() as server, Models() as models:
        config = config_of(OPENAI_BASE_URL=server.base_url, OPENAI_API_KEY=KEY)
        async with at_home(models, tmp_path) as house:
            found = await house.embedder.query(config, "where is the sea?", force=True)
            assert found is not None
            assert list(found) == vector_of("where is the sea?", 512)
            await house.keep(*(house.memory(f"line {number}") for number in range(70)))
            house.embedder.wake(ADA, config, soon=True)
            for _ in range(64):
                await house.done.get()
            assert await house.have(name="openai:text-embedding-3-small/512") == 64
            server.embedding = lambda body: Script(fault="500")
            assert await house.embedder.query(config, "and the sun?", force=True) is None


async def test_a_model_on_this_machine_costs_nothing_of_the_allowance(tmp_path: Path) -> None:
    tiny_bert.write(tmp_path / "tiny")
    config = config_of(LOCAL_EMBEDDING_MODEL=tmp_path / "tiny", TROUPE_EMBEDDINGS_PER_MESSAGE=0)
    async with Models() as models, at_home(models, tmp_path / "data") as house:
        for number in range(10):
            text = f"the cat {'sat ' * number}"
            assert await house.embedder.query(config, text, force=number == 0)
        await house.keep(*(house.memory(f"the dog ran {number}") for number in range(16)))
        house.embedder.wake(ADA, config, soon=True)
        for _ in range(16):
            await house.done.get()
        assert await house.have(name=house.embedder.model(config)) == 16
