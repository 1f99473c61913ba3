"""A thousand pages taken in beside the talk: how long that takes, and how far the loop falls behind."""

from __future__ import annotations

import asyncio
import random
import resource
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from core.casting import LoadedCharacter, read_loaded
from core.clock import SystemClock
from core.knowledge.documents import PIECES
from core.knowledge.ingest import Librarian
from core.knowledge.learning import Learning
from core.knowledge.reading import Reader
from core.models.roles import Models
from core.settings.layers import Environment, Settings
from core.store.engine import SqlStore, open_store
from tests.benchmarks.rows import Row, Sample
from tests.benchmarks.speed import Bench

_PAGES = 1_000
_PAGE = 3_000
"""Characters of a page."""
_LAG = 50.0
"""Milliseconds (issue 5)."""
_PATIENCE = 600.0
_PROBE = 0.005
_IDLE = 2.0


@dataclass(frozen=True, slots=True)
class _Run:
    seconds: float
    lag: float
    idle: float
    again: float
    pieces: int


async def ingest(bench: Bench) -> list[Row]:
    """Two long texts, a PDF, and the rest as one file a page."""
    pages = _PAGES // 5 if bench.quick else _PAGES
    runs = [
        await _run(bench.folder / f"ingest{number}", pages)
        for number in range(1 if bench.quick else 3)
    ]
    lag = Sample(tuple(run.lag for run in runs), 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    what = f"{pages} pages taken in"
    return [
        Row(f"{what}, s", str(Sample(tuple(run.seconds for run in runs), 1))),
        Row(
            f"{what}: the loop's worst lag, ms (floor: an idle loop's)",
            str(lag),
            str(Sample(tuple(run.idle for run in runs), 1)),
            target=f"<= {_LAG:.0f}",
            holds=lag.middle <= _LAG,
        ),
        Row(f"{what}: pieces", f"{runs[0].pieces:,}"),
        Row(
            f"{what}: a look when nothing is new, ms", str(Sample(tuple(r.again for r in runs), 1))
        ),
        Row(f"{what}: peak of this process, MB", f"{peak:.0f}"),
    ]


async def _run(folder: Path, pages: int) -> _Run:
    await asyncio.to_thread(_write, folder / "books", pages)
    ada = replace(
        read_loaded({"name": "Ada", "bio": "Reads.", "knowledge": [{"directory": "books"}]}),
        source=folder / "ada.json",
    )
    async with _librarian(folder / "data", ada) as (librarian, store, settings):
        idle, lags = await _idle(), list[float]()
        async with asyncio.TaskGroup() as group:
            probe = group.create_task(_probe(lags))
            work = group.create_task(librarian.run())
            began = perf_counter()
            await librarian.tend([(ada, settings)])
            async with asyncio.timeout(_PATIENCE):
                await librarian.look()
                await librarian.idle()
            seconds = perf_counter() - began
            probe.cancel()
            pieces = await store.read(lambda unit: unit.memories.count(ada.id, table=PIECES))
            began = perf_counter()
            await librarian.look()
            again = perf_counter() - began
            work.cancel()
    return _Run(seconds, max(lags) * 1000, idle * 1000, again * 1000, pieces)


async def _idle() -> float:
    """How late a loop comes back on this machine with nothing to do."""
    lags: list[float] = []
    async with asyncio.TaskGroup() as group:
        probe = group.create_task(_probe(lags))
        await asyncio.sleep(_IDLE)
        probe.cancel()
    return max(lags)


@asynccontextmanager
async def _librarian(
    data: Path, ada: LoadedCharacter
) -> AsyncIterator[tuple[Librarian, SqlStore, Settings]]:
    settings = Settings(Environment(), ada.name, ada.id)
    process, clock = Settings(Environment()), SystemClock()
    async with open_store(None, data) as store, Models() as models, Reader() as reader:
        learning = Learning(store, reader, clock, lambda owner, chosen: models, process)
        yield Librarian(store, learning, clock, process, data), store, settings


async def _probe(lags: list[float]) -> None:
    """How much later than asked for the loop comes back."""
    loop = asyncio.get_running_loop()
    while True:
        asked = loop.time() + _PROBE
        await asyncio.sleep(_PROBE)
        lags.append(loop.time() - asked)


def _write(folder: Path, pages: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(5)
    words = [
        "".join(chance.choices("abcdefghijklmnoprstuvwy", k=chance.randint(2, 11)))
        for _ in range(5_000)
    ]

    def page(number: int) -> str:
        lines = [f"## Page {number}", ""]
        size = 0
        while size < _PAGE:
            line = " ".join(chance.choices(words, k=chance.randint(8, 90))).capitalize() + "."
            lines += [line, ""]
            size += len(line)
        return "\n".join(lines)

    long, each = pages * 2 // 5, pages // 5
    (folder / "one.md").write_text("\n".join(map(page, range(long))))
    (folder / "two.txt").write_text("\n".join(map(page, range(long, long + each))))
    (folder / "three.pdf").write_bytes(_pdf([page(n) for n in range(long + each, long + 2 * each)]))
    for number in range(long + 2 * each, pages):
        (folder / f"{number:04}.txt").write_text(page(number))


def _pdf(pages: list[str]) -> bytes:
    """As plain as a PDF can be: one font, one stream a page."""
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for at, text in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /Contents {5 + 2 * at} 0 R /MediaBox [0 0 595 842] "
            f"/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        lines = [text[start : start + 90] for start in range(0, len(text), 90)]
        shown = " ".join(f"({line.replace(chr(10), ' ')}) Tj T*" for line in lines)
        stream = zlib.compress(f"BT /F1 9 Tf 11 TL 40 800 Td {shown} ET".encode())
        head = f"<< /Length {len(stream)} /Filter /FlateDecode >>\nstream\n".encode()
        objects.append(head + stream + b"\nendstream")
    body, places = bytearray(b"%PDF-1.4\n"), []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n".encode() + one + b"\nendobj\n"
    start = len(body)
    body += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    body += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    body += (
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF".encode()
    )
    return bytes(body)
