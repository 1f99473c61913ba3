"""Many voice channels, one thread that hears for all of them."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable

import pytest

from bots.discord.ears_rounds import Rounds


class Ears:
    """Hears what is put before it, and notes by which thread."""

    def __init__(self, rounds: Rounds, *, fails: bool = False) -> None:
        self.heard: list[str] = []
        self.threads: set[int] = set()
        self.left: float | None = None
        self.turns = 0
        self._rounds = rounds
        self._fails = fails
        self._waiting: list[str] = []

    def bring(self, packet: str) -> None:
        self._waiting.append(packet)
        self._rounds.ring()

    def turn(self) -> bool:
        if self._fails:
            raise RuntimeError("a bug")
        self.turns += 1
        self.threads.add(threading.get_ident())
        waiting, self._waiting = self._waiting, []
        self.heard += waiting
        return bool(waiting)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - a thread, which rings for nobody
            await asyncio.sleep(0.005)


async def test_all_channels_are_heard_by_one_thread_that_ends_with_the_last_of_them() -> None:
    before, rounds = threading.active_count(), Rounds()
    several = [Ears(rounds) for _ in range(3)]
    for one in several:
        rounds.join(one)
    for number, one in enumerate(several):
        one.bring(f"{number}")
    await until(lambda: [one.heard for one in several] == [["0"], ["1"], ["2"]])
    assert len(set().union(*(one.threads for one in several))) == 1
    assert threading.active_count() == before + 1
    for one in several:
        rounds.part(one)
    await until(lambda: threading.active_count() == before)
    several[0].bring("too late")
    rounds.join(several[1])
    several[1].bring("again")
    await until(lambda: several[1].heard == ["1", "again"])
    rounds.part(several[1])
    await until(lambda: threading.active_count() == before)
    assert several[0].heard == ["0"]


async def test_a_channel_that_fails_leaves_the_others_heard(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rounds = Rounds()
    ill, well = Ears(rounds, fails=True), Ears(rounds)
    with caplog.at_level(logging.ERROR):
        rounds.join(ill)
        rounds.join(well)
        well.bring("one")
        await until(lambda: well.heard == ["one"])
        well.bring("two")
        await until(lambda: well.heard == ["one", "two"])
    rounds.part(well)
    (record,) = caplog.records
    assert record.message == "a voice channel is listened to no more"


async def test_what_is_due_is_looked_at_though_nothing_comes() -> None:
    rounds = Rounds()
    one = Ears(rounds)
    one.left = 0.01
    rounds.join(one)
    await until(lambda: one.turns > 3)
    rounds.part(one)
