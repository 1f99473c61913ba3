"""What two ill characters cost the eighteen well ones beside them (G13): ill models, ill plugins."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from statistics import quantiles

from tests.benchmarks.crowd import Crowd, Load, Room
from tests.benchmarks.rows import Row, Sample
from tests.benchmarks.speed import Bench
from tests.benchmarks.theatre import theatre

_ILL = ("Raises", "Hangs")
"""The model of the benchmarks refuses the one and never answers the other."""
_GIVES_UP = {f"CHARACTER.{name.upper()}.MODEL_TIMEOUT": "2" for name in _ILL}


# One character's plugins hang in every way, the other's fail in every way.
_PLUGINS = {
    "hangs": """
import asyncio, time
from core.plugins import Plugin

plugin = Plugin("hangs")


@plugin.provider
def blocks(turn):
    time.sleep(1)


@plugin.provider
async def fills_the_pool(turn):
    await asyncio.gather(*(asyncio.to_thread(time.sleep, 1) for _ in range(40)))


@plugin.evaluator
async def never_ends(turn):
    \'\'\'Look back for ever.\'\'\'
    await asyncio.sleep(3600)


@plugin.on("MESSAGE_RECEIVED")
async def listens(payload):
    await asyncio.sleep(3600)
""",
    "raises": """
from core.plugins import Plugin

plugin = Plugin("raises")


@plugin.provider
async def fails(turn):
    raise RuntimeError("a bug")


@plugin.evaluator
async def looks_back(turn):
    \'\'\'Fail.\'\'\'
    raise SystemExit(3)


@plugin.on("MESSAGE_SENT")
async def listens(payload):
    raise RuntimeError("a bug")


@plugin.service
class Weather:
    service_type = "weather"

    @classmethod
    async def start(cls, runtime):
        raise RuntimeError("a bug")

    async def stop(self):
        pass
""",
}


async def isolation(bench: Bench) -> list[Row]:
    """The well ones' latency at 5 messages/s while two more are spoken to, well or ill."""
    return await _compared(bench, _ILL, {}, "those two raise and hang")


async def plugins(bench: Bench) -> list[Row]:
    """The same where the two have a plugin each that is ill."""
    ill = {"Ida": "hangs", "Eda": "raises"}
    return await _compared(bench, ("Ida", "Eda"), ill, "the plugins of those two raise and hang")


async def _compared(
    bench: Bench, two: tuple[str, str], plugins: dict[str, str], told: str
) -> list[Row]:
    many, messages = (5, 10) if bench.quick else (20, 200)
    well = tuple(f"Ada{number}" for number in range(1, many - 1))
    took: dict[bool, list[list[float]]] = {False: [], True: []}
    for _ in range(1 if bench.quick else 3):
        for ill in (False, True):
            names = (*well, *(two if ill else ("Ida", "Eda")))
            worn = plugins if ill else {}
            took[ill].append(await _beside(bench, names, len(well), messages, worn))
    at = {ill: Sample(tuple(_p99(run) for run in runs), 1) for ill, runs in took.items()}
    ratio = at[True].middle / at[False].middle
    return [
        Row(f"p99 ms of {len(well)} characters, two more being well", str(at[False])),
        Row(
            f"  the same while {told}",
            str(at[True]),
            "",
            ratio,
            "<= 1.1",
            ratio <= 1.1,
        ),
    ]


async def _beside(
    bench: Bench, names: tuple[str, ...], well: int, messages: int, plugins: dict[str, str]
) -> list[float]:
    async with theatre(bench.fresh(), names=names) as world:
        _dress(world.folder, plugins)
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


def _dress(folder: Path, plugins: dict[str, str]) -> None:
    """Give each of these characters the plugin of that name."""
    for who, plugin in plugins.items():
        (folder / "plugins").mkdir(exist_ok=True)
        (folder / "plugins" / f"{plugin}.py").write_text(_PLUGINS[plugin])
        file = folder / f"{who.lower()}.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "plugins": [plugin]}))


async def _bother(crowd: Crowd, rooms: list[Room]) -> None:
    """Everybody asks the two others, again and again."""
    while True:
        await crowd.say(rooms, Load())
        await asyncio.sleep(1.0)


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]
