"""Tasks are done by their workers, in time, and survive whatever becomes of those."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.flow.current import current_turn
from core.flow.current import running as in_turn
from core.kept import Task
from core.store.engine import open_store
from core.tasks import AWAITING_CHOICE, stamped
from tests.core.tasks.house import ADA, BOB, House, house, running
from tests.fakes.clock import FakeClock

ONCE = Task("once", ADA, "WORK", metadata={"text": "hi"})
REPEATED = Task("often", ADA, "WORK", tags=frozenset({"queue", "repeat"}), interval=60.0)


async def fails(*given: Any) -> None:
    raise ValueError("a secret of somebody's")


async def test_a_task_is_done_once_at_once_and_is_gone(tmp_path: Path) -> None:
    async with house(tmp_path, WORK=None) as here:
        await here.service.create(ONCE)
        await here.passes(5)
        assert here.ids == ["once"]
        assert here.done[0][1]["text"] == "hi"
        assert await here.kept() == [] == await here.service.find(ADA)


async def test_a_task_waits_for_its_time(tmp_path: Path) -> None:
    async with house(tmp_path, WORK=None) as here:
        await here.service.create(replace(ONCE, due_at=here.clock.now() + timedelta(seconds=10)))
        await here.passes(9)
        assert here.ids == []
        await here.passes(2)
        assert here.ids == ["once"]


async def test_a_repeated_task_runs_each_interval_and_stays(tmp_path: Path) -> None:
    async with house(tmp_path, WORK=None) as here:
        await here.service.create(replace(REPEATED, interval=3.0))
        await here.passes(10)
        assert here.ids == ["often"] * 3
        (task,) = await here.kept()
        assert task.updated_at is not None
        assert task.metadata["updatedAt"] == round(task.updated_at.timestamp() * 1000)


async def test_an_immediate_one_begins_with_its_creation(tmp_path: Path) -> None:
    async with house(tmp_path, WORK=None) as here:
        await here.service.create(replace(REPEATED, tags=REPEATED.tags | {"immediate"}))
        await here.rests()
        assert here.ids == ["often"]
        await here.passes(59)
        assert here.ids == ["often"]
        await here.passes(2)
        assert here.ids == ["often"] * 2


async def test_what_waits_for_a_person_or_is_not_queued_does_not_run(tmp_path: Path) -> None:
    async with house(tmp_path, WORK=None) as here:
        await here.service.create(replace(ONCE, tags=frozenset({"queue", AWAITING_CHOICE})))
        await here.service.create(replace(ONCE, id="other", tags=frozenset({"later"})))
        await here.passes(5)
        assert here.ids == []
        await here.service.update(replace(ONCE, id="other"))
        await here.rests()
        assert here.ids == ["other"]


async def test_a_failure_is_counted_kept_and_tried_again_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with house(tmp_path, WORK=fails) as here:
        await here.service.create(ONCE)
        await here.passes(4)
        assert here.ids == ["once"]
        (task,) = await here.kept()
        assert (task.failures, task.metadata["error"]) == (1, "ValueError")
        await here.passes(3)
        assert here.ids == ["once"] * 2
        here.works("WORK")
        await here.passes(12)
        assert here.ids == ["once"] * 3
        assert await here.kept() == []
    assert "task WORK failed: ValueError at" in caplog.text
    assert "secret" not in caplog.text


async def test_a_repeated_task_that_works_again_has_no_failures(tmp_path: Path) -> None:
    async with house(tmp_path, WORK=fails) as here:
        await here.service.create(replace(REPEATED, interval=2.0))
        await here.passes(3)
        here.works("WORK")
        await here.passes(8)
        (task,) = await here.kept()
        assert (task.failures, task.metadata.get("error")) == (0, None)


async def test_a_task_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    async def hangs(*given: Any) -> None:
        await asyncio.Event().wait()

    async with house(tmp_path, WORK=hangs) as here:
        here.service._limit = 0.05
        await here.service.create(ONCE)
        async with asyncio.timeout(20):
            while not (await here.kept())[0].failures:  # noqa: ASYNC110 - a row has no bell
                await asyncio.sleep(0.01)
        assert (await here.kept())[0].metadata["error"] == "TimeoutError"


async def test_a_worker_that_still_runs_is_not_started_again(tmp_path: Path) -> None:
    free = asyncio.Event()

    async def waits(*given: Any) -> None:
        await free.wait()

    async with house(tmp_path, WORK=waits) as here:
        await here.service.create(replace(REPEATED, interval=2.0))
        await here.passes(10)
        assert here.ids == ["often"]
        free.set()
        await here.passes(1)
        assert here.ids == ["often"] * 2


@pytest.mark.parametrize("answer", [False, ValueError("no")])
async def test_what_its_validator_does_not_want_is_skipped(tmp_path: Path, answer: Any) -> None:
    wanted = [answer]

    def validate(runtime: Any, message: Any) -> bool:
        assert (runtime, message) == ("runtime of ada", {})
        if isinstance(wanted[0], Exception):
            raise wanted[0]
        return bool(wanted[0])

    async with house(tmp_path) as here:
        here.works(wanted=validate)
        await here.service.create(ONCE)
        await here.passes(5)
        assert here.ids == []
        assert (await here.kept())[0].failures == 0
        wanted[0] = True
        await here.passes(60)
        assert here.ids == ["once"]


async def test_a_task_that_nobody_does_is_told_of_once_and_waits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with house(tmp_path) as here:
        await here.service.create(ONCE)
        await here.passes(30)
        assert len([one for one in caplog.messages if "nobody does the task" in one]) == 1
        here.works()
        await here.passes(60)
        assert here.ids == ["once"]


async def test_one_characters_hanging_tasks_hold_up_nobody_elses(tmp_path: Path) -> None:
    async def hangs(*given: Any) -> None:
        await asyncio.Event().wait()

    async with house(tmp_path, WORK=hangs) as here:
        here.works(who=BOB)
        for number in range(20):
            await here.service.create(replace(ONCE, id=f"{number}"))
        await here.service.create(replace(ONCE, id="bob's", character=BOB))
        await here.passes(2)
        assert len(here.ids) == 9
        assert "bob's" in here.ids


async def test_tasks_belong_to_their_character(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        await here.service.create(ONCE)
        assert await here.service.get(BOB, "once") is None
        assert not await here.service.delete(BOB, "once")
        assert [one.id for one in await here.service.find(ADA, name="WORK")] == ["once"]
        assert await here.service.find(ADA, tags=["repeat"]) == []
        assert await here.service.delete(ADA, "once")
        assert not await here.service.delete(ADA, "once")


async def test_a_task_taken_off_while_it_runs_stays_gone(tmp_path: Path) -> None:
    async def drops(runtime: Any, options: Any, task: Task) -> None:
        await here.service.delete(ADA, task.id)
        raise ValueError

    async with house(tmp_path, WORK=drops) as here:
        await here.service.create(ONCE)
        await here.passes(10)
        assert here.ids == ["once"]
        assert await here.kept() == []


async def test_a_worker_may_put_its_own_task_off(tmp_path: Path) -> None:
    async def puts_off(runtime: Any, options: Any, task: Task) -> None:
        if len(here.ids) == 1:
            later = here.clock.now() + timedelta(seconds=5)
            await here.service.update(replace(task, due_at=later))

    async with house(tmp_path, WORK=puts_off) as here:
        await here.service.create(ONCE)
        await here.passes(3)
        assert here.ids == ["once"]
        await here.passes(4)
        assert here.ids == ["once"] * 2
        assert await here.kept() == []


async def test_a_task_does_not_run_within_the_turn_that_has_created_it(tmp_path: Path) -> None:
    seen: list[Any] = []

    async def looks(*given: Any) -> None:
        seen.append(current_turn())

    async with house(tmp_path, WORK=looks) as here:
        turn: Any = object()
        with in_turn(turn):
            await here.service.create(ONCE)
        await here.rests()
    assert seen == [None]


# --- over a restart --------------------------------------------------------------------------------


async def test_tasks_survive_a_restart(tmp_path: Path) -> None:
    clock = FakeClock()
    async with house(tmp_path, clock) as here:
        await here.service.create(replace(ONCE, due_at=clock.now() + timedelta(seconds=10)))
        await here.service.create(REPEATED)
        await here.passes(5)
    async with house(tmp_path, clock, WORK=None) as here:
        await here.passes(1)
        assert here.ids == []
        await here.passes(6)
        assert here.ids == ["once"]
        await here.passes(60)
        assert here.ids == ["once", "often"]


async def test_intervals_that_went_by_meanwhile_are_made_up_for_once(tmp_path: Path) -> None:
    clock = FakeClock()
    async with house(tmp_path, clock) as here:
        await here.service.create(REPEATED)
    await clock.advance(1000)
    async with house(tmp_path, clock, WORK=None) as here:
        await here.passes(30)
        assert here.ids == ["often"]


async def test_what_was_killed_runs_again_once_but_not_within_its_interval(tmp_path: Path) -> None:
    clock = FakeClock()

    async def dies(*given: Any) -> None:
        await asyncio.Event().wait()

    tags = REPEATED.tags | {"immediate"}
    async with open_store(None, tmp_path) as store:
        first = House(store, clock)
        first.works("WORK", dies)
        async with running(first):
            await first.service.create(ONCE)
            await first.service.create(replace(REPEATED, tags=tags))
            await first.rests()
            assert first.ids == ["once", "often"]
        second = House(store, clock)  # nothing of the first one's end was written down
        second.works("WORK")
        async with running(second):
            await second.passes(5)
            assert second.ids == ["once"]
            await second.passes(60)
            assert second.ids == ["once", "often"]


async def test_at_a_stop_nothing_begins_and_what_runs_gets_a_moment(tmp_path: Path) -> None:
    free = asyncio.Event()

    async def waits(*given: Any) -> None:
        await free.wait()

    async with house(tmp_path, WORK=waits) as here:
        await here.service.create(ONCE)
        await here.rests()
        asyncio.get_running_loop().call_later(0.05, free.set)
        await here.service.settle(5)
        assert await here.kept() == []
        free.clear()
        await here.service.create(ONCE)
        await here.passes(3)
        assert here.ids == ["once"]


async def test_at_a_stop_what_hangs_is_cancelled_and_stays(tmp_path: Path) -> None:
    async def hangs(*given: Any) -> None:
        await asyncio.Event().wait()

    async with house(tmp_path, WORK=hangs) as here:
        await here.service.create(ONCE)
        await here.rests()
        await here.service.settle(0.01)
        assert [one.id for one in await here.kept()] == ["once"]


# --- choices ---------------------------------------------------------------------------------------


async def test_open_choices_of_a_room_are_known_without_a_query(tmp_path: Path) -> None:
    choice = replace(ONCE, tags=frozenset({AWAITING_CHOICE}), room="r")
    clock = FakeClock()
    async with house(tmp_path, clock) as here:
        await here.service.create(choice)
    async with house(tmp_path, clock) as here:
        assert [one.id for one in here.service.choices(ADA, "r")] == ["once"]
        assert here.service.choices(ADA, "elsewhere") == here.service.choices(BOB, "r") == []
        await here.service.update(stamped(replace(choice, room="elsewhere"), clock.now()))
        assert here.service.choices(ADA, "r") == []
        (now_there,) = here.service.choices(ADA, "elsewhere")
        here.service.chosen(now_there)
        assert here.service.choices(ADA, "elsewhere") == []
