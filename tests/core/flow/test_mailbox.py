"""Order within a room, rooms side by side, and the newest of one person wins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar, cast

import pytest

from core.flow.mailbox import Mailbox
from core.flow.opened import Postponed
from core.ids import Account
from core.messages import Address, Kind, Received
from core.ports import Batch, Store, Unit
from tests.fakes.clock import settle

T = TypeVar("T")
ONE = Account("telegram:1")


def said(
    row: int,
    room: str = "a",
    author: str = "bob",
    kind: Kind = Kind.MESSAGE,
    keep: bool | None = None,
) -> Received:
    address = Address("telegram", ONE, room)
    return Received(address, f"m:{room}:{row}", author, row, kind, b"{}", keep, id=row)


class Inbox:
    """The rows that have left memory."""

    def __init__(self) -> None:
        self.rows: dict[int, Received] = {}
        self.loads = 0

    def load(self, ids: Iterable[int]) -> list[Received]:
        self.loads += 1
        return [self.rows[row] for row in ids if row in self.rows]


class StoredInbox:
    def __init__(self) -> None:
        self.inbox = Inbox()

    async def read(self, work: Callable[[Unit], T]) -> T:
        return work(cast(Unit, self))

    async def write(self, work: Callable[[Unit], T]) -> T:
        return work(cast(Unit, self))


class Turns:
    """Records what each turn was given; a turn ends when its gate opens."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, ...]] = []
        self.done: list[tuple[int, ...]] = []
        self.gates: dict[int, asyncio.Event] = {}
        self.show_first = False
        self.running = 0
        self.most = 0

    def hold(self, row: int) -> asyncio.Event:
        return self.gates.setdefault(row, asyncio.Event())

    async def __call__(self, batch: Batch) -> None:
        rows = tuple(one.id for one in batch.items)
        self.begun.append(rows)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            if self.show_first:
                batch.commit_to()
            if rows[-1] in self.gates:
                await self.gates[rows[-1]].wait()
            batch.commit_to()
            self.done.append(rows)
        finally:
            self.running -= 1


class PuttingOff(Turns):
    """Cannot answer some rows at first."""

    def __init__(self, **times: int) -> None:
        super().__init__()
        self.left = {int(row.removeprefix("row")): count for row, count in times.items()}

    async def ended(self, many: int) -> None:
        async with asyncio.timeout(20):
            while len(self.done) < many:  # noqa: ASYNC110  (the time is the mailbox's own)
                await asyncio.sleep(0.005)

    async def __call__(self, batch: Batch) -> None:
        for one in batch.items:
            if self.left.get(one.id, 0) > 0:
                self.left[one.id] -= 1
                self.begun.append(tuple(it.id for it in batch.items))
                raise Postponed(0.15)
        await super().__call__(batch)


@asynccontextmanager
async def open_mailbox(
    turns: Any, *, keeps: bool = False, at_once: int = 8, store: Any = None
) -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(cast(Store, store or StoredInbox()), lambda address: keeps, at_once=at_once)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(mailbox.run(turns))
        await settle()
        yield mailbox
        serving.cancel()


async def test_a_newer_message_of_the_same_person_is_answered_together_with_the_older() -> None:
    turns = Turns()
    turns.hold(1)
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(said(1))
        await settle()
        mailbox.enqueue(said(2))
        await settle()
    assert turns.begun == [(1,), (1, 2)]
    assert turns.done == [(1, 2)]


async def test_nobody_elses_answer_is_thrown_away() -> None:
    turns = Turns()
    gate = turns.hold(1)
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(said(1, author="bob"))
        await settle()
        mailbox.enqueue(said(2, author="eve"))
        await settle()
        assert turns.begun == [(1,)]
        gate.set()
        await settle()
    assert turns.done == [(1,), (2,)]


async def test_a_superseded_person_keeps_the_place_in_line() -> None:
    turns = Turns()
    turns.hold(1)
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(said(1, author="bob"))
        await settle()
        mailbox.enqueue(said(2, author="eve"))
        mailbox.enqueue(said(3, author="bob"))
        await settle()
    assert turns.done == [(1, 3), (2,)]


async def test_with_keep_every_message_gets_its_own_turn_in_order() -> None:
    turns = Turns()
    gate = turns.hold(1)
    async with open_mailbox(turns, keeps=True) as mailbox:
        for row in (1, 2, 3):
            mailbox.enqueue(said(row))
        await settle()
        gate.set()
        await settle()
    assert turns.done == [(1,), (2,), (3,)]


async def test_what_was_shown_is_finished() -> None:
    turns = Turns()
    turns.show_first = True
    gate = turns.hold(1)
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(said(1))
        await settle()
        mailbox.enqueue(said(2))
        await settle()
        assert turns.begun == [(1,)]
        gate.set()
        await settle()
    assert turns.done == [(1,), (2,)]


async def test_a_ring_that_comes_just_before_the_commit_still_wins() -> None:
    """Between the ring and the interruption the turn may reach its commit: it must not pass."""
    seen: list[tuple[int, ...]] = []
    mailbox_in: list[Mailbox] = []

    async def turn(batch: Batch) -> None:
        if len(seen) == 0 and len(batch.items) == 1:
            mailbox_in[0].enqueue(said(2))  # rings this turn's bell, in the same step of the loop
        batch.commit_to()
        seen.append(tuple(one.id for one in batch.items))

    async with open_mailbox(turn) as mailbox:
        mailbox_in.append(mailbox)
        mailbox.enqueue(said(1))
        await settle()
    assert seen == [(1, 2)]


async def test_a_command_is_not_merged_and_cuts_what_follows_it() -> None:
    turns = Turns()
    gate = turns.hold(9)
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(said(9, author="eve"))
        await settle()
        for row, kind in ((1, Kind.MESSAGE), (2, Kind.COMMAND), (3, Kind.MESSAGE)):
            mailbox.enqueue(said(row, kind=kind))
        gate.set()
        await settle()
    assert turns.done == [(9,), (1,), (2,), (3,)]


async def test_what_is_written_does_not_wait_for_what_is_said_aloud_in_its_room() -> None:
    turns = Turns()
    heard = turns.hold(2)
    async with open_mailbox(turns) as box:
        for one in (replace(said(1), aloud=True), replace(said(2), aloud=True), said(3)):
            box.enqueue(one)
        await settle()
        assert turns.done == [(3,)], "written, and answered"
        heard.set()
        await settle()
        assert turns.done == [(3,), (1, 2)]
    assert not box.open


async def test_rooms_go_side_by_side_up_to_the_bound() -> None:
    turns = Turns()
    gates = [turns.hold(row) for row in range(10)]
    async with open_mailbox(turns, at_once=4) as mailbox:
        for row in range(10):
            mailbox.enqueue(said(row, room=f"room{row}"))
        await settle()
        assert turns.running == 4
        for gate in gates:
            gate.set()
        await settle()
    assert turns.most == 4
    assert len(turns.done) == 10


async def test_a_busy_room_does_not_keep_its_place_for_ever() -> None:
    turns = Turns()
    async with open_mailbox(turns, keeps=True, at_once=1) as mailbox:
        for row in range(1, 6):
            mailbox.enqueue(said(row, room="busy"))
        mailbox.enqueue(said(6, room="patient"))
        await settle()
    assert turns.done.index((6,)) < turns.done.index((3,))


async def test_a_turn_that_fails_outside_its_wall_does_not_stop_its_room(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[int] = []

    async def turn(batch: Batch) -> None:
        seen.append(batch.items[0].id)
        if batch.items[0].id == 1:
            raise RuntimeError("a bug")

    async with open_mailbox(turn, keeps=True) as mailbox:
        mailbox.enqueue(said(1))
        mailbox.enqueue(said(2))
        await settle()
    assert seen == [1, 2]
    assert "stay in the inbox" in caplog.text


async def test_an_idle_room_leaves_nothing_behind() -> None:
    async with open_mailbox(Turns()) as mailbox:
        for row in range(100):
            mailbox.enqueue(said(row, room=f"room{row}"))
        await settle(200)
        assert mailbox.open == 0
        assert not mailbox._lanes


async def test_what_no_longer_fits_into_memory_is_read_from_the_inbox() -> None:
    store = StoredInbox()
    turns = Turns()
    gate = turns.hold(0)
    async with open_mailbox(turns, keeps=True, store=store) as mailbox:
        mailbox.enqueue(said(0))
        await settle()
        for row in range(1, 2_500):
            store.inbox.rows[row] = said(row)
            mailbox.enqueue(said(row))
        gate.set()
        while mailbox.open:
            await settle(500)
    assert turns.done == [(row,) for row in range(2_500)]
    assert store.inbox.loads > 0


async def test_settling_finishes_what_runs_and_begins_nothing_new() -> None:
    turns = Turns()
    gate = turns.hold(1)
    async with open_mailbox(turns, keeps=True) as mailbox:
        mailbox.enqueue(said(1))
        mailbox.enqueue(said(2))
        await settle()
        async with asyncio.TaskGroup() as group:
            settled = group.create_task(mailbox.settle())
            await settle()
            assert not settled.done()
            gate.set()
    assert turns.done == [(1,)]


async def test_a_row_that_waits_already_is_not_taken_up_twice() -> None:
    turns = Turns()
    gate = turns.hold(1)
    async with open_mailbox(turns, keeps=True) as mailbox:
        for row in (1, 2):
            mailbox.enqueue(said(row))
        await settle()
        for row in (1, 2):  # a link that comes back looks into the inbox again
            mailbox.enqueue(said(row))
        gate.set()
        await settle()
        assert turns.done == [(1,), (2,)]
        mailbox.enqueue(said(2))  # still open there although its turn is over: once more
        await settle()
    assert turns.done == [(1,), (2,), (2,)]


async def test_a_superseded_row_is_still_held() -> None:
    turns = Turns()
    turns.hold(1)
    gate = turns.hold(2)
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(said(1))
        await settle()
        mailbox.enqueue(said(2))
        await settle()
        mailbox.enqueue(said(1))
        gate.set()
        await settle()
    assert turns.done == [(1, 2)]


async def test_a_message_that_asks_for_its_own_answer_beats_the_setting() -> None:
    """keepExistingResponses of the caller before BASIC_CAPABILITIES_KEEP_RESP (MH-02)."""
    turns = Turns()
    gate = turns.hold(1)
    async with open_mailbox(turns, keeps=False) as mailbox:
        mailbox.enqueue(said(1, keep=True))
        await settle()
        mailbox.enqueue(said(2))
        await settle()
        assert turns.begun == [(1,)]
        gate.set()
        await settle()
    assert turns.done == [(1,), (2,)]


async def test_what_has_its_own_answer_is_not_begun_anew_when_it_answers_older_messages_too() -> (
    None
):
    """Else whoever goes on writing would cost a new beginning with each message, and wait for ever."""
    turns = Turns()
    gate = turns.hold(2)
    async with open_mailbox(turns, keeps=False) as mailbox:
        mailbox.enqueue(said(1))
        mailbox.enqueue(said(2, keep=True))
        await settle()
        mailbox.enqueue(said(3))
        mailbox.enqueue(said(4))
        await settle()
        gate.set()
        await settle()
    assert turns.begun == turns.done == [(1, 2), (3, 4)]


async def test_a_message_that_waives_its_own_answer_beats_the_setting_too() -> None:
    turns = Turns()
    turns.hold(1)
    async with open_mailbox(turns, keeps=True) as mailbox:
        mailbox.enqueue(said(1, keep=False))
        await settle()
        mailbox.enqueue(said(2))
        await settle()
    assert turns.done == [(1, 2)]


async def test_a_setting_that_changes_meanwhile_does_not_change_what_has_come() -> None:
    turns = Turns()
    gate = turns.hold(1)
    keeps = True
    mailbox = Mailbox(cast(Store, StoredInbox()), lambda address: keeps)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(mailbox.run(turns))
        await settle()
        mailbox.enqueue(said(1))
        await settle()
        keeps = False
        mailbox.enqueue(said(2))
        await settle()
        gate.set()
        await settle()
        serving.cancel()
    assert turns.done == [(1,), (2,)]


async def test_a_mailbox_that_is_cancelled_begins_nothing_more() -> None:
    """What waits for a place stays in the inbox; the cancellation is all that comes out."""
    turns = Turns()
    turns.hold(1)
    async with open_mailbox(turns, at_once=1) as mailbox:
        mailbox.enqueue(said(1))
        mailbox.enqueue(said(2, "b"))
        await settle()
    assert turns.begun == [(1,)]
    assert mailbox.open == 1


# --- what cannot be answered now ---------------------------------------------------------------


async def test_what_is_put_off_is_taken_up_again_in_its_place() -> None:
    turns = PuttingOff(row1=2)
    async with open_mailbox(turns, keeps=True) as mailbox:
        mailbox.enqueue(said(1, author="bob"))
        mailbox.enqueue(said(2, author="eve"))
        await turns.ended(2)
    assert turns.begun == [(1,), (1,), (1,), (2,)]
    assert turns.done == [(1,), (2,)]
    assert mailbox.open == 0


async def test_a_room_that_waits_takes_up_no_place() -> None:
    turns = PuttingOff(row1=1)
    async with open_mailbox(turns, at_once=1) as mailbox:
        mailbox.enqueue(said(1, room="a"))
        mailbox.enqueue(said(2, room="b"))
        await settle()
        assert turns.done == [(2,)]
        assert mailbox.running == 0
        assert mailbox.open == 1
        await turns.ended(2)


async def test_what_its_author_says_meanwhile_is_answered_with_it() -> None:
    turns = PuttingOff(row1=1)
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(said(1))
        await settle()
        mailbox.enqueue(said(2))
        await turns.ended(1)
    assert turns.done == [(1, 2)]


async def test_a_stop_does_not_wait_for_what_is_put_off() -> None:
    turns = PuttingOff(row1=10_000)
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(said(1))
        await settle()
        await mailbox.settle()
        begun = len(turns.begun)
        await asyncio.sleep(0.05)
        assert len(turns.begun) == begun
