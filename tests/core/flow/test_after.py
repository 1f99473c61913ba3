"""After a turn: told in order, in the background, within bounds, in the name of whoever asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.events import Events, EventType
from core.flow.after import After
from core.plugins.records import Evaluator, Turn
from core.settings.context import RequestContext, current, request_scope
from tests.fakes.clock import FakeClock, settle

TURN = cast(Turn, SimpleNamespace(message="the message"))


@pytest.fixture
async def after() -> AsyncIterator[After]:
    after = After(FakeClock(), limit=0.05, most=3)
    running = asyncio.create_task(after.run())
    await settle()
    yield after
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def evaluator(name: str, run: Any = None, **more: Any) -> Evaluator:
    async def nothing(turn: Turn) -> str:
        return f"{name} ran"

    return Evaluator(name, "", run or nothing, **more)


async def test_telling_returns_at_once_and_the_listener_hears_later(after: After) -> None:
    events, heard = Events(), list[int]()
    events.on("x", lambda payload: heard.append(payload["n"]))
    for n in (1, 2, 3):
        after.tell(events, "x", {"n": n})
    assert heard == []
    assert await after.settle(1)
    assert heard == [1, 2, 3]


async def test_what_nobody_listens_to_is_not_even_put_in_line(after: After) -> None:
    after.tell(Events(), "x", {})
    assert await after.settle(0)


async def test_what_is_told_before_the_house_runs_waits_for_it() -> None:
    after, events, heard = After(FakeClock()), Events(), list[int]()
    events.on("x", lambda payload: heard.append(1))
    after.tell(events, "x", {})
    assert not await after.settle(0)
    running = asyncio.create_task(after.run())
    assert await after.settle(1)
    assert heard == [1]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_line_that_is_full_drops_the_newest_and_says_so_once(
    after: After, caplog: pytest.LogCaptureFixture
) -> None:
    events, heard = Events(), list[int]()
    events.on("x", lambda payload: heard.append(payload["n"]))
    with caplog.at_level(logging.WARNING):
        for n in range(9):
            after.tell(events, "x", {"n": n})
    assert await after.settle(1)
    assert heard == [0, 1, 2]
    assert caplog.text.count("dropped") == 1


async def test_one_character_that_hangs_holds_up_no_other(after: After) -> None:
    stuck, lively, heard = Events(limit=5), Events(), list[int]()

    async def hangs(payload: Mapping[str, Any]) -> None:
        await asyncio.Event().wait()

    stuck.on("x", hangs)
    lively.on("x", lambda payload: heard.append(1))
    after.tell(stuck, "x", {})
    after.tell(lively, "x", {})
    await settle()
    assert heard == [1]
    assert not await after.settle(0)


async def test_a_listener_that_cancels_itself_leaves_the_line_running(after: After) -> None:
    events, heard = Events(), list[int]()

    async def gives_up(payload: Mapping[str, Any]) -> None:
        raise asyncio.CancelledError

    events.on("x", gives_up)
    events.on("y", lambda payload: heard.append(1))
    after.tell(events, "x", {})
    after.tell(events, "y", {})
    assert await after.settle(1)
    assert heard == [1]


async def test_everything_happens_in_the_name_of_the_person_served(after: After) -> None:
    events, served = Events(), list[str]()

    async def looks(turn: Turn) -> None:
        context = current()
        served.append(context.entity_id if context else "nobody")

    for person in ("robin", "kim"):
        with request_scope(RequestContext(entity_id=person)):
            after.look_back(TURN, [evaluator("A", looks)], answered=True, events=events)
    assert await after.settle(1)
    assert served == ["robin", "kim"]


# --- evaluators --------------------------------------------------------------------------------


async def test_after_silence_only_those_look_back_that_always_do(after: After) -> None:
    both = [evaluator("USUAL"), evaluator("ALWAYS", always=True)]
    silent = await after.evaluate(TURN, both, answered=False, events=Events())
    assert [one.name for one in silent] == ["ALWAYS"]
    answered = await after.evaluate(TURN, both, answered=True, events=Events())
    assert [one.name for one in answered] == ["USUAL", "ALWAYS"]


async def test_one_that_does_not_want_to_is_left_out(after: After) -> None:
    async def never(turn: Turn) -> bool:
        return False

    some = [evaluator("A", wanted=never), evaluator("B", wanted=lambda turn: True)]
    ran = await after.evaluate(TURN, some, answered=True, events=Events())
    assert [one.name for one in ran] == ["B"]


async def test_each_evaluator_is_announced_and_its_end_told(after: After) -> None:
    events, told = Events(), list[tuple[str, str, object]]()
    for name in ("EVALUATOR_STARTED", "EVALUATOR_COMPLETED", "EVALUATOR_FAILED"):
        events.on(
            name,
            lambda payload, name=name: told.append(
                (name, payload["evaluatorName"], payload.get("result") or payload.get("error"))
            ),
        )

    async def fails(turn: Turn) -> None:
        raise ValueError

    after.look_back(TURN, [evaluator("GOOD")], answered=True, events=events)
    assert await after.settle(1)
    after.look_back(TURN, [evaluator("BAD", fails)], answered=True, events=events)
    assert await after.settle(1)
    assert told[:2] == [
        (EventType.EVALUATOR_STARTED, "GOOD", None),
        (EventType.EVALUATOR_COMPLETED, "GOOD", "GOOD ran"),
    ]
    assert told[2] == (EventType.EVALUATOR_STARTED, "BAD", None)
    assert told[3][:2] == (EventType.EVALUATOR_FAILED, "BAD")
    assert isinstance(told[3][2], ValueError)


async def test_a_failing_or_hanging_evaluator_stops_no_other(
    after: After, caplog: pytest.LogCaptureFixture
) -> None:
    seen = list[str]()

    async def fails(turn: Turn) -> None:
        raise ValueError("what Robin said in private")

    async def hangs(turn: Turn) -> None:
        await asyncio.Event().wait()

    async def sees(turn: Turn) -> None:
        seen.append("seen")

    some = [evaluator("F", fails), evaluator("H", hangs), evaluator("S", sees)]
    after.look_back(TURN, some, answered=True, events=Events())
    assert await after.settle(5)
    assert seen == ["seen"]
    assert "evaluator F failed: ValueError" in caplog.text
    assert "evaluator H failed: TimeoutError" in caplog.text
    assert "Robin" not in caplog.text


async def test_what_they_have_cost_is_written_down_when_the_last_one_is_done(
    after: After,
) -> None:
    steps, go_on = list[str](), asyncio.Event()

    async def slow(turn: Turn) -> None:
        await go_on.wait()
        steps.append("slow")

    async def fails(turn: Turn) -> None:
        raise ValueError

    async def settle_up() -> None:
        steps.append("settled")

    some = [evaluator("S", slow), evaluator("F", fails)]
    after.look_back(TURN, some, answered=True, events=Events(), then=settle_up)
    await settle()
    go_on.set()
    assert await after.settle(1)
    assert steps == ["slow", "settled"]


async def test_a_long_look_back_delays_no_event(after: After) -> None:
    events, heard, go_on = Events(), list[int](), asyncio.Event()

    async def thinks(turn: Turn) -> None:
        await go_on.wait()

    events.on("x", lambda payload: heard.append(1))
    after.look_back(TURN, [evaluator("T", thinks)], answered=True, events=events)
    after.tell(events, "x", {})
    await settle()
    assert heard == [1]
    go_on.set()
    assert await after.settle(1)
