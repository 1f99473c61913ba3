"""The process in which documents are read: how little it has, and how it comes and goes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from core.knowledge.reading import Reader, UnreadableDocument
from tests.faults import bombs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def children() -> list[int]:
    """Those that read; a test that runs beside this one has none."""
    found = []
    with suppress(FileNotFoundError, ProcessLookupError):  # one has just ended
        for task in Path("/proc/self/task").iterdir():
            for one in map(int, (task / "children").read_text().split()):
                if b"core.knowledge" in Path(f"/proc/{one}/cmdline").read_bytes():
                    found.append(one)
    return found


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # a process tells nobody that it ends


async def test_it_has_no_secrets_no_files_and_few_means(monkeypatch, tmp_path):
    monkeypatch.setenv("CANARY", "a secret of the house")
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "open.txt").open("w") as open_here:
        os.set_inheritable(open_here.fileno(), True)
        async with Reader() as reader:
            await reader.read(b"Owls.", "a.txt")
            (child,) = children()
            there = Path(f"/proc/{child}")
            assert (there / "environ").read_bytes() == b""
            assert os.readlink(there / "cwd") == "/"
            assert os.getsid(child) == child
            assert {one.name for one in (there / "fd").iterdir()} == {"0", "1", "2"}
            limits = (there / "limits").read_text().splitlines()
    hard = {line[:26].strip(): line[26:].split()[1] for line in limits}
    assert hard["Max address space"] == str(768 << 20)
    assert hard["Max core file size"] == hard["Max file size"] == "0"
    assert hard["Max open files"] == "32"
    soft = next(line[26:].split()[0] for line in limits if line.startswith("Max cpu time"))
    assert int(soft) <= 20


async def test_one_process_reads_one_document_after_the_other():
    async with Reader() as reader:
        seen = set()
        for n in range(20):
            assert (await reader.read(f"Owl {n}.".encode(), "a.txt")).text == f"Owl {n}."
            seen.update(children())
        assert len(seen) == 1
    assert children() == []


async def test_documents_that_come_together_do_not_mix():
    async with Reader() as reader, asyncio.TaskGroup() as group:
        asked = [group.create_task(reader.read(f"Owl {n}.".encode(), "a.txt")) for n in range(30)]
    assert [task.result().text for task in asked] == [f"Owl {n}." for n in range(30)]


async def test_it_is_not_there_before_it_is_needed_and_ends_when_it_is_idle():
    async with Reader(idle=0.1) as reader:
        assert children() == []
        await reader.read(b"Owls.", "a.txt")
        assert children()
        await until(lambda: not children())
        assert (await reader.read(b"Owls.", "a.txt")).text == "Owls."
        await until(lambda: not children())


async def test_whatever_has_ended_it_meanwhile_the_next_document_is_read():
    async with Reader() as reader:
        await reader.read(b"Owls.", "a.txt")
        (child,) = children()
        os.kill(child, signal.SIGKILL)
        await until(lambda: Path(f"/proc/{child}/stat").read_text().split()[2] == "Z")
        assert (await reader.read(b"Tea.", "a.txt")).text == "Tea."


async def test_a_document_that_takes_too_long_costs_only_itself():
    slow = bombs.docx_of_a_million_paragraphs()
    async with Reader(seconds=0.6) as reader:
        with pytest.raises(UnreadableDocument, match="more time or memory"):
            await reader.read(slow, "a.docx")
        assert (await reader.read(b"Owls.", "a.txt")).text == "Owls."


async def test_nobody_reads_on_for_somebody_who_has_left():
    async with Reader() as reader:
        reading = asyncio.ensure_future(reader.read(bombs.html_without_ends(), "a.html"))
        await until(lambda: bool(children()))
        reading.cancel()
        async with asyncio.timeout(20):
            assert (await reader.read(b"Owls.", "a.txt")).text == "Owls."


async def test_leaving_ends_what_is_being_read():
    async with asyncio.timeout(20):
        async with Reader() as reader:
            reading = asyncio.ensure_future(reader.read(bombs.html_without_ends(), "a.html"))
            await until(lambda: bool(children()))
        with pytest.raises(UnreadableDocument):
            await reading
    assert children() == []


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/full", "fifo", "folder", "missing"])
async def test_a_path_that_is_no_document_is_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    async with Reader(seconds=5) as reader:
        with pytest.raises(UnreadableDocument, match=r"larger|no words|cannot be opened"):
            await reader.read(tmp_path / name, name)


async def test_a_path_is_read_where_it_lies_without_its_bytes_coming_here(tmp_path):
    (tmp_path / "a.md").write_text("# Owls")
    async with Reader() as reader:
        assert (await reader.read(tmp_path / "a.md", "a.md")).title == "Owls"
