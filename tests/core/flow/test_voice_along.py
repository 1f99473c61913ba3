"""People of one channel who are listened to while they speak: whose line, how many, until when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.flow.along import Along
from core.ports import LiveEar, LiveWords, Spent, Utterance
from tests.fakes.clock import settle

PIECE = bytes(3_200)


@dataclass
class Notes:
    """core.ports.LiveWords."""

    pcm: bytes

    async def text(self, spent: Spent) -> str:
        return f"{len(self.pcm) // len(PIECE)} pieces"


@dataclass
class Scribe:
    """core.ports.LiveEar, which writes down how much it was told."""

    whose: str
    open: bytes = b""
    breaks: asyncio.Event = field(default_factory=asyncio.Event)
    runs: bool = False

    async def run(self) -> None:
        self.runs = True
        try:
            await self.breaks.wait()
        finally:
            self.runs = False

    def feed(self, pcm: bytes) -> None:
        self.open += pcm

    def end(self) -> LiveWords:
        said, self.open = self.open, b""
        return Notes(said)


class Channel:
    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self.tasks: list[asyncio.Task[None]] = []
        self.scribes: list[Scribe] = []
        self.ready = asyncio.Event()
        self.ready.set()
        self.nobody = False
        self.along = Along(self._line, self._start)
        self._now = 0.0

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self.tasks.append(self._group.create_task(work))
        return self.tasks[-1]

    async def _line(self, person: str) -> LiveEar | None:
        await self.ready.wait()
        if self.nobody:
            return None
        self.scribes.append(Scribe(person))
        return self.scribes[-1]

    def speaks(self, person: str = "ann", pieces: int = 3) -> None:
        for _ in range(pieces):
            self.along.sound(person, PIECE)

    def ends(self, person: str = "ann", pieces: int = 4) -> Utterance:
        """All of it; the last of it was not told before."""
        self._now += 1
        said = Utterance(person, PIECE * pieces, self._now, self._now + 1, 1.0)
        self.along.ended(said)
        return said

    async def text(self, said: Utterance) -> str:
        words = self.along.words(said)
        return await words.text(Spent()) if words is not None else "as a whole"


@pytest.fixture
async def channel() -> AsyncIterator[Channel]:
    async with asyncio.TaskGroup() as group:
        made = Channel(group)
        yield made
        for task in made.tasks:
            task.cancel()


async def test_what_was_told_before_somebody_listens_is_not_lost(channel: Channel) -> None:
    channel.speaks()
    await settle()
    channel.speaks(pieces=2)
    said = channel.ends(pieces=6)
    assert await channel.text(said) == "6 pieces"
    assert await channel.text(said) == "as a whole", "words are given once"


async def test_one_line_serves_one_utterance_after_another(channel: Channel) -> None:
    channel.speaks()
    await settle()
    first = channel.ends()
    channel.speaks()
    second = channel.ends(pieces=5)
    assert await channel.text(second) == "5 pieces"
    assert await channel.text(first) == "4 pieces"
    assert len(channel.scribes) == 1


async def test_who_is_done_before_anybody_listens_is_written_down_as_a_whole(
    channel: Channel,
) -> None:
    channel.ready.clear()
    channel.speaks()
    await settle()
    said = channel.ends()
    assert await channel.text(said) == "as a whole"
    channel.ready.set()
    await settle()
    assert [scribe.open for scribe in channel.scribes] == [b""]
    channel.speaks()
    assert await channel.text(channel.ends()) == "4 pieces"


async def test_where_nobody_listens_along_all_of_it_is_a_whole(channel: Channel) -> None:
    channel.nobody = True
    for _ in range(2):
        channel.speaks()
        await settle()
        channel.speaks()
        assert await channel.text(channel.ends()) == "as a whole"


async def test_a_short_one_of_which_nothing_was_told_is_a_whole(channel: Channel) -> None:
    assert await channel.text(channel.ends()) == "as a whole"


async def test_what_is_dropped_is_thrown_away_with_its_line(channel: Channel) -> None:
    channel.speaks()
    await settle()
    channel.along.dropped("ann")
    await settle()
    (scribe,) = channel.scribes
    assert not scribe.runs
    channel.speaks()
    await settle()
    assert await channel.text(channel.ends()) == "4 pieces"
    assert len(channel.scribes) == 2


async def test_who_drops_nothing_keeps_the_line(channel: Channel) -> None:
    channel.speaks()
    await settle()
    channel.ends()
    channel.along.dropped("ann")
    await settle()
    assert channel.scribes[0].runs


async def test_a_line_that_breaks_midway_is_not_begun_anew_in_the_middle(channel: Channel) -> None:
    channel.speaks()
    await settle()
    channel.scribes[0].breaks.set()
    await settle()
    channel.speaks()
    await settle()
    channel.ends(pieces=7)
    assert len(channel.scribes) == 1
    channel.speaks()
    await settle()
    assert len(channel.scribes) == 2


async def test_more_than_four_at_once_are_written_down_when_they_are_done(
    channel: Channel,
) -> None:
    people = [f"person {number}" for number in range(6)]
    for person in people:
        channel.speaks(person)
    await settle()
    said = [channel.ends(person) for person in people]
    texts = [await channel.text(one) for one in said]
    assert texts == ["4 pieces"] * 4 + ["as a whole"] * 2
    # Whoever has been silent for longest makes room.
    channel.speaks("person 5")
    await settle()
    assert await channel.text(channel.ends("person 5")) == "4 pieces"
    assert [scribe.whose for scribe in channel.scribes if scribe.runs] == [
        "person 1", "person 2", "person 3", "person 5",
    ]  # fmt: skip


async def test_words_that_nobody_asks_for_do_not_pile_up(channel: Channel) -> None:
    channel.speaks()
    await settle()
    first = channel.ends()
    for _ in range(200):
        channel.speaks()
        last = channel.ends()
    assert await channel.text(first) == "as a whole"
    assert await channel.text(last) == "4 pieces"
