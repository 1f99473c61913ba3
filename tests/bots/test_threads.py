"""Blocking calls run beside the loop; whoever fills their own lane leaves the others theirs."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from bots.threads import Threads

whose: ContextVar[str] = ContextVar("whose", default="")


@pytest.fixture
def released() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
async def threads() -> Threads:
    found = Threads(whose.get, most=2)
    asyncio.get_running_loop().set_default_executor(found)
    return found


@pytest.mark.usefixtures("threads")
async def test_results_and_failures_come_back() -> None:
    assert await asyncio.to_thread(str.upper, "ada") == "ADA"
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(lambda: 1 // 0)
    with pytest.raises(RuntimeError, match="end the process"):
        await asyncio.to_thread(sys.exit, 3)
    assert [await asyncio.to_thread(abs, -number) for number in range(50)] == list(range(50))


@pytest.mark.usefixtures("threads")
async def test_who_hangs_in_every_thread_of_theirs_leaves_the_others_theirs(
    released: threading.Event,
) -> None:
    loop = asyncio.get_running_loop()
    token = whose.set("ill")
    hanging = [loop.run_in_executor(None, released.wait) for _ in range(9)]
    whose.reset(token)
    for number in range(9):
        assert await asyncio.to_thread(abs, -number) == number
    assert sum(one.name == "aside ill" for one in threading.enumerate()) == 2
    assert not any(one.done() for one in hanging)
    released.set()
    for one in hanging:
        assert await one is True


async def test_the_end_waits_for_nobody_who_hangs(
    threads: Threads, released: threading.Event
) -> None:
    loop = asyncio.get_running_loop()
    hanging = [loop.run_in_executor(None, released.wait) for _ in range(5)]
    await loop.shutdown_default_executor()
    assert [one.cancelled() for one in hanging] == [False, False, True, True, True]
    with pytest.raises(RuntimeError):
        threads.submit(abs, 1)
    assert all(one.daemon for one in threading.enumerate() if one.name.startswith("aside"))
