"""What is said aloud: sentence by sentence, and nothing is remembered that nobody heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.flow.aloud import Aloud, Heard, Saying
from core.flow.opened import Superseded
from core.settings.layers import Environment, Settings
from tests.fakes.clock import FakeClock, settle
from tests.fakes.voices import PER_LETTER, ClockMouth, ToneSpeech

SETTINGS = Settings(Environment.of({}), "Ada")


class Desk:
    def __init__(self, group: asyncio.TaskGroup) -> None:
        self.clock = FakeClock()
        self.mouth = ClockMouth(self.clock)
        self.speech = ToneSpeech(self.clock)
        self.group = group
        self.began: list[float] = []
        self.refuses = False
        self.aloud = Aloud(self.saying, group.create_task)

    def saying(self) -> Saying:
        return Saying(self.mouth, self.voice, asyncio.Lock(), self.begins, self.clock)

    def voice(self, text: str, before: str) -> AsyncGenerator[bytes, None]:
        return self.speech.stream(SETTINGS, text, before=before)

    async def begins(self) -> None:
        if self.refuses:
            raise Superseded
        self.began.append(self.clock.monotonic())

    async def heard(self, text: str) -> Heard:
        """All of it, however long it takes."""
        finishing = self.group.create_task(self.aloud.finish(text))
        while not finishing.done():
            await self.clock.advance(0.1)
        return finishing.result()


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        one = Desk(group)
        yield one
        one.aloud.close()


async def test_the_first_sentence_is_heard_before_the_second_is_written() -> None:
    async with desk() as one:
        one.aloud.grow("Hello there. And ")
        await one.clock.advance(0.1)
        assert one.speech.said == ["Hello there."]
        assert one.aloud.sounding
        assert await one.heard("Hello there. And so on.") == Heard("Hello there. And so on.")
        assert one.speech.said == ["Hello there.", "And so on."]


async def test_the_next_sentence_is_made_while_the_one_before_is_played_and_two_at_most() -> None:
    async with desk() as one:
        text = " ".join(f"This is sentence number {n}." for n in "abcdef")
        await one.heard(text)
        length = len("This is sentence number a.") * PER_LETTER
        at = [when for _, when in one.speech.asked]
        assert at[1] < length  # long before the first one is over
        assert at[3] >= length  # not before the first one is over
        assert one.mouth.gaps == 0


@pytest.mark.parametrize("letters", [4, 13, 20, 30, 41, 50])
async def test_what_was_heard_ends_at_the_word_where_the_sound_ended(letters: int) -> None:
    text = "The quick brown fox jumps. Over the lazy **dog** it goes."
    async with desk() as one:
        finishing = one.group.create_task(one.aloud.finish(text))
        await one.clock.advance(0.05 + letters * PER_LETTER)
        one.aloud.stop()
        heard = await finishing
        assert heard.cut
        assert text.startswith(heard.text)
        plain = heard.text.replace("**", "")
        assert abs(len(plain) - letters) * PER_LETTER <= 0.3
        assert not text[len(heard.text) : len(heard.text) + 1].isalpha()


async def test_what_is_stopped_is_silent_and_says_nothing_more() -> None:
    async with desk() as one:
        one.aloud.grow("One sentence here. Another one")
        await one.clock.advance(0.3)
        one.aloud.stop()
        assert one.mouth.waiting == 0
        one.aloud.grow("One sentence here. Another one comes. And one more.")
        before = one.mouth.sounded
        heard = await one.heard("One sentence here. Another one comes. And one more.")
        assert heard.cut
        assert one.mouth.sounded == before
        assert await one.aloud.finish("Something else.") == Heard(cut=True)


async def test_a_pause_loses_nothing() -> None:
    async with desk() as one:
        finishing = one.group.create_task(one.aloud.finish("This is one whole sentence."))
        await one.clock.advance(0.5)
        one.aloud.pause()
        sounded = one.mouth.sounded
        await one.clock.advance(3)
        assert one.mouth.sounded == sounded
        one.aloud.resume()
        await one.clock.advance(3)
        assert await finishing == Heard("This is one whole sentence.")


async def test_what_no_voice_can_say_is_to_be_written() -> None:
    async with desk() as one:
        one.speech.fails_at = "Hello"
        assert await one.heard("Hello there. How are you?") == Heard(
            rest="Hello there. How are you?"
        )
        assert not one.aloud.begun
    async with desk() as one:
        one.speech.fails_at = "are"
        assert await one.heard("Hello there. How are you?") == Heard("Hello there.", "How are you?")


async def test_a_text_without_words_is_to_be_written() -> None:
    async with desk() as one:
        assert await one.heard("😀") == Heard(rest="😀")
        assert not one.speech.asked


async def test_what_can_only_be_seen_is_told_of() -> None:
    async with desk() as one:
        text = "Here it is:\n```\ncode\n```"
        assert await one.heard(text) == Heard(text, shows=True)
        assert one.speech.said == ["Here it is:"]


async def test_an_answer_that_is_superseded_before_its_first_sound_makes_none() -> None:
    async with desk() as one:
        one.refuses = True
        assert await one.heard("Hello there. How are you?") == Heard(cut=True)
        assert one.mouth.sounded == 0


async def test_another_text_follows_what_was_begun() -> None:
    async with desk() as one:
        one.aloud.grow("I was just about to tell. And then")
        await one.clock.advance(0.2)
        heard = await one.heard("Sorry, something went wrong.")
        assert heard.text.endswith("Sorry, something went wrong.")
        assert one.speech.said[-1] == "Sorry, something went wrong."


async def test_whoever_is_cancelled_is_silent_at_once() -> None:
    async with desk() as one:
        one.aloud.grow("A long sentence that is being said now. And")
        await one.clock.advance(0.5)
        one.aloud.close()
        await settle()
        assert one.mouth.waiting == 0


async def test_what_is_lost_on_its_way_keeps_nobody_from_saying_the_rest() -> None:
    class Lossy(ClockMouth):
        """What it plays after the first second goes nowhere."""

        @property
        def played(self) -> float:
            return min(super().played, 1.0)

    async with desk() as one:
        one.mouth = Lossy(one.clock)
        text = " ".join(f"This is sentence number {n}." for n in "abcde")
        assert await one.heard(text) == Heard(text)
        assert one.speech.said[-1] == "This is sentence number e."
