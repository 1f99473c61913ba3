"""What providers say is gathered in order, and one bad provider hurts nobody."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextvars import ContextVar
from typing import Any

import pytest

from core.state import Provider, Scene, Section, State, StateCache, compose
from tests.core.scenes import direct
from tests.fakes.clock import FakeClock

current_person: ContextVar[str] = ContextVar("current_person", default="nobody")


def says(text: str, name: str = "A", position: int = 0) -> Provider:
    async def get(scene: Scene) -> str:
        await asyncio.sleep(0)
        return text

    return Provider(name, position, get)


async def test_sections_stand_by_position_and_then_in_the_order_given() -> None:
    told = [says("c", "C", 5), says("a", "A", -5), Provider("B", 5, lambda scene: "b")]
    state = await compose(direct(), told)
    assert [section.position for section in state.sections] == [-5, 5, 5]
    assert [section.name for section in state.sections] == ["A", "C", "B"]
    assert state["C"] == "c"
    assert state["NOBODY"] == ""


async def test_those_of_one_position_run_at_once_and_positions_one_after_the_other() -> None:
    together = asyncio.Barrier(2)
    order: list[str] = []

    def waiting(name: str, position: int) -> Provider:
        async def get(scene: Scene) -> str:
            if position == 0:
                await together.wait()
            order.append(name)
            return name

        return Provider(name, position, get)

    await compose(direct(), [waiting("last", 9), waiting("one", 0), waiting("two", 0)])
    assert order[2] == "last"
    assert set(order[:2]) == {"one", "two"}


@pytest.mark.parametrize("plain", [True, False])
async def test_a_failing_provider_is_named_without_what_it_says(
    plain: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(scene: Scene) -> str:
        raise ValueError(f"cannot use {scene.inbound[0].text}")

    async def fail_later(scene: Scene) -> str:
        return fail(scene)

    with caplog.at_level(logging.WARNING):
        bad = Provider("BROKEN", 0, fail if plain else fail_later)
        state = await compose(direct("my private words"), [bad, says("fine")])
    assert state.text == "fine"
    assert "BROKEN" in caplog.text
    assert "ValueError" in caplog.text
    assert "private words" not in caplog.text


async def test_a_late_provider_says_nothing_and_leaves_nothing_behind() -> None:
    async def late(scene: Scene) -> str:
        await asyncio.Event().wait()
        return "too late"

    before = asyncio.all_tasks()
    state = await compose(direct(), [Provider("LATE", 0, late), says("in time")], limit=0.02)
    assert state.text == "in time"
    assert asyncio.all_tasks() == before


async def test_a_provider_that_is_cancelled_from_within_hurts_nobody() -> None:
    async def cancelled(scene: Scene) -> str:
        raise asyncio.CancelledError

    state = await compose(direct(), [Provider("GONE", 0, cancelled), says("here")])
    assert state.text == "here"


async def test_a_cancelled_turn_cancels_its_providers() -> None:
    stopped = asyncio.Event()

    async def long(scene: Scene) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return ""

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await compose(direct(), [Provider("LONG", 0, long)])
    assert stopped.is_set()


async def test_a_failing_provider_is_asked_again_the_next_time() -> None:
    calls: list[int] = []

    def get(scene: Scene) -> str:
        calls.append(1)
        raise RuntimeError

    for _ in range(2):
        await compose(direct(), [Provider("BROKEN", 0, get)])
    assert len(calls) == 2


async def test_dynamic_and_private_ones_come_when_they_are_named() -> None:
    told = [
        Provider("USUAL", 0, lambda scene: "usual"),
        Provider("DYNAMIC", 1, lambda scene: "dynamic", dynamic=True),
        Provider("PRIVATE", 2, lambda scene: "private", private=True),
    ]
    assert (await compose(direct(), told)).text == "usual"
    assert (await compose(direct(), told, ["DYNAMIC", "UNKNOWN"])).text == "usual\ndynamic"
    assert (await compose(direct(), told, ["PRIVATE"], only=True)).text == "private"


async def test_one_name_is_asked_once() -> None:
    told = [Provider("A", 0, lambda scene: "first"), Provider("A", 0, lambda scene: "second")]
    assert (await compose(direct(), told, ["A", "A"])).text == "first"


async def test_what_was_known_stays_until_it_is_told_anew() -> None:
    first = await compose(direct(), [says("old a", "A"), says("b", "B", 1)])
    second = await compose(direct(), [says("new a", "A")], onto=first)
    assert second.text == "new a\nb"


async def test_a_section_brings_names_for_templates() -> None:
    def get(scene: Scene) -> Section:
        return Section("MOOD", "She is calm.", 0, {"mood": "calm"})

    state = await compose(direct(), [Provider("MOOD", 0, get), says("", "EMPTY")])
    assert state.values == {
        "MOOD": "She is calm.",
        "mood": "calm",
        "providers": "She is calm.",
    }


async def test_those_of_later_positions_see_what_earlier_ones_said() -> None:
    seen: list[str] = []

    def later(scene: Scene) -> str:
        assert scene.state is not None
        seen.append(scene.state.text)
        return f"built on {scene.state['MOOD']}"

    async def mood(scene: Scene) -> str:
        assert scene.state is not None
        seen.append(scene.state.text)
        return "calm"

    state = await compose(direct(), [Provider("LATER", 5, later), Provider("MOOD", 0, mood)])
    assert seen == ["", "calm"]
    assert state.text == "calm\nbuilt on calm"


async def test_a_blocking_provider_leaves_the_loop_to_the_others() -> None:
    release = threading.Event()

    def blocking(scene: Scene) -> str:
        assert release.wait(10)
        return f"read for {current_person.get()}"

    async def quick(scene: Scene) -> str:
        release.set()
        return "quick"

    current_person.set("Robin")
    told = [Provider("FILE", 0, blocking, blocking=True), Provider("QUICK", 0, quick)]
    assert (await compose(direct(), told)).text == "read for Robin\nquick"


async def test_blocking_providers_that_hang_cost_their_limit_and_nothing_else() -> None:
    release = threading.Event()
    threads = threading.active_count()

    def hangs(scene: Scene) -> str:
        release.wait(10)
        return "much too late"

    hanging = [Provider(f"HANGS{at}", 0, hangs, blocking=True) for at in range(20)]
    try:
        state = await compose(direct(), [*hanging, says("in time")], limit=0.02)
    finally:
        release.set()
    assert state.text == "in time"
    assert threading.active_count() - threads <= 8


async def test_a_blocking_provider_fails_as_any_other(caplog: pytest.LogCaptureFixture) -> None:
    def fails(scene: Scene) -> str:
        raise StopIteration

    async def no_plain_function(scene: Scene) -> str:
        return "never"

    told = [
        Provider("BROKEN", 0, fails, blocking=True),
        Provider("ASYNC", 0, no_plain_function, blocking=True),
        says("fine"),
    ]
    with caplog.at_level(logging.WARNING):
        assert (await compose(direct(), told)).text == "fine"
    assert "BROKEN" in caplog.text
    assert "ASYNC" in caplog.text


async def test_who_holds_up_everybody_is_named(caplog: pytest.LogCaptureFixture) -> None:
    def sleeps(scene: Scene) -> str:
        until = time.perf_counter() + 0.11
        while time.perf_counter() < until:
            pass
        return "awake"

    with caplog.at_level(logging.WARNING):
        state = await compose(direct(), [Provider("SLEEPY", 0, sleeps), says("quick")])
    assert state["SLEEPY"] == "awake"
    assert "SLEEPY" in caplog.text


async def test_a_thousand_states_leave_no_task_and_no_timer_behind() -> None:
    loop: Any = asyncio.get_running_loop()
    tasks = asyncio.all_tasks()
    timers = [one for one in loop._scheduled if not one.cancelled()]
    for _ in range(1000):
        await compose(direct(), [says("one", "ONE"), says("two", "TWO")])
    assert asyncio.all_tasks() == tasks
    assert [one for one in loop._scheduled if not one.cancelled()] == timers


async def test_a_state_has_the_shape_that_elizaos_plugins_read() -> None:
    def get(scene: Scene) -> Section:
        return Section("ANY", "It rains.", 0, {"sky": "grey"}, {"millimetres": 3})

    told = [Provider("RAIN", 3, get), says("", "SILENT"), says("  \n ", "BLANK"), says("dry", "A")]
    state = await compose(direct(), told)
    assert state.text == "dry\nIt rains."
    assert state.values["providers"] == state.text
    assert state.values["sky"] == "grey"
    rain = state.data["providers"]["RAIN"]
    assert rain["text"] == "It rains."
    assert rain["values"] == {"sky": "grey"}
    assert rain["data"] == {"millimetres": 3}
    assert [one["providerName"] for one in state.provider_data][-1] == "RAIN"


async def test_what_was_known_goes_when_its_provider_has_nothing_to_say_any_more() -> None:
    first = await compose(direct(), [says("choose", "CHOICE"), says("b", "B", 1)])
    second = await compose(direct(), [says("", "CHOICE")], onto=first)
    assert second.text == "b"


# --- the cache -----------------------------------------------------------------------------------


async def test_a_second_state_of_a_message_keeps_what_was_not_asked_anew() -> None:
    cache = StateCache(FakeClock())
    weather = Provider("WEATHER", 0, lambda scene: "sunny", dynamic=True)
    counted = iter(("first", "second", "third"))
    told = [Provider("TIME", 1, lambda scene: next(counted)), weather]
    await cache.compose("m", direct(), told, ["WEATHER"])
    assert (await cache.compose("m", direct(), told)).text == "sunny\nsecond"
    assert (await cache.compose("m", direct(), told, skip_cache=True)).text == "third"


async def test_only_what_was_named_is_asked_and_the_rest_is_known() -> None:
    cache = StateCache(FakeClock())
    calls: list[str] = []

    def counts(scene: Scene) -> str:
        calls.append("A")
        return "a"

    told = [Provider("A", 0, counts), Provider("B", 1, lambda scene: "b", dynamic=True)]
    await cache.compose("m", direct(), told)
    assert (await cache.compose("m", direct(), told, ["B"], only=True)).text == "a\nb"
    assert calls == ["A"]


def test_states_of_messages_without_an_id_are_not_kept() -> None:
    cache = StateCache(FakeClock())
    cache.put("", State())
    cache.put(None, State())
    assert len(cache) == 0
    assert cache.get("") is None


async def test_a_state_is_forgotten_after_five_minutes_and_swept_later() -> None:
    clock = FakeClock()
    cache = StateCache(clock)
    cache.put("old", State())
    await clock.advance(299)
    assert cache.get("old") is not None
    await clock.advance(2)
    assert cache.get("old") is None
    cache.put("new", State())
    assert len(cache) == 1


def test_the_oldest_state_makes_room_for_the_thousand_and_first() -> None:
    cache = StateCache(FakeClock())
    for at in range(1000):
        cache.put(str(at), State())
    cache.put("0", State())  # as new again
    cache.put("last", State())
    assert len(cache) == 1000
    assert cache.get("0") is not None
    assert cache.get("1") is None
    cache.drop("0")
    assert cache.get("0") is None
