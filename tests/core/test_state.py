"""What providers say is gathered in order, and one bad provider hurts nobody."""

from __future__ import annotations

import asyncio
import logging

import pytest

from core.state import Provider, Scene, Section, compose
from tests.core.scenes import direct


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
