"""The one queue for work that nobody waits for (BQ-01 to BQ-07)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.backoff import Backoff
from core.queueing import BatchQueue, Priority, PriorityQueue
from core.settings.context import RequestContext, current, request_scope
from tests.fakes.clock import FakeClock, settle


class Works:
    """What is done with batches: written down, held up by a gate, refused so many times."""

    def __init__(self) -> None:
        self.done: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.failing = 0
        self.now = 0
        self.most = 0

    async def __call__(self, batch: Sequence[str]) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.gate.wait()
            if self.failing:
                self.failing -= 1
                raise OSError("not today")
            self.done.append(list(batch))
        finally:
            self.now -= 1


@asynccontextmanager
async def running(queue: BatchQueue[Any]) -> AsyncIterator[asyncio.TaskGroup]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(queue.run())
        await settle(3)
        yield group
        task.cancel()


def make(works: Works, clock: FakeClock, **options: Any) -> BatchQueue[str]:
    return BatchQueue("test", works, clock, **options)


@pytest.fixture
def works() -> Works:
    return Works()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


# --- priority ------------------------------------------------------------------------------------


def test_what_matters_most_goes_first_and_what_came_first_before_its_equals() -> None:
    queue: PriorityQueue[str] = PriorityQueue("test")
    for item in ("low 1", "normal 1", "high 1", "low 2", "high 2", "normal 2"):
        queue.put(item, item.split()[0])
    assert queue.take(3) == ["high 1", "high 2", "normal 1"]
    assert queue.take(9) == ["normal 2", "low 1", "low 2"]


def test_a_full_queue_gives_up_the_oldest_of_what_matters_least() -> None:
    queue: PriorityQueue[str] = PriorityQueue("test", most=3)
    for item in ("low 1", "low 2", "normal 1"):
        assert queue.put(item, item.split()[0]) is None
    assert queue.put("high 1", "high") == "low 1"
    assert queue.put("low 3", "low") == "low 2"
    assert queue.put("high 2", "high") == "low 3"
    assert queue.put("low 4", "low") == "low 4", "everything there matters more"
    assert queue.take(9) == ["high 1", "high 2", "normal 1"]


def test_an_unknown_priority_counts_as_normal_and_is_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    queue: PriorityQueue[str] = PriorityQueue("test")
    other: PriorityQueue[str] = PriorityQueue("other")
    for item in ("urgent", "whenever", "urgent"):
        queue.put(item, item)
    queue.put("low", "low")
    other.put("urgent", "urgent")
    assert queue.take(9, least=Priority.NORMAL) == ["urgent", "whenever", "urgent"]
    assert len(caplog.records) == 2, "one for each queue"


# --- batches -------------------------------------------------------------------------------------


async def test_a_batch_goes_when_it_is_full_and_the_rest_when_it_is_old(
    works: Works, clock: FakeClock
) -> None:
    queue = make(works, clock, batch_size=3, max_age=60.0)
    async with running(queue):
        for item in "abcd":
            assert queue.enqueue(item)
        await settle()
        assert works.done == [["a", "b", "c"]]
        await clock.advance(59)
        assert len(works.done) == 1
        await clock.advance(1)
        assert works.done[1:] == [["d"]]


async def test_what_is_of_high_priority_does_not_wait_and_takes_others_along(
    works: Works, clock: FakeClock
) -> None:
    queue = make(works, clock, batch_size=3, max_age=60.0)
    async with running(queue):
        queue.enqueue("old")
        await clock.advance(1)
        queue.enqueue("now", "high")
        await settle()
        assert works.done == [["now", "old"]]


async def test_what_was_queued_before_the_work_began_is_done_too(
    works: Works, clock: FakeClock
) -> None:
    queue = make(works, clock, batch_size=2)
    queue.enqueue("a")
    queue.enqueue("b")
    async with running(queue):
        await settle()
    assert works.done == [["a", "b"]]


async def test_five_hundred_at_once_are_worked_on_a_few_at_a_time(
    works: Works, clock: FakeClock
) -> None:
    queue = make(works, clock, batch_size=1, max_parallel=4)
    works.gate.clear()
    async with running(queue):
        for number in range(500):
            queue.enqueue(str(number), ("low", "normal", "high")[number % 3])
        await settle()
        assert works.now == 4
        works.gate.set()
        await settle(3000)
    assert works.most == 4
    order = [int(batch[0]) % 3 for batch in works.done]
    assert len(order) == 500
    assert order[4:] == sorted(order[4:], reverse=True), "the first four were there alone"


async def test_nothing_runs_while_nothing_waits(works: Works, clock: FakeClock) -> None:
    queue = make(works, clock, batch_size=2)
    async with running(queue):
        await settle()
        before = len(asyncio.all_tasks())
        for item in "abcde":
            queue.enqueue(item)
        await clock.advance(5)
        assert len(works.done) == 3
        assert len(asyncio.all_tasks()) == before


async def test_the_work_is_nobodys_turn_whoever_has_queued_it(clock: FakeClock) -> None:
    seen: list[object] = []

    async def look(batch: Sequence[str]) -> None:
        seen.append(current())

    queue: BatchQueue[str] = BatchQueue("test", look, clock, max_age=1.0)
    async with running(queue):
        with request_scope(RequestContext("robin")):
            queue.enqueue("now", "high")
            queue.enqueue("later")
        await clock.advance(2)
    assert seen == [None, None]


# --- failing -------------------------------------------------------------------------------------


async def test_what_fails_is_tried_again_after_growing_pauses(
    works: Works, clock: FakeClock
) -> None:
    queue = make(works, clock, max_age=0.0, backoff=Backoff(base=1.0, most=60.0))
    works.failing = 3
    async with running(queue):
        queue.enqueue("a")
        for seconds, left in ((0, 2), (1, 1), (2, 0)):
            await clock.advance(seconds)
            assert works.failing == left
        await clock.advance(3.9)
        assert works.done == []
        await clock.advance(0.1)
        assert works.done == [["a"]]


async def test_what_is_tried_again_takes_its_place_by_priority(
    works: Works, clock: FakeClock
) -> None:
    queue = make(works, clock, batch_size=1, max_age=0.0, max_parallel=1)
    works.failing = 1
    async with running(queue):
        queue.enqueue("important", "high")
        await settle()
        works.gate.clear()
        for item in "abc":
            queue.enqueue(item)
        await clock.advance(10)
        works.gate.set()
        await settle()
    assert works.done == [["a"], ["important"], ["b"], ["c"]]


async def test_what_fails_for_good_is_handed_back(works: Works, clock: FakeClock) -> None:
    given_up: list[tuple[str, str]] = []

    def exhausted(item: str, error: Exception) -> None:
        given_up.append((item, str(error)))

    queue = make(works, clock, max_age=0.0, max_retries=2, on_exhausted=exhausted)
    works.failing = 3
    async with running(queue):
        queue.enqueue("a")
        await clock.advance(100)
        assert given_up == [("a", "not today")]
        assert len(queue) == 0
        queue.enqueue("b")
        await clock.advance(1)
    assert works.done == [["b"]]


async def test_what_finds_no_place_is_handed_back(works: Works, clock: FakeClock) -> None:
    left_out: list[str] = []
    queue = make(works, clock, max_size=2, on_overflow=left_out.append)
    assert queue.enqueue("a", "low")
    assert queue.enqueue("b", "normal")
    assert queue.enqueue("c", "normal")
    assert not queue.enqueue("d", "low")
    assert left_out == ["a", "d"]


# --- the end -------------------------------------------------------------------------------------


async def test_at_the_end_what_is_important_is_done_one_by_one_and_tried_once(
    works: Works, clock: FakeClock
) -> None:
    given_up: list[str] = []

    def exhausted(item: str, error: Exception) -> None:
        given_up.append(item)

    queue = make(works, clock, batch_size=2, max_parallel=1, on_exhausted=exhausted)
    works.gate.clear()
    async with running(queue) as group:
        queue.enqueue("under way", "high")
        await settle()
        for item in ("high 1", "high 2", "high 3", "normal", "low"):
            queue.enqueue(item, item.split()[0])
        stopping = group.create_task(queue.stop())
        await settle()
        assert not stopping.done()
        assert not queue.enqueue("too late", "high")
        works.gate.set()
        await stopping
    assert sorted(works.done) == [["high 1"], ["high 2"], ["high 3"], ["under way"]]
    assert works.most == 2, "what was under way, and one more"
    assert given_up == []


async def test_what_fails_at_the_end_is_not_tried_again(works: Works, clock: FakeClock) -> None:
    given_up: list[str] = []

    def exhausted(item: str, error: Exception) -> None:
        given_up.append(item)

    queue = make(works, clock, on_exhausted=exhausted)
    queue.enqueue("a", "high")
    queue.enqueue("b", "high")
    works.failing = 1
    await queue.stop()
    assert (works.done, given_up) == ([["b"]], ["a"])
    await queue.stop()
    assert not queue.enqueue("c", "high")
