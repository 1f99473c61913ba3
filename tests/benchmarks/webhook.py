"""How soon an update is taken that Telegram brings: durable, and answered with 200."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import quantiles

from tests.benchmarks.crowd import Room
from tests.benchmarks.rows import Row, Sample
from tests.benchmarks.speed import Bench
from tests.benchmarks.theatre import Theatre, theatre

_EACH_SECOND = 100
_ROOMS = 50
_PEOPLE = 10
"""Of a group: each of them says one thing to her of ten."""


async def webhook(bench: Bench) -> list[Row]:
    """In fifty groups, whose people talk among themselves and to her; and in fifty chats, where
    every message is answered."""
    seconds = 2 if bench.quick else 20
    talks = {"one in ten answered": _in_groups, "all answered": _alone}
    rows: list[Row] = []
    for what, gather in talks.items():
        took: list[list[float]] = []
        unanswered = 0
        for _ in range(bench.rounds):
            async with theatre(bench.fresh()) as world:
                warm, rooms = await gather(world)
                async with world.playing("troupe", settings=_settings()) as one:
                    await world.warmed(one, warm)
                    before = len(await world.crowd.brought())
                    load = await world.crowd.stroll(rooms, 1 / _EACH_SECOND, seconds * _EACH_SECOND)
                    brought = (await world.crowd.brought())[before:]
                took.append([each * 1000 for each in brought])
                unanswered += load.unanswered
        middle, slowest = (Sample(tuple(_at(q, run) for run in took), 1) for q in (50, 99))
        figure = f"ms at {_EACH_SECOND} updates/s, {what}"
        rows.append(Row(f"webhook: p50 {figure}", str(middle)))
        holds = slowest.middle <= 15 and not unanswered
        rows.append(Row(f"webhook: p99 {figure}", str(slowest), target="<= 15 ms", holds=holds))
    return rows


async def _in_groups(world: Theatre) -> tuple[list[Room], list[Room]]:
    """To warm up in, and in which order they speak: person by person, group by group."""
    bot = world.bots[0]
    groups = await world.crowd.groups(int(bot["id"]), str(bot["username"]), _ROOMS, _PEOPLE)
    rooms = [
        room if (turn + at) % _PEOPLE == 0 else replace(room, call="", among_themselves=True)
        for turn, round_ in enumerate(zip(*groups, strict=True))
        for at, room in enumerate(round_)
    ]
    return [group[0] for group in groups], rooms


async def _alone(world: Theatre) -> tuple[list[Room], Sequence[Room]]:
    rooms = await world.rooms(_ROOMS)
    return rooms, rooms


def _settings() -> Mapping[str, str]:
    port = str(_free_port())
    return {"SERVER_PORT": port, "TELEGRAM_WEBHOOK_URL": f"http://127.0.0.1:{port}"}


def _at(percent: int, values: list[float]) -> float:
    return quantiles(values, n=100)[percent - 1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
