"""What waits to be stored keeps its order, and what is held lets the others pass."""

from __future__ import annotations

import asyncio

import pytest

from bots.discord.heard import Heard
from core.ids import Account
from core.messages import Address, Kind, Received


def event(room: str, seq: int) -> Received:
    where = Address("discord", Account("discord:1"), room)
    return Received(where, f"m:{room}:{seq}", "2", seq, Kind.MESSAGE, b"{}")


def seqs(batch: list[Received]) -> list[int]:
    return [one.seq for one in batch]


async def nothing_passes(heard: Heard) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await heard.take()


async def test_a_held_room_lets_the_others_pass_and_follows_in_order():
    heard = Heard()
    heard.open(["a"])
    for room, seq in ("a", 1), ("b", 2), ("a", 3), ("b", 4):
        heard.add(event(room, seq))
    assert seqs(await heard.take()) == [2, 4]
    heard.add(event("a", 5))
    heard.add(event("b", 6))
    heard.release("a")
    assert seqs(await heard.take()) == [1, 3, 5, 6]
    assert len(heard) == 0


async def test_nothing_passes_while_it_is_shut():
    heard = Heard()
    heard.open(["a"])
    heard.add(event("a", 1))
    heard.add(event("b", 2))
    await heard.take()
    heard.shut()
    heard.add(event("c", 3))
    await nothing_passes(heard)
    heard.open()
    assert seqs(await heard.take()) == [1, 3]


async def test_what_could_not_be_stored_comes_first_again():
    heard = Heard()
    for seq in 1, 2, 3:
        heard.add(event("a", seq))
    batch = await heard.take(2)
    heard.give_back(batch)
    assert seqs(await heard.take()) == [1, 2, 3]


async def test_it_is_relieved_when_half_is_free():
    heard = Heard(4)
    for seq in range(4):
        heard.add(event("a", seq))
    assert heard.is_full
    async with asyncio.TaskGroup() as group:
        waits = group.create_task(heard.relieved())
        await asyncio.sleep(0)
        await heard.take(1)
        await asyncio.sleep(0)
        assert not waits.done()
        await heard.take(1)
    assert not heard.is_full


async def test_it_knows_the_oldest_message_that_waits():
    heard = Heard()
    assert heard.oldest_message() == 0
    heard.open(["a"])
    heard.add(event("a", 7))
    heard.add(event("b", 5))
    await heard.take()
    assert heard.oldest_message() == 5  # it may still be on its way
    heard.add(event("b", 9))
    await heard.take()
    assert heard.oldest_message() == 7
