"""Names in what was heard."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.speech.names import resolved
from core.speech.usual_words import COMMON

WHO = ("Ada", "Robin Hood", "Eliza", "@night_owl", "Bertram", "Zoë", "Tim", "Dan")
LETTERS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=9)


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("ada what is the time", "Ada what is the time"),
        ("aida what is the time", "Ada what is the time"),
        ("i think aida is right", "i think Ada is right"),
        ("either what is the weather today", "Ada what is the weather today"),
        ("hello either", "hello Ada"),
        ("a da come here", "Ada come here"),
        ("eliser tell me a story", "Eliza tell me a story"),
        ("what do you think, either?", "what do you think, Ada?"),
        ("that is elisa's book", "that is Eliza's book"),
        ("robbin hood is here", "Robin Hood is here"),
        ("i saw robyn", "i saw Robin"),
        ("night owl are you there", "@night_owl are you there"),
        ("bert rum can you sing", "Bertram can you sing"),
        ("thank you zoe", "thank you Zoë"),
        ("Good morning, ADA.", "Good morning, Ada."),
    ],
)
def test_a_name_is_written_as_it_is(heard: str, written: str) -> None:
    assert resolved(heard, WHO) == written


@pytest.mark.parametrize(
    "heard",
    [
        "either you go or i go",
        "i do not like it either",
        "please open a door",
        "it is raining",
        "at what time",
        "then what is it",
        "time will tell",
        "what an idea",
        "add some milk and stir",
        "the data is here",
        "i have had enough",
        "",
        "...",
    ],
)
def test_words_that_everybody_uses_stay(heard: str) -> None:
    assert resolved(heard, WHO) == heard


def test_two_names_that_are_equally_near_are_left_to_the_reader() -> None:
    assert resolved("i saw anny", ("Anna", "Anni")) == "i saw anny"
    assert resolved("i saw anna", ("Anna", "Anni")) == "i saw Anna"


def test_a_name_that_is_a_common_word_needs_somebody_to_be_called() -> None:
    assert resolved("the rose is red", ("Rose",)) == "the rose is red"
    assert resolved("hello rose", ("Rose",)) == "hello Rose"


def test_nobody_there_changes_nothing() -> None:
    assert resolved("aida what is the time", ()) == "aida what is the time"


@given(st.text(max_size=200), st.lists(st.text(max_size=30), max_size=8))
def test_no_text_and_no_name_is_too_odd(text: str, names: list[str]) -> None:
    assert isinstance(resolved(text, names), str)


@given(st.lists(st.sampled_from(sorted(COMMON)), max_size=12))
def test_a_sentence_of_common_words_between_others_stays(words: list[str]) -> None:
    text = " ".join(("the", "the", "the", *words, "the", "the"))
    assert resolved(text, ("Ada", "Eliza", "Bertram")) == text


@given(st.lists(LETTERS, min_size=1, max_size=6, unique=True), st.data())
def test_a_name_that_is_said_as_it_is_written_is_found(
    names: list[str], data: st.DataObject
) -> None:
    names = [name.capitalize() for name in names if name not in COMMON]
    if not names:
        return
    said = data.draw(st.sampled_from(names))
    assert resolved(f"i have met {said.lower()}", names).endswith(said)


@given(st.lists(st.sampled_from(["aida", "either", "the", "elisa", "what", "xyz"]), max_size=8))
def test_what_is_resolved_stays_resolved(words: list[str]) -> None:
    once = resolved(" ".join(words), WHO)
    assert resolved(once, WHO) == once
    assert len(re.findall(r"\S+", once)) <= len(words)
