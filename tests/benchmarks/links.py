"""What one link that is ill costs the three others: two characters, each on both platforms (G13)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Literal

from tests.benchmarks.crowd import Crowd, Load, Platform, Room
from tests.benchmarks.rows import Row, Sample
from tests.benchmarks.speed import Bench
from tests.benchmarks.theatre import Theatre, theatre

Trouble = Literal["", "its parser raises", "its network is away", "its token is refused"]

_LINKS: Sequence[tuple[Platform, int]] = (
    ("telegram", 0),
    ("discord", 0),
    ("telegram", 1),
    ("discord", 1),
)
# A token that was refused is not tried again, so this comes last.
_IN_TURN: Sequence[Trouble] = (
    "",
    "its parser raises",
    "its network is away",
    "",
    "its token is refused",
)
_EVERY = 1 / 30
"""Seconds between two messages to the three links."""
_WINDOW = 16
"""Turns after which prompts grow no longer."""
_ODD_EVENTS = ("GUILD_UPDATE", "GUILD_MEMBER_ADD", "MESSAGE_CREATE", "CHANNEL_UPDATE")


@dataclass(frozen=True, slots=True)
class _Victim:
    crowd: Crowd
    platform: Platform
    bot: int

    @contextlib.asynccontextmanager
    async def suffers(self, trouble: Trouble) -> AsyncIterator[None]:
        match trouble:
            case "":
                yield
                return
            case "its parser raises" if self.platform == "discord":
                async with asyncio.TaskGroup() as group:
                    nonsense = group.create_task(self._hears_nonsense())
                    yield
                    nonsense.cancel()
                return
            case "its parser raises":
                await self._meets({"kind": "garbage", "method": "getUpdates"})
            case "its network is away":
                await self._meets({"kind": "cut"})
                await self._gateway({"do": "refuse", "on": True})
                await self._gateway({"do": "drop", "bot": self.bot})
            case "its token is refused":
                await self._meets({"kind": "refuse", "status": 401})
                await self._gateway({"do": "close", "bot": self.bot, "code": 4004})
        yield
        await self.crowd.trouble(f"{self._door}/faults", {"clear": True})
        await self._gateway({"do": "refuse", "on": False})

    @property
    def _door(self) -> str:
        return "/stage" if self.platform == "telegram" else "/stage/discord"

    async def _meets(self, fault: dict[str, object]) -> None:
        standing = {**fault, "bot": self.bot, "times": None}
        await self.crowd.trouble(f"{self._door}/faults", {"faults": [standing]})

    async def _gateway(self, asked: dict[str, object]) -> None:
        if self.platform == "discord":
            await self.crowd.trouble("/stage/discord/gateway", asked)

    async def _hears_nonsense(self) -> None:
        while True:
            for event in _ODD_EVENTS:
                odd = {"do": "dispatch", "bot": self.bot, "event": event, "data": {"id": []}}
                await self._gateway(odd)
            await asyncio.sleep(0.1)


async def links(bench: Bench) -> list[Row]:
    """The three others' latency while one of four links is well and while it is ill."""
    took: dict[Trouble, list[float]] = {trouble: [] for trouble in _IN_TURN}
    for _ in range(bench.rounds):
        for ill in (1,) if bench.quick else range(len(_LINKS)):
            names = ("Ada", "Eliza")
            both: Sequence[Platform] = ("telegram", "discord")
            async with theatre(bench.fresh(), names=names, platforms=both) as world:
                for trouble, p99 in await _one_after_the_other(world, ill, quick=bench.quick):
                    took[trouble].append(p99)
    at = {trouble: Sample(tuple(some), 1) for trouble, some in took.items()}
    quiet = at[""]
    rows = [Row("p99 ms of three links, the fourth being well", str(quiet))]
    for trouble in ("its parser raises", "its network is away", "its token is refused"):
        ratio = at[trouble].middle / quiet.middle
        figure = f"  the same while {trouble}"
        rows.append(Row(figure, str(at[trouble]), "", ratio, "<= 1.1", ratio <= 1.1))
    return rows


async def _one_after_the_other(
    world: Theatre, ill: int, *, quick: bool
) -> list[tuple[Trouble, float]]:
    each = [await world.rooms(2, platform=platform, who=who) for platform, who in _LINKS]
    platform, who = _LINKS[ill]
    victim = _Victim(world.crowd, platform, world.bot(platform, who))
    well = [room for number, some in enumerate(each) for room in some if number != ill]
    found: list[tuple[Trouble, float]] = []
    async with world.playing("troupe") as one:
        for rooms in each:
            await world.warmed(one, rooms, _WINDOW)
        for trouble in _IN_TURN:
            await world.answers(one, each[ill][0])
            async with asyncio.TaskGroup() as group:
                bother = group.create_task(_bother(world.crowd, each[ill]))
                async with victim.suffers(trouble):
                    load = await world.crowd.stroll(well, _EVERY, 30 if quick else 150)
                bother.cancel()
            assert not load.unanswered, "a link that is well does not answer"
            times = [talk.took for talk in load.answered]
            found.append((trouble, quantiles(times, n=100)[98]))
    return found


async def _bother(crowd: Crowd, rooms: Sequence[Room]) -> None:
    """People talk to the ill one too, as fast as to the others."""
    while True:
        await crowd.say(rooms, Load())
        await asyncio.sleep(_EVERY * 3 * len(rooms))
