"""A turn may think while its message is being written down; nothing comes of it before that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import pytest

from core.flow.intake import Intake
from core.flow.mailbox import Mailbox
from core.ids import Account
from core.messages import Address, Kind, Received
from core.ports import Batch, Store, Unit, Waiting
from tests.fakes.clock import FakeClock, settle

T = TypeVar("T")
ONE = Account("telegram:1")


def said(key: str, room: str = "a", author: str = "bob") -> Received:
    return Received(Address("telegram", ONE, room), key, author, 1, Kind.MESSAGE, b"{}")


@dataclass
class Rows:
    """The inbox; what was added counts once its commit is through."""

    known: dict[str, Received] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)

    def add(self, received: list[Received], now: object) -> list[int | None]:
        self.numbers += [one.id for one in received]
        return [None if one.event_key in self.known else one.id for one in received]

    def waiting(self, account: Account) -> list[Waiting]:
        return [Waiting(one.id, one.address, one.author, one.kind) for one in self.known.values()]

    def last(self) -> int:
        return max((one.id for one in self.known.values()), default=0)

    def load(self, ids: list[int]) -> list[Received]:
        return [one for one in self.known.values() if one.id in ids]


@dataclass
class SlowDisk:
    """A store whose commits end when the test says so."""

    inbox: Rows = field(default_factory=Rows)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, work: Callable[[Unit], T], early: Callable[[T], None] | None = None) -> T:
        result = work(cast(Unit, self))
        if early is not None:
            early(result)
        await self.gate.wait()
        return work(cast(Unit, self))  # as it stands now: somebody else may have been faster

    async def read(self, work: Callable[[Unit], T]) -> T:
        return work(cast(Unit, self))


class Thinking:
    """A turn that writes when it has thought, which takes until `thinks` is over, and when it may."""

    def __init__(self) -> None:
        self.thought: list[tuple[str, ...]] = []
        self.written: list[tuple[str, ...]] = []
        self.thinks = asyncio.Event()
        self.thinks.set()

    async def __call__(self, batch: Batch) -> None:
        keys = tuple(one.event_key for one in batch.items)
        self.thought.append(keys)
        await self.thinks.wait()
        batch.commit_to()
        await batch.stored()
        assert batch.is_stored
        self.written.append(keys)


@dataclass
class House:
    disk: SlowDisk
    turns: Thinking
    mailbox: Mailbox
    intake: Intake
    clock: FakeClock
    group: asyncio.TaskGroup

    def hears(self, *received: Received) -> asyncio.Task[None]:
        async def come() -> None:
            await self.intake(received)

        return self.group.create_task(come())


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with a_house() as house:
        yield house


@asynccontextmanager
async def a_house() -> AsyncIterator[House]:
    disk, turns, clock = SlowDisk(), Thinking(), FakeClock()
    mailbox = Mailbox(cast(Store, disk), lambda address: False)
    intake = Intake(cast(Store, disk), mailbox, clock)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(mailbox.run(cast(Any, turns)))
        yield House(disk, turns, mailbox, intake, clock, group)
        serving.cancel()


async def test_a_turn_thinks_while_the_disk_works_and_writes_after_it(house: House) -> None:
    coming = house.hears(said("one"))
    await settle()
    assert house.turns.thought == [("one",)]
    assert house.turns.written == []
    house.disk.gate.set()
    await coming
    await settle()
    assert house.turns.written == [("one",)]
    assert house.mailbox.open == 0


async def test_what_another_way_has_brought_meanwhile_is_answered_once(house: House) -> None:
    coming = house.hears(said("one"))
    await settle()
    house.disk.inbox.known["one"] = said("one")
    house.disk.gate.set()
    await coming
    await settle()
    assert (house.turns.thought, house.turns.written) == ([("one",)], [])
    assert (house.intake.doubles, house.mailbox.open) == (1, 0)


async def test_whoever_stops_waiting_for_the_disk_leaves_no_turn_behind(house: House) -> None:
    coming = house.hears(said("one"))
    await settle()
    coming.cancel()
    await settle()
    assert (house.turns.written, house.mailbox.open) == ([], 0)
    # The disk has kept it all the same; the next message of the account brings that to light.
    house.disk.inbox.known["one"] = Received(
        Address("telegram", ONE, "a"), "one", "bob", 1, Kind.MESSAGE, b"{}", id=7
    )
    house.disk.gate.set()
    await house.hears(said("two", room="b"))
    await settle()
    assert sorted(house.turns.written) == [("one",), ("two",)]


async def test_an_older_message_of_the_same_turn_is_answered_alone_then(house: House) -> None:
    """Stored, and about to be answered together with one that never comes to be stored."""
    house.turns.thinks.clear()
    house.disk.gate.set()
    await house.hears(said("one"))
    house.disk.gate.clear()
    coming = house.hears(said("two"))
    await settle()
    assert house.turns.thought == [("one",), ("one", "two")]
    coming.cancel()
    await settle()
    house.turns.thinks.set()
    await settle()
    assert house.turns.written == [("one",)]
    assert house.mailbox.open == 0


async def test_numbers_of_rows_go_upward_even_when_the_clock_goes_back(house: House) -> None:
    house.disk.gate.set()
    await house.hears(said("one"))
    [first] = set(house.disk.inbox.numbers)
    ahead = Received(
        Address("telegram", ONE, "a"), "old", "bob", 1, Kind.OTHER, b"{}", id=first + 5_000_000
    )
    house.disk.inbox.known["old"] = ahead
    await house.intake.replay(ONE)
    await house.hears(said("two"), said("three", room="b"))
    assert sorted(set(house.disk.inbox.numbers)) == [first, ahead.id + 1, ahead.id + 2]
