"""How soon an update is taken that Telegram brings: durable, and answered with 200."""

from __future__ import annotations

import socket
from statistics import quantiles

from tests.benchmarks.rows import Row, Sample
from tests.benchmarks.speed import Bench
from tests.benchmarks.theatre import theatre

_EACH_SECOND = 100


async def webhook(bench: Bench) -> list[Row]:
    """A hundred updates a second in fifty chats, all of them answered meanwhile."""
    seconds = 2 if bench.quick else 20
    took: list[list[float]] = []
    unanswered = 0
    for _ in range(bench.rounds):
        async with theatre(bench.fresh()) as world:
            rooms = await world.rooms(50)
            port = _free_port()
            settings = {
                "SERVER_PORT": str(port),
                "TELEGRAM_WEBHOOK_URL": f"http://127.0.0.1:{port}",
            }
            async with world.playing("troupe", settings=settings) as one:
                await world.warmed(one, rooms)
                before = len(await world.crowd.brought())
                load = await world.crowd.stroll(rooms, 1 / _EACH_SECOND, seconds * _EACH_SECOND)
                took.append([each * 1000 for each in (await world.crowd.brought())[before:]])
                unanswered += load.unanswered
    middle, slowest = (Sample(tuple(_at(q, run) for run in took), 1) for q in (50, 99))
    return [
        Row(f"webhook: p50 ms at {_EACH_SECOND} updates/s", str(middle)),
        Row(
            f"webhook: p99 ms at {_EACH_SECOND} updates/s",
            str(slowest),
            target="<= 15 ms",
            holds=slowest.middle <= 15 and not unanswered,
        ),
    ]


def _at(percent: int, values: list[float]) -> float:
    return quantiles(values, n=100)[percent - 1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
