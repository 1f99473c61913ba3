"""How large: memory, characters, calls and commits; and whether rooms and history slow it down."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson

from tests.benchmarks.crowd import Platform
from tests.benchmarks.history import fill
from tests.benchmarks.processes import Running, running, said_on_start
from tests.benchmarks.rows import Row, Sample
from tests.benchmarks.speed import Bench, on
from tests.benchmarks.theatre import System, Theatre, theatre

_LIBRARIES = """
import signal
import aiohttp, discord, openai, sqlalchemy, telegram.ext
print("{}", flush=True)
signal.pause()
"""


async def memory(bench: Bench, platform: Platform = "telegram") -> list[Row]:
    """One character: idle after a first answer, then thousands of messages in 50 chats.

    The first thousand bring numpy and fill what is bounded (the database's caches, the compiled
    statements); what grows from then on grows with what is said.
    """
    first, messages = (100, 200) if bench.quick else (1_000, 5_000)
    idle: dict[System, float] = {}
    warm: dict[System, float] = {}
    grown: dict[System, float] = {}
    rows: list[Row] = []
    systems: tuple[System, ...] = ("floor", "troupe", "counted")
    for system in systems:
        async with theatre(bench.fresh(), platforms=(platform,)) as world:
            rooms = await world.rooms(50)
            async with world.playing(system) as one:
                await world.answers(one, rooms[0])
                await asyncio.sleep(bench.settles)
                idle[system] = one.memory()
                before = await world.asked()
                await world.crowd.pump(rooms, 50, messages=first)
                await asyncio.sleep(bench.settles)
                warm[system] = one.memory()
                await world.crowd.pump(rooms, 50, messages=messages)
                await asyncio.sleep(bench.settles)
                grown[system] = one.memory() - warm[system]
                after = await world.asked()
            if system == "troupe":
                asked = {kind: after[kind] - before[kind] for kind in after}
                rows += _calls(platform, asked, first + messages)
            if system == "counted":
                rows += _commits(platform, one, first + messages + 1)
    # What two platforms may hold together has a row of its own.
    most = 110 if platform == "telegram" else None
    return [
        Row(
            on(platform, "idle MB"),
            f"{idle['troupe']:.0f}",
            f"{idle['floor']:.0f}",
            idle["troupe"] / idle["floor"],
            f"<= {most} MB" if most else "",
            idle["troupe"] <= most if most else None,
        ),
        Row(
            on(platform, f"MB more after the first {first:,} messages"),
            f"{warm['troupe'] - idle['troupe']:.1f}",
            f"{warm['floor'] - idle['floor']:.1f}",
        ),
        Row(
            on(platform, f"MB grown over the {messages:,} after these"),
            f"{grown['troupe']:.1f}",
            f"{grown['floor']:.1f}",
            None,
            "< 20 MB",
            grown["troupe"] < 20,
        ),
        *rows,
    ]


def _calls(platform: Platform, asked: dict[str, int], messages: int) -> list[Row]:
    answers, small, embeddings = (
        asked[what] / messages for what in ("answers", "small", "embeddings")
    )
    return [
        Row(on(platform, "chat calls a message"), f"{answers:.3f}", "", None, "1", answers == 1),
        Row(
            on(platform, "small calls a message, behind turns (REFLECTION)"),
            f"{small:.3f}",
            "",
            None,
            "<= 0.125",
            small <= 0.125,
        ),
        Row(
            on(platform, "embedding calls a message"),
            f"{embeddings:.3f}",
            "",
            None,
            "<= 0.1",
            embeddings <= 0.1,
        ),
    ]


def _commits(platform: Platform, one: Running, messages: int) -> list[Row]:
    counts = orjson.loads(one.log.read_bytes().splitlines()[-1])
    return [
        Row(on(platform, "writes a message"), f"{counts['writes'] / messages:.2f}"),
        Row(on(platform, "commits a message, 50 under way"), f"{counts['commits'] / messages:.3f}"),
    ]


async def characters(bench: Bench) -> list[Row]:
    """What a further character costs on Telegram, all having answered once."""
    return [await each_more(bench, ("telegram",), 1.5)]


async def each_more(bench: Bench, platforms: Sequence[Platform], most: float) -> Row:
    """What a further character costs who is on all of these, having answered once on each."""
    many = 5 if bench.quick else 20
    names = tuple(f"Ada{number}" for number in range(1, many + 1))
    used: dict[int, float] = {}
    for size in (1, many):
        async with theatre(bench.fresh(), names=names[:size], platforms=platforms) as world:
            each = [
                (await world.rooms(1, platform=platform, who=who))[0]
                for platform in platforms
                for who in range(size)
            ]
            async with world.playing("troupe") as one:
                await world.logged_in()
                load = await world.crowd.pump(each, size, messages=len(each))
                assert not load.unanswered, "a character does not answer"
                await asyncio.sleep(bench.settles)
                used[size] = one.memory()
    more = (used[many] - used[1]) / (many - 1)
    where = "" if len(platforms) == 1 else f" on {len(platforms)} platforms"
    figure = f"MB for each further character{where}, {many} of them"
    return Row(figure, f"{more:.2f}", "", None, f"<= {most} MB", more <= most)


async def both(bench: Bench) -> list[Row]:
    """One character on both platforms, beside the libraries alone; then twenty of her."""
    used: list[float] = []
    bare: list[float] = []
    for _ in range(bench.rounds):
        async with theatre(bench.fresh(), platforms=("discord", "telegram")) as world:
            each = [*await world.rooms(1), *await world.rooms(1, platform="telegram")]
            async with world.playing("troupe") as one:
                for room in each:
                    await world.answers(one, room)
                await asyncio.sleep(bench.settles)
                used.append(one.memory())
            async with running(["-c", _LIBRARIES], world.folder / "libraries.log") as libraries:
                await said_on_start(libraries)
                bare.append(libraries.memory())
    ours, alone = Sample(tuple(used)), Sample(tuple(bare))
    ratio = ours.middle / alone.middle
    idle = Row(
        "idle MB on both platforms; its libraries",
        str(ours),
        str(alone),
        ratio,
        "<= 1.4",
        ratio <= 1.4,
    )
    return [idle, await each_more(bench, ("telegram", "discord"), 2.5)]


async def rooms(bench: Bench) -> list[Row]:
    """The same load over few rooms and over many, all known already; prompts of equal length."""
    many = 300 if bench.quick else 10_000
    few, fresh, known = [], [], []
    for _ in range(1 if bench.quick else 2):
        few.append((await _over(bench, 10, 300 if bench.quick else 2_000))[1])
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
        chats = await world.rooms(many)
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
        chats = await world.rooms(2_000)
        if memories:
            await asyncio.to_thread(_fill, world, [room.person for room in chats], memories)
        async with world.playing("troupe") as one:
            # Enough turns for every window of talk to be full in both.
            await world.warmed(one, chats[:50], 2 if bench.quick else 20)
            load = await world.crowd.pump(chats[:50], 50, seconds=2 if bench.quick else 6)
            return load.rate()


def _fill(world: Theatre, people: list[int], memories: int) -> None:
    database, character = world.folder / "data" / "troupe.db", world.folder / "ada.json"
    fill(database, character, world.bots[0]["id"], people, memories)


def _flat(figure: str, sample: Sample, ratio: float) -> Row:
    return Row(figure, str(sample), "", ratio, "flat: 0.9", ratio >= 0.9)
