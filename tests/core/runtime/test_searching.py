"""elizaOS' searches: by meaning, by words, and what becomes of vectors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.ids import CharacterId, RoomId
from core.settings.layers import Settings
from tests.core.runtime.house import ADA, House, another, house

HER = ADA.agent_id
MODEL = "plugin:letters/3"
SUBJECTS = ("cat", "boat", "soup")


class Subjects:
    """An embedder whose vectors say how much a text is about a cat, a boat and soup."""

    def __init__(self) -> None:
        self.woken: list[tuple[CharacterId, bool]] = []
        self.asked: list[str] = []

    def model(self, settings: Settings) -> str:
        return MODEL

    async def query(
        self, settings: Settings, text: str, *, force: bool = False
    ) -> Sequence[float] | None:
        self.asked.append(text)
        return vector(text)

    def wake(self, character: CharacterId, settings: Settings, *, soon: bool = False) -> None:
        self.woken.append((character, soon))


def vector(text: str) -> list[float]:
    return [float(one in text.lower()) for one in SUBJECTS]


@pytest.fixture
def subjects() -> Subjects:
    return Subjects()


@pytest.fixture
async def at_home(tmp_path: Path, subjects: Subjects) -> AsyncIterator[House]:
    async with house(tmp_path, embedder=subjects) as home:
        yield home


async def keep(home: House, *texts: str, room: str = "r", table: str = "messages") -> None:
    runtime = home.runtime
    for text in texts:
        given = {"content": {"text": text}, "roomId": room, "entityId": "robin"}
        await runtime.create_memory(given, table)
    await index(home)


async def index(home: House) -> None:
    """What the background does: full text, and vectors."""

    def put(unit: Any) -> None:
        while unit.passages.behind(500):
            pass
        found, _ = unit.vectors.missing(HER, MODEL, 0, 500)
        unit.vectors.put(MODEL, [(seq, one, vector(one.content.text)) for seq, one in found])

    await home.store.write(put)


def texts(found: Sequence[Any]) -> list[str]:
    return [one.content.text for one in found]


async def test_the_nearest_come_first_and_say_how_near_they_are(at_home: House) -> None:
    await keep(at_home, "The cat sleeps on the boat.", "A boat.", "Cold soup.")
    found = await at_home.runtime.search_memories_by_embedding([0, 1, 0], match_threshold=0.5)
    assert texts(found) == ["A boat.", "The cat sleeps on the boat."]
    assert found[0].similarity == pytest.approx(1.0, abs=1e-3)
    assert found[1].similarity == pytest.approx(0.707, abs=1e-3)


async def test_without_a_threshold_it_is_three_quarters_and_ten_rows(at_home: House) -> None:
    await keep(at_home, *(f"boat {number}" for number in range(12)), "cat and boat")
    found = await at_home.runtime.search_memories({"embedding": [0, 1, 0], "tableName": "messages"})
    assert len(found) == 10
    assert "cat and boat" not in texts(found)


async def test_parameters_stand_in_either_place_and_spelling(at_home: House) -> None:
    runtime = at_home.runtime
    await keep(at_home, "A boat.", "Another boat.")
    await keep(at_home, "Her boat is blue.", table="facts")
    near = [0, 1, 0]
    assert len(await runtime.search_memories(embedding=near, count=1)) == 1
    assert (
        len(await runtime.search_memories_by_similarity(near, {"threshold": 0.7, "limit": 1})) == 1
    )
    facts = await runtime.search_memories_by_similarity(near, {"type": "fact"})
    assert texts(facts) == ["Her boat is blue."]
    assert texts(
        await runtime.search_memories({"embedding": near, "table_name": "facts"})
    ) == texts(facts)


async def test_rooms_worlds_and_people_narrow_it_down(at_home: House) -> None:
    runtime = at_home.runtime
    await keep(at_home, "A boat here.", room="here")
    await keep(at_home, "A boat there.", room="there")
    near = [0, 1, 0]
    assert texts(await runtime.search_memories({"embedding": near, "roomId": "here"})) == [
        "A boat here."
    ]
    assert await runtime.search_memories({"embedding": near, "worldId": "elsewhere"}) == []
    assert await runtime.search_memories({"embedding": near, "entityId": "kim"}) == []
    assert len(await runtime.search_memories({"embedding": near, "worldId": HER})) == 2


async def test_a_text_is_looked_for_by_meaning_and_by_words_and_each_row_comes_once(
    at_home: House, subjects: Subjects
) -> None:
    await keep(at_home, "The boat is called Minka.", "Minka was a singer.", "Cold soup.")
    found = await at_home.runtime.search_memories({"query": "Minka the boat", "count": 5})
    assert texts(found)[0] == "The boat is called Minka."
    assert sorted(texts(found)) == ["Minka was a singer.", "The boat is called Minka."]
    assert subjects.asked == ["Minka the boat"]


async def test_without_a_model_words_alone_find(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await keep(home, "The boat is called Minka.", "Cold soup.")
        found = await home.runtime.search_memories("what was the boat called")
        assert texts(found) == ["The boat is called Minka."]
        assert 0.4 <= found[0].similarity <= 1
        assert await home.runtime.search_memories_by_embedding([0, 1, 0]) == []


async def test_g36_nobody_finds_what_another_character_knows(at_home: House) -> None:
    await keep(at_home, "A boat.")
    bob = another(at_home, "Bob")
    assert await bob.search_memories("boat") == []
    assert await bob.search_memories({"query": "boat", "roomId": "r"}) == []
    assert await at_home.runtime.search_memories("boat", agent_id="somebody else") == []


async def test_a_vector_of_another_width_is_an_error_of_whoever_asks(at_home: House) -> None:
    await keep(at_home, "A boat.")
    with pytest.raises(ValueError, match=r"."):
        await at_home.runtime.search_memories_by_embedding([0.5] * 7)


async def test_a_memory_gets_a_vector_once_and_only_for_words(
    at_home: House, subjects: Subjects
) -> None:
    runtime = at_home.runtime
    made = await runtime.add_embedding_to_memory({"content": {"text": "A boat."}})
    assert made["embedding"] == [0, 1, 0]
    assert await runtime.add_embedding_to_memory(made) == made
    bare = {"content": {"text": " ", "attachments": [{"url": "cat.png"}]}}
    assert "embedding" not in await runtime.add_embedding_to_memory(bare)
    assert subjects.asked == ["A boat."]


async def test_the_background_is_woken_when_a_plugin_asks_for_vectors(
    at_home: House, subjects: Subjects
) -> None:
    await at_home.runtime.queue_embedding_generation({"content": {"text": "A boat."}}, "high")
    await at_home.runtime.queue_embedding_generation({"content": {"text": "A cat."}})
    assert subjects.woken == [(HER, True), (HER, False)]


async def test_vectors_are_kept_by_their_text(at_home: House) -> None:
    assert await at_home.runtime.get_cached_embedding("A boat.") is None
    await at_home.runtime.set_cached_embedding("A boat.", [0, 1, 0])
    assert await at_home.runtime.get_cached_embedding("A boat.") == [0, 1, 0]


async def test_whoever_recalls_is_told_what_plugins_write(tmp_path: Path) -> None:
    heard: list[tuple[CharacterId, RoomId, str]] = []
    async with house(tmp_path, told=lambda *given: heard.append(given)) as home:
        await home.runtime.create_memory({"content": {"text": "x"}, "roomId": "r"}, "facts")
        many = [{"content": {"text": one}, "roomId": "r"} for one in ("a", "b")]
        await home.runtime.create_memories_batch(many, "knowledge")
    assert heard == [(HER, RoomId("r"), "facts"), (HER, RoomId("r"), "knowledge")]
