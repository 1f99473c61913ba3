"""Ten voice channels of one process: how steadily she speaks, what each costs, how text fares beside."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

from core.ports import RATE, Form, Spent
from core.ports.speech import HEARD_RATE
from core.speech.offline import OfflineVoice
from core.speech.opus import Decoder, Encoder
from tests.benchmarks.crowd import Load
from tests.benchmarks.processes import Running, running, said_on_start
from tests.benchmarks.rows import Row
from tests.benchmarks.speed import Bench
from tests.benchmarks.voice_world import Heard, Voices, voices

_SAID = "Tell me of the harbour."
_TEXTS = 50
"""Messages a second beside."""
_FRAME = 20.0
_LONGEST = 100.0
"""Seconds that she speaks at a time: as much as fits into her mouth."""
_TALK = "Every evening the lamps along the harbour were lit one by one and the boats came home."


@dataclass(slots=True)
class _Found:
    """What one run has measured; seconds of processor time for a second, milliseconds."""

    idle: float = 0.0
    speaking: float = 0.0
    listening: float = 0.0
    deviations: list[float] = field(default_factory=list)
    missing: int = 0
    before: tuple[float, float] = (0.0, 0.0)
    beside: tuple[float, float] = (0.0, 0.0)
    """Messages a second, and the 99th percentile of their milliseconds at five a second."""
    memory: float = 0.0
    lateness: float = 0.0


async def speaking(bench: Bench) -> list[Row]:
    many = 3 if bench.quick else 10
    one = await _run(bench, many)
    encode, decode = await _bare()
    speaks, hears = (one.speaking - one.idle) / many, (one.listening - one.idle) / many
    jitter = quantiles(one.deviations, n=100)[98]
    speaks, hears = speaks * 1000, hears * 1000
    rate, p99 = one.beside[0] / one.before[0], one.beside[1]
    return [
        Row(
            f"{many} channels spoken into, {_TEXTS} texts/s: ms off 20, p99",
            f"{jitter:.1f}",
            f"{one.lateness:.1f}",
            None,
            "<= 5 ms",
            jitter <= 5,
        ),
        Row("  the same, p50", f"{median(one.deviations):.1f}"),
        Row("  frames that never went out", str(one.missing), "", None, "0", not one.missing),
        Row(
            "CPU ms for a second spoken, and of bare Opus",
            f"{speaks:.1f}",
            f"{encode:.1f}",
            speaks / encode,
        ),
        Row(
            "CPU ms for a second heard, and of bare Opus",
            f"{hears:.1f}",
            f"{decode:.1f}",
            hears / decode,
        ),
        Row(
            f"Discord: messages/s while {many} channels are spoken into",
            f"{one.beside[0]:,.0f}",
            f"{one.before[0]:,.0f}",
            rate,
        ),
        Row(
            "Discord: p99 ms at 5 messages/s, the same",
            f"{p99:.1f}",
            f"{one.before[1]:.1f}",
            p99 / one.before[1],
            "<= 20 ms",
            p99 <= 20,
        ),
    ]


async def _run(bench: Bench, many: int) -> _Found:
    found = _Found()
    seconds = 3.0 if bench.quick else 15.0
    async with voices(bench.fresh(), many) as world:
        rooms = await world.rooms(50)
        async with world.playing(many) as one:
            await world.world.warmed(one, rooms)
            await world.calm()
            await asyncio.sleep(bench.settles)
            found.before = await _texts(bench, world, one)
            await asyncio.sleep(bench.settles)
            found.idle = await _cost(one, seconds)
            await world.tell(hears="")
            await world.say(world.channels, "talk", 2 * seconds + 5)
            await asyncio.sleep(1)
            found.listening = await _cost(one, seconds)
            await world.stop(world.channels)
            await world.calm()
            await _all_speak(world, many)
            found.speaking = await _cost(one, seconds)
            await world.traffic(clear=True)
            async with asyncio.TaskGroup() as group:
                clock = group.create_task(_bare_clock(bench, seconds))
                load = await world.world.crowd.stroll(rooms, 1 / _TEXTS, round(_TEXTS * seconds))
            found.lateness = clock.result()
            if load.unanswered:
                raise RuntimeError("texts are not answered while she speaks")
            found.deviations, found.missing = _steadiness(await world.traffic(clear=True))
            found.beside = await _texts(bench, world, one)
            if len({whose for _, whose in (await world.traffic()).ours}) < many:
                raise RuntimeError("she was done speaking before the texts were")
    return found


async def _all_speak(world: Voices, many: int) -> None:
    """Return when she speaks in all of them, for a long while."""
    await world.tell(seconds=_LONGEST, hears=_SAID)
    await world.say(world.channels, "question")
    await world.speaks(many)
    await asyncio.sleep(1.0)


async def _texts(bench: Bench, world: Voices, one: Running) -> tuple[float, float]:
    """In rooms of their own each time: what was said there before would come to mind, and cost."""
    crowd = world.world.crowd
    rooms = await world.rooms(50)
    await world.world.warmed(one, rooms)
    await asyncio.sleep(bench.settles)
    walk: Load = await crowd.stroll(rooms, 0.2, 10 if bench.quick else 100)
    full = await crowd.pump(rooms, 50, seconds=2 if bench.quick else 6)
    if full.unanswered + walk.unanswered or not full.rate(skip=0.1):
        raise RuntimeError("texts are not answered, or this machine is too busy for them")
    took = [talk.took for talk in walk.answered]
    return full.rate(skip=0.1), quantiles(took, n=100, method="inclusive")[98]


async def _cost(one: Running, seconds: float) -> float:
    """Seconds of processor time that a program takes for each second."""
    before, began = _ran(one), time.monotonic()
    await asyncio.sleep(seconds)
    return (_ran(one) - before) / (time.monotonic() - began)


def _ran(one: Running) -> float:
    """To the nanosecond: what wakes by the clock, as all here does, fools whoever counts ticks."""
    threads = Path(f"/proc/{one.pid}/task").iterdir()
    try:
        return sum(int((it / "schedstat").read_text().split()[0]) for it in threads) / 1e9
    except FileNotFoundError:  # a system that counts ticks only
        return one.cpu()


def _steadiness(heard: Heard) -> tuple[list[float], int]:
    """By how many milliseconds each packet came sooner or later than 20 ms behind the last."""
    streams: dict[int, list[int]] = defaultdict(list)
    for at, whose in heard.ours:
        streams[whose].append(at)
    off = [
        abs((other - one) / 1e6 - _FRAME)
        for times in streams.values()
        for one, other in pairwise(times)
    ]
    # What comes late has come; what never came is a frame less than there was time for.
    due = sum(round((times[-1] - times[0]) / 1e6 / _FRAME) + 1 for times in streams.values())
    return off, max(0, due - len(heard.ours))


async def _bare_clock(bench: Bench, seconds: float) -> float:
    """How late a thread of an idle process is by itself, every 20 ms, meanwhile: p99 as above."""
    log = bench.fresh().with_suffix(".clock")
    async with running(["-m", "tests.benchmarks.voice_load", str(seconds)], log) as one:
        while not one.ended:  # noqa: ASYNC110 - a process, seen through /proc
            await asyncio.sleep(0.1)
        told = await said_on_start(one)
    return float(str(told["p99"]))


def _tick(seconds: float) -> None:
    due = began = time.perf_counter()
    times: list[float] = []
    while due - began < seconds:
        due += _FRAME / 1000
        time.sleep(max(0.0, due - time.perf_counter()))
        times.append(time.perf_counter() * 1000)
    off = [abs(other - one - _FRAME) for one, other in pairwise(times)]
    print(f'{{"p99": {quantiles(off, n=100)[98]}}}', flush=True)


async def _bare() -> tuple[float, float]:
    """Milliseconds of processor time for a second of sound: to encode it, and to decode it."""
    pieces = OfflineVoice("en-us").stream(_TALK, Form.PCM, Spent())
    pcm = b"".join([piece async for piece in pieces])
    size = RATE // 50 * 2
    frames = [pcm[at : at + size] for at in range(0, len(pcm) - size, size)] * 3
    encoder, decoder = Encoder(), Decoder(HEARD_RATE)
    began = time.process_time()
    packets = [encoder.encode(frame) for frame in frames]
    middle = time.process_time()
    for packet in packets:
        decoder.decode(packet)
    ended = time.process_time()
    lasts = len(frames) * 0.02 / 1000
    return (middle - began) / lasts, (ended - middle) / lasts


if __name__ == "__main__":
    _tick(float(sys.argv[1]))
