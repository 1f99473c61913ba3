"""A value is there for its own character until it has run out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.store.engine import SqlStore
from tests.core.store.rows import ADA, BOB, NOON

SOON = NOON + timedelta(minutes=5)


@pytest.mark.parametrize("value", [0, "", "naïve\0🍵", [1, 2.5, None], {"a": {"b": []}}, False])
async def test_any_json_comes_back_as_it_was_put(store: SqlStore, value: object) -> None:
    await store.write(lambda unit: unit.cache.put(ADA, "key\0", value))
    assert await store.read(lambda unit: unit.cache.get(ADA, "key\0", NOON)) == value
    assert await store.read(lambda unit: unit.cache.get(BOB, "key\0", NOON)) is None


async def test_a_value_runs_out_at_its_moment_and_is_swept_away_then(store: SqlStore) -> None:
    await store.write(lambda unit: unit.cache.put(ADA, "short", 1, SOON))
    await store.write(lambda unit: unit.cache.put(ADA, "long", 2))
    just_before = SOON - timedelta(milliseconds=1)
    assert await store.read(lambda unit: unit.cache.get(ADA, "short", just_before)) == 1
    assert await store.read(lambda unit: unit.cache.get(ADA, "short", SOON)) is None
    assert await store.write(lambda unit: unit.cache.forget(just_before)) == 0
    assert await store.write(lambda unit: unit.cache.forget(SOON)) == 1
    assert await store.read(lambda unit: unit.cache.get(ADA, "long", SOON)) == 2


async def test_putting_it_again_gives_it_a_new_life(store: SqlStore) -> None:
    await store.write(lambda unit: unit.cache.put(ADA, "key", 1, SOON))
    await store.write(lambda unit: unit.cache.put(ADA, "key", 2))
    assert await store.read(lambda unit: unit.cache.get(ADA, "key", SOON)) == 2


async def test_what_is_dropped_is_gone_for_its_own_character_only(store: SqlStore) -> None:
    for who in (ADA, BOB):
        await store.write(lambda unit, who=who: unit.cache.put(who, "key", who))
    assert await store.write(lambda unit: unit.cache.drop(ADA, "key")) is True
    assert await store.write(lambda unit: unit.cache.drop(ADA, "key")) is False
    assert await store.read(lambda unit: unit.cache.get(BOB, "key", NOON)) == BOB
