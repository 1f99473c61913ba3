"""What it takes to find a memory by words and by meaning in a long past."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from time import perf_counter
from uuid import UUID

import numpy as np

from core.ids import CharacterId, MemoryId, RoomId, string_to_uuid
from core.messages import Memory
from core.ports import Scope, Unit
from core.store import schema
from core.store.engine import SqlStore, open_store
from tests.benchmarks.rows import Row
from tests.benchmarks.speed import Bench

_MODEL = "bench"
_WIDTH = 384
_VOCABULARY = 30_000
_LONG, _SHORT = 10_000, 1_000
"""Memories of the long room, and of each of the others."""
_MANY_ROOMS = 100
_QUERIES = 200
_AT_ONCE = 20_000
_CANDIDATES = 40
_HER = CharacterId(string_to_uuid("Mnemosyne"))


@dataclass(frozen=True, slots=True)
class _Past:
    store: SqlStore
    words: list[str]
    weights: list[float]
    rooms: list[RoomId]


async def finding(bench: Bench) -> list[Row]:
    """One character's memories; quick: a tenth of them."""
    many = 100_000 if bench.quick else 1_000_000
    folder = bench.folder / "finding"
    # Another process writes them: whoever has just done that is slower at everything afterwards.
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, str(folder), str(many), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError("the memories could not be written")
    words, weights = _vocabulary()
    rooms = _rooms(many)
    async with open_store(None, folder) as store:
        past = _Past(store, words, weights, rooms)
        return [
            Row(f"{many:,} memories taken into the full text, a second", told.decode().strip()),
            *await _asked(past, f"of {_SHORT:,} in {many:,}", (rooms[1],), 5.0),
            *await _asked(past, f"of {_LONG:,} in {many:,}", (rooms[0],), 5.0),
            *await _asked(past, f"of {_MANY_ROOMS} rooms, {_MANY_ROOMS * _SHORT:,} memories",
                          tuple(_searched(rooms)[1:]), 25.0),
        ]  # fmt: skip


def _rooms(many: int) -> list[RoomId]:
    return [RoomId(str(UUID(int=at + 1))) for at in range(1 + (many - _LONG) // _SHORT)]


def _searched(rooms: list[RoomId]) -> list[RoomId]:
    return rooms[: 1 + min(_MANY_ROOMS, len(rooms) - 1)]


async def _write_down(folder: Path, many: int) -> float:
    """Memories a second that the full-text index takes in."""
    words, weights = _vocabulary()
    rooms = _rooms(many)
    _fill(folder / "troupe.db", rooms, words, weights)
    async with open_store(None, folder) as store:
        began = perf_counter()
        while await store.write(lambda unit: unit.passages.behind(5_000)):
            pass
        taken_in = perf_counter() - began
        await _give_vectors(store, _searched(rooms))
    return many / taken_in


async def _asked(past: _Past, where: str, rooms: tuple[RoomId, ...], most: float) -> list[Row]:
    scope = Scope(_HER, rooms)
    chance, numbers = random.Random(1), np.random.default_rng(1)

    def question() -> list[str]:
        return chance.choices(past.words, cum_weights=past.weights, k=8)

    def direction() -> list[float]:
        made: list[float] = numbers.standard_normal(_WIDTH).tolist()
        return made

    def by_words(unit: Unit) -> object:
        return unit.passages.find(scope, question(), _CANDIDATES)

    def by_meaning(unit: Unit) -> object:
        return unit.vectors.nearest(scope, _MODEL, direction(), _CANDIDATES)

    def both(unit: Unit) -> object:
        return by_words(unit), by_meaning(unit)

    began = perf_counter()
    await past.store.read(by_meaning)
    cold = (perf_counter() - began) * 1000
    rows = []
    for name, look in (("words", by_words), ("meaning", by_meaning), ("both", both)):
        times = await _times(past.store, look)
        p95 = times[int(len(times) * 0.95)]
        more = f", cold {cold:.0f}" if name == "meaning" else ""
        rows.append(
            Row(
                f"recall by {name}, {where}: p95 ms (p50)",
                f"{p95:.1f} ({times[len(times) // 2]:.1f}{more})",
                target=f"<= {most:.0f} ms",
                holds=p95 <= most,
            )
        )
    return rows


async def _times(store: SqlStore, look: Callable[[Unit], object]) -> list[float]:
    took = []
    for _ in range(_QUERIES):
        began = perf_counter()
        await store.read(look)
        took.append((perf_counter() - began) * 1000)
    return sorted(took)


# --- the past ----------------------------------------------------------------------------------


def _vocabulary() -> tuple[list[str], list[float]]:
    """Made-up words, each as frequent as its rank in a language says (Zipf)."""
    chance = random.Random(0)
    letters = "etaoinshrdlucmfwypvbgk"
    words = {"".join(chance.choices(letters, k=chance.randint(3, 9))) for _ in range(_VOCABULARY)}
    return sorted(words, key=len), list(accumulate(1 / at for at in range(1, len(words) + 1)))


def _fill(file: Path, rooms: list[RoomId], words: list[str], weights: list[float]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    schema.upgrade(file)
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=OFF")
        with database:
            database.execute(
                "INSERT INTO worlds (id, character_id, server_id, name) VALUES ('w', ?, 'w', '')",
                (_HER,),
            )
            database.executemany(
                "INSERT INTO rooms (id, character_id, world_id, account, channel, thread, type, "
                "name, source) VALUES (?, ?, 'w', 'telegram:1', ?, '', 'GROUP', '', 'telegram')",
                [(room, _HER, room) for room in rooms],
            )
        rows = _memories(rooms, words, weights)
        while some := list(islice(rows, _AT_ONCE)):
            with database:
                database.executemany(
                    "INSERT INTO memories (id, character_id, room_id, world_id, entity_id, type, "
                    "content, metadata, created_at) VALUES (?, ?, ?, 'w', 'p', 'messages', ?, "
                    "'{}', ?)",
                    some,
                )


def _memories(
    rooms: list[RoomId], words: list[str], weights: list[float]
) -> Iterator[tuple[str | int, ...]]:
    """In turns, as if all rooms had talked at once; the first one ten times as much."""
    chance = random.Random(2)
    turns = [rooms[0]] * (_LONG // _SHORT) + rooms[1:]
    for number in range(_SHORT * len(turns)):
        text = " ".join(chance.choices(words, cum_weights=weights, k=12))
        key = str(UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 & (1 << 128) - 1))
        yield key, _HER, turns[number % len(turns)], f'{{"text":"{text}"}}', number * 1000


async def _give_vectors(store: SqlStore, rooms: list[RoomId]) -> None:
    numbers = np.random.default_rng(0)
    for room in rooms:

        def numbered(unit: Unit, room: RoomId = room) -> list[Memory]:
            return unit.memories.find(_HER, rooms=(room,), limit=_LONG)

        found = await store.read(numbered)
        for at in range(0, len(found), _SHORT):
            some = found[at : at + _SHORT]
            vectors = numbers.standard_normal((len(some), _WIDTH)).tolist()

            def put(
                unit: Unit, some: list[Memory] = some, vectors: list[list[float]] = vectors
            ) -> None:
                rows = [
                    (_row(one.id), one, vector) for one, vector in zip(some, vectors, strict=True)
                ]
                unit.vectors.put(_MODEL, rows)

            await store.write(put)


def _row(memory: MemoryId) -> int:
    """Its number, from which its id was made."""
    inverse = pow(0x9E3779B97F4A7C15F39CC0605CEDC835, -1, 1 << 128)
    return (UUID(memory).int * inverse & (1 << 128) - 1) + 1


if __name__ == "__main__":
    print(f"{asyncio.run(_write_down(Path(sys.argv[1]), int(sys.argv[2]))):,.0f}")
