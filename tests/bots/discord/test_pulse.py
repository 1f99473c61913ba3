"""The one thread that gives all voice channels their packets."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from time import perf_counter

import pytest

from bots.discord.pulse import TICK, Pulse
from tests.bots.discord.voices import until


class Line:
    """Beats so often as it is told to."""

    def __init__(self, beats: int = 0) -> None:
        self.left = beats
        self.sent: list[float] = []
        self.threads: set[str] = set()

    def send(self) -> None:
        self.sent.append(perf_counter())
        self.threads.add(threading.current_thread().name)

    def prepare(self) -> bool:
        self.left -= 1
        return self.left > 0


class Broken(Line):
    def send(self) -> None:
        raise ValueError("broken")


@pytest.fixture
def pulse() -> Iterator[Pulse]:
    pulse = Pulse()
    yield pulse
    assert pulse.settle(), "it ends with its last line"


async def test_every_line_beats_in_the_same_thread_at_an_even_pace(pulse: Pulse) -> None:
    lines = [Line(40) for _ in range(3)]
    for line in lines:
        pulse.join(line)
    await until(lambda: all(line.left <= 0 for line in lines))
    for line in lines:
        pulse.part(line)
        assert line.threads == {"voice-pulse"}
        # By its own schedule: what one tick is late, the next is not.
        assert line.sent[-1] - line.sent[0] == pytest.approx((len(line.sent) - 1) * TICK, abs=0.1)


async def test_it_sleeps_while_nobody_speaks_and_wakes_at_once(pulse: Pulse) -> None:
    line = Line()
    pulse.join(line)
    await until(lambda: line.left < 0)
    await asyncio.sleep(0.1)
    beats = len(line.sent)
    await asyncio.sleep(0.1)
    assert len(line.sent) == beats <= 2
    line.left = 5
    pulse.wake()
    await until(lambda: len(line.sent) >= beats + 5)
    pulse.part(line)


async def test_a_line_that_fails_is_alone_with_it(
    pulse: Pulse, caplog: pytest.LogCaptureFixture
) -> None:
    broken, whole = Broken(20), Line(20)
    pulse.join(broken)
    pulse.join(whole)
    await until(lambda: whole.left <= 0)
    pulse.part(broken)
    pulse.part(whole)
    assert len(whole.sent) >= 20
    assert len([one for one in caplog.records if "cannot be spoken into" in one.message]) == 1


async def test_the_interpreter_is_as_it_was_when_nobody_speaks(pulse: Pulse) -> None:
    before = sys.getswitchinterval()
    line = Line(10_000)
    pulse.join(line)
    await until(lambda: sys.getswitchinterval() < before)
    line.left = 0
    await until(lambda: sys.getswitchinterval() == before)
    pulse.part(line)


async def test_lines_may_come_and_go_while_others_speak(pulse: Pulse) -> None:
    stays = Line(10_000)
    pulse.join(stays)
    for _ in range(20):
        line = Line(3)
        pulse.join(line)
        await until(lambda line=line: line.sent)
        pulse.part(line)
    assert pulse.runs
    pulse.part(stays)
    assert pulse.settle()
    assert not pulse.runs
    again = Line(3)
    pulse.join(again)
    await until(lambda: again.sent)
    pulse.part(again)
