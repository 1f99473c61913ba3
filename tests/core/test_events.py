"""Events: every spelling is one name, and one listener's failure is its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from core.events import Events, EventType, normalised
from tests.fakes.clock import settle

RUNTIME = object()


class Notebook:
    """A listener that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[Mapping[str, Any]] = []

    async def __call__(self, payload: Mapping[str, Any]) -> None:
        self.told.append(payload)

    def plainly(self, payload: Mapping[str, Any]) -> None:
        self.told.append(payload)


async def test_a_listener_is_told_with_the_runtime_in_the_payload() -> None:
    events, notes = Events(), Notebook()
    events.bind(RUNTIME)
    events.on(EventType.MESSAGE_RECEIVED, notes)
    await events.emit(EventType.MESSAGE_RECEIVED, {"text": "hi"})
    assert notes.told == [{"runtime": RUNTIME, "text": "hi"}]


async def test_a_runtime_that_the_teller_gives_stays() -> None:
    events, notes = Events(), Notebook()
    events.bind(RUNTIME)
    events.on("x", notes)
    await events.emit("x", {"runtime": "another"})
    assert notes.told == [{"runtime": "another"}]


@pytest.mark.parametrize("spelling", ["message:received", "MESSAGE_RECEIVED", "message.received"])
async def test_every_spelling_of_an_event_is_one_name(spelling: str) -> None:
    events, notes = Events(), Notebook()
    events.on(spelling, notes)
    await events.emit(EventType.MESSAGE_RECEIVED, {})
    assert len(notes.told) == 1


def test_names_of_ours_are_their_own_values() -> None:
    assert all(one.value == one.name == normalised(one) for one in EventType)


async def test_authors_make_up_events_of_their_own() -> None:
    events, notes = Events(), Notebook()
    events.on("custom:data:received", notes)
    await events.emit("custom:data:received", {"n": 1})
    assert [one["n"] for one in notes.told] == [1]


async def test_several_events_are_told_in_one_go_in_order() -> None:
    events, heard = Events(), list[str]()
    events.on("discord:joined", lambda payload: heard.append("discord"))
    events.on(EventType.WORLD_JOINED, lambda payload: heard.append("world"))
    await events.emit(["discord:joined", EventType.WORLD_JOINED], {})
    assert heard == ["discord", "world"]


async def test_listeners_begin_in_the_order_in_which_they_came() -> None:
    events, heard = Events(), list[int]()
    for number in range(4):
        events.on("x", lambda payload, number=number: heard.append(number))
    await events.emit("x", {})
    assert heard == [0, 1, 2, 3]


async def test_once_is_once_also_when_it_fails() -> None:
    events, calls = Events(), list[int]()

    async def fails(payload: Mapping[str, Any]) -> None:
        calls.append(1)
        raise ValueError

    events.once("x", fails)
    await events.emit("x", {})
    await events.emit("x", {})
    assert calls == [1]
    assert not events.wanted("x")


async def test_who_listens_once_and_tells_the_same_event_is_not_told_again() -> None:
    events, calls = Events(), list[int]()

    async def echo(payload: Mapping[str, Any]) -> None:
        calls.append(1)
        await events.emit("x", {})

    events.once("x", echo)
    await events.emit("x", {})
    assert calls == [1]


async def test_off_takes_a_bound_method_and_one_that_never_listened() -> None:
    events, notes = Events(), Notebook()
    events.on("x", notes.plainly)
    events.once("x", notes.plainly)
    events.off("x", notes.plainly)
    events.off("y", notes.plainly)
    await events.emit("x", {})
    assert notes.told == []


async def test_all_listeners_of_one_event_or_of_every_event_are_removed() -> None:
    events, notes = Events(), Notebook()
    events.on("x", notes)
    events.on("y", notes)
    events.remove_all_listeners("x")
    assert (events.wanted("x"), events.wanted("y")) == (False, True)
    events.remove_all_listeners()
    assert not events.wanted("y")


async def test_a_failing_listener_is_reported_and_the_others_still_hear(
    caplog: pytest.LogCaptureFixture,
) -> None:
    events, notes, errors = Events(), Notebook(), Notebook()

    def fails(payload: Mapping[str, Any]) -> None:
        raise ValueError("what Robin said in private")

    events.on("x", fails)
    events.on("x", notes)
    events.on("error", errors)
    with caplog.at_level(logging.WARNING):
        await events.emit("x", {"text": "hi"})
    assert [one["text"] for one in notes.told] == ["hi"]
    (report,) = errors.told
    assert isinstance(report["error"], ValueError)
    assert (report["event"], report["payload"]) == ("X", {"text": "hi"})
    assert "ValueError at test_events.py" in caplog.text
    assert "Robin" not in caplog.text


async def test_a_failing_error_listener_ends_there() -> None:
    events, calls = Events(), list[int]()

    def fails(payload: Mapping[str, Any]) -> None:
        calls.append(1)
        raise ValueError

    events.on("error", fails)
    events.on("x", fails)
    await events.emit("x", {})
    assert len(calls) == 2


async def test_a_listener_that_hangs_is_given_up_and_holds_nobody_up() -> None:
    events, notes, errors = Events(limit=0.02), Notebook(), Notebook()

    async def hangs(payload: Mapping[str, Any]) -> None:
        await asyncio.Event().wait()

    events.on("x", hangs)
    events.on("x", notes)
    events.on("error", errors)
    async with asyncio.TaskGroup() as group:
        group.create_task(events.emit("x", {}))
        await settle()
        assert len(notes.told) == 1
    assert isinstance(errors.told[0]["error"], TimeoutError)


async def test_what_one_listener_writes_into_its_payload_the_next_does_not_see() -> None:
    events, seen = Events(), list[object]()

    def scribbles(payload: dict[str, Any]) -> None:
        seen.append(payload.get("mark"))
        payload["mark"] = True

    events.on("x", scribbles)  # type: ignore[arg-type]  # it takes a mapping for a dict of its own
    events.on("x", scribbles)  # type: ignore[arg-type]
    await events.emit("x", {})
    assert seen == [None, None]


async def test_whoever_stops_the_teller_stops_the_listener_too() -> None:
    events, ended = Events(), list[str]()

    async def waits(payload: Mapping[str, Any]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("stopped")

    events.on("x", waits)
    teller = asyncio.create_task(events.emit("x", {}))
    await settle()
    teller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await teller
    assert ended == ["stopped"]
