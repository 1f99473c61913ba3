"""How often a bot comes back by itself into a voice channel."""

from __future__ import annotations

import random

from bots.discord.voice_comebacks import Comebacks
from tests.fakes.clock import FakeClock


async def test_it_comes_back_at_once_then_later_and_later_and_then_no_more() -> None:
    clock = FakeClock()
    comebacks = Comebacks(clock, random.Random(1))
    waits = [comebacks.next() for _ in range(6)]
    assert waits[0] == 0
    assert waits[5] is None
    for wait, most in zip(waits[1:5], (1, 4, 12, 30), strict=True):
        assert wait is not None
        assert most / 2 <= wait <= most
    assert not comebacks.few
    await clock.advance(121)
    assert comebacks.few
    assert comebacks.next() == 0
