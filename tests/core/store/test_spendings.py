"""What calls have cost adds up by whoever asks, and only what is known is counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.ids import EntityId, RoomId, TurnId
from core.kept import Spending
from core.store.engine import SqlStore
from tests.core.store.rows import ADA, BOB, NOON

MINI, VAST = "openai:mini", "openai:vast"
DAY = timedelta(days=1)
KIM, LOBBY = EntityId("kim"), RoomId("lobby")
SPENT = [
    Spending(ADA, MINI, "TEXT_SMALL", 100, 10, 50, cost=0.25, turn=TurnId("t1"), room=LOBBY),
    Spending(ADA, VAST, "TEXT_LARGE", 1000, 200, cost=2.0, entity=KIM, at=NOON - DAY),
    Spending(ADA, VAST, "IMAGE", units=2.0),
    Spending(BOB, MINI, "TEXT_SMALL", 2**40, 1, cost=0.5, entity=KIM),
]


@pytest.fixture
async def spent(store: SqlStore) -> SqlStore:
    await store.write(lambda unit: unit.spendings.add(SPENT, NOON))
    return store


async def total(store: SqlStore, *about: Any, **more: Any) -> list[tuple[Any, ...]]:
    found = await store.read(lambda unit: unit.spendings.total(*about, **more))
    return [(key, sum.cost, sum.prompt_tokens, calls) for key, sum, calls in found]


async def test_a_characters_costs_are_summed_and_the_dearest_stands_first(
    spent: SqlStore,
) -> None:
    (key, hers, calls), (_, his, _) = await spent.read(lambda unit: unit.spendings.total())
    assert (key, calls) == (ADA, 3)
    assert hers == Spending(ADA, "", "", 1100, 210, 50, units=2.0, cost=2.25)
    assert his == Spending(BOB, "", "", 2**40, 1, cost=0.5)


async def test_costs_are_told_apart_by_person_room_model_kind_and_day(spent: SqlStore) -> None:
    assert await total(spent, "person", character=ADA) == [
        ("kim", 2.0, 1000, 1),
        ("", 0.25, 100, 2),
    ]
    assert await total(spent, "room", character=ADA) == [
        ("", 2.0, 1000, 2),
        ("lobby", 0.25, 100, 1),
    ]
    assert await total(spent, "model") == [
        (VAST, 2.0, 1000, 2),
        (MINI, 0.75, 2**40 + 100, 2),
    ]
    assert await total(spent, "kind", character=ADA) == [
        ("TEXT_LARGE", 2.0, 1000, 1),
        ("TEXT_SMALL", 0.25, 100, 1),
        ("IMAGE", None, 0, 1),
    ]
    assert await total(spent, "day", character=ADA) == [
        ("2026-11-20", 2.0, 1000, 1),
        ("2026-11-21", 0.25, 100, 2),
    ]


async def test_a_sum_says_whose_it_is(spent: SqlStore) -> None:
    ((_, rooms, _), *_) = await spent.read(
        lambda unit: unit.spendings.total("room", character=ADA, since=NOON)
    )
    assert (rooms.character, rooms.room, rooms.entity) == (ADA, LOBBY, None)
    ((_, person, _), *_) = await spent.read(lambda unit: unit.spendings.total("person"))
    assert (person.character, person.entity) == ("", KIM)


async def test_a_day_begins_at_midnight_in_utc(store: SqlStore) -> None:
    midnight = NOON + timedelta(hours=12)
    calls = [
        Spending(ADA, MINI, "TEXT_SMALL", cost=cost, at=midnight + timedelta(milliseconds=after))
        for cost, after in ((3.0, -1), (2.0, 0))
    ]
    await store.write(lambda unit: unit.spendings.add(calls, NOON))
    assert [row[:2] for row in await total(store, "day")] == [
        ("2026-11-21", 3.0),
        ("2026-11-22", 2.0),
    ]
    assert await total(store, since=midnight) == [(ADA, 2.0, 0, 1)]
    assert await total(store, until=midnight) == [(ADA, 3.0, 0, 1)]


async def test_what_was_spent_long_ago_is_forgotten(spent: SqlStore) -> None:
    assert await spent.write(lambda unit: unit.spendings.forget(NOON)) == 1
    assert await total(spent, character=ADA) == [(ADA, 0.25, 100, 2)]
