"""What comes to mind: facts and knowledge, how much, from where, and at what cost."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from core.ids import RoomId
from core.knowledge.documents import SHARED
from core.messages import ChannelType, World
from core.ports import Unit
from core.prompting.budget import tokens
from core.providers.recalled import section_of
from core.settings.layers import Settings
from core.state import Line, Remembered
from tests.recall.rooms import HER, LINES, Town, room, texts, town
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


# --- facts and knowledge --------------------------------------------------------------------------


async def test_facts_about_who_speaks_come_first_then_those_that_fit_then_the_newest(
    here: Town,
) -> None:
    for by, text in (
        ("kim", "Kim rows a boat."),
        ("robin", "Robin has a cat."),
        ("kim", "Kim cooks."),
        ("robin", "Robin owns a boat."),
    ):
        await here.said(text, by=by, table="facts")
    found = await here.remembers("Shall we take the boat?")
    assert [(one.memory.content.text, one.why) for one in found.facts] == [
        ("Robin owns a boat.", "words"),
        ("Robin has a cat.", "about"),
        ("Kim rows a boat.", "words"),
        ("Kim cooks.", "newest"),
    ]


async def test_what_she_knows_herself_what_was_sent_here_and_what_all_know(here: Town) -> None:
    def furnish(unit: Unit) -> None:
        unit.rooms.ensure(
            [World(room("x", world=SHARED, whose=SHARED).world, SHARED, "house", "house")],
            [room(SHARED, ChannelType.SELF, world=SHARED, whose=SHARED)],
        )

    await here.store.write(furnish)
    await here.said("The harbour closes at nine.", where=HER, table="knowledge")
    await here.said("Sent here: harbour fees.", table="knowledge")
    await here.said("Sent elsewhere: harbour map.", where="office", table="knowledge")
    await here.said("House rules of the harbour.", where=SHARED, whose=SHARED, table="knowledge")
    found = await here.remembers("When is the harbour open?")
    assert sorted(texts(found.knowledge)) == [
        "House rules of the harbour.",
        "Sent here: harbour fees.",
        "The harbour closes at nine.",
    ]


# --- how much --------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [200, 300, 600])
async def test_the_prompt_gets_no_more_than_its_budget_and_facts_at_most_half(
    here: Town, most: int
) -> None:
    await here.said(*(f"The boat number {n} is rotten, {'so ' * n}" for n in range(40)))
    await here.said(*(f"Robin's boat {n} is {'very ' * n}old." for n in range(40)), table="facts")
    await here.filled()
    scene = await here.scene("which boat is rotten", TROUPE_RECALL_TOKENS=str(most))
    found = await here.recall(scene)
    whole = section_of(scene, found)
    facts = section_of(scene, Remembered(found.facts))
    assert whole is not None
    assert facts is not None
    assert found.talk
    assert tokens(whole.text) <= most
    assert tokens(facts.text) <= most / 2 + 24


async def test_at_most_five_pieces_of_documents_within_their_budget(here: Town) -> None:
    await here.said(*(f"Harbour {'and ' * 30}{n}" for n in range(9)), where=HER, table="knowledge")
    assert len((await here.remembers("the harbour")).knowledge) == 5
    short = await here.remembers("the harbour", TROUPE_KNOWLEDGE_TOKENS="130")
    assert len(short.knowledge) == 2


async def test_it_can_be_switched_off_in_whole_and_in_part(here: Town) -> None:
    await here.said("My boat is called Minka.")
    await here.said("Robin has a boat.", table="facts")
    await here.said("Boats float.", where=HER, table="knowledge")
    await here.filled()
    asked = "What was the boat called?"
    assert not await here.remembers(asked, TROUPE_RECALL="false")
    assert not await here.remembers(asked, TROUPE_RECALL_TOKENS="0", TROUPE_KNOWLEDGE_TOKENS="0")
    no_talk = await here.remembers(asked, TROUPE_RECALL_TOKENS="0")
    assert not no_talk.talk
    assert not no_talk.facts
    assert no_talk.knowledge
    no_lore = await here.remembers(asked, TROUPE_KNOWLEDGE_TOKENS="0")
    assert no_lore.talk
    assert no_lore.facts
    assert not no_lore.knowledge


# --- from where -----------------------------------------------------------------------------------


async def test_of_other_rooms_nothing_comes_unless_it_is_allowed(here: Town) -> None:
    for where in ("garden", "office", "robin-1", "kim-1", "hidden"):
        await here.said(f"The boat in the {where} leaks.", where=where)
        await here.said(f"The {where} has a boat.", where=where, table="facts")
    asked = "Does the boat leak?"
    assert not await here.remembers(asked)
    assert not await here.remembers(asked, TROUPE_RECALL_SCOPE="person")
    found = await here.remembers(asked, TROUPE_RECALL_SCOPE="world")
    assert texts(found.talk) == ["The boat in the garden leaks."]
    assert texts(found.facts) == ["The garden has a boat."]


async def test_a_direct_chat_is_a_world_of_its_own(here: Town) -> None:
    await here.said("The boat in the kitchen leaks.", where="kitchen")
    await here.said("Kim's boat leaks.", where="kim-1")
    for where in ("robin-1", "hidden"):
        found = await here.remembers(
            "Does the boat leak?", where=where, direct=True, TROUPE_RECALL_SCOPE="world"
        )
        assert not found


async def test_a_person_is_recognised_in_their_other_direct_chats_alone(here: Town) -> None:
    await here.said("Robin's first boat leaks.", where="robin-1")
    await here.said("Kim's boat leaks.", where="kim-1", by="kim")
    await here.said("The boat in the kitchen leaks.", where="kitchen")
    await here.said("A boat that Kim told of leaks.", where="hidden")  # Kim takes part as well
    found = await here.remembers(
        "Does the boat leak?", where="robin-2", direct=True, TROUPE_RECALL_SCOPE="person"
    )
    assert texts(found.talk) == ["Robin's first boat leaks."]
    assert not await here.remembers("Does the boat leak?", where="robin-2", direct=True)


async def test_a_scope_that_nobody_knows_is_the_room_and_is_told_once(
    here: Town, caplog: pytest.LogCaptureFixture
) -> None:
    await here.said("The boat in the garden leaks.", where="garden")
    for _ in range(3):
        assert not await here.remembers("Does the boat leak?", TROUPE_RECALL_SCOPE="galaxy")
    assert sum("galaxy" in one.getMessage() for one in caplog.records) == 1


# --- at what cost ---------------------------------------------------------------------------------


async def test_a_room_that_is_new_costs_no_query(here: Town) -> None:
    await here.remembers("Does the boat leak?", where="office")  # what she knows is known now
    here.recent.begin(HER, RoomId("garden"))
    before = here.door.reads
    assert not await here.remembers("Does the boat leak?", where="garden")
    assert here.door.reads == before


async def test_where_there_is_nothing_to_find_one_look_is_enough(here: Town) -> None:
    await here.said("The boat leaks.")
    await here.remembers("Does the boat leak?")
    before = here.door.reads
    for _ in range(5):
        assert not await here.remembers("Does the boat leak?")
    assert here.door.reads == before


async def test_a_look_costs_one_read_however_much_is_found(here: Town) -> None:
    await here.said("The boat leaks.", table="facts")
    await here.said("The boat leaks, a document says.", where=HER, table="knowledge")
    await here.said("The boat leaks.")
    await here.filled()
    scene = await here.scene("Does the boat leak?")
    before = here.door.reads
    found = await here.recall(scene)
    assert found.facts
    assert found.talk
    assert found.knowledge
    assert here.door.reads == before + 1


async def test_what_was_learned_since_is_looked_for_when_it_is_told(here: Town) -> None:
    assert not await here.remembers("Does the boat leak?")
    await here.said("The boat leaks.", table="facts")
    assert not await here.remembers("Does the boat leak?")  # nobody has said so
    here.recall.told(HER, RoomId("kitchen"), "facts")
    assert texts((await here.remembers("Does the boat leak?")).facts) == ["The boat leaks."]
    await here.said("The boat leaks, says a book.", where=HER, table="knowledge")
    here.recall.told(HER, RoomId(HER), "knowledge")
    assert (await here.remembers("Does the boat leak?")).knowledge
    assert (await here.again().remembers("Does the boat leak?")).knowledge


async def test_a_room_that_was_forgotten_is_looked_at_anew(here: Town) -> None:
    assert not await here.remembers("Does the boat leak?")
    await here.said("The boat leaks.", table="facts")
    here.recall.forget(RoomId("kitchen"))
    assert (await here.remembers("Does the boat leak?")).facts


async def test_lines_that_fall_out_of_the_prompt_are_looked_for_from_then_on(here: Town) -> None:
    await here.said("The boat leaks.")
    assert not await here.remembers("Does the boat leak?")
    for number in range(LINES + 2):
        later = here.memory(f"well {'x' * number}")
        await here.kept(later)
        line = Line(later.author, "Robin", later.content.text, later.created_at, ours=False)
        here.recent.add(HER, RoomId("kitchen"), [line], LINES)
    assert texts((await here.remembers("Does the boat leak?")).talk) == ["The boat leaks."]


async def test_words_that_all_texts_have_ask_for_nothing(here: Town) -> None:
    await here.said("The boat leaks.")
    await here.filled()
    await here.remembers("boat")
    before = here.door.reads
    assert not await here.recall(await here.scene("And how was that?"), query="and that was it")
    assert here.door.reads == before


# --- what goes wrong ------------------------------------------------------------------------------


async def test_a_database_that_is_away_is_no_reason_to_say_nothing(here: Town) -> None:
    await here.said("The boat leaks.")
    await here.filled()
    scene = await here.scene("Does the boat leak?")
    here.door.away = True
    assert await here.recall(scene) == Remembered()


async def test_a_model_that_is_away_neither(learned: tuple[Town, Subjects]) -> None:
    here, subjects = learned
    subjects.away = True
    await here.said("The boat leaks.")
    await here.filled()
    assert not await here.remembers("which vessel, and what about it")
    assert len(subjects.asked) == 1


async def test_what_nobody_thought_of_is_logged_without_anybodys_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Subjects):
        async def query(
            self, settings: Settings, text: str, *, force: bool = False
        ) -> Sequence[float] | None:
            raise RuntimeError("broken")

    async with town(tmp_path, Broken("local:models/broken")) as here:
        await here.said("The boat leaks.")
        await here.filled()
        with caplog.at_level(logging.ERROR):
            assert not await here.remembers("Does the boat leak?")
    (record,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert "boat" not in record.getMessage()
