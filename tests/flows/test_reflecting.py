"""Facts and bonds are learned behind turns: seldom, in one small call, and once each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from bots.testkit import Play
from core.errors import ModelUnavailable
from core.evaluators.reflection import MARKER
from core.ids import CharacterId
from core.messages import Memory
from core.models.scripted import Answering, Scripted
from core.ports import ModelRequest
from tests.fakes.databases import in_use
from tests.flows.talk import playing, reply, until

pytestmark = pytest.mark.usefixtures("database")

ON = {"TROUPE_REFLECTION": "true", "CONVERSATION_LENGTH": "8"}
"""It looks back when more than two messages have passed."""


class Mind:
    """Answers, and reflects as it is told."""

    def __init__(self, *reflections: Any) -> None:
        self.reflections = list(reflections)
        self.asked: list[str] = []
        self.model = Scripted(self._say)

    def _say(self, request: ModelRequest) -> Answering:
        text = request.messages[-1].text
        if "Look back at this conversation" not in text:
            return reply("Hm.")
        self.asked.append(text)
        found = self.reflections.pop(0) if self.reflections else {}
        return found if isinstance(found, Exception) else json.dumps({"thought": "ok", **found})


async def table(play: Play, name: str = "facts") -> list[Memory]:
    house = play.gateway._house
    assert house is not None
    ada = CharacterId(play.roster.loaded[0].id)
    return await house.store.read(lambda unit: unit.memories.find(ada, table=name, limit=50))


def looked_at(data: Path) -> str:
    """The last message that was looked at; empty before that."""
    kept = {row["key"]: str(row["value"]) for row in in_use.now.rows(data, "cache")}
    return next((kept[key] for key in kept if key.endswith(MARKER.format(""))), "")


class Talk:
    """Bob writes to Ada."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.bob = play.stage.person("Bob", username="bob")
        self.dm = play.stage.dm(self.bob, play.bots["Ada"])

    async def __call__(self, *texts: str) -> None:
        for text in texts:
            self.bob.says(self.dm, text)
            await self.play.stage.next_from(self.play.bots["Ada"], self.dm)


async def eventually(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await true():  # noqa: ASYNC110  (rows have no bell)
            await asyncio.sleep(0.02)


FACT = {"claim": "Bob has a beagle called Rex", "about": "Bob", "type": "fact"}


async def test_a_fact_is_learned_in_one_small_call_for_a_batch(tmp_path: Path) -> None:
    mind = Mind({"facts": [FACT, {"claim": "Ada is made for a test", "in_bio": True}]})
    async with playing("Ada", model=mind.model, data=tmp_path, settings=ON) as play:
        chat = Talk(play)
        await chat("hello", "my beagle is called Rex")
        await until(lambda: len(mind.asked) == 1)

        async def learned() -> bool:
            return bool(await table(play))

        await eventually(learned)
        (fact,) = await table(play)
        assert fact.content.text == FACT["claim"]
        assert fact.metadata["about"] == fact.author
        assert fact.author != fact.character
        assert "Bob): my beagle is called Rex" in mind.asked[0]


async def test_it_is_asked_again_only_when_enough_was_said_and_never_stores_twice(
    tmp_path: Path,
) -> None:
    again = {"claim": "bob has a Beagle, called Rex!", "about": "P1"}
    mind = Mind({"facts": [FACT]}, {"facts": [again]})
    async with playing("Ada", model=mind.model, data=tmp_path, settings=ON) as play:
        chat = Talk(play)
        await chat("one", "two")
        await until(lambda: len(mind.asked) == 1)
        await chat("three")
        assert len(mind.asked) == 1
        await chat("four")
        await until(lambda: len(mind.asked) == 2)
        assert "Bob): two" not in mind.asked[1], "what was looked at is not paid for again"
        assert "Bob): three" in mind.asked[1]
        assert "Rex" in mind.asked[1], "what is known is shown"
    assert len(mind.asked) == 2
    async with playing("Ada", model=mind.model, data=tmp_path, settings=ON) as play:
        assert len(await table(play)) == 1


async def test_how_far_it_has_looked_survives_a_restart(tmp_path: Path) -> None:
    mind, seen = Mind(), [""]
    async with Stage(limits=False) as stage:
        bob, bot = stage.person("Bob"), stage.bot("Ada")
        dm = stage.dm(bob, bot)
        for at, texts in enumerate((("one", "two"), ("three", "four")), 1):
            async with playing("Ada", model=mind.model, data=tmp_path, settings=ON, stage=stage):
                for text in texts:
                    bob.says(dm, text)
                    await stage.next_from(bot, dm)
                await until(lambda at=at: len(mind.asked) == at)
                await until(lambda: looked_at(tmp_path) not in seen)
                seen.append(looked_at(tmp_path))
        assert "Bob): three" in mind.asked[1]
        assert "Bob): one" not in mind.asked[1]


async def test_a_model_that_is_away_costs_the_reflection_and_nothing_else(tmp_path: Path) -> None:
    mind = Mind(ModelUnavailable("away"), {"facts": [FACT]})
    async with playing("Ada", model=mind.model, data=tmp_path, settings=ON) as play:
        chat = Talk(play)
        await chat("my beagle is called Rex", "two")
        await until(lambda: len(mind.asked) >= 1)
        await chat("three", "four")
        await until(lambda: len(mind.asked) >= 2)
        assert "beagle" in mind.asked[-1], "the marker has stayed where it was"


async def test_bonds_grow_with_each_look_and_are_directed(tmp_path: Path) -> None:
    bond = {"sourceEntityId": "Bob", "targetEntityId": "ME", "tags": ["fan"]}
    more = {**bond, "tags": ["friend"]}
    mind = Mind({"relationships": [bond]}, {"relationships": [more]})
    async with playing("Ada", model=mind.model, data=tmp_path, settings=ON) as play:
        chat = Talk(play)
        await chat("one", "two")
        await until(lambda: len(mind.asked) == 1)
        await chat("three", "four")
        await until(lambda: len(mind.asked) == 2)
        house = play.gateway._house
        assert house is not None
        ada = CharacterId(play.roster.loaded[0].id)
        person = (await table(play, "messages"))[-1].author

        async def grown() -> bool:
            bonds = await house.store.read(lambda unit: unit.bonds.relationships(ada, person))
            return [
                (one.target, sorted(one.tags), one.metadata["interactions"]) for one in bonds
            ] == [(ada, ["fan", "friend"], 2)]

        await eventually(grown)


async def test_where_nothing_is_kept_nothing_is_asked(tmp_path: Path) -> None:
    mind = Mind()
    private = {**ON, "DISABLE_MEMORY_CREATION": "true"}
    async with playing("Ada", model=mind.model, data=tmp_path, settings=private) as play:
        await Talk(play)("one", "two", "three")
    assert not mind.asked


async def test_the_model_that_needs_no_key_is_not_asked_to_reflect(tmp_path: Path) -> None:
    async with playing("Ada", data=tmp_path, settings=ON) as play:
        chat = Talk(play)
        await chat("one", "two", "three")
        assert not await table(play)
