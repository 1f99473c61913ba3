"""A growing text is spoken sentence by sentence, and the pieces in which it came leave no trace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.flow.sentences import Sentence, Sentences
from core.flow.speakable import speakable

_BITS = (
    "Hello", " ", " ", ". ", ", ", "! ", "...", "…", "\n", "\n\n", "well", "Dr", "3", ".", "14",
    "**", "*", "_", "`", "```", "```\n", "[", "](", ")", "(", "https://a.b/c.d", "- ", "| a |",
    "|", "。", "，", "你好吗", "“", "”", "😀", "#", "~~", "1. ", "I am here and there",
)  # fmt: skip
_TEXTS = st.lists(st.sampled_from(_BITS), max_size=60).map("".join)


def spoken(text: str) -> list[str]:
    return [one.said for one in whole(text) if one.said]


def whole(text: str) -> list[Sentence]:
    sentences = Sentences()
    return [*sentences.feed(text), *sentences.finish(text)]


@given(_TEXTS, st.data())
def test_however_a_text_comes_its_sentences_are_the_same(text: str, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=12))
    pieces = Sentences()
    found = [one for cut in sorted(cuts) for one in pieces.feed(text[:cut])]
    found += pieces.finish(text)
    assert found == Sentences().finish(text)
    assert "".join(one.written for one in found) == text


@given(_TEXTS)
def test_letter_by_letter_is_as_good_as_at_once(text: str) -> None:
    letters = Sentences()
    found = [one for end in range(len(text) + 1) for one in letters.feed(text[:end])]
    assert [*found, *letters.finish(text)] == whole(text)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hello there. I am Ada.", ["Hello there.", "I am Ada."]),
        ("Dr. Smith pays 3.14 to J. Doe. He does.", ["Dr. Smith pays 3.14 to J. Doe.", "He does."]),
        ("Well... you know that. I do not.", ["Well... you know that.", "I do not."]),
        ("“Go away!” she said to all of us. Then she left.",
         ["“Go away!”", "she said to all of us.", "Then she left."]),
        ("Am 3. Mai um zehn Uhr. Dann erst wieder!", ["Am 3. Mai um zehn Uhr.",
                                                     "Dann erst wieder!"]),
        ("你好。今天天气怎么样？很好！", ["你好。", "今天天气怎么样？", "很好！"]),
        ("Yes. No. Maybe so, who knows?", ["Yes.", "No. Maybe so, who knows?"]),
        ("It costs 1,000 euros at 10:30 sharp", ["It costs 1,000 euros at 10:30 sharp"]),
    ],
)  # fmt: skip
def test_sentences_end_where_people_end_them(text: str, sentences: list[str]) -> None:
    assert spoken(text) == sentences


def test_the_first_words_go_at_a_comma_and_later_ones_do_not() -> None:
    sentences = Sentences()
    first = sentences.feed("That is a rather long story, my friend")
    assert [one.said for one in first] == ["That is a rather long story,"]
    assert not sentences.feed("That is a rather long story, my friend and neighbour, which I ")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("**Yes**, that is *really* ~~not~~ so.", "Yes, that is really not so."),
        ("See [the docs](https://a.b/c_(d)) for more.", "See the docs for more."),
        ("Look at https://example.org/a?b=c now!", "Look at now!"),
        ("`make run` starts snake_case_names 2*3.", "make run starts snake_case_names 2*3."),
        ("- milk\n", "milk."),
        ("## What I know\n", "What I know."),
        ("Great 😀👍🏽 🇩🇪!", "Great!"),
        ("<:ada:12345678> hello <@123>", "hello"),
        ("😀", ""),
        ("---\n", ""),
        (r"5 \* 5", "5 * 5"),
        ("![a cat](https://x.y/z.png)", ""),
    ],
)
def test_marks_addresses_and_smileys_are_not_spoken(written: str, said: str) -> None:
    assert speakable(written) == said


def test_code_and_tables_are_left_out_and_lists_become_sentences() -> None:
    text = (
        "Here it is:\n```python\nprint('a. b')\n```\nThat prints.\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n- one\n- two\n"
    )
    assert spoken(text) == ["Here it is:", "That prints.", "one.", "two."]


def test_nobody_waits_for_the_end_of_a_sentence_without_one() -> None:
    text = "and so on and on " * 40
    first = Sentences().feed(text)
    assert first
    assert all(len(one.said) <= 240 for one in first)
