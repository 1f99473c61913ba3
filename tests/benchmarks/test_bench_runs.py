"""The benchmark itself goes on working: its programs start, talk, and leave figures."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.benchmarks.crowd import Load, Platform, Room, Talk
from tests.benchmarks.first_words import shown_after
from tests.benchmarks.history import fill
from tests.benchmarks.links import links
from tests.benchmarks.rows import Row, Sample, table
from tests.benchmarks.size import memory
from tests.benchmarks.speed import Bench, start
from tests.benchmarks.theatre import theatre
from tests.benchmarks.voice import answered_after
from tests.benchmarks.voice_world import voices

ONE, OTHER = Room(1, "tg:1.9"), Room(2, "tg:2.9")


@pytest.mark.parametrize("platform", ["telegram", "discord"])
async def test_both_bots_answer_at_their_start(tmp_path: Path, platform: Platform) -> None:
    (row,) = await start(Bench(tmp_path / "bench", quick=True), platform)
    assert 0 < float(row.troupe) < 20
    assert 0 < float(row.floor) < 20


@pytest.mark.soak  # the figures that others here do not touch run the same way
async def test_what_a_message_costs_is_counted(tmp_path: Path) -> None:
    rows = {row.figure: row for row in await memory(Bench(tmp_path / "bench", quick=True))}
    assert rows["chat calls a message"].troupe == "1.000"
    assert float(rows["writes a message"].troupe) > 1
    assert float(rows["idle MB"].troupe) > 20


async def test_three_links_go_on_while_the_fourth_is_in_trouble(tmp_path: Path) -> None:
    quiet, *ill = await links(Bench(tmp_path / "bench", quick=True))
    assert quiet.holds is None
    assert [row.ratio is not None and row.ratio > 0 for row in ill] == [True, True, True]


async def test_a_written_past_is_a_past_to_the_gateway(tmp_path: Path) -> None:
    """Its rooms are the ones that people speak in, so that they cost what real ones cost."""
    async with theatre(tmp_path / "world") as world:
        rooms = await world.crowd.rooms(world.bots[0]["id"], 3)
        database, character = world.folder / "data" / "troupe.db", world.folder / "ada.json"
        people, bot = [room.person for room in rooms], world.bots[0]["id"]
        await asyncio.to_thread(fill, database, character, bot, people, 300)
        async with world.playing("counted", settings={"LOG_FILE": "true"}) as one:
            load = await world.crowd.pump(rooms, 3, messages=6)
        prompts = await asyncio.to_thread((world.folder / "data" / "prompts.log").read_text)
    assert not load.unanswered
    assert load.inversions() == load.doubles == 0
    assert prompts.count("the old bridge will be closed") > 30
    assert b'"commits"' in await asyncio.to_thread(one.log.read_bytes)


def test_an_answer_that_overtakes_another_of_its_room_is_counted() -> None:
    load = Load(
        {
            1: Talk(ONE, sent=0, answered=50, answers=1),
            2: Talk(ONE, sent=0, answered=40, answers=1),
            3: Talk(OTHER, sent=0, answered=30, answers=2),
            4: Talk(OTHER, sent=0, answers=0),
        }
    )
    assert (load.inversions(), load.doubles, load.unanswered) == (1, 1, 1)


def test_a_missed_target_stands_out() -> None:
    rows = [
        Row("idle MB", str(Sample((120.0,))), "90", 1.33, "<= 110 MB", False),
        Row("burst", str(Sample((0.5, 0.7, 0.6), 1)), "3.0", 0.2, "<= 2 s", True),
        Row("writes", "3"),
    ]
    lines = table(rows).splitlines()
    assert [line.split("|")[-2].strip() for line in lines[2:]] == ["MISS", "ok", ""]
    assert "0.6 (0.5-0.7)" in lines[3]


@pytest.mark.soak  # the figures that others here do not touch run the same way
async def test_the_first_words_of_slow_answers_are_timed_where_they_are_seen(
    tmp_path: Path,
) -> None:
    took = await shown_after(Bench(tmp_path / "bench", quick=True), 4)
    assert len(took) == 4
    assert all(0 < one < 5_000 for one in took)


@pytest.mark.soak  # its parts are played each time, in tests/voice
async def test_what_is_asked_aloud_is_timed_to_her_first_packet(tmp_path: Path) -> None:
    async with voices(tmp_path / "bench", 1) as world, world.playing(1) as one:
        await world.calm()
        took = await answered_after(world)
        assert 0 < took < 5_000
        assert one.cpu() > 0
        heard = await world.traffic()
    assert not heard.ours, "all of it was taken away to be timed"
