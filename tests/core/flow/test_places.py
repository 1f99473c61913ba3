"""So many at once, in the order of coming, and nobody's place is lost."""

from __future__ import annotations

import asyncio

from core.flow.places import Places
from tests.fakes.clock import settle


async def test_a_place_is_taken_on_the_spot_only_while_one_is_free() -> None:
    places = Places(2)
    assert places.take_now()
    assert places.take_now()
    assert not places.take_now()
    places.give_back()
    assert places.take_now()


async def test_who_waits_gets_a_place_before_who_does_not() -> None:
    places = Places(1)
    assert places.take_now()
    served: list[str] = []

    async def wait(name: str) -> None:
        await places.take()
        served.append(name)

    async with asyncio.TaskGroup() as group:
        for name in ("first", "second"):
            group.create_task(wait(name))
        await settle()
        places.give_back()
        assert not places.take_now()
        await settle()
        assert served == ["first"]
        places.give_back()
    assert served == ["first", "second"]


async def test_who_stops_waiting_leaves_the_place_to_the_next() -> None:
    places = Places(1)
    assert places.take_now()
    async with asyncio.TaskGroup() as group:
        gone = group.create_task(places.take())
        stays = group.create_task(places.take())
        await settle()
        gone.cancel()
        await settle()
        places.give_back()
        await stays


async def test_a_place_given_to_one_who_is_cancelled_just_then_is_not_lost() -> None:
    places = Places(1)
    assert places.take_now()
    async with asyncio.TaskGroup() as group:
        gone = group.create_task(places.take())
        await settle()
        places.give_back()
        gone.cancel()
    assert places.take_now()
