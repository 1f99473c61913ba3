"""Copies of the database, old talk and traces on the disk go in time, and by themselves."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from core.files import Files
from core.flow.janitor import Janitor
from core.ids import CharacterId
from core.messages import Memory
from core.ports import Unit
from core.settings.layers import Environment, Settings
from core.store.engine import SqlStore, open_store
from tests.core.store.rows import ADA, BOB, NOON, memory, room, world
from tests.fakes.clock import FakeClock, settle
from tests.fakes.databases import Database
from tests.flows.talk import until

DAY = 86_400.0


def janitor(
    store: SqlStore,
    folder: Path,
    clock: FakeClock,
    *,
    told: list[CharacterId] | None = None,
    **days: str,
) -> Janitor:
    """Keeps the talk of those who are named for so many days, and two facts of a room."""

    def characters() -> Iterable[tuple[CharacterId, Settings]]:
        for one in (ADA, BOB):
            kept = {"TROUPE_RETENTION_DAYS": days[one]} if one in days else {}
            yield one, Settings(Environment.of(kept | {"TROUPE_MOST_FACTS": "2"}))

    return Janitor(
        Files(folder / "files"),
        store,
        clock,
        characters,
        database=folder / "troupe.db",
        expired=(told if told is not None else []).append,
    )


def copy(folder: Path, clock: FakeClock, name: str = "0003") -> Path:
    path = folder / f"troupe.db.before-{name}"
    path.write_bytes(b"everything")
    now = clock.now().timestamp()
    os.utime(path, (now, now))
    return path


async def swept(one: Janitor, clock: FakeClock) -> None:
    """It rests between its steps, which the clock has to be turned for."""
    async with asyncio.TaskGroup() as group:
        sweeping = group.create_task(one.sweep())
        while not sweeping.done():
            await asyncio.sleep(0.01)
            await clock.advance(0.1)


async def test_a_copy_made_before_an_update_goes_after_a_week(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(None, tmp_path) as store:
        one = janitor(store, tmp_path, clock)
        assert await one.copies_until() is None
        first = copy(tmp_path, clock)
        half = copy(tmp_path, clock, "0003.part")
        await clock.advance(3 * DAY)
        second = copy(tmp_path, clock, "0004")
        assert await one.copies_until() == clock.now() + timedelta(days=7)
        await swept(one, clock)
        assert first.exists()
        await clock.advance(4 * DAY)
        await swept(one, clock)
        assert [path.exists() for path in (first, half, second)] == [False, False, True]
        await clock.advance(3 * DAY)
        await swept(one, clock)
        assert not second.exists()
        assert await one.copies_until() is None
        assert (tmp_path / "troupe.db").exists()


@pytest.mark.usefixtures("database")
async def test_old_talk_goes_where_it_is_asked_for_and_nowhere_else(
    tmp_path: Path, database: Database
) -> None:
    clock, told = FakeClock(), list[CharacterId]()

    def put(unit: Unit) -> None:
        for who in (ADA, BOB):
            unit.rooms.ensure([world(who)], [room("r", who)])
            start = 1000 if who == BOB else 0
            said = [memory(start + number, room("r", who)) for number in range(450)]
            unit.memories.add(said)
        new = NOON + timedelta(days=29)
        unit.memories.add([memory(9_999, room("r", ADA), "new", new)])

    def counts(unit: Unit) -> list[int]:
        return [unit.memories.count(who) for who in (ADA, BOB)]

    async with open_store(database.url, tmp_path) as store:
        await store.write(put)
        one = janitor(store, tmp_path, clock, told=told, ada="30")
        await clock.advance(29 * DAY)
        await swept(one, clock)
        assert await store.read(counts) == [451, 450]
        assert told == []
        await clock.advance(2 * DAY)
        await swept(one, clock)
        assert await store.read(counts) == [1, 450]
        assert told == [ADA]


async def test_of_too_many_facts_the_oldest_go(tmp_path: Path) -> None:
    clock = FakeClock()

    def fact(number: int) -> Memory:
        one = memory(number, room())
        return Memory(one.id, ADA, one.room, one.author, one.content, NOON, one.world, "facts")

    async with open_store(None, tmp_path) as store:
        await store.write(lambda unit: unit.rooms.ensure([world()], [room()]))
        await store.write(lambda unit: unit.memories.add([fact(one) for one in range(5)]))
        await swept(janitor(store, tmp_path, clock), clock)
        kept = await store.read(lambda unit: unit.memories.find(ADA, table="facts"))
    assert [one.content.text for one in kept] == ["words 4", "words 3"]


class _Large:
    """A store whose file is too large to be written anew in passing."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.scrubs: list[bool] = []
        self.write, self.read = store.write, store.read

    async def scrub(self, *, whole: bool = False) -> bool:
        self.scrubs.append(whole)
        return whole


async def test_a_large_file_is_written_anew_at_most_once_a_day(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(None, tmp_path) as opened:
        store = _Large(opened)
        one = janitor(store, tmp_path, clock)  # type: ignore[arg-type]  # as far as it is asked
        for _ in range(3):
            await swept(one, clock)
        assert store.scrubs == [False, True, False, False]
        await clock.advance(DAY)
        await swept(one, clock)
        assert store.scrubs[-2:] == [False, True]


async def test_however_many_ask_to_be_forgotten_the_file_is_written_anew_now_and_then(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with open_store(None, tmp_path) as opened:
        store = _Large(opened)

        async def scrub(*, whole: bool = False) -> bool:
            store.scrubs.append(whole)
            return True

        store.scrub = scrub  # type: ignore[method-assign]  # a small file
        one = janitor(store, tmp_path, clock)  # type: ignore[arg-type]  # as far as it is asked
        async with asyncio.TaskGroup() as group:
            running = group.create_task(one.run())
            for _ in range(5):
                one.scrub_soon()
                await settle()
            assert store.scrubs == [False]
            await clock.advance(11)
            await until(lambda: store.scrubs == [False, False])
            running.cancel()
