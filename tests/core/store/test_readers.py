"""Reading beside the writer: whoever waits has their turn."""

from __future__ import annotations

import asyncio

from core.store.engine import SqlStore
from tests.core.store.rows import ONE


async def test_who_reads_again_and_again_does_not_keep_others_out(store: SqlStore) -> None:
    """As many as there are readers, and one more."""
    turns = 0

    async def again() -> None:
        while not done.is_set():
            await store.read(lambda unit: unit.inbox.waiting(ONE))

    async def once() -> None:
        nonlocal turns
        for _ in range(20):
            await store.read(lambda unit: unit.inbox.waiting(ONE))
            turns += 1
        done.set()

    done = asyncio.Event()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(again())
        group.create_task(once())
    assert turns == 20
