"""A store that cannot write now is waited for; its trouble is told once, and told to be over once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar, cast

import pytest

from core.errors import StoreUnavailable
from core.flow.patience import PatientStore
from core.ports import Store, Unit
from tests.fakes.clock import FakeClock, settle

T = TypeVar("T")


class SmallStore:
    """Refuses work that is larger than the room it has left."""

    def __init__(self) -> None:
        self.room = 10
        self.kept: list[int] = []

    async def write(self, work: Callable[[Unit], T], early: Callable[[T], None] | None = None) -> T:
        size = work(cast(Unit, None))
        assert isinstance(size, int)
        if size > self.room:
            raise StoreUnavailable("database or disk is full")
        self.kept.append(size)
        return size

    read = write

    async def extend(self, owner: str, schema: object) -> None:
        await self.write(lambda unit: len(owner))


def taking(size: int) -> Callable[[Unit], int]:
    return lambda unit: size


@pytest.fixture
def small() -> SmallStore:
    return SmallStore()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(small: SmallStore, clock: FakeClock) -> PatientStore:
    return PatientStore(cast(Store, small), clock)


async def test_what_is_refused_is_repeated_until_it_is_kept(
    store: PatientStore, small: SmallStore, clock: FakeClock
) -> None:
    small.room = 0
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(store.write(taking(5)))
        await clock.advance(100)
        assert not waiting.done()
        assert store.trouble == "database or disk is full"
        small.room = 10
        await clock.advance(2)
        assert waiting.result() == 5
    assert small.kept == [5]
    assert store.trouble == ""


async def test_a_plugins_tables_are_waited_for_as_well(
    store: PatientStore, small: SmallStore, clock: FakeClock
) -> None:
    small.room = 0
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(store.extend("todo", None))
        await clock.advance(100)
        assert not waiting.done()
        small.room = 10
        await clock.advance(2)
    assert small.kept == [len("todo")]
    assert store.trouble == ""


async def test_trouble_lasts_as_long_as_anything_refused_still_waits(
    store: PatientStore, small: SmallStore, clock: FakeClock
) -> None:
    small.room = 3
    async with asyncio.TaskGroup() as group:
        large = group.create_task(store.write(taking(5)))
        await settle()
        assert await store.write(taking(0)) == 0
        assert store.trouble
        small.room = 10
        await clock.advance(2)
        assert large.done()
    assert store.trouble == ""


async def test_who_stops_waiting_leaves_no_trouble_behind_once_the_store_works(
    store: PatientStore, small: SmallStore
) -> None:
    small.room = 0
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(store.write(taking(5)))
        await settle()
        waiting.cancel()
    assert store.trouble  # nobody knows better yet
    small.room = 10
    await store.write(taking(1))
    assert store.trouble == ""


async def test_a_store_that_comes_and_goes_is_told_of_once_a_minute(
    store: PatientStore,
    small: SmallStore,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(60):  # a second each
        small.room = 0
        async with asyncio.TaskGroup() as group:
            group.create_task(store.write(taking(5)))
            await clock.advance(0.5)
            small.room = 10
            await clock.advance(0.5)
    said = [record.getMessage() for record in caplog.records]
    assert "cannot be used now (database or disk is full)" in said[0]
    assert said[1:] == ["the database takes writes again"]


async def test_long_trouble_is_told_of_every_minute(
    store: PatientStore,
    small: SmallStore,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    small.room = 0
    async with asyncio.TaskGroup() as group:
        group.create_task(store.read(taking(5)))
        await clock.advance(150)
        assert len([one for one in caplog.records if one.levelno == logging.ERROR]) == 3
        small.room = 10
        await clock.advance(2)
    assert caplog.records[-1].getMessage() == "the database takes writes again"
