"""Edits in their lane: the last of several counts, and whoever says more has moved on."""

from __future__ import annotations

import pytest

from core.messages import Kind
from core.ports import Batch
from tests.core.flow.test_mailbox import Turns, open_mailbox, said
from tests.fakes.clock import settle


class Asked(Turns):
    """Notes at its end whether a turn was overtaken."""

    def __init__(self) -> None:
        super().__init__()
        self.overtaken: list[bool] = []

    async def __call__(self, batch: Batch) -> None:
        await super().__call__(batch)
        self.overtaken.append(batch.overtaken)


@pytest.mark.parametrize("keeps", [False, True])
async def test_edits_that_wait_behind_one_another_are_one_turn(keeps: bool) -> None:
    turns = Turns()
    gate = turns.hold(1)
    async with open_mailbox(turns, keeps=keeps) as mailbox:
        mailbox.enqueue(said(1))
        await settle()
        for row in (2, 3):
            mailbox.enqueue(said(row, kind=Kind.EDIT))
        mailbox.enqueue(said(4))
        mailbox.enqueue(said(5, kind=Kind.EDIT))
        if not keeps:
            turns.hold(4).set()
        gate.set()
        await settle()
    wanted = [(1,), (2, 3), (4,), (5,)] if keeps else [(1, 4), (2, 3, 5)]
    assert turns.done == wanted


async def test_the_edits_of_two_people_are_two_turns() -> None:
    turns = Turns()
    gate = turns.hold(1)
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(said(1))
        await settle()
        mailbox.enqueue(said(2, kind=Kind.EDIT))
        mailbox.enqueue(said(3, author="eve", kind=Kind.EDIT))
        gate.set()
        await settle()
    assert turns.done == [(1,), (2,), (3,)]


@pytest.mark.parametrize("kind", [Kind.EDIT, Kind.MESSAGE, Kind.COMMAND])
async def test_what_its_author_does_next_breaks_off_an_edit_that_is_thought_over(
    kind: Kind,
) -> None:
    turns = Asked()
    turns.hold(1)
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(said(1, kind=Kind.EDIT))
        await settle()
        turns.gates.pop(1)
        mailbox.enqueue(said(2, kind=kind))
        await settle()
    assert turns.begun[0] == (1,)
    assert turns.done == ([(1, 2)] if kind is Kind.EDIT else [(1,), (2,)])
    assert turns.overtaken[0] is (kind is not Kind.EDIT)


async def test_nobody_else_breaks_it_off() -> None:
    turns = Asked()
    gate = turns.hold(1)
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(said(1, kind=Kind.EDIT))
        await settle()
        mailbox.enqueue(said(2, author="eve"))
        await settle()
        gate.set()
        await settle()
    assert turns.begun == [(1,), (2,)]
    assert turns.overtaken == [False, False]


async def test_an_edit_does_not_break_off_the_answer_to_what_was_said() -> None:
    turns = Asked()
    gate = turns.hold(1)
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(said(1))
        await settle()
        mailbox.enqueue(said(2, kind=Kind.EDIT))
        await settle()
        gate.set()
        await settle()
    assert turns.begun == [(1,), (2,)]


async def test_whatever_is_taken_back_meanwhile_overtakes_an_edit() -> None:
    turns = Asked()
    gate = turns.hold(1)
    async with open_mailbox(turns) as mailbox:
        mailbox.enqueue(said(1, kind=Kind.EDIT))
        await settle()
        # Telegram does not say who has deleted something.
        mailbox.enqueue(said(2, author="", kind=Kind.DELETE))
        await settle()
        gate.set()
        await settle()
    assert turns.overtaken == [True, False]
