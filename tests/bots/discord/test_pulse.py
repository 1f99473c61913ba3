"""The one thread that gives all voice channels their packets."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import perf_counter

import pytest

from bots.discord.pulse import TICK, Pulse
from tests.bots.discord.voices import until

ENOUGH = 31
"""What LimitNICE=-11 of systemd sets: 20 less the least nice value that is allowed."""
NOBODY = 65_534
on_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only there a thread has a nice value"
)


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


class Placed(Line):
    """Sees where in the system's queue its thread stands."""

    def __init__(self) -> None:
        super().__init__(3)
        self.nice: set[int] = set()

    def send(self) -> None:
        super().send()
        self.nice.add(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))


def standing(may_by_limit: bool | None) -> tuple[set[int], int, int]:
    """In a process of its own: where the beat stands and where the rest does, and how often it was.

    None leaves the process what it may; else the limit alone decides, as for one who is not root.
    """
    import resource

    if may_by_limit is not None:
        if may_by_limit:
            resource.setrlimit(resource.RLIMIT_NICE, (ENOUGH, ENOUGH))
        else:
            resource.setrlimit(
                resource.RLIMIT_NICE, (0, resource.getrlimit(resource.RLIMIT_NICE)[1])
            )
        if os.geteuid() == 0:
            os.setuid(NOBODY)
    pulse, line = Pulse(), Placed()
    pulse.join(line)
    asyncio.run(until(lambda: line.left <= 0))
    pulse.part(line)
    assert pulse.settle()
    return line.nice, os.getpriority(os.PRIO_PROCESS, 0), len(line.sent)


def stands(may_by_limit: bool | None) -> tuple[set[int], int, int]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as child:
        return child.submit(standing, may_by_limit).result(60)


@on_linux
def test_the_beat_runs_before_others_where_the_process_may_say_so() -> None:
    status = Path("/proc/self/status").read_text()
    if not int(status.partition("CapEff:")[2].split()[0], 16) >> 23 & 1:
        pytest.skip("this process has no CAP_SYS_NICE")
    nice, elsewhere, _ = stands(None)
    assert (nice, elsewhere) == ({-11}, os.getpriority(os.PRIO_PROCESS, 0))


@on_linux
@pytest.mark.soak  # where limits may be raised, which few machines allow
def test_the_beat_runs_before_others_where_a_limit_allows_it_to_nobody_in_particular() -> None:
    try:
        nice, elsewhere, _ = stands(True)
    except ValueError:
        pytest.skip("this process may not raise the limit (CAP_SYS_RESOURCE)")
    assert (nice, elsewhere) == ({-11}, os.getpriority(os.PRIO_PROCESS, 0))


@on_linux
def test_the_beat_goes_on_in_its_turn_where_it_may_not_run_first() -> None:
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    nice, elsewhere, beats = stands(False)
    assert (nice, elsewhere) == ({ours}, ours)
    assert beats >= 3
