"""Without a key a character still listens, and each in her own voice."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pytest

from core.character import Character
from core.models.offline import Offline
from core.ports import ModelRequest, Said, Spent
from core.prompting.reading import Answer, AnswerReader
from core.prompting.stock import prompt
from core.providers import BUILT_IN
from core.state import Scene, compose
from tests.core.scenes import direct, group, said

ADA = Character.model_validate(
    {"name": "Ada", "bio": "Ada wrote a program before there was a computer.", "topics": ["flight"]}
)


async def answer(scene: Scene) -> Answer:
    request = prompt(scene, await compose(scene, BUILT_IN))
    reader = AnswerReader(scene.character.name)
    async for piece in Offline().stream(request):
        reader.feed(piece)
    return reader.end()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Hello!", "Eliza"),
        ("Who are you?", "listened to people since 1966"),
        ("are you a bot?", "OPENAI_API_KEY"),
        ("what can you do?", "OPENAI_API_KEY"),
        ("what is 12*7", "84"),
        ("what is 9 divided by 0?", "divided by zero"),
        ("I need my sister's help", "your sister's help"),
        ("I am very sad", "sad"),
        ("you are like my mother", "mother"),
        ("My dog ate {name} <b>", "dog"),
    ],
)
async def test_what_is_said_is_heard(words: str, expected: str) -> None:
    heard = await answer(direct(words))
    assert expected.lower() in heard.text.lower()
    assert heard.complete


async def test_thanks_and_goodbyes_are_met_in_kind() -> None:
    assert "?" not in (await answer(direct("bye"))).text
    assert (await answer(direct("thank you!"))).text != (await answer(direct("bye"))).text


async def test_the_same_words_get_the_same_answer() -> None:
    assert await answer(direct("Nothing works.")) == await answer(direct("Nothing works."))


async def test_two_characters_do_not_sound_the_same() -> None:
    for words in ("Hello!", "Who are you?", "help"):
        assert await answer(direct(words)) != await answer(direct(words, character=ADA))
    assert (
        "before there was a computer" in (await answer(direct("Who are you?", character=ADA))).text
    )


async def test_an_earlier_word_comes_back() -> None:
    talk = [said("My grandmother's garden was huge."), said("Tell me more.", at=1, ours=True)]
    told = [(await answer(direct(f"It goes on {at}.", *talk))).text for at in range(20)]
    assert any("your grandmother's garden" in text for text in told)


async def test_in_a_group_it_speaks_when_spoken_to() -> None:
    assert (await answer(group("Hello Eliza"))).actions == ("REPLY",)
    assert (await answer(group("lunch?", unsure=True))) == Answer("", ("IGNORE",), (), "", True)


async def test_a_bare_request_is_answered_too() -> None:
    for request in (ModelRequest("", ()), ModelRequest("", (Said("user", "x" * 100_000),))):
        assert [piece async for piece in Offline().stream(request)]


async def test_words_flow_one_by_one_and_are_accounted_for() -> None:
    spent = Spent()
    request = ModelRequest("You are Eliza.", (Said("user", "I like the sea"),))
    pieces = [piece async for piece in Offline().stream(request, spent)]
    assert len(pieces) > 5
    assert spent.usage.model == "offline"


async def test_it_can_be_interrupted() -> None:
    pieces: Any = Offline().stream(ModelRequest("", (Said("user", "hello"),)))
    async with aclosing(pieces):
        assert await anext(pieces)
