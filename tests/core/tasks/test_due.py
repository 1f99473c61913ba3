"""When a task is due, by its tags and times."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.ids import CharacterId
from core.kept import Task
from core.tasks import AWAITING_CHOICE, prepared, stamped, when

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ONCE = Task("t", CharacterId("ada"), "WORK")


def task(*tags: str, **more: object) -> Task:
    return replace(ONCE, tags=frozenset(tags), **more)


@pytest.mark.parametrize("tags", [(), ("repeat",), ("queue", AWAITING_CHOICE)])
def test_what_is_not_queued_or_waits_for_a_person_is_never_due(tags: tuple[str, ...]) -> None:
    assert when(prepared(task(*tags), NOON)) is None


def test_a_task_is_due_at_once_but_never_before_its_time() -> None:
    assert when(prepared(ONCE, NOON)) <= NOON
    later = NOON + timedelta(days=1)
    assert when(prepared(replace(ONCE, due_at=later), NOON)) == later
    repeated = task("queue", "repeat", interval=60.0, due_at=later)
    assert when(prepared(repeated, NOON)) == later


def test_a_repeated_task_waits_its_interval_unless_it_is_immediate() -> None:
    waits = prepared(task("queue", "repeat", interval=60.0), NOON)
    assert when(waits) == NOON + timedelta(seconds=60)
    at_once = task("queue", "repeat", "immediate", interval=60.0, metadata={"updatedAt": 1})
    assert when(prepared(at_once, NOON)) <= NOON
    assert prepared(at_once, NOON).metadata == {}
    assert when(stamped(prepared(at_once, NOON), NOON)) == NOON + timedelta(seconds=60)


def test_a_repeated_task_that_was_stamped_before_runs_when_the_rest_is_over() -> None:
    half = task("queue", "repeat", interval=60.0, updated_at=NOON - timedelta(seconds=40))
    assert when(prepared(half, NOON)) == NOON + timedelta(seconds=20)


def test_a_task_without_an_interval_repeats_every_second_at_most() -> None:
    assert when(prepared(task("queue", "repeat"), NOON)) == NOON + timedelta(seconds=1)


def test_failures_are_tried_again_later_and_later() -> None:
    waits = [
        (when(stamped(ONCE, NOON, failures=n, error="ValueError")) - NOON).total_seconds()
        for n in (1, 2, 3, 20)
    ]
    assert waits == [5.0, 10.0, 20.0, 3600.0]
    rare = task("queue", "repeat", interval=86_400.0)
    assert when(stamped(rare, NOON, failures=3)) == NOON + timedelta(days=1)


def test_a_stamp_tells_elizaos_milliseconds_and_what_went_wrong_last() -> None:
    failed = stamped(ONCE, NOON, failures=1, error="ValueError")
    assert failed.metadata == {"updatedAt": round(NOON.timestamp() * 1000), "error": "ValueError"}
    assert "error" not in stamped(failed, NOON).metadata
