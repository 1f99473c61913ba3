"""SQLite and PostgreSQL by turns: what a unit costs, and what the whole gateway does on each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import TypeVar

from core.ids import Account, CharacterId, EntityId, MemoryId, RoomId, TurnId, WorldId
from core.messages import (
    Address,
    ChannelType,
    Content,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    InboundStatus,
    Kind,
    Memory,
    Outcome,
    Received,
    Room,
    World,
)
from core.ports import Unit
from core.store.engine import SqlStore, open_store
from tests.benchmarks.rows import Row, Sample
from tests.benchmarks.speed import Bench
from tests.benchmarks.theatre import theatre
from tests.fakes.postgres import PostgresServer, postgres_server

R = TypeVar("R")
CALLERS = 64
ADA = CharacterId("ada")
HERE = Address("telegram", Account("telegram:1"), "7")
ROOM = Room(RoomId("r"), ADA, WorldId("w"), HERE, ChannelType.DM, "r", "telegram")


@dataclass(frozen=True, slots=True)
class Written:
    """One run of callers that write and wait."""

    rate: float
    """Units a second."""
    cpu: float
    """Milliseconds of this process for each unit; the server's are not in it."""
    read: float
    """Milliseconds for the twenty newest memories, in the middle."""


@contextmanager
def _server() -> Iterator[PostgresServer]:
    """As careful with the disk as it is by default."""
    with postgres_server(
        fsync="on", full_page_writes="on", autovacuum="on", shared_buffers="128MB"
    ) as one:
        yield one


async def databases(bench: Bench) -> list[Row]:
    with _server() as server:
        return [*await _store(bench, server), *await _gateway(bench, server)]


async def _store(bench: Bench, server: PostgresServer) -> list[Row]:
    rows: list[Row] = []
    for callers in (CALLERS, 1):
        runs: dict[str, list[Written]] = {"sqlite": [], "postgres": []}
        for _ in range(bench.rounds):
            for kind, some in runs.items():
                url = server.url(server.database()) if kind == "postgres" else None
                many = (2000 if callers > 1 else 300) // (4 if bench.quick else 1)
                async with open_store(url, bench.fresh()) as store:
                    some.append(await _written(store, callers, many))
        ours, lite = runs["postgres"], runs["sqlite"]
        rows += [
            _row(f"units/s, {callers} callers", ours, lite, lambda run: run.rate),
            _row(f"CPU ms a unit, {callers} callers", ours, lite, lambda run: run.cpu, 2),
            _row("read of 20 memories, p50 ms", ours, lite, lambda run: run.read, 2),
        ]
    return rows[:-1]


async def _written(store: SqlStore, callers: int, messages: int) -> Written:
    """Three units a message, as a turn has them: taken in, decided, sent."""
    await store.write(lambda unit: unit.rooms.ensure([World(ROOM.world, ADA, "w", "w")], [ROOM]))
    numbers = iter(range(messages))

    async def talk() -> None:
        for number in numbers:
            await _message(store, number)

    began, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(callers):
            group.create_task(talk())
    lasted, used = time.perf_counter() - began, time.process_time() - cpu
    took: list[float] = []
    for _ in range(200):
        began = time.perf_counter()
        await store.read(lambda unit: unit.memories.recent(ADA, ROOM.id, 20))
        took.append((time.perf_counter() - began) * 1000)
    return Written(3 * messages / lasted, used * 1000 / (3 * messages), median(took))


async def _message(store: SqlStore, number: int) -> None:
    now = datetime.fromtimestamp(1_800_000_000 + number, UTC)
    payload = b'{"text": "' + b"words " * 20 + b'"}'
    said = Received(HERE, f"m:7:{number}", "bob", number, Kind.MESSAGE, payload)
    (row,) = await store.write(lambda unit: unit.inbox.add([said], now))
    assert row is not None

    def memory(name: str) -> Memory:
        author, content = EntityId("bob"), Content("words " * 20)
        return Memory(MemoryId(name), ADA, ROOM.id, author, content, now, ROOM.world)

    def decide(unit: Unit) -> Delivery:
        unit.memories.add([memory(f"{number}.{who}") for who in ("bob", "ada")])
        unit.inbox.close([row], Outcome(InboundStatus.ANSWERED, "direct"), now)
        reply = Delivery(HERE, DeliveryKind.SEND, payload, f"n{number}", TurnId(f"t{number}"))
        return unit.deliveries.add([reply], now)[0]

    sent = await store.write(decide)
    await store.write(
        lambda unit: unit.deliveries.settle(sent.seq, DeliveryStatus.SENT, now, message="1")
    )


async def _gateway(bench: Bench, server: PostgresServer) -> list[Row]:
    rates: dict[str, list[float]] = {"sqlite": [], "postgres": []}
    tooks: dict[str, list[float]] = {"sqlite": [], "postgres": []}
    for _ in range(bench.rounds):
        for kind in rates:
            url = server.url(server.database()) if kind == "postgres" else ""
            rate, took = await _played(bench, bench.fresh(), url)
            rates[kind].append(rate)
            tooks[kind].append(took)
    return [
        _row("messages/s, 50 under way", rates["postgres"], rates["sqlite"], float),
        _row("p50 ms at 5 messages/s", tooks["postgres"], tooks["sqlite"], float, 1),
    ]


async def _played(bench: Bench, folder: Path, url: str) -> tuple[float, float]:
    """Messages a second at saturation, and the milliseconds of the middle one when it is calm."""
    async with theatre(folder) as world:
        rooms = await world.crowd.rooms(world.bots[0]["id"], 50)
        async with world.playing("troupe", settings={"DATABASE_URL": url}) as one:
            await world.warmed(one, rooms)
            calm = await world.crowd.stroll(rooms, 0.2, 25 if bench.quick else 100)
            load = await world.crowd.pump(rooms, 50, seconds=2 if bench.quick else 6)
    return load.rate(skip=0.1), quantiles([talk.took for talk in calm.answered], n=100)[49]


def _row(
    figure: str,
    ours: Sequence[R],
    lite: Sequence[R],
    value: Callable[[R], float],
    digits: int = 0,
) -> Row:
    on_server = Sample(tuple(map(value, ours)), digits)
    in_file = Sample(tuple(map(value, lite)), digits)
    ratio = on_server.middle / in_file.middle
    return Row(f"PostgreSQL beside SQLite: {figure}", str(on_server), str(in_file), ratio)
