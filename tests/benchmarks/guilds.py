"""A bot in thousands of servers: its start, its memory, and the talk while it meets them all."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import quantiles

from tests.benchmarks.crowd import Load, Room
from tests.benchmarks.processes import Running, running
from tests.benchmarks.rows import Row
from tests.benchmarks.speed import Bench
from tests.benchmarks.theatre import Theatre, theatre

_CHANNELS = 50
_ROOMS = 20
"""In which people talk, in a server of their own."""
_START = 15.0
_MEMORY = 1.5
_WITHIN = 120.0


@dataclass(frozen=True, slots=True)
class _Run:
    answers: float
    """Seconds from the start of the program to its first answer."""
    knows: float
    """Seconds until all servers stand in the database."""
    memory: float
    talk: tuple[float, float]
    """Milliseconds of half, and of nearly all answers from the first one on until all is known."""
    written: int
    """Rows of servers that this run has stored."""


async def guilds(bench: Bench) -> list[Row]:
    many = 200 if bench.quick else 2_000
    async with theatre(bench.fresh(), platforms=("discord",)) as world:
        rooms = await world.rooms(_ROOMS)
        bare = await _run(world, rooms, partial(_floor, world), 0)
        alone = await _run(world, rooms, partial(world.playing, "troupe"), len(rooms))
    async with theatre(bench.fresh(), platforms=("discord",)) as world:
        rooms = await world.rooms(_ROOMS)
        await world.crowd.servers(world.bot("discord"), many, _CHANNELS)
        floor = await _run(world, rooms, partial(_floor, world), 0)
        lean = await _run(world, rooms, partial(_floor, world, "--lean"), 0)
        known = many * _CHANNELS + len(rooms)
        first = await _run(world, rooms, partial(world.playing, "troupe"), known)
        again = await _run(world, rooms, partial(world.playing, "troupe"), known)
    what = f"Discord, {many:,} servers of {_CHANNELS} channels:"
    ours, theirs = first.memory - alone.memory, floor.memory - bare.memory
    ratio = ours / theirs
    return [
        Row(
            f"{what} s to the first answer",
            f"{first.answers:.1f}",
            f"{floor.answers:.1f}",
            first.answers / floor.answers,
            f"<= {_START:.0f} s",
            first.answers <= _START,
        ),
        Row("  the same when it starts again", f"{again.answers:.1f}"),
        Row("  s until all of them are stored, beside the talk", f"{first.knows:.1f}"),
        Row(
            "  p50 and p99 ms of answers until then",
            f"{first.talk[0]:.0f}, {first.talk[1]:.0f}",
            f"{floor.talk[0]:.0f}, {floor.talk[1]:.0f}",
        ),
        Row(
            "  MB that they cost",
            f"{ours:.0f}",
            f"{theirs:.0f}",
            ratio,
            f"<= {_MEMORY} x",
            ratio <= _MEMORY,
        ),
        Row(
            "  MB of the whole process",
            f"{first.memory:.0f}",
            f"{floor.memory:.0f}",
            first.memory / floor.memory,
        ),
        Row(
            "  MB when it starts again; the floor keeping no more than ours",
            f"{again.memory:.0f}",
            f"{lean.memory:.0f}",
            again.memory / lean.memory,
        ),
        Row(
            "  rows of servers that starting again writes",
            f"{again.written}",
            "",
            None,
            "<= 1",
            again.written <= 1,
        ),
    ]


async def _run(
    world: Theatre,
    rooms: list[Room],
    program: Callable[[], AbstractAsyncContextManager[Running]],
    known: int,
) -> _Run:
    bot, crowd = world.bot("discord"), world.crowd
    logins = (await crowd.standing(bot))["identifies"]
    told = await asyncio.to_thread(_count, world.folder, _TOLD)
    began = time.monotonic()
    async with program() as one, asyncio.timeout(_WITHIN):
        while (await crowd.standing(bot))["identifies"] == logins:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)
        first = await crowd.pump(rooms[:1], 1, messages=1)
        if first.unanswered:
            said = await asyncio.to_thread(one.log.read_text)
            raise RuntimeError(f"no answer; the program said:\n{said[-2000:]}")
        answers = first.answered[0].answered / 1e9 - began
        times, knows = await _talk_until_known(world, rooms, began, known)
        await asyncio.sleep(5.0)
        memory = one.memory()
    written = await asyncio.to_thread(_count, world.folder, _TOLD) - told
    return _Run(answers, knows, memory, times, written)


async def _talk_until_known(
    world: Theatre, rooms: list[Room], began: float, known: int
) -> tuple[tuple[float, float], float]:
    """For at least some seconds."""
    load, knows, number = Load(), 0.0, 0
    loop = asyncio.get_running_loop()
    since = loop.time()
    while not knows or loop.time() - since < 5:
        await world.crowd.say([rooms[number % len(rooms)]], load)
        number += 1
        await asyncio.sleep(0.1)
        await world.crowd.listen(load)
        if not knows and await asyncio.to_thread(_count, world.folder, _KNOWN) >= known:
            knows = time.monotonic() - began
    await world.crowd.all_answered(load, 20)
    if load.unanswered:
        raise RuntimeError(f"{load.unanswered} of {number} messages were not answered")
    at = quantiles([talk.took for talk in load.answered], n=100)
    return (at[49], at[98]), knows


_KNOWN = "SELECT COUNT(*) FROM rooms"
_TOLD = "SELECT COUNT(*) FROM inbox WHERE kind = 'world'"


def _count(folder: Path, query: str) -> int:
    """0 before there is a database."""
    file = folder / "data" / "troupe.db"
    if not file.exists():
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        try:
            return int(database.execute(query).fetchone()[0])
        except sqlite3.OperationalError:  # it has no tables yet
            return 0


def _floor(world: Theatre, *more: str) -> AbstractAsyncContextManager[Running]:
    at = world.discord
    arguments = ["-m", "tests.benchmarks.floor_guilds", at["api"], at["gateway"]]
    arguments += [str(at["bots"][0]["token"]), *more]
    return running(arguments, world.folder / "floor.log", folder=world.folder)
