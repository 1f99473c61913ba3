"""Which rooms a character may speak first in, by the clock and by what the database remembers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.flow.habits import Habits
from core.flow.occasions import Occasions
from core.ids import Account, CharacterId, EntityId, MemoryId, RoomId, WorldId
from core.messages import Address, ChannelType, Content, Memory, Room, World
from core.store.engine import SqlStore, open_store
from tests.fakes.clock import FakeClock

ADA, ONE = CharacterId("ada"), Account("telegram:1")
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)


def address(room: str, account: Account = ONE) -> Address:
    return Address("telegram", account, room)


def cast(habits: Habits | None) -> Any:
    """As much of a Cast as is asked for: one part, with its habits."""
    return [
        SimpleNamespace(
            id=ADA,
            platform=SimpleNamespace(account=ONE),
            policy=SimpleNamespace(habits=habits),
        )
    ]


@pytest.fixture
async def store(tmp_path: Path) -> Any:
    async with open_store(None, tmp_path) as store:
        yield store


async def talked(store: SqlStore, room: str, at: datetime, *, ours: bool = True) -> None:
    """A person has said something in a room, and been answered or not."""

    def write(unit: Any) -> None:
        world = WorldId(f"world of {room}")
        where = Room(RoomId(room), ADA, world, address(room), ChannelType.DM, room, "telegram")
        unit.rooms.ensure([World(world, ADA, "", "")], [where])
        said = Memory(
            MemoryId(f"{room} {at}"), ADA, RoomId(room), EntityId("bob"), Content("hi"), at
        )
        answer = replace(said, id=MemoryId(f"{room} {at} answer"), author=EntityId(ADA))
        unit.memories.add([said, *([answer] if ours else [])])

    await store.write(write)


async def test_a_time_of_day_comes_once_and_over_midnight(store: SqlStore) -> None:
    clock = FakeClock(MIDNIGHT - timedelta(minutes=10))
    occasions = Occasions(cast(Habits(3, at=(time(23, 55),))), store, clock)
    occasions.heard(address("42"), clock.now(), takes_part=True)
    assert await occasions.due() == []
    await clock.advance(360)
    (found,) = await occasions.due()
    assert (found.address, found.key) == (address("42"), "at:202611212355:42")
    assert await occasions.due() == []
    await clock.advance(300)  # it is the next day, and still late by a few minutes only
    again = Occasions(cast(Habits(3, at=(time(23, 55),))), store, clock)
    again.heard(address("42"), clock.now(), takes_part=True)
    assert [one.key for one in await again.due()] == [found.key]
    await clock.advance(600)
    late = Occasions(cast(Habits(3, at=(time(23, 55),))), store, clock)
    late.heard(address("42"), clock.now(), takes_part=True)
    assert await late.due() == []


async def test_what_is_over_a_week_old_or_was_never_answered_is_left_alone(store: SqlStore) -> None:
    clock = FakeClock(MIDNIGHT)
    await talked(store, "lately", MIDNIGHT - timedelta(days=2))
    await talked(store, "long ago", MIDNIGHT - timedelta(days=9))
    await talked(store, "not hers", MIDNIGHT - timedelta(days=1), ours=False)
    occasions = Occasions(cast(Habits(3, at=(time(0),), after=3600.0)), store, clock)
    found = await occasions.due()
    assert {one.address for one in found} == {address("lately")}
    assert [one.reason for one in found] == [
        "It is 00:00 UTC, a time at which you say something by yourself.",
        "Nobody has said anything here for an hour.",
    ]


async def test_a_silence_is_the_same_for_the_next_process(store: SqlStore) -> None:
    clock, said = FakeClock(MIDNIGHT), MIDNIGHT - timedelta(seconds=2)
    habits = Habits(3, after=60.0)
    first = Occasions(cast(habits), store, clock)
    first.heard(address("42"), said, takes_part=True)
    await talked(store, "42", said)
    await clock.advance(100)
    keys = [one.key for one in await first.due()]
    assert keys == [one.key for one in await Occasions(cast(habits), store, clock).due()]
    first.heard(address("42"), clock.now(), takes_part=False)
    assert await first.due() == []
    await clock.advance(60)
    assert len(await first.due()) == 1


async def test_only_rooms_that_she_answers_in_count_and_they_may_move(store: SqlStore) -> None:
    clock = FakeClock(MIDNIGHT)
    occasions = Occasions(cast(Habits(3, after=60.0)), store, clock)
    occasions.heard(address("elsewhere"), clock.now(), takes_part=False)
    occasions.heard(address("42"), clock.now(), takes_part=True)
    occasions.moved(address("42"), address("-100"))
    await clock.advance(61)
    assert [one.address for one in await occasions.due()] == [address("-100")]
    assert occasions.rooms(Account("telegram:2")) == []


@pytest.mark.parametrize("habits", [None, Habits(3)])
async def test_without_habits_nothing_is_looked_up(store: SqlStore, habits: Habits | None) -> None:
    occasions = Occasions(cast(habits), store, FakeClock(MIDNIGHT))
    await talked(store, "42", MIDNIGHT - timedelta(hours=1))
    assert await occasions.due() == []
    assert occasions.rooms(ONE) == []
