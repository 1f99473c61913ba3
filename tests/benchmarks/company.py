"""What two ill characters cost the eighteen well ones beside them (G13)."""

from __future__ import annotations

import asyncio
from statistics import quantiles

from tests.benchmarks.crowd import Crowd, Load, Room
from tests.benchmarks.rows import Row, Sample
from tests.benchmarks.speed import Bench
from tests.benchmarks.theatre import theatre

_ILL = ("Raises", "Hangs")
"""The model of the benchmarks refuses the one and never answers the other."""
_GIVES_UP = {f"CHARACTER.{name.upper()}.MODEL_TIMEOUT": "2" for name in _ILL}


async def isolation(bench: Bench) -> list[Row]:
    """The well ones' latency at 5 messages/s while two more are spoken to, well or ill."""
    many, messages = (5, 10) if bench.quick else (20, 200)
    well = tuple(f"Ada{number}" for number in range(1, many - 1))
    took: dict[bool, list[list[float]]] = {False: [], True: []}
    for _ in range(1 if bench.quick else 3):
        for ill in (False, True):
            names = (*well, *(_ILL if ill else ("Ida", "Eda")))
            took[ill].append(await _beside(bench, names, len(well), messages))
    at = {ill: Sample(tuple(_p99(run) for run in runs), 1) for ill, runs in took.items()}
    ratio = at[True].middle / at[False].middle
    return [
        Row(f"p99 ms of {len(well)} characters, two more being well", str(at[False])),
        Row(
            "  the same while those two raise and hang",
            str(at[True]),
            "",
            ratio,
            "<= 1.1",
            ratio <= 1.1,
        ),
    ]


async def _beside(bench: Bench, names: tuple[str, ...], well: int, messages: int) -> list[float]:
    async with theatre(bench.fresh(), names=names) as world:
        each = [await world.rooms(2, who=who) for who in range(len(names))]
        healthy = [room for rooms in each[:well] for room in rooms]
        others = [room for rooms in each[well:] for room in rooms]
        async with world.playing("troupe", settings=_GIVES_UP) as one:
            await world.warmed(one, healthy)
            async with asyncio.TaskGroup() as group:
                bother = group.create_task(_bother(world.crowd, others))
                load = await world.crowd.stroll(healthy, 0.2, messages)
                bother.cancel()
    assert not load.unanswered, "a well character does not answer"
    return [talk.took for talk in load.answered]


async def _bother(crowd: Crowd, rooms: list[Room]) -> None:
    """Everybody asks the two others, again and again."""
    while True:
        await crowd.say(rooms, Load())
        await asyncio.sleep(1.0)


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]
