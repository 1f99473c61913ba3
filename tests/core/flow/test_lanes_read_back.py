"""A room whose messages are read back from the inbox is still one room with one turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from core.ports import Unit, Waiting
from tests.core.flow.test_mailbox import StoredInbox, Turns, open_mailbox, said
from tests.fakes.clock import settle

T = TypeVar("T")


class SlowInbox(StoredInbox):
    """Reading takes until the test opens it."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = asyncio.Event()

    async def read(self, work: Callable[[Unit], T]) -> T:
        await self.opened.wait()
        return await super().read(work)


async def test_a_message_that_comes_while_older_ones_are_read_waits_for_its_turn() -> None:
    turns, store = Turns(), SlowInbox()
    old = said(1)
    store.inbox.rows[1] = old
    first = turns.hold(1)
    async with open_mailbox(turns, keeps=True, store=store) as mailbox:
        mailbox.remind(Waiting(old.id, old.address, old.author, old.kind))
        await settle()
        mailbox.enqueue(said(2))
        await settle()
        assert turns.begun == []
        store.opened.set()
        await settle()
        assert turns.begun == [(1,)]
        first.set()
        await settle()
    assert turns.done == [(1,), (2,)]
    assert turns.most == 1
