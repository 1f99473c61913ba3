"""RequestContext as elizaOS' users know it (RC-01 to RC-10)."""

from __future__ import annotations

import asyncio

import pytest

from core.settings.context import (
    RequestContext,
    current,
    request_scope,
    run_with_request_context,
    with_entity,
)
from core.settings.layers import Environment, Settings

KEY = "OPENAI_EMBEDDING_MODEL"
ADA = Settings(Environment.of({KEY: "shared"}), "Ada")


def person(**values: object) -> RequestContext:
    return RequestContext("bob", entity_settings=values)


def test_without_a_context_nothing_changes() -> None:
    assert current() is None
    assert ADA.get(KEY) == "shared"


def test_a_key_that_is_absent_falls_through_and_so_does_a_blank_one() -> None:
    with request_scope(person(OTHER="x")):
        assert ADA.get(KEY) == "shared"
    with request_scope(person(**{KEY: "  "})):
        assert ADA.get(KEY) == "shared"


def test_none_switches_a_key_off_and_the_search_ends() -> None:
    with request_scope(person(**{KEY: None})):
        assert ADA.get(KEY) is None
        assert ADA.get(KEY, "the caller's") == "the caller's"
        assert ADA.where(KEY) == "the settings of bob"


def test_the_inner_scope_wins_and_the_outer_one_comes_back_after_an_error() -> None:
    def fail() -> None:
        assert ADA.get(KEY) == "inner"
        raise RuntimeError

    with request_scope(person(**{KEY: "outer"})):
        with pytest.raises(RuntimeError):
            run_with_request_context(person(**{KEY: "inner"}), fail)
        assert ADA.get(KEY) == "outer"
    assert current() is None


def test_a_value_that_looks_encrypted_passes_through_unchanged() -> None:
    cipher = "gAAAAABk:not:really"
    with request_scope(person(**{KEY: cipher})):
        assert ADA.get(KEY) == cipher


def test_zero_and_false_of_a_person_are_values() -> None:
    with request_scope(person(MAX_TOKENS=0, DISABLE_MEMORY_CREATION=False)):
        assert ADA.get("MAX_TOKENS", 5) == 0
        assert ADA.get("DISABLE_MEMORY_CREATION") is False


async def test_the_context_follows_into_tasks_and_not_into_older_ones() -> None:
    go = asyncio.Event()

    async def look(at: str) -> None:
        await go.wait()
        assert ADA.get(KEY) == at

    async with asyncio.TaskGroup() as group:
        group.create_task(look("shared"))
        with request_scope(person(**{KEY: "bob's"})):
            group.create_task(look("bob's"))
        assert ADA.get(KEY) == "shared"
        go.set()


def test_the_runner_calls_a_plain_function_inside() -> None:
    assert run_with_request_context(person(**{KEY: "mine"}), lambda: ADA.get(KEY)) == "mine"
    assert current() is None


async def test_the_runner_awaits_an_async_function_inside() -> None:
    async def ask() -> object:
        await asyncio.sleep(0)
        return ADA.get(KEY)

    pending = run_with_request_context(person(**{KEY: "mine"}), ask)
    assert ADA.get(KEY) == "shared"
    assert await pending == "mine"
    assert current() is None


def test_an_entity_brings_its_settings_along_or_none() -> None:
    entity = {"id": "e1", "metadata": {"settings": {KEY: "hers"}}}
    assert with_entity(entity, lambda: ADA.get(KEY)) == "hers"
    assert with_entity({"id": "e2"}, lambda: ADA.get(KEY)) == "shared"
    assert with_entity({"id": "e3", "metadata": None}, lambda: ADA.get(KEY)) == "shared"


def test_a_context_does_not_show_its_settings() -> None:
    assert "hunter2" not in repr(person(OPENAI_API_KEY="hunter2"))
