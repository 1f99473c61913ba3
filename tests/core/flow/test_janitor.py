"""Files stay as long as somebody may send them, and not for long after that."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import cast

import orjson
import pytest

from core.files import Files
from core.flow.janitor import Janitor
from core.ids import Account, TurnId
from core.messages import Address, Delivery, DeliveryKind, DeliveryStatus
from core.ports import Store
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.pictures import png
from tests.flows.talk import until

HERE = Address("telegram", Account("telegram:1"), "42")
OLD = 2 * 86_400


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def carrying(*refs: str, private: bool = False) -> Delivery:
    payload = orjson.dumps({"text": "", "files": [{"ref": ref} for ref in refs]})
    return Delivery(HERE, DeliveryKind.SEND, payload, "n", TurnId("t1"), private=private)


def names(folder: Path) -> set[str]:
    return {f"file:{path.name}" for path in folder.iterdir()}


def aged(folder: Path, clock: FakeClock, seconds: float) -> None:
    then = clock.now().timestamp() - seconds
    for path in folder.iterdir():
        os.utime(path, (then, then))


async def test_an_old_file_stays_while_somebody_is_still_going_to_send_it(
    files: Files, clock: FakeClock, tmp_path: Path
) -> None:
    store = FakeLedger()
    owed, sent = [(await files.keep(png(seed=n), key="t")).ref for n in range(2)]
    store.put(carrying(owed))
    janitor = Janitor(files, cast(Store, store), clock)
    aged(tmp_path, clock, OLD / 4)
    await janitor.sweep()
    assert names(tmp_path) == {owed, sent}
    aged(tmp_path, clock, OLD)
    await janitor.sweep()
    assert names(tmp_path) == {owed}


async def test_a_private_file_goes_with_its_delivery_unless_another_one_needs_it(
    files: Files, clock: FakeClock, tmp_path: Path
) -> None:
    store = FakeLedger()
    one, two, shown = [
        (await files.keep(png(seed=n), key="t", private=n < 2)).ref for n in range(3)
    ]
    store.put(carrying(two, private=True))
    janitor = Janitor(files, cast(Store, store), clock)
    async with asyncio.TaskGroup() as group:
        at_work = group.create_task(janitor.run())
        done = carrying(one, two, shown, private=True)
        janitor.settled(done, DeliveryStatus.UNCERTAIN)
        janitor.settled(replace(done, private=False), DeliveryStatus.SENT)
        await asyncio.sleep(0.05)
        assert names(tmp_path) == {one, two, shown}
        janitor.settled(done, DeliveryStatus.FAILED)
        await until(lambda: names(tmp_path) == {two, shown})
        at_work.cancel()


async def test_a_private_file_of_a_turn_that_died_goes_within_hours(
    files: Files, clock: FakeClock, tmp_path: Path
) -> None:
    await files.keep(png(), key="t", private=True)
    janitor = Janitor(files, cast(Store, FakeLedger()), clock)
    aged(tmp_path, clock, 60)
    await janitor.sweep()
    assert len(names(tmp_path)) == 1
    aged(tmp_path, clock, 2 * 3600)
    await janitor.sweep()
    assert names(tmp_path) == set()
