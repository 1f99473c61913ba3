"""When a character may speak first, as it is set."""

from __future__ import annotations

from datetime import time

import pytest

from core.errors import BadInput
from core.flow.habits import Habits, habits_of
from core.settings.layers import Environment, Settings


def of(**settings: str) -> Habits | None:
    named = {f"TROUPE_INITIATIVE_{key}": value for key, value in settings.items() if key != "own"}
    return habits_of(Settings(Environment.of({"TROUPE_INITIATIVE": "true", **named}), "Ada"))


def test_nobody_speaks_first_unless_that_is_set() -> None:
    assert habits_of(Settings(Environment.of({"TROUPE_INITIATIVE_AT": "09:00"}), "Ada")) is None
    assert of() == Habits(per_day=3)


def test_what_is_set_is_read() -> None:
    assert of(AT="18:30, 9:05,09:05", AFTER="1.5", ON="Joined", PER_DAY="2") == Habits(
        2, (time(9, 5), time(18, 30)), 5400.0, frozenset({"joined"})
    )


def test_everything_that_cannot_be_read_is_told_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        of(AT="09:00,25:00", ON="joined,left")
    assert [str(one) for one in caught.value.findings] == [
        "TROUPE_INITIATIVE_AT, in the environment: holds what is no time of day. "
        "Write hours and minutes in UTC, as 09:00,18:30",
        "TROUPE_INITIATIVE_ON, in the environment: there is no event left. There is joined",
    ]
