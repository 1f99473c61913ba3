"""What was said long ago comes to mind in other words too; vectors are few, late, and in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.fakes.databases import in_use
from tests.fakes.model_server import Script
from tests.flows.olden import CHATTER, TOLD, Olden, Place, a_place, alike
from tests.flows.talk import settled, until

BOTH = ("telegram", "discord")
SHIP = "How is that vessel named?"
"""No word of it was said before."""
FREE = {"TROUPE_EMBEDDINGS_PER_MESSAGE": "5"}
"""So that vectors can be had when a test wants them."""


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with a_place(tmp_path) as found:
        found.server.vector = alike("boat", "vessel", "raft")
        yield found


async def ready(talk: Olden) -> dict[str, Any]:
    address = f"http://127.0.0.1:{talk.play.gateway.port}/ready"
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        report: dict[str, Any] = await answer.json()
        return report


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("platform", BOTH)
async def test_other_words_for_the_same_thing_bring_it_back(platform: str, place: Place) -> None:
    async with place.talk(platform, **FREE) as talk:
        await talk.went()
        await talk.understood()
        calls = len(place.server.calls)
        assert TOLD in await talk.asks(SHIP)
        assert len(place.server.calls) == calls + 1
    async with place.talk(platform, **FREE) as talk:
        assert TOLD in await talk.asks("And that vessel, was it a good one?")


async def test_where_words_have_found_enough_no_vector_is_asked_for(place: Place) -> None:
    async with place.talk(**FREE) as talk:
        await talk.went()
        await talk.understood()
        before = place.server.embeddings
        assert TOLD in await talk.asks("What was the boat of my grandmother called?")
        assert place.server.embeddings == before


async def test_an_edit_changes_what_it_means(place: Place) -> None:
    async with place.talk(**FREE) as talk:
        told = await talk.went()
        await talk.understood()
        talk.zoe.edits(told, "My grandmother had a donkey.")
        await settled(talk.play, len(CHATTER) + 2)
        await talk.understood()
        shown = await talk.asks(SHIP)
        assert "boat" not in shown
        assert "donkey" not in shown


async def test_two_hundred_messages_ask_for_vectors_twenty_times_at_most(place: Place) -> None:
    """Questions for whose words nothing is found among them."""
    async with place.talk() as talk:
        for number in range(200):
            about = SHIP if number % 7 == 6 else f"This is thing {number} of the day, {number * 7}."
            await talk.says(about, pause=60)
        await settled(talk.play, 200)
        await talk.taken_in()
        assert 0 < place.server.embeddings <= 20
        assert len(place.server.calls) == 200
        have, should = await talk.read(lambda unit: unit.vectors.count(talk.ada, talk.model))
        assert should == 400
        assert have > should - 128


async def test_while_the_model_of_vectors_hangs_answers_go_on(place: Place) -> None:
    """And when it answers again, nothing is missing."""
    back = asyncio.Event()

    async def hang(body: Mapping[str, Any]) -> None:
        await back.wait()

    async with place.talk(**FREE, TROUPE_RECALL_PATIENCE="0.05") as talk:
        await talk.went()
        await talk.understood()
        place.server.embedding = hang
        for text in (SHIP, "A raft?", *CHATTER):
            await talk.says(text)
        assert len(place.server.calls) == 1 + len(CHATTER) + 2 + len(CHATTER)
        back.set()
        await talk.understood()
        assert TOLD in await talk.asks("What of that vessel, that raft?")


async def test_a_model_of_vectors_that_is_away_costs_no_answer_and_loses_nothing(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    away = True
    place.server.embedding = lambda body: Script(fault="500") if away else None
    async with place.talk(**FREE) as talk:
        await talk.went()
        await talk.says(*(f"Number {one} of many, {one}." for one in range(60)))
        await settled(talk.play, 60 + 1 + len(CHATTER))
        assert not await talk.complete()
        told = [one for one in caplog.messages if "no vectors from" in one]
        assert len(told) == 1
        away = False
        while not any("makes vectors again" in one for one in caplog.messages):
            await talk.says("Good morning.", pause=400)
        await talk.understood()
        assert TOLD in await talk.asks(SHIP)
    assert len([one for one in caplog.messages if "makes vectors again" in one]) == 1


async def test_another_model_by_a_reload_makes_all_vectors_anew(place: Place) -> None:
    """By words everything goes on meanwhile, and /ready tells how far it is."""
    wanted = asyncio.Semaphore(1_000)
    models: list[str] = []

    async def one_by_one(body: Mapping[str, Any]) -> None:
        models.append(body["model"])
        if body["model"] == "another-model":
            await wanted.acquire()

    place.server.embedding = one_by_one
    async with place.talk(**FREE) as talk:
        await talk.says(*(f"Number {one} of many, {one}." for one in range(150)), pause=1)
        await talk.went()
        await talk.understood()
        old = talk.model
        assert (await ready(talk))["background"] == []
        wanted = asyncio.Semaphore(1)
        await talk.play.gateway.reload(talk.play.plan(OPENAI_EMBEDDING_MODEL="another-model"))
        assert talk.model != old
        await until(lambda: models.count("another-model") >= 2)
        (doing,) = (await ready(talk))["background"]
        assert "Ada" in str(doing)
        assert TOLD in await talk.asks("What was the boat of my grandmother called?")
        for _ in range(100):
            wanted.release()
        await talk.understood()
        assert TOLD in await talk.asks(SHIP)
        count = (
            "SELECT m.name, count(*) AS many FROM embeddings e JOIN vector_models m "
            "ON m.id = e.model GROUP BY m.name"
        )
        await until(lambda: len(in_use.now.ask(place.data, count)) == 1)
        kept = in_use.now.ask(place.data, count)
        assert [row["name"] for row in kept] == [talk.model]
        assert (await ready(talk))["background"] == []
