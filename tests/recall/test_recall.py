"""What comes to mind: older talk, by its words and by its meaning."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from core.ids import EntityId, RoomId
from core.settings.layers import Settings
from core.state import Line
from tests.recall.rooms import HER, NOW, Town, texts, town
from tests.recall.subjects import Subjects


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path) as found:
        yield found


@pytest.fixture
async def learned(tmp_path: Path) -> AsyncIterator[tuple[Town, Subjects]]:
    subjects = Subjects()
    async with town(tmp_path, subjects) as found:
        yield found, subjects


# --- talk -----------------------------------------------------------------------------------------


async def test_older_talk_comes_back_by_its_words(here: Town) -> None:
    await here.said("My boat is called Minka.", "I like soup.")
    await here.filled()
    found = await here.remembers("What was the boat called?")
    assert texts(found.talk) == ["My boat is called Minka."]
    assert found.talk[0].why == "words"
    assert found.trace == [
        {"id": "m1", "table": "messages", "why": "words", "score": found.trace[0]["score"]}
    ]


async def test_what_the_prompt_shows_is_not_recalled(here: Town) -> None:
    await here.filled()
    await here.said("My boat is called Minka.")
    found = await here.remembers("What was the boat called?")
    assert found.talk == ()


async def test_few_words_are_understood_by_the_line_before(here: Town) -> None:
    await here.said("My boat is called Minka.")
    await here.filled()
    scene = await here.scene("And why?")
    line = Line(EntityId("robin"), "Robin", "Shall we paint the boat?", NOW, ours=False)
    found = await here.recall(replace(scene, history=(*scene.history, line)))
    assert texts(found.talk) == ["My boat is called Minka."]


async def test_a_query_stands_in_for_what_was_said(here: Town) -> None:
    await here.said("My boat is called Minka.", "The soup needs salt.")
    await here.filled()
    scene = await here.scene("What was the boat called?")
    found = await here.recall(scene, query="salt in the soup")
    assert texts(found.talk) == ["The soup needs salt."]


async def test_the_same_words_come_back_once_and_records_of_deeds_never(here: Town) -> None:
    await here.said("The boat leaks!", "the  boat leaks", "Boats, boats, boats.")
    await here.said("The boat is none of my business.", by="eliza", actions=("IGNORE",))
    done = here.memory("Painted the boat.", by="eliza")
    await here.kept(replace(done, metadata={"type": "action_result"}))
    await here.filled()
    found = await here.remembers("Does the boat leak?")
    assert [one.lower().replace("  ", " ").rstrip("!") for one in texts(found.talk)] == [
        "the boat leaks",
        "boats, boats, boats.",
    ]


async def test_of_equal_ones_the_newest_comes_first(here: Town) -> None:
    await here.said("The red boat sank.", "A blue boat appeared.")
    await here.filled()
    found = await here.remembers("Tell us about the boat")
    assert texts(found.talk) == ["A blue boat appeared.", "The red boat sank."]


async def test_an_answer_stands_beside_its_question(here: Town) -> None:
    question = here.memory("What is the boat called?")
    await here.kept(question)
    await here.said("Minka, I think.", by="eliza", in_reply_to=question.id)
    await here.filled()
    found = await here.remembers("Who knows how the boat is called nowadays?")
    assert [(one.memory.content.text, one.why) for one in found.talk] == [
        ("What is the boat called?", "words"),
        ("Minka, I think.", "beside"),
    ]


async def test_the_same_question_asked_before_comes_back_with_its_answer_or_not_at_all(
    here: Town,
) -> None:
    await here.said("What is the boat called?")
    await here.filled()
    assert texts((await here.remembers("what is the boat called")).talk) == []
    question = here.memory("What is the boat called?", where="garden")
    await here.kept(question)
    await here.said("Minka, I think.", where="garden", by="kim", in_reply_to=question.id)
    await here.filled("garden")
    found = await here.remembers("what is the boat called", where="garden")
    assert [one.memory.content.text for one in found.talk] == [
        "What is the boat called?",
        "Minka, I think.",
    ]


async def test_whom_the_question_names_is_listened_to(here: Town) -> None:
    await here.said(*(f"the boat {'very ' * n}leaks" for n in range(1, 45)), by="kim")
    await here.said("I painted my boat", by="robin")
    await here.said(*(f"our boat {'quite ' * n}rots" for n in range(1, 45)), by="kim")
    await here.filled()
    found = await here.remembers("What did Robin do with the boat?", person="kim")
    assert texts(found.talk)[0] == "I painted my boat"


async def test_nothing_of_before_a_fresh_start_comes_back(here: Town) -> None:
    await here.said("My boat is called Minka.")
    await here.said("Robin sails.", table="facts")
    await here.filled()
    await here.store.write(lambda unit: unit.rooms.forget_before(HER, RoomId("kitchen"), NOW))
    assert not await here.remembers("What was the boat called?")


# --- by meaning -----------------------------------------------------------------------------------


async def test_other_words_for_it_are_found_by_the_questions_vector(
    learned: tuple[Town, Subjects],
) -> None:
    here, subjects = learned
    await here.said("We named the kitten Minka.", "Broth again today.")
    await here.filled()
    await subjects.learn(here)
    found = await here.remembers("What is their pet called?")
    assert [(one.memory.content.text, one.why) for one in found.talk] == [
        ("We named the kitten Minka.", "meaning")
    ]
    assert len(subjects.asked) == 1
    assert here.door.reads == 3  # the last lines, by words, by meaning


async def test_nobody_is_asked_for_a_vector_where_words_have_found_enough(
    learned: tuple[Town, Subjects],
) -> None:
    here, subjects = learned
    await here.said("We named the kitten Minka.")
    await here.filled()
    await subjects.learn(here)
    found = await here.remembers("the kitten, how was it named")
    assert texts(found.talk) == ["We named the kitten Minka."]
    assert subjects.asked == []


async def test_a_model_of_this_machine_is_always_asked(tmp_path: Path) -> None:
    subjects = Subjects("local:models/subjects")
    async with town(tmp_path, subjects) as here:
        await here.said("We named the kitten Minka.")
        await here.filled()
        await subjects.learn(here)
        await here.remembers("the kitten, how was it named")
        assert len(subjects.asked) == 1


async def test_hits_by_words_lend_their_vectors_where_no_question_is_paid_for(
    learned: tuple[Town, Subjects],
) -> None:
    here, subjects = learned
    subjects.spent = True
    await here.said("The kitten scratched the sofa.", "A cat is a cat.", "Broth again today.")
    await here.filled()
    await subjects.learn(here)
    found = await here.remembers("who scratched the sofa then")
    assert texts(found.talk) == ["The kitten scratched the sofa.", "A cat is a cat."]
    assert [one.why for one in found.talk] == ["both", "meaning"]


async def test_where_good_hits_have_no_vectors_a_question_needs_none(
    learned: tuple[Town, Subjects],
) -> None:
    here, subjects = learned
    await here.said("The kitten sat there with its tail up.")
    await here.filled()
    await here.remembers("which kitten, whose tail, what colour")
    assert subjects.asked == []


async def test_names_of_those_who_are_here_do_not_blur_a_question(
    learned: tuple[Town, Subjects],
) -> None:
    here, subjects = learned
    await here.said("Broth again today.")
    await here.filled()
    await subjects.learn(here)
    await here.remembers("What is Robin's pet called?")
    assert "Robin" not in subjects.asked[0][0]
    assert "pet called" in subjects.asked[0][0]


async def test_a_deep_look_asks_whatever_that_costs(learned: tuple[Town, Subjects]) -> None:
    here, subjects = learned
    subjects.spent = True
    await here.said("We named the kitten Minka.")
    await here.filled()
    await subjects.learn(here)
    scene = await here.scene("What is their pet called?")
    assert not await here.recall(scene)
    assert texts((await here.recall(scene, deep=True)).talk) == ["We named the kitten Minka."]
    assert [force for _, force in subjects.asked] == [False, True]


async def test_vectors_of_another_width_are_told_once_and_words_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Wider(Subjects):
        async def query(
            self, settings: Settings, text: str, *, force: bool = False
        ) -> Sequence[float] | None:
            return [1.0] * 7

    subjects = Wider("local:models/wider")
    async with town(tmp_path, subjects) as here:
        await here.said("We named the kitten Minka.")
        await here.filled()
        await subjects.learn(here)
        for _ in range(2):
            assert texts((await here.remembers("the kitten")).talk) == [
                "We named the kitten Minka."
            ]
    assert sum("7 wide" in one.getMessage() for one in caplog.records) == 1
