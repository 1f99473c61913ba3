"""`make bench`: measure, print one table; `--check` fails where a target is missed."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from statistics import median

from tests.benchmarks import (
    company,
    databases,
    finding,
    first_words,
    guilds,
    ingest,
    links,
    size,
    speed,
    state,
    voice,
    voice_hours,
    voice_load,
    webhook,
)
from tests.benchmarks.rows import Row, table
from tests.benchmarks.speed import Bench

FIGURES: dict[str, Callable[[Bench], Awaitable[list[Row]]]] = {
    "saturation": speed.saturation,
    "latency": speed.latency,
    "burst": speed.burst,
    "first-visible": first_words.first_visible,
    "start": speed.start,
    "memory": size.memory,
    "characters": size.characters,
    "isolation": company.isolation,
    "plugins": company.plugins,
    "rooms": size.rooms,
    "history": size.history,
    "databases": databases.databases,
    "webhook": webhook.webhook,
    "discord-saturation": partial(speed.saturation, platform="discord"),
    "discord-latency": partial(speed.latency, platform="discord"),
    "discord-burst": partial(speed.burst, platform="discord"),
    "discord-start": partial(speed.start, platform="discord"),
    "discord-memory": partial(size.memory, platform="discord"),
    "both": size.both,
    "guilds": guilds.guilds,
    "links": links.links,
    "state": state.state,
    "finding": finding.finding,
    "ingest": ingest.ingest,
    "voice-answers": voice.answers,
    "voice-speaking": voice_load.speaking,
    "voice-memory": voice_hours.memory,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about two minutes, once each")
    parser.add_argument("--only", default=",".join(FIGURES), help="some of: %(default)s")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    parser.add_argument("--keep", type=Path, help="a folder for databases and logs, kept")
    asked = parser.parse_args()
    names = [name.strip() for name in asked.only.split(",") if name.strip()]
    if unknown := set(names) - set(FIGURES):
        parser.error(f"there is no figure called {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="troupe-bench-") as temporary:
        folder = asked.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print(_machine(folder), flush=True)
        rows = asyncio.run(_measure(Bench(folder, quick=asked.quick), names))
    print(f"\n{table(rows)}\n\n{_load()}")
    missed = [row.figure for row in rows if row.holds is False]
    return 1 if asked.check and missed else 0


async def _measure(bench: Bench, names: list[str]) -> list[Row]:
    rows: list[Row] = []
    for name in names:
        began = time.monotonic()
        try:
            found = await FIGURES[name](bench)
        except RuntimeError as error:  # the wall of one figure: the others are worth their time
            print(f"{name}: {error}", file=sys.stderr, flush=True)
            found = [Row(name, "not measured", target="a figure", holds=False)]
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        rows += found
    return rows


def _machine(folder: Path) -> str:
    commit = f"{_commit_ms(folder):.2f} ms for 4 KB to reach the disk"
    cores = len(os.sched_getaffinity(0))
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{cores} cores, {python}, {commit}. {_load()}"


def _load() -> str:
    one, five, _ = os.getloadavg()
    return f"Load average: {one:.1f} over the last minute, {five:.1f} over five."


def _commit_ms(folder: Path) -> float:
    took: list[float] = []
    probe = folder / "probe"
    with probe.open("wb") as file:
        for _ in range(50):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    probe.unlink()
    return median(took) * 1000


if __name__ == "__main__":
    sys.exit(main())
