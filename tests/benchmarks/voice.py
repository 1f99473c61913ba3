"""How a talk in a voice channel feels: how soon she answers, and how soon she lets herself be cut off."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from statistics import median, quantiles

from tests.benchmarks.rows import Row
from tests.benchmarks.speed import Bench
from tests.benchmarks.voice_world import Voices, voices

_ENDPOINTING = 500.0
_INTERRUPTION = 500.0
"""Milliseconds: what VOICE_ENDPOINTING and VOICE_INTERRUPTION are by themselves."""
_SAID = "What time is it?"
_LONG = 30.0
_OVER = 2.0
"""Seconds for which somebody speaks over hers."""
_SETTLES = 1.0


async def answers(bench: Bench) -> list[Row]:
    """With vendors that answer at once, over real sockets; end-to-end encrypted."""
    many = 4 if bench.quick else 30
    async with voices(bench.fresh(), 1) as world, world.playing(1):
        await world.calm()
        await answered_after(world)  # what is done for the first time takes longer
        took = [await answered_after(world) for _ in range(many)]
        await _silent_after(world)
        cut = [await _silent_after(world) for _ in range(many // 3 or 1)]
    p50, p99 = median(took), quantiles(took, n=100, method="inclusive")[98]
    return [
        Row("voice: ms from endpointing to her first frame, p50", f"{p50:.0f}"),
        Row("  p99", f"{p99:.0f}", "", None, "<= 120 ms", p99 <= 120),
        Row(
            "voice: ms from the least interruption to silence, p50",
            f"{median(cut):.0f}",
        ),
        Row("  the longest", f"{max(cut):.0f}", "", None, "<= 200 ms", max(cut) <= 200),
    ]


async def answered_after(world: Voices) -> float:
    """Milliseconds beyond the endpointing time, from the last packet in which they spoke."""
    await world.tell(seconds=0.6, hears=_SAID)
    await world.say(world.channels, "question")
    await world.speaks(1)
    heard = await world.calm()
    last = heard.theirs[-1]
    return (next(at for at, _ in heard.ours if at > last) - last) / 1e6 - _ENDPOINTING


async def _silent_after(world: Voices) -> float:
    """Milliseconds beyond the least interruption, from the first packet in which they speak."""
    await world.tell(seconds=_LONG, hears=_SAID)
    await world.say(world.channels, "question")
    await world.speaks(1)
    await asyncio.sleep(_SETTLES)
    await world.traffic(clear=True)
    await world.tell(seconds=0.6)
    await world.say(world.channels, "talk", _OVER)
    heard = await world.calm()
    began = heard.theirs[0]
    last, _ = _before_pause([at for at, _ in heard.ours])
    return (last - began) / 1e6 - _INTERRUPTION


def _before_pause(times: list[int]) -> tuple[int, int]:
    """The last packet before the first silence, and the first behind it."""
    for one, other in pairwise(times):
        if other - one > 200_000_000:
            return one, other
    return times[-1], times[-1]
