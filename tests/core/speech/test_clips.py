"""Clips that are kept, and how much may be spoken in a day."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import ModelRejected, ModelUnavailable
from core.ports.speech import Clip
from core.speech.budget import Spoken
from core.speech.clips import Clips, key_of
from tests.fakes.clock import FakeClock, settle

CLIP = Clip(b"OggS" + bytes(100), 1.25, bytes(range(256)))
DAY = 24 * 3600.0


async def test_a_clip_comes_back_whole(tmp_path: Path) -> None:
    clips = Clips(tmp_path / "clips", FakeClock())
    key = key_of("a voice", "Good morning.")
    assert await clips.find(key) is None
    await clips.keep(key, CLIP)
    assert await Clips(tmp_path / "clips", FakeClock()).find(key) == CLIP


def test_its_name_tells_nobody_what_is_said() -> None:
    assert "morning" not in key_of("a voice", "Good morning.")
    assert key_of("ab", "c") != key_of("a", "bc")


async def test_a_damaged_clip_is_none(tmp_path: Path) -> None:
    clips = Clips(tmp_path, FakeClock())
    await clips.keep("k", CLIP)
    for damage in (b"", b"TRC1", b"x" * 500):
        (tmp_path / "k.clip").write_bytes(damage)
        assert await clips.find("k") is None


async def test_what_nobody_asks_for_in_a_week_goes(tmp_path: Path) -> None:
    clock = FakeClock()
    clips = Clips(tmp_path, clock)
    await clips.keep("asked", CLIP)
    await clips.keep("forgotten", CLIP)
    await clock.advance(5 * DAY)
    assert await clips.find("asked") == CLIP
    await clock.advance(3 * DAY)
    assert await clips.sweep() == 1
    assert await clips.find("asked") == CLIP
    assert await clips.find("forgotten") is None


async def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    clock = FakeClock()
    clips = Clips(tmp_path, clock, most_bytes=1_000)
    for name in "abcd":
        await clips.keep(name, CLIP)
        await clock.advance(1)
    await clips.sweep()
    assert [await clips.find(name) is not None for name in "abcd"] == [False, False, True, True]


async def test_an_hour_of_keeping_sweeps_by_itself(tmp_path: Path) -> None:
    clock = FakeClock()
    clips = Clips(tmp_path, clock)
    await clips.keep("old", CLIP)
    await clock.advance(8 * DAY)
    await clips.keep("new", CLIP)
    assert not (tmp_path / "old.clip").exists()


async def test_a_disk_that_takes_nothing_costs_only_the_keeping(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    clips = Clips(tmp_path / "file", FakeClock())
    await clips.keep("k", CLIP)
    assert await clips.find("k") is None


async def test_those_who_ask_for_the_same_at_once_share_one_call(tmp_path: Path) -> None:
    clips = Clips(None, FakeClock())
    go, made = asyncio.Event(), 0

    async def make() -> Clip:
        nonlocal made
        made += 1
        await go.wait()
        return CLIP

    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(clips.once("k", make)) for _ in range(5)]
        await settle()
        go.set()
    assert [task.result() for task in asking] == [CLIP] * 5
    assert made == 1


async def test_the_next_one_makes_it_where_the_first_is_cancelled(tmp_path: Path) -> None:
    clips = Clips(None, FakeClock())
    go, made = asyncio.Event(), 0

    async def make() -> Clip:
        nonlocal made
        made += 1
        await go.wait()
        return CLIP

    async with asyncio.TaskGroup() as group:
        first = group.create_task(clips.once("k", make))
        await settle()
        second = group.create_task(clips.once("k", make))
        await settle()
        first.cancel()
        await settle()
        go.set()
    assert second.result() == CLIP
    assert made == 2


async def test_those_who_wait_are_told_of_the_failure(tmp_path: Path) -> None:
    clips = Clips(None, FakeClock())
    go = asyncio.Event()

    async def make() -> Clip:
        await go.wait()
        raise ModelUnavailable("away")

    async def asks() -> str:
        try:
            await clips.once("k", make)
        except ModelUnavailable as error:
            return str(error)
        return ""

    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(asks()) for _ in range(3)]
        await settle()
        go.set()
    assert [task.result() for task in asking] == ["away"] * 3


# --- how much may be spoken ----------------------------------------------------------------------


async def test_a_day_ends_exactly_where_it_is_set(tmp_path: Path) -> None:
    spoken = Spoken(tmp_path / "spoken.json", FakeClock())
    await spoken.reserve("ada", 60, 100)
    with pytest.raises(ModelRejected, match="TROUPE_SPEECH_PER_DAY is 100"):
        await spoken.reserve("ada", 41, 100)
    await spoken.reserve("ada", 40, 100)
    await spoken.reserve("bob", 100, 100)
    assert spoken.used("ada") == 100


async def test_many_at_once_do_not_overshoot(tmp_path: Path) -> None:
    spoken = Spoken(tmp_path / "spoken.json", FakeClock())

    async def asks() -> bool:
        try:
            await spoken.reserve("ada", 10, 95)
        except ModelRejected:
            return False
        return True

    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(asks()) for _ in range(30)]
    assert sum(task.result() for task in asking) == 9


async def test_midnight_in_greenwich_begins_a_new_day(tmp_path: Path) -> None:
    clock = FakeClock(datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC))
    spoken = Spoken(tmp_path / "spoken.json", clock)
    yesterday = await spoken.reserve("ada", 100, 100)
    await clock.advance(1)
    await spoken.reserve("ada", 100, 100)
    spoken.give_back("ada", 100, yesterday)
    assert spoken.used("ada") == 100


async def test_a_restart_remembers_what_was_spoken(tmp_path: Path) -> None:
    file = tmp_path / "voices" / "spoken.json"
    before = Spoken(file, FakeClock())
    await before.reserve("ada", 3_000, 10_000)
    await before.close()
    after = Spoken(file, FakeClock())
    await after.reserve("ada", 7_000, 10_000)
    with pytest.raises(ModelRejected):
        await after.reserve("ada", 1, 10_000)


async def test_a_crash_gives_nothing_away(tmp_path: Path) -> None:
    file = tmp_path / "spoken.json"
    crashed = Spoken(file, FakeClock())
    await crashed.reserve("ada", 3_000, 10_000)
    await crashed.reserve("ada", 1_500, 10_000)
    after = Spoken(file, FakeClock())
    await after.reserve("ada", 5_000, 10_000)
    with pytest.raises(ModelRejected):
        await after.reserve("ada", 501, 10_000)


async def test_a_crash_near_the_end_of_a_day_costs_a_portion_at_most(tmp_path: Path) -> None:
    file = tmp_path / "spoken.json"
    await Spoken(file, FakeClock()).reserve("ada", 3_000, 10_000)
    await Spoken(file, FakeClock()).reserve("ada", 5_000, 10_000)


async def test_what_was_not_spoken_is_given_back(tmp_path: Path) -> None:
    spoken = Spoken(None, FakeClock())
    day = await spoken.reserve("ada", 100, 100)
    spoken.give_back("ada", 100, day)
    await spoken.reserve("ada", 100, 100)


async def test_a_file_that_cannot_be_read_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "spoken.json"
    file.write_text('{"day": 7, "characters": []}')
    await Spoken(file, FakeClock()).reserve("ada", 10, 10)
