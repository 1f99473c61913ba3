"""G32: documents made to do harm. They are refused or killed, and nobody else notices."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.knowledge.reading import Reader, Text, UnreadableDocument
from core.knowledge.wire import LONGEST
from tests.faults import bombs

SECONDS = 3.0
"""Of the fifteen that a document may take: these tests have many of them."""
MOST = 15.0
_STATUS = Path("/proc/self/statm")

pytestmark = pytest.mark.skipif(not _STATUS.exists(), reason="looks into /proc")


@dataclass
class Watch:
    """What the process of the gateway felt: the most of each."""

    grown: int = 0
    held_up: float = 0.0


@asynccontextmanager
async def watched() -> AsyncIterator[Watch]:
    """Looks every few milliseconds at how large we are, and for how long the loop was held up.

    Counted is work of our own between two looks: what others do on this machine is not ours.
    """
    watch = Watch()
    before = _resident()

    async def look() -> None:
        while True:
            worked = time.process_time()
            await asyncio.sleep(0.005)
            watch.held_up = max(watch.held_up, time.process_time() - worked)
            watch.grown = max(watch.grown, _resident() - before)

    async with asyncio.TaskGroup() as group:
        looking = group.create_task(look())
        await asyncio.sleep(0.01)
        yield watch
        looking.cancel()


def _resident() -> int:
    return int(_STATUS.read_text().split()[1]) * 4096


async def harmless(reader: Reader, data: bytes | Path, name: str) -> Text | None:
    """Read it among others; gives what became of it, None where it was refused."""
    found: Text | None = None
    begun = time.monotonic()
    async with watched() as watch:
        with suppress(UnreadableDocument):
            found = await reader.read(data, name)
    assert time.monotonic() - begun < MOST
    assert watch.grown <= 50 * bombs.MB
    assert watch.held_up <= 0.25, "as long as an answer that makes no sense may (G26)"
    assert (await reader.read(b"Owls.", "good.txt")).text == "Owls."
    return found


async def test_the_watch_sees_what_it_is_there_for():
    async with watched() as watch:
        held = bytearray(60 * bombs.MB)
        worked = time.process_time()
        while time.process_time() - worked < 0.1:
            held[0] ^= 1
        await asyncio.sleep(0.02)
    assert watch.grown > 50 * bombs.MB
    assert watch.held_up > 0.05


@pytest.mark.parametrize("name", bombs.BOMBS)
async def test_a_bomb_harms_nobody_but_itself(name):
    data = bombs.BOMBS[name]()
    async with Reader(seconds=SECONDS) as reader:
        found = await harmless(reader, data, name)
    assert found is None or len(found.text) <= LONGEST
    assert found is None or "root:" not in found.text


@pytest.mark.parametrize("size", [1 << 30, 60 << 20])
async def test_a_sparse_file_of_a_gigabyte_is_not_opened(tmp_path, size):
    path = bombs.sparse(tmp_path / "line.csv", size)
    async with Reader(seconds=SECONDS) as reader:
        assert await harmless(reader, path, "line.csv") is None


@pytest.mark.soak  # fifteen seconds of waiting; the others show the same with less time
async def test_with_the_time_that_documents_really_have_it_is_still_fifteen_seconds():
    data = bombs.html_without_ends()
    async with Reader() as reader:
        begun = time.monotonic()
        with pytest.raises(UnreadableDocument, match="more time or memory"):
            await reader.read(data, "ends.html")
        assert time.monotonic() - begun < MOST + 2
        assert (await reader.read(b"Owls.", "good.txt")).text == "Owls."


async def test_bombs_one_after_the_other_leave_nothing_behind():
    async with Reader(seconds=SECONDS) as reader:
        names = ["gigabytes.docx", "lies.docx", "gigabytes.pdf", "laughs.xml"]
        data = {name: bombs.BOMBS[name]() for name in names}
        async with watched() as watch:
            for _ in range(2):
                for name in names:
                    await harmless(reader, data[name], name)
        assert watch.grown <= 50 * bombs.MB
