"""How fast: saturation, latency, bursts and the first answer, Troupe and the floor by turns.

Each figure is of one platform, beside the bot that most people would write for that one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import quantiles

from tests.benchmarks.crowd import Load, Platform
from tests.benchmarks.rows import Row, Sample
from tests.benchmarks.theatre import System, Theatre, theatre

BOTH: Sequence[System] = ("floor", "troupe")


@dataclass(slots=True)
class Bench:
    """Where to measure, and how thoroughly."""

    folder: Path
    quick: bool = False
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def fresh(self) -> Path:
        return self.folder / str(next(self._numbers))

    @property
    def rounds(self) -> int:
        return 1 if self.quick else 3

    @property
    def settles(self) -> float:
        """Seconds after which a program that was just busy has calmed down."""
        return 0.3 if self.quick else 1.5


def on(platform: Platform, figure: str) -> str:
    """What a row is called; Telegram's go without saying."""
    return figure if platform == "telegram" else f"{platform.capitalize()}: {figure}"


@dataclass(frozen=True, slots=True)
class Full:
    """One run at saturation."""

    rate: float
    cpu: float
    """Milliseconds of the program for each message."""
    around: float
    """The same for stage, model and driver together."""
    lost: int


async def saturation(bench: Bench, platform: Platform = "telegram") -> list[Row]:
    systems: list[System] = ["floor", "troupe", "echo"]
    if not bench.quick and platform == "telegram":
        systems.append("floor-whole")
    rows: list[Row] = []
    for width in (50,) if bench.quick else (50, 200):
        runs: dict[System, list[Full]] = {system: [] for system in systems}
        for _ in range(bench.rounds):
            for system in systems:
                if width == 50 or system in BOTH:
                    runs[system].append(await _full(bench, platform, system, width))
        rates = {
            system: Sample(tuple(run.rate for run in some)) for system, some in runs.items() if some
        }
        ratio = rates["troupe"].middle / rates["floor"].middle
        lost = sum(run.lost for some in runs.values() for run in some)
        rows.append(
            Row(
                on(platform, f"messages/s, {width} under way"),
                str(rates["troupe"]),
                str(rates["floor"]),
                ratio,
                ">= 1.2",
                ratio >= 1.2 and not lost,
            )
        )
        cpu = {
            system: Sample(tuple(run.cpu for run in some), 2)
            for system, some in runs.items()
            if some
        }
        rows.append(
            Row(
                on(platform, f"CPU ms a message, {width} under way"),
                str(cpu["troupe"]),
                str(cpu["floor"]),
                cpu["troupe"].middle / cpu["floor"].middle,
            )
        )
        if width == 50:
            beside = rates["echo"].middle / rates["floor"].middle
            rows.append(
                Row(
                    "  stage and driver alone carry",
                    "",
                    str(rates["echo"]),
                    beside,
                    ">= 4",
                    beside >= 4,
                )
            )
            around = Sample(tuple(run.around for run in runs["troupe"]), 2)
            rows.append(Row("  their CPU ms a message, with the model", str(around)))
        if width == 50 and "floor-whole" in rates:
            ratio = rates["troupe"].middle / rates["floor-whole"].middle
            rows.append(
                Row(
                    "  against a floor that does not stream",
                    str(rates["troupe"]),
                    str(rates["floor-whole"]),
                    ratio,
                )
            )
    return rows


async def _full(bench: Bench, platform: Platform, system: System, width: int) -> Full:
    async with theatre(bench.fresh(), platforms=(platform,)) as world:
        rooms = await world.rooms(width)
        async with world.playing(system) as one:
            await world.warmed(one, rooms)
            before, around = one.cpu(), _around(world)
            load = await world.crowd.pump(rooms, width, seconds=1 if bench.quick else 6)
            many = max(1, len(load.answered))
            return Full(
                load.rate(skip=0.1),
                (one.cpu() - before) / many * 1000,
                (_around(world) - around) / many * 1000,
                load.unanswered,
            )


def _around(world: Theatre) -> float:
    return world.stage.cpu() + world.model.cpu() + time.process_time()


async def latency(bench: Bench, platform: Platform = "telegram") -> list[Row]:
    messages = 10 if bench.quick else 200
    took: dict[System, list[list[float]]] = {system: [] for system in BOTH}
    for _ in range(1 if bench.quick else 2):
        for system in BOTH:
            async with theatre(bench.fresh(), platforms=(platform,)) as world:
                rooms = await world.rooms(50)
                async with world.playing(system) as one:
                    await world.warmed(one, rooms)
                    load = await world.crowd.stroll(rooms, 0.2, messages)
                    took[system].append([talk.took for talk in load.answered])
    at = {
        system: {q: Sample(tuple(_at(q, run) for run in some), 1) for q in (50, 99)}
        for system, some in took.items()
    }
    ours, floor = at["troupe"], at["floor"]
    ratio = ours[50].middle / floor[50].middle
    return [
        Row(
            on(platform, "p50 ms at 5 messages/s"),
            str(ours[50]),
            str(floor[50]),
            ratio,
            "<= 1.2",
            ratio <= 1.2,
        ),
        Row(
            on(platform, "p99 ms at 5 messages/s"),
            str(ours[99]),
            str(floor[99]),
            ours[99].middle / floor[99].middle,
            "<= 20 ms",
            ours[99].middle <= 20,
        ),
    ]


def _at(percent: int, values: Sequence[float]) -> float:
    return quantiles(values, n=100)[percent - 1]


async def burst(bench: Bench, platform: Platform = "telegram") -> list[Row]:
    """500 messages in one instant, ten in each of 50 chats."""
    loads: dict[System, list[Load]] = {system: [] for system in BOTH}
    for _ in range(bench.rounds):
        for system in BOTH:
            async with theatre(bench.fresh(), platforms=(platform,)) as world:
                rooms = await world.rooms(50)
                async with world.playing(system) as one:
                    await world.warmed(one, rooms)
                    load = Load()
                    await world.crowd.say(rooms * 10, load)
                    await world.crowd.all_answered(load, 10)
                    loads[system].append(load)
    seconds = {s: Sample(tuple(map(_lasted, some)), 2) for s, some in loads.items()}
    missing = {s: sum(load.unanswered for load in some) for s, some in loads.items()}
    wrong = {s: sum(load.inversions() for load in some) for s, some in loads.items()}
    last = seconds["troupe"].middle
    return [
        Row(
            on(platform, "burst of 500: seconds to the last"),
            str(seconds["troupe"]),
            str(seconds["floor"]),
            last / seconds["floor"].middle,
            "<= 2 s",
            last <= 2,
        ),
        _none(on(platform, "burst of 500: unanswered"), missing["troupe"], missing["floor"]),
        _none(on(platform, "burst of 500: out of order"), wrong["troupe"], wrong["floor"]),
    ]


def _lasted(load: Load) -> float:
    return (load.answered[-1].answered - min(talk.sent for talk in load.talks.values())) / 1e9


def _none(figure: str, ours: int, floor: int) -> Row:
    return Row(figure, str(ours), str(floor), None, "0", ours == 0)


async def start(bench: Bench, platform: Platform = "telegram") -> list[Row]:
    """From the start of the program on an empty disk to its first answer.

    On Telegram the message waits already. Discord keeps nothing for a bot that it does not know
    yet, so there it is said at the moment of the login.
    """
    seconds: dict[System, list[float]] = {system: [] for system in BOTH}
    for _ in range(bench.rounds):
        for system in BOTH:
            async with theatre(bench.fresh(), platforms=(platform,)) as world:
                rooms = await world.rooms(1)
                load = Load()
                if platform == "telegram":
                    await world.crowd.say(rooms, load)
                began = time.monotonic_ns()
                async with world.playing(system):
                    if platform == "discord":
                        await world.logged_in()
                        await world.crowd.say(rooms, load)
                    await world.crowd.all_answered(load, 20)
                    seconds[system].append((load.answered[0].answered - began) / 1e9)
    ours, floor = (Sample(tuple(seconds[system]), 2) for system in ("troupe", "floor"))
    most = 2.0 if platform == "telegram" else 2.5
    return [
        Row(
            on(platform, "first answer after the start, s"),
            str(ours),
            str(floor),
            ours.middle / floor.middle,
            f"<= {most} s",
            ours.middle <= most,
        )
    ]
