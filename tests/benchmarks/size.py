"""How large: memory, characters, calls and commits; and whether rooms and history slow it down."""

from __future__ import annotations

import asyncio

import orjson

from tests.benchmarks.history import fill
from tests.benchmarks.processes import Running
from tests.benchmarks.rows import Row, Sample
from tests.benchmarks.speed import Bench
from tests.benchmarks.theatre import System, Theatre, theatre

_SETTLES = 1.5
"""Seconds after which a program that was just busy has calmed down."""


async def memory(bench: Bench) -> list[Row]:
    """One character: idle after a first answer, then thousands of messages in 50 chats."""
    messages = 500 if bench.quick else 5_000
    idle: dict[System, float] = {}
    grown: dict[System, float] = {}
    rows: list[Row] = []
    systems: tuple[System, ...] = ("floor", "troupe", "counted")
    for system in systems:
        async with theatre(bench.fresh()) as world:
            rooms = await world.crowd.rooms(world.bots[0]["id"], 50)
            async with world.playing(system) as one:
                await world.answers(one, rooms[0])
                await asyncio.sleep(_SETTLES)
                idle[system] = one.memory()
                before = await world.asked()
                await world.crowd.pump(rooms, 50, messages=messages)
                await asyncio.sleep(_SETTLES)
                grown[system] = one.memory() - idle[system]
                after = await world.asked()
            if system == "troupe":
                rows += _calls({kind: after[kind] - before[kind] for kind in after}, messages)
            if system == "counted":
                rows += _commits(one, messages + 1)
    return [
        Row(
            "idle MB",
            f"{idle['troupe']:.0f}",
            f"{idle['floor']:.0f}",
            idle["troupe"] / idle["floor"],
            "<= 110 MB",
            idle["troupe"] <= 110,
        ),
        Row(
            f"MB grown over {messages:,} messages",
            f"{grown['troupe']:.1f}",
            f"{grown['floor']:.1f}",
            None,
            "< 20 MB",
            grown["troupe"] < 20,
        ),
        *rows,
    ]


def _calls(asked: dict[str, int], messages: int) -> list[Row]:
    chats, embeddings = asked["chats"] / messages, asked["embeddings"] / messages
    return [
        Row("chat calls a message", f"{chats:.3f}", "", None, "1", chats == 1),
        Row(
            "embedding calls a message", f"{embeddings:.3f}", "", None, "<= 0.1", embeddings <= 0.1
        ),
    ]


def _commits(one: Running, messages: int) -> list[Row]:
    counts = orjson.loads(one.log.read_bytes().splitlines()[-1])
    return [
        Row("writes a message", f"{counts['writes'] / messages:.2f}"),
        Row("commits a message, 50 under way", f"{counts['commits'] / messages:.3f}"),
    ]


async def characters(bench: Bench) -> list[Row]:
    """What a further character costs, all having answered once."""
    many = 5 if bench.quick else 20
    names = tuple(f"Ada{number}" for number in range(1, many + 1))
    used: dict[int, float] = {}
    for size in (1, many):
        async with theatre(bench.fresh(), names=names[:size]) as world:
            each = [(await world.crowd.rooms(bot["id"], 1))[0] for bot in world.bots]
            async with world.playing("troupe") as one:
                load = await world.crowd.pump(each, size, messages=size)
                assert not load.unanswered, "a character does not answer"
                await asyncio.sleep(_SETTLES)
                used[size] = one.memory()
    more = (used[many] - used[1]) / (many - 1)
    figure = f"MB for each further character, {many} of them"
    return [Row(figure, f"{more:.2f}", "", None, "<= 1.5 MB", more <= 1.5)]


async def rooms(bench: Bench) -> list[Row]:
    """The same load over few rooms and over many, all known already; prompts of equal length."""
    many = 500 if bench.quick else 10_000
    few, fresh, known = [], [], []
    for _ in range(1 if bench.quick else 2):
        few.append((await _over(bench, 10, 500 if bench.quick else 2_000))[1])
        first, again = await _over(bench, many, many)
        fresh.append(first)
        known.append(again)
    base, same, new = Sample(tuple(few)), Sample(tuple(known)), Sample(tuple(fresh))
    ratio = same.middle / base.middle
    return [
        Row("messages/s over 10 rooms", str(base)),
        _flat(f"messages/s over {many:,} rooms", same, ratio),
        Row(
            f"  while these {many:,} are met for the first time",
            str(new),
            "",
            new.middle / base.middle,
        ),
    ]


async def _over(bench: Bench, many: int, messages: int) -> tuple[float, float]:
    """Ten under way; the rates of a first pass over all rooms and of a second."""
    async with theatre(bench.fresh()) as world:
        chats = await world.crowd.rooms(world.bots[0]["id"], many)
        async with world.playing("troupe", settings={"CONVERSATION_LENGTH": "4"}) as one:
            await world.answers(one, chats[0])
            first = await world.crowd.pump(chats, 10, messages=max(many, 100))
            again = await world.crowd.pump(chats, 10, messages=messages)
            return first.rate(), again.rate()


async def history(bench: Bench) -> list[Row]:
    """The same load on an empty database and on one with a long past."""
    memories = 50_000 if bench.quick else 1_000_000
    empty, full = [], []
    for _ in range(1 if bench.quick else 2):
        empty.append(await _remembering(bench, 0))
        full.append(await _remembering(bench, memories))
    base, same = Sample(tuple(empty)), Sample(tuple(full))
    ratio = same.middle / base.middle
    return [
        Row("messages/s on an empty database", str(base)),
        _flat(f"messages/s on {memories:,} memories", same, ratio),
    ]


async def _remembering(bench: Bench, memories: int) -> float:
    async with theatre(bench.fresh()) as world:
        chats = await world.crowd.rooms(world.bots[0]["id"], 2_000)
        if memories:
            await asyncio.to_thread(_fill, world, [room.person for room in chats], memories)
        async with world.playing("troupe") as one:
            # Enough turns for every window of talk to be full in both.
            await world.warmed(one, chats[:50], 20)
            load = await world.crowd.pump(chats[:50], 50, seconds=2 if bench.quick else 6)
            return load.rate()


def _fill(world: Theatre, people: list[int], memories: int) -> None:
    database, character = world.folder / "data" / "troupe.db", world.folder / "ada.json"
    fill(database, character, world.bots[0]["id"], people, memories)


def _flat(figure: str, sample: Sample, ratio: float) -> Row:
    return Row(figure, str(sample), "", ratio, "flat: 0.9", ratio >= 0.9)
