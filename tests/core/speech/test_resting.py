"""Vendors that are left alone for a while."""

from __future__ import annotations

import pytest

from core.errors import ModelError, ModelRejected, ModelTooSlow, ModelUnavailable
from core.speech.calling import RequestRejected
from core.speech.resting import Rests
from tests.fakes.clock import FakeClock


def asked(rests: Rests) -> bool:
    try:
        rests.of("account", "a voice").check()
    except ModelError:
        return False
    return True


async def test_three_failures_in_a_row_and_one_call_finds_out() -> None:
    clock = FakeClock()
    rests = Rests(clock)
    rest = rests.of("account", "a voice")
    for _ in range(2):
        rest.failed(ModelUnavailable("away"))
        assert asked(rests)
    rest.failed(ModelUnavailable("away"))
    assert not asked(rests)
    await clock.advance(2)
    assert asked(rests)
    assert not asked(rests), "the others wait for how that goes"
    rest.answered()
    assert asked(rests)


async def test_who_goes_on_failing_is_asked_more_and_more_rarely_but_asked() -> None:
    clock = FakeClock()
    rests = Rests(clock)
    rest = rests.of("account", "a voice")
    calls = 0
    for _ in range(600):
        if asked(rests):
            calls += 1
            rest.failed(ModelUnavailable("away"))
        await clock.advance(1)
    assert 20 < calls < 35


async def test_a_refused_key_rests_a_minute_and_says_again_why() -> None:
    clock = FakeClock()
    rests = Rests(clock)
    rests.of("account", "a voice").failed(ModelRejected("refused the key"))
    with pytest.raises(ModelRejected, match="refused the key"):
        rests.of("account", "a voice").check()
    assert rests.of("another", "a voice").check() is None
    await clock.advance(60)
    assert asked(rests)


async def test_a_text_that_is_refused_says_nothing_about_the_next() -> None:
    rests = Rests(FakeClock())
    rests.of("account", "a voice").failed(RequestRejected("too odd"))
    assert asked(rests)


async def test_one_that_hangs_is_not_tried_three_times() -> None:
    rests = Rests(FakeClock())
    rests.of("account", "a voice").failed(ModelTooSlow("did not begin"))
    assert not asked(rests)


async def test_who_names_a_time_is_not_asked_before() -> None:
    clock = FakeClock()
    rests = Rests(clock)
    rests.of("account", "a voice").failed(ModelUnavailable("busy", retry_after=9))
    await clock.advance(8)
    with pytest.raises(ModelUnavailable) as caught:
        rests.of("account", "a voice").check()
    assert caught.value.retry_after == pytest.approx(1)
    await clock.advance(1)
    assert asked(rests)
