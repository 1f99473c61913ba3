"""What an operator orders is done once, by the gateway that runs, and answered."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from bots import orders
from core.errors import BadInput
from core.ids import CharacterId, EntityId
from tests.fakes.clock import FakeClock

ADA, BOB = CharacterId("ada"), EntityId("bob")


class Gateway:
    """Forgets whoever it is told to, in memory alone."""

    def __init__(self, data: Path, trouble: Exception | None = None) -> None:
        self._data = data
        self._trouble = trouble
        self.clock = FakeClock()
        self.forgotten: list[tuple[str, str]] = []

    async def forget(self, character: CharacterId, entity: EntityId) -> Mapping[str, int]:
        if self._trouble is not None:
            raise self._trouble
        self.forgotten.append((character, entity))
        return {"messages": 3}

    async def look(self) -> None:
        await orders.take_up(self._data, {orders.FORGET: self.forget}, self.clock)


def left(data: Path) -> list[str]:
    folder = orders.folder_of(data)
    return sorted(path.suffix for path in folder.iterdir()) if folder.exists() else []


async def test_an_order_is_carried_out_and_answered_and_no_file_stays(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path)
    await gateway.look()
    given = [orders.give(tmp_path, ADA, one) for one in (BOB, EntityId("eve"))]
    await gateway.look()
    await gateway.look()
    assert gateway.forgotten == [("ada", "bob"), ("ada", "eve")]
    assert [await asyncio.to_thread(one.answer, 1) for one in given] == [{"messages": 3}] * 2
    assert left(tmp_path) == []


async def test_only_its_owner_can_read_an_order(tmp_path: Path) -> None:
    file = orders.give(tmp_path, ADA, BOB).file
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


async def test_an_order_that_nobody_takes_up_is_withdrawn(tmp_path: Path) -> None:
    given = orders.give(tmp_path, ADA, BOB)
    with pytest.raises(BadInput, match="not taken it up"):
        await asyncio.to_thread(given.answer, 0.0)
    gateway = Gateway(tmp_path)
    await gateway.look()
    assert gateway.forgotten == []


async def test_what_a_killed_gateway_had_begun_is_done_by_the_next(tmp_path: Path) -> None:
    given = orders.give(tmp_path, ADA, BOB)
    given.file.rename(given.file.with_suffix(".taken"))
    gateway = Gateway(tmp_path)
    await gateway.look()
    assert await asyncio.to_thread(given.answer, 1) == {"messages": 3}


async def test_an_order_that_fails_is_told_and_the_next_is_carried_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    given = orders.give(tmp_path, ADA, BOB)
    (orders.folder_of(tmp_path) / "nonsense.order").write_text("{")
    await Gateway(tmp_path, RuntimeError("a bug")).look()
    with pytest.raises(BadInput, match="could not do it"):
        await asyncio.to_thread(given.answer, 1)
    assert len([one for one in caplog.records if "order" in one.message]) == 2
    assert left(tmp_path) == [".done"], "of the nonsense, for which nobody waits"


async def test_an_order_of_another_version_is_no_order_to_forget(tmp_path: Path) -> None:
    given = orders.give(tmp_path, ADA, BOB, "dance")
    gateway = Gateway(tmp_path)
    await gateway.look()
    with pytest.raises(BadInput, match="could not do it"):
        await asyncio.to_thread(given.answer, 1)
    assert gateway.forgotten == []


async def test_answers_that_nobody_fetches_go(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path)
    orders.give(tmp_path, ADA, BOB)
    await gateway.look()
    then = gateway.clock.now().timestamp()
    for path in orders.folder_of(tmp_path).iterdir():
        os.utime(path, (then, then))
    await gateway.look()
    assert left(tmp_path) == [".done"]
    await gateway.clock.advance(2 * 3600)
    await gateway.look()
    assert left(tmp_path) == []
