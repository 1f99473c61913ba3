"""Perceiving beside a turn: its patience, its walls, what it holds in memory, what it keeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from core.errors import FetchFailed
from core.flow.after import After
from core.flow.perceiving import Perceiving
from core.flow.tally import Tally
from core.flow.thinking import Meter
from core.flow.till import Till
from core.flow.work import Work, memory_of
from core.knowledge.reading import Reader
from core.messages import Attachment, Quote
from core.messages.hanging import words_of, words_of_kept
from core.ports import Forgotten, ModelType, Spent, Usage
from core.store.engine import SqlStore, open_store
from tests.core.actions.house import House
from tests.fakes.pictures import png

PHOTO = Attachment("p1", "image/jpeg", 100, kind="photo")
VOICE = Attachment("v1", "audio/ogg", 100, kind="voice", seconds=4)
PAGE = Attachment("d1", "text/plain", 100, "a.txt", kind="document")


class Models:
    """core.ports.ModelRoles, as far as they see and hear."""

    def __init__(self) -> None:
        self.kinds = {ModelType.IMAGE_DESCRIPTION, ModelType.TRANSCRIPTION}
        self.asked: list[str] = []
        self.now: Callable[[], Awaitable[object]] | None = None
        self.running = self.most = 0

    def serves(self, settings: Any, kind: ModelType) -> bool:
        return kind in self.kinds

    async def use(
        self, settings: Any, kind: ModelType, params: Any, *, spent: Spent, provider: str = ""
    ) -> Any:
        self.asked.append(kind.value)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            if self.now is not None:
                await self.now()
            else:
                await asyncio.sleep(0)
        finally:
            self.running -= 1
        spent.usage = Usage("eyes", 5, 2)
        if kind is ModelType.TRANSCRIPTION:
            return " good morning "
        return {"title": "Cat", "description": "a cat"}

    def price(self, usage: Usage) -> float | None:
        return 0.5


class Room:
    """One character, who perceives what Robin sends."""

    def __init__(self, store: SqlStore, reader: Reader, patience: float, **settings: str) -> None:
        self.house = House(store, **cast(Any, settings))
        self.there = self.house.wire.there
        self.models = Models()
        models = cast(Any, self.models)
        till = Till(models, store, Tally(), After(self.house.clock), self.house.clock)
        self.perceive = Perceiving(
            models, reader, till, store, self.house.recent, patience=patience
        )
        self.number = 0

    async def sent(
        self, *attachments: Attachment, text: str = "", answers: Quote | None = None
    ) -> Work:
        """The turn as it stands before anything was looked at."""
        self.number += 1
        turn = await self.house.hears(text, number=self.number)
        work = turn.work
        lead = replace(work.lead, attachments=attachments, reply_to=answers)
        work.inbound = (lead,)
        work.heard[:] = [memory_of(work.part, lead, work.spot, work.heard[0].author)]
        return work

    async def told(self, *attachments: Attachment, **how: Any) -> str:
        work = await self.sent(*attachments, **how)
        await self.perceive(work)
        return words_of(work.lead)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with open_store(None, tmp_path) as store:
        yield store


@pytest.fixture
async def enter(store: SqlStore) -> AsyncIterator[Callable[..., Room]]:
    async with Reader() as reader:

        def enter(patience: float = 5.0, **settings: str) -> Room:
            room = Room(store, reader, patience, **settings)
            room.there |= {"p1": png(), "v1": b"OggS", "d1": b"Owls."}
            return room

        yield enter


Enter = Callable[..., Room]


async def test_words_alone_ask_nobody_and_read_nothing(enter: Enter) -> None:
    room = enter()
    work = await room.sent(text="hello", answers=Quote("m9", text="hi"))
    before = work.inbound, list(work.heard)
    assert not await room.perceive(work)
    assert (work.inbound, work.heard) == (before[0], before[1])
    assert room.models.asked == []


async def test_what_is_perceived_is_in_the_message_the_memory_and_the_bill(enter: Enter) -> None:
    room = enter()
    work = await room.sent(PHOTO, VOICE, PAGE, text="look")
    assert await room.perceive(work)
    assert work.lead.text == "look\ngood morning"
    assert words_of(work.lead) == (
        "look\ngood morning\n[photo: a cat]\n[voice message, 4 s]\n[document a.txt: Owls.]"
    )
    (memory,) = work.heard
    assert memory.content.text == "look\ngood morning"
    photo, voice, page = memory.content.attachments
    assert (photo["description"], photo["title"]) == ("a cat", "Cat")
    assert (voice["text"], page["text"]) == ("good morning", "Owls.")
    assert words_of_kept(memory.content) == (
        "look\ngood morning\n[photo Cat: a cat]\n[voice message, 4 s]\n[document a.txt: Owls.]"
    )
    assert work.meter.calls == 2
    assert [one.cost for one in work.meter.spendings] == [0.5, 0.5]
    assert {one.kind for one in work.meter.spendings} == {"IMAGE_DESCRIPTION", "TRANSCRIPTION"}


async def test_a_model_that_hangs_costs_a_moment_and_not_the_answer(enter: Enter) -> None:
    room = enter(patience=0.2)

    async def hang() -> None:
        if room.models.asked[-1] == "IMAGE_DESCRIPTION":
            await asyncio.Event().wait()

    room.models.now = hang
    told = await room.told(VOICE, PHOTO, text="look")
    assert told == (
        "look\ngood morning\n[voice message, 4 s]\n"
        "[photo: it could not be looked at: it takes too long]"
    )


async def test_whatever_goes_wrong_with_one_the_others_are_perceived(enter: Enter) -> None:
    room = enter()

    async def fail() -> None:
        raise RuntimeError("a fault of ours")

    room.models.now = fail
    told = await room.told(PHOTO, PAGE)
    assert told == (
        "[photo: it could not be looked at: something went wrong]\n[document a.txt: Owls.]"
    )


async def test_stop_ends_the_looking_and_keeps_what_is_known_by_then(enter: Enter) -> None:
    room = enter(patience=60.0)
    hangs = asyncio.Event()

    async def hang() -> None:
        if room.models.asked[-1] == "IMAGE_DESCRIPTION":
            hangs.set()
            await asyncio.Event().wait()

    room.models.now = hang
    work = await room.sent(VOICE, PHOTO)
    async with asyncio.TaskGroup() as group:
        group.create_task(room.perceive(work))
        await hangs.wait()
        await asyncio.sleep(0.01)
        work.batch.stopped.ring()
    assert words_of(work.lead) == "good morning\n[voice message, 4 s]\n[photo; you cannot see it]"


async def test_a_turn_that_is_given_up_leaves_nothing_running(enter: Enter) -> None:
    room = enter(patience=60.0)
    room.models.now = asyncio.Event().wait
    work = await room.sent(PHOTO)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await room.perceive(work)
    assert room.models.running == 0


async def test_the_small_picture_stands_in_for_one_that_is_too_large(enter: Enter) -> None:
    room = enter()
    room.there["p2"] = png(bytes_more=6 << 20)
    large = Attachment("p2", "image/png", name="a.png", kind="document", preview="p1")
    assert await room.told(large) == "[document a.png: a still of it shows: a cat]"
    del room.there["p1"]
    large = replace(large, ref="p3")
    room.there["p3"] = room.there["p2"]
    told = await room.told(large)
    assert told == "[document a.png: it could not be looked at: the file is too large]"


async def test_large_files_are_in_memory_two_at_a_time(enter: Enter) -> None:
    room = enter(TROUPE_MODEL_CALLS="20")
    songs = [Attachment(f"s{n}", "audio/mpeg", 3 << 20, kind="audio") for n in range(8)]
    room.there |= {one.ref: b"ID3" for one in songs}
    room.models.now = lambda: asyncio.sleep(0.01)
    works = [await room.sent(one) for one in songs]
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(room.perceive(work))
    assert room.models.most == 2
    assert len(room.models.asked) == 8


async def test_only_so_many_calls_are_made_that_the_answer_is_left_two(enter: Enter) -> None:
    room = enter()
    photos = [replace(PHOTO, ref=f"q{n}") for n in range(3)]
    room.there |= {one.ref: png(seed=n) for n, one in enumerate(photos)}
    work = await room.sent(*photos, PAGE)
    work.meter = Meter(most=3)
    await room.perceive(work)
    assert room.models.asked == ["IMAGE_DESCRIPTION"]
    told = words_of(work.lead)
    assert told.count("there are too many at once") == 2
    assert "[document a.txt: Owls.]" in told, "what costs no call is read all the same"


async def test_one_who_cannot_hear_still_sees(enter: Enter) -> None:
    room = enter()
    room.models.kinds.discard(ModelType.TRANSCRIPTION)
    told = await room.told(PHOTO, VOICE)
    assert told == "[photo: a cat]\n[voice message, 4 s; you cannot hear it]"


async def test_what_was_perceived_is_known_while_nobody_has_it_forgotten(enter: Enter) -> None:
    room = enter()
    assert await room.told(PHOTO) == await room.told(PHOTO) == "[photo: a cat]"
    assert len(room.models.asked) == 1
    room.perceive.forgotten(Forgotten(character=room.house.part.id))
    await room.told(PHOTO)
    assert len(room.models.asked) == 2


async def test_of_an_exact_quote_the_words_are_meant_and_not_the_picture(enter: Enter) -> None:
    room = enter()
    quote = Quote("m0", text="these words", exact=True, attachments=(PHOTO,))
    assert await room.told(text="yes", answers=quote) == "yes"
    assert room.models.asked == []


async def test_a_document_that_is_answered_to_is_shown_at_length(enter: Enter) -> None:
    room = enter()
    room.there["d1"] = b"Owls hunt at night. " * 50
    told = await room.told(text="so?", answers=Quote("m0", attachments=(PAGE,)))
    assert told.startswith("so?\n[answered document a.txt, in which is:]\nOwls hunt at night.")
    assert told.count("Owls hunt") == 50


async def test_a_file_under_another_name_is_found_in_what_is_remembered(enter: Enter) -> None:
    room = enter()
    work = await room.sent(PHOTO, text="my cat")
    await room.perceive(work)
    await room.house.scribe.note(work)
    room.perceive.forgotten(Forgotten())
    again = replace(PHOTO, ref="another name")
    told = await room.sent(text="hm?", answers=Quote("m1", attachments=(again,)))
    await room.perceive(told)
    assert told.lead.reply_to is not None
    assert told.lead.reply_to.attachments[0].about == "a cat"
    assert len(room.models.asked) == 1


async def test_what_fails_is_told_in_the_platforms_words(enter: Enter) -> None:
    room = enter()
    room.there.clear()
    told = await room.told(PHOTO)
    assert told == "[photo: it could not be looked at: the file is not there any more]"
    with pytest.raises(FetchFailed):
        await room.house.wire.fetch(PHOTO, 10)
