"""Vectors of memories are made behind everybody's back, and within what messages may cost."""

from __future__ import annotations

import asyncio
import logging

import pytest

from core.errors import ModelRejected, ModelUnavailable
from core.ids import CharacterId
from tests.core.memory.house import House
from tests.core.store.rows import ADA, BOB

AWAY = ModelUnavailable("small at nowhere is unreachable")


# --- memories ------------------------------------------------------------------------------------


async def test_what_was_said_has_vectors_when_there_is_a_whole_request_of_it(house: House) -> None:
    async with house.awake():
        await house.talk(31)
        await house.later(60)
        assert house.model.requests == []
        await house.talk(1)
        await house.later(5)
        assert [len(request) for request in house.model.requests] == [64]
        assert await house.have() == 64


async def test_what_is_too_little_for_a_request_does_not_wait_for_ever(house: House) -> None:
    async with house.awake():
        await house.talk(3)
        await house.later(590)
        assert house.model.requests == []
        await house.later(20)
        assert [len(request) for request in house.model.requests] == [6]
        assert await house.have() == 6


@pytest.mark.parametrize(("pause", "messages"), [(60.0, 240), (7200.0, 100)])
async def test_at_a_slow_pace_ten_messages_cost_a_request(
    house: House, pause: float, messages: int
) -> None:
    async with house.awake() as embedder:
        for number in range(messages):
            await house.talk()
            asking = asyncio.create_task(embedder.query(house.config(), f"what was {number}?"))
            await house.rest()
            await asking
            await house.later(pause, step=pause / 2)
        assert len(house.model.requests) <= messages / 10
        assert await house.have() >= 2 * messages - 64


async def test_at_five_hundred_messages_a_second_ten_of_them_cost_less_than_a_request(
    house: House,
) -> None:
    house.busy = True
    async with house.awake() as embedder:
        for number in range(40):
            await house.talk(50)
            asking = asyncio.create_task(embedder.query(house.config(), f"what was {number}?"))
            await house.later(0.1, step=0.1)
            await asking
        assert len(house.model.requests) <= 200
        house.busy = False
        await house.later(60)
        assert await house.have() > 4000 - 64
        assert len(house.model.requests) <= 200


async def test_what_was_said_twice_is_asked_for_once(house: House) -> None:
    async with house.awake() as embedder:
        await house.keep(*(house.memory("good night") for _ in range(20)))
        embedder.wake(ADA, house.config(), soon=True)
        await house.later(1)
        assert house.model.requests == [["good night"]]
        assert await house.have() == 20


async def test_memories_that_are_wanted_soon_do_not_wait_for_others(house: House) -> None:
    async with house.awake() as embedder:
        await house.talk()
        embedder.wake(ADA, house.config(), soon=True)
        await house.rest()
        assert await house.have() == 2


async def test_a_very_long_text_is_cut_to_what_models_take(house: House) -> None:
    async with house.awake() as embedder:
        await house.keep(house.memory("word " * 5000), house.memory("字" * 9000))
        embedder.wake(ADA, house.config(), soon=True)
        await house.rest()
        assert [len(text) for text in house.model.texts] == [8000, 16_000 // 3]


async def test_who_switches_vectors_off_has_none_made(house: House) -> None:
    house.config(TROUPE_EMBEDDINGS="false")
    async with house.awake() as embedder:
        await house.talk(100)
        assert embedder.model(house.config()) == ""
        assert await embedder.query(house.config(), "what?", force=True) is None
        await house.later(700, step=50)
        assert house.model.requests == []


async def test_nobody_awake_means_nothing_to_do(house: House) -> None:
    async with house.awake():
        await house.talk(40)
        await house.later(700)
        before = (house.store.reads, house.store.writes)
        await house.later(24 * 3600, step=3600)
        assert (house.store.reads, house.store.writes) == before


async def test_memories_of_several_characters_go_in_requests_of_their_own(house: House) -> None:
    async with house.awake():
        await asyncio.gather(house.talk(40), house.talk(40, BOB))
        await house.later(10)
        for request in house.model.requests:
            assert len({text.rpartition(" ")[2] for text in request}) == 1
        assert {one.character_id for one in house.model.settings} == {ADA, BOB}


async def test_questions_go_first_then_facts_then_talk_and_few_at_a_time(house: House) -> None:
    house.model.open.clear()
    async with house.awake() as embedder:

        async def fill(name: str, table: str) -> None:
            who = CharacterId(name)
            await house.keep(*(house.memory(f"{name} {n}", who, table) for n in range(64)))
            embedder.wake(who, house.config(who))
            await house.rest()

        for number in range(6):
            await fill(f"talk{number}", "messages")
        await fill("fact", "facts")
        assert house.model.now == 4
        question = asyncio.create_task(embedder.query(house.config(), "what?"))
        await house.rest()
        assert house.model.now == 5
        house.model.open.set()
        await question
        await house.later(5)
    first = [request[0].split()[0].rstrip("0123456789") for request in house.model.requests]
    assert first == ["talk"] * 4 + ["what?", "fact"] + ["talk"] * 2


# --- trouble -------------------------------------------------------------------------------------


async def test_a_model_that_is_away_is_asked_less_and_less_and_nothing_is_lost(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.model.fault = AWAY
    async with house.awake() as embedder:
        await house.talk(40)
        await house.later(3600)
        assert 12 <= len(house.model.requests) <= 20
        assert await embedder.query(house.config(), "and now?") is None
        warnings = [one for one in caplog.records if one.levelno >= logging.WARNING]
        assert [one.name for one in warnings] == ["core.memory.making"]
        house.model.fault = None
        await house.later(320)
        assert await house.have() == 64
        await house.later(600)
        assert await house.have() == 80


async def test_memories_wait_no_longer_once_a_question_was_answered(house: House) -> None:
    """Their own request failed a moment before: its long pause is over with the answer."""
    house.model.fault = AWAY
    async with house.awake() as embedder:
        await house.talk(40)
        await house.later(3600)
        house.model.fault = None
        late = [AWAY]
        house.model.refuses = lambda texts: None if "well?" in texts or not late else late.pop()
        house.model.open.clear()
        while not house.model.now:
            await house.later(1)
        question = asyncio.create_task(embedder.query(house.config(), "well?"))
        await house.rest()
        assert house.model.now == 2
        house.model.open.set()
        assert await question is not None
        await house.rest()
        assert await house.have() == 64


async def test_one_text_that_is_refused_costs_no_other_its_vector(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.model.refuses = lambda texts: (
        ModelRejected("small refused the request (HTTP 400)") if "poison" in texts else None
    )
    async with house.awake() as embedder:
        await house.keep(*(house.memory(f"before {n}") for n in range(20)), house.memory("poison"))
        await house.talk(60)
        await house.later(3600, step=20)
        assert await house.have() == 140
        assert "one memory of Ada has no vector" in caplog.text
        assert "poison" not in caplog.text
        assert embedder.progress() == {}


async def test_a_wrong_key_does_not_make_memories_be_left_out(house: House) -> None:
    house.model.fault = ModelRejected("small refused the key (HTTP 401)")
    async with house.awake():
        await house.talk(50)
        await house.later(7200, step=30)
        house.model.fault = None
        await house.later(1200, step=30)
        assert await house.have() == 100


async def test_what_was_under_way_when_the_process_died_is_made_in_the_next_life(
    house: House,
) -> None:
    house.model.open.clear()
    async with house.awake():
        await house.talk(64)
        await house.later(5)
        assert house.model.now == 1
    house.model.open.set()
    assert await house.have() == 0
    async with house.awake() as embedder:
        embedder.wake(ADA, house.config())
        await house.later(5)
        assert await house.have() == 128


async def test_at_the_end_what_is_under_way_reaches_the_database(house: House) -> None:
    house.model.open.clear()
    async with house.awake() as embedder:
        await house.talk(64)
        await house.later(5)
        stopping = asyncio.create_task(embedder.stop())
        await house.rest()
        assert not stopping.done()
        house.model.open.set()
        await stopping
        assert await house.have() == 64
        assert await embedder.query(house.config(), "too late?") is None
        await house.later(60)
        assert len(house.model.requests) == 1


async def test_vectors_that_cannot_be_kept_are_not_paid_for_again_and_again(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.model.open.clear()
    async with house.awake():
        await house.talk(40)
        await house.later(5)
        house.store.broken = True
        house.model.open.set()
        await house.later(50)
        assert len(house.model.requests) == 1
        assert "mind of its own" in caplog.text
        house.store.broken = False
        await house.later(120)
        assert await house.have() == 64


# --- another model -------------------------------------------------------------------------------


async def test_another_model_makes_all_vectors_anew_and_says_how_far_it_is(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "core.memory")
    house.busy = True
    async with house.awake() as embedder:
        await house.keep(*(house.memory(f"long ago {n}") for n in range(640)))
        embedder.wake(ADA, house.config())
        await house.later(60, step=0.5)
        assert await house.have() == 640
        house.model.name, house.model.width = "other:large", 24
        caplog.clear()
        embedder.wake(ADA, house.config(OPENAI_EMBEDDING_MODEL="large"))
        seen = []
        while await house.have() < 640:
            await house.later(0.5, step=0.5)
            seen += [one for one in embedder.progress().values() if one not in seen]
        assert (320, 640) in seen
        assert seen == sorted(seen)
        assert await house.have(name="openai:small") == 640, "until the new ones are complete"
        await house.later(10)
        assert await house.have(name="openai:small") == 0
        assert embedder.progress() == {}
    steps = [one.getMessage() for one in caplog.records if "%" in one.getMessage()]
    assert [step.split()[0] for step in steps] == [str(10 * n) for n in range(1, 11)]


async def test_a_restart_goes_on_where_it_was_and_going_back_costs_nothing(house: House) -> None:
    async with house.awake() as embedder:
        await house.keep(*(house.memory(f"long ago {n}") for n in range(320)))
        embedder.wake(ADA, house.config())
        await house.later(10)
    assert (len(house.model.requests), await house.have()) == (5, 320)
    house.model.name, house.busy = "other:large", True
    async with house.awake() as embedder:
        embedder.wake(ADA, house.config())
        while await house.have() < 128:
            await house.later(0.1, step=0.1)
    before = await house.have()
    assert 128 <= before < 320
    house.model.name = "openai:small"
    async with house.awake() as embedder:
        asked = len(house.model.requests)
        embedder.wake(ADA, house.config())
        await house.rest()
        assert len(house.model.requests) == asked, "all of them were there still"
    house.busy = False
    house.model.name = "other:large"
    async with house.awake() as embedder:
        embedder.wake(ADA, house.config())
        await house.later(60)
        assert await house.have() == 320


async def test_whoever_goes_back_after_all_was_dropped_gets_everything_anew(house: House) -> None:
    await house.keep(*(house.memory(f"long ago {n}") for n in range(128)))
    for name in ("openai:small", "other:large", "openai:small", "other:large"):
        house.model.name = name
        async with house.awake() as embedder:
            embedder.wake(ADA, house.config())
            await house.later(30)
            assert await house.have() == 128
            others = {"openai:small", "other:large"} - {name}
            assert await house.have(name=others.pop()) == 0
    assert len(house.model.requests) == 8


async def test_a_service_that_gives_another_width_than_asked_for_gets_its_real_name(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.model.name, house.model.answer = (
        "openai:small/8",
        lambda texts, width: [  # type: ignore[method-assign]  # a service that does as it likes
            [1.0] * 24 for _ in texts
        ],
    )
    async with house.awake() as embedder:
        await house.talk(32)
        await house.later(30)
        assert embedder.model(house.config()) == "openai:small/24"
        assert await house.have(name="openai:small/24") == 64
        assert await house.have(name="openai:small/8") == 0
    asked = len(house.model.requests)
    async with house.awake() as embedder:
        embedder.wake(ADA, house.config())
        await house.later(10)
        assert embedder.model(house.config()) == "openai:small/24"
        assert len(house.model.requests) == asked, "what was found out is kept"


async def test_a_model_that_has_changed_under_its_name_is_noticed(house: House) -> None:
    async with house.awake() as embedder:
        await house.talk(32)
        await house.later(30)
        house.model.width = 24
        await house.talk(32)
        await house.later(60)
        assert embedder.model(house.config()) == "openai:small/24"
        assert await house.have(name="openai:small/24") == 128
        assert await house.have(name="openai:small") == 0


async def test_words_that_were_changed_are_looked_through_in_time(house: House) -> None:
    async with house.awake() as embedder:
        await house.talk(32)
        await house.later(5)
        await house.store.write(lambda unit: unit.memories.rewrite(ADA, "ada-3", "something else"))
        await house.later(7 * 3600, step=600)
        embedder.wake(ADA, house.config(), soon=True)
        await house.later(900, step=60)
        assert await house.have() == 64
        assert "something else" in house.model.texts


# --- not in a circle -----------------------------------------------------------------------------


async def test_an_index_that_cannot_be_kept_up_is_left_alone_for_a_while(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    async with house.awake() as embedder:
        house.store.broken = True
        for _ in range(100):
            embedder.wake(ADA, house.config(), soon=True)
        await house.later(30)
        assert house.store.writes <= 3
        assert len([one for one in caplog.records if one.exc_info]) <= 3
        house.store.broken = False
        await house.talk(40)
        await house.later(60)
        assert await house.have() >= 64


async def test_what_nobody_can_pay_for_yet_is_not_looked_for_all_the_time(house: House) -> None:
    house.config(TROUPE_EMBEDDINGS_PER_MESSAGE="0")
    async with house.awake() as embedder:
        await house.keep(*(house.memory(f"number {one}") for one in range(3)))
        for _ in range(200):
            embedder.wake(ADA, house.config(), soon=True)
        before = house.store.reads
        await house.later(30, step=1.0)
        for _ in range(100):
            embedder.wake(ADA, house.config(), soon=True)
            await house.rest()
        assert house.store.reads - before <= 150
        assert len(house.model.requests) <= 1, "as much as everybody begins with"
