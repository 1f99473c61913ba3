"""What comes in pieces is waited for, and whoever wants no more is heard at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.messages import Kind, Received
from core.ports import Batch
from tests.core.flow.test_mailbox import PuttingOff, Turns, open_mailbox, said
from tests.fakes.clock import settle


def piece(row: int, rests: float = 0.05, author: str = "bob", room: str = "a") -> Received:
    return replace(said(row, room, author), rests=rests)


async def ended(turns: Turns, many: int) -> None:
    async with asyncio.timeout(20):
        while len(turns.done) < many:  # noqa: ASYNC110  (the time is the mailbox's own)
            await asyncio.sleep(0.005)


async def test_a_turn_does_not_begin_while_the_rest_may_be_on_its_way() -> None:
    turns = Turns()
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(piece(1))
        await settle()
        assert turns.begun == []
        await ended(turns, 1)
    assert turns.done == [(1,)]


async def test_other_rooms_do_not_wait_for_it() -> None:
    turns = Turns()
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(piece(1, rests=1.0))
        mailbox.enqueue(said(2, room="b"))
        await settle()
        assert turns.done == [(2,)]


@pytest.mark.parametrize("keeps", [False, True])
async def test_the_last_piece_is_not_waited_behind(keeps: bool) -> None:
    turns = Turns()
    async with open_mailbox(turns, keeps=keeps) as mailbox:
        mailbox.enqueue(piece(1, rests=1.4))
        mailbox.enqueue(piece(2, rests=1.4))
        await settle()
        mailbox.enqueue(said(3))
        async with asyncio.timeout(1):
            await ended(turns, 1)
    assert turns.done == [(1, 2, 3)]


async def test_the_rest_is_not_waited_for_longer_than_a_second_and_a_half() -> None:
    turns = Turns()
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(piece(1, rests=1.5))
        async with asyncio.timeout(20):
            row = 1
            while not turns.done:
                await asyncio.sleep(0.2)
                row += 1
                mailbox.enqueue(piece(row, rests=1.5))
    assert turns.done[0][0] == 1


async def test_with_keep_only_what_belongs_together_is_answered_together() -> None:
    turns = Turns()
    async with open_mailbox(turns, keeps=True) as mailbox:
        mailbox.enqueue(piece(1))
        mailbox.enqueue(said(2))
        mailbox.enqueue(said(3))
        await ended(turns, 2)
    assert turns.done == [(1, 2), (3,)]


async def test_what_somebody_else_says_meanwhile_stays_their_own() -> None:
    turns = Turns()
    async with open_mailbox(turns, keeps=True) as mailbox:
        mailbox.enqueue(piece(1))
        mailbox.enqueue(said(2, author="eve"))
        await ended(turns, 2)
    assert turns.done == [(1,), (2,)]


async def test_pieces_that_come_while_another_turn_runs_are_waited_for_as_well() -> None:
    turns = Turns()
    gate = turns.hold(1)
    async with open_mailbox(turns, keeps=True) as mailbox:
        mailbox.enqueue(said(1, author="eve"))
        await settle()
        mailbox.enqueue(piece(2, rests=0.2))
        gate.set()
        await settle()
        assert turns.begun == [(1,)]
        mailbox.enqueue(said(3))
        await ended(turns, 2)
    assert turns.done == [(1,), (2, 3)]


async def test_a_turn_that_is_put_off_is_not_begun_sooner_by_another_piece() -> None:
    turns = PuttingOff(row1=1)
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(piece(1, rests=0.01))
        async with asyncio.timeout(20):
            while not turns.begun:  # noqa: ASYNC110  (the time is the mailbox's own)
                await asyncio.sleep(0.001)
        mailbox.enqueue(piece(2, rests=0.01))
        await settle()
        assert turns.begun == [(1,)]
        await turns.ended(1)
    assert turns.done == [(1, 2)]


class Stopping(Turns):
    """Tells which turns were to stop."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped: list[int] = []

    async def __call__(self, batch: Batch) -> None:
        async with batch.stopped.interrupts():
            await super().__call__(batch)
        if batch.stopped.rung:
            self.stopped.append(batch.items[-1].id)


async def test_a_stop_reaches_the_turn_that_runs_and_is_noted_behind_it() -> None:
    turns = Stopping()
    turns.hold(1)
    async with open_mailbox(turns, keeps=True) as mailbox:
        mailbox.enqueue(said(1))
        await settle()
        mailbox.enqueue(said(2, kind=Kind.STOP))
        await settle()
    assert turns.stopped == [1]
    assert turns.begun == [(1,), (2,)]


@pytest.mark.parametrize(("author", "room"), [("eve", "a"), ("bob", "b")])
async def test_a_stop_of_somebody_else_or_somewhere_else_stops_nothing(
    author: str, room: str
) -> None:
    turns = Stopping()
    turns.hold(1)
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(said(1))
        await settle()
        mailbox.enqueue(said(2, room, author, Kind.STOP))
        await settle()
        assert turns.running == 1
    assert turns.stopped == []
