"""How soon people see the first words of an answer that is still being made."""

from __future__ import annotations

from statistics import quantiles

from tests.benchmarks.crowd import Load
from tests.benchmarks.rows import Row, Sample
from tests.benchmarks.speed import Bench
from tests.benchmarks.theatre import System, theatre

_EVERY = 0.25
_ROOMS = 20


async def first_visible(bench: Bench) -> list[Row]:
    """From the model's first words to the draft that bears them; the floor is a bare bot's echo."""
    messages = 20 if bench.quick else 120
    runs: list[list[float]] = []
    floors: list[list[float]] = []
    unseen = 0
    for _ in range(1 if bench.quick else 2):
        found = await shown_after(bench, messages)
        unseen += messages - len(found)
        runs.append(found)
        floors.append(await _echoed_after(bench, messages))
    ours, floor = (
        {q: Sample(tuple(_at(q, run) for run in some), 1) for q in (50, 95)}
        for some in (runs, floors)
    )
    target = ours[95].middle <= 50 and not unseen
    return [
        Row("first words seen, p50 ms after they are there", str(ours[50]), str(floor[50])),
        Row(
            "first words seen, p95 ms after they are there",
            str(ours[95]),
            str(floor[95]),
            ours[95].middle / floor[95].middle,
            "<= 50 ms",
            target,
        ),
        Row("answers of which nothing was seen meanwhile", str(unseen), target="0", holds=not unseen),
    ]  # fmt: skip


async def shown_after(bench: Bench, messages: int) -> list[float]:
    """Milliseconds, of each answer of which something was seen before it was whole."""
    async with theatre(bench.fresh(), names=("Slow",)) as world:
        rooms = await world.rooms(_ROOMS)
        async with world.playing("troupe") as one:
            await world.answers(one, rooms[0])
            load = await world.crowd.stroll(rooms, _EVERY, messages)
        spoken, shown = await world.first_words(), await world.crowd.first_shown()
    marks = {f"q{number}z" for number in load.talks}
    return [(shown[mark] - spoken[mark]) / 1e6 for mark in marks & spoken.keys() & shown.keys()]


async def _echoed_after(bench: Bench, messages: int) -> list[float]:
    system: System = "echo"
    async with theatre(bench.fresh()) as world:
        rooms = await world.rooms(_ROOMS)
        async with world.playing(system) as one:
            await world.answers(one, rooms[0])
            load: Load = await world.crowd.stroll(rooms, 0.05, messages)
    return [talk.took for talk in load.answered]


def _at(percent: int, values: list[float]) -> float:
    return quantiles(values, n=100)[percent - 1]
