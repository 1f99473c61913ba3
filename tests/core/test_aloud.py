"""What of a text can be spoken, and how it is read out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.messages import Attachment, Button, Poll, Reply
from core.messages.aloud import LONGEST, is_fit, is_note, words_aloud


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("**Yes**, _of course_!", "Yes, of course!"),
        ("# Tea\n\n- green\n- black", "Tea\ngreen\nblack"),
        ("I like it 😊👍🏽 very much", "I like it very much"),
        ("see [the page](/docs)", "see the page"),
        ("a `word` of code", "a word of code"),
        ("Hello <@123456789>, how is <:owl:123456> ?", "Hello , how is ?"),
        ("snake_case stays, 2 * 3 too", "snake_case stays, 2 3 too"),
        ("> quoted", "quoted"),
        ("Tschüss, bis später.", "Tschüss, bis später."),
        ("今日は。", "今日は。"),
        ("😊", ""),
        ("...", ""),
        ("", ""),
    ],
)
def test_marks_are_not_read_out(written: str, heard: str) -> None:
    assert words_aloud(written) == heard


@pytest.mark.parametrize(
    "written",
    [
        "```python\nprint()\n```",
        "Look:\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        "It is at https://example.org/tea.",
        "a" * (LONGEST + 1),
        "😊",
        " ",
    ],
)
def test_what_has_to_be_seen_is_written(written: str) -> None:
    assert not is_fit(written)


def test_what_can_be_heard_is_fit() -> None:
    assert is_fit("Yes: **tea** at five, and a `scone`.")
    assert is_fit("word " * 299)


@pytest.mark.parametrize(
    "beside",
    [
        {"attachments": (Attachment("file:1"),)},
        {"buttons": (Button("Yes", "yes"),)},
        {"poll": Poll("Tea?", ("yes", "no"))},
        {"sticker": "123456789012345678"},
        {"via": "guest:1"},
        {"only_for": "7"},
        {"voice": False},
        {"text": "```\ncode\n```"},
    ],
)
def test_nothing_else_goes_with_a_voice_message(beside: dict[str, object]) -> None:
    assert is_note(Reply("Tea is ready.", "7", voice=True, silent=True))
    assert not is_note(Reply(**{"text": "Tea is ready.", "voice": True, **beside}))  # type: ignore[arg-type]


@given(st.text(max_size=400))
def test_whatever_is_written_is_read_out_in_words_or_not_at_all(text: str) -> None:
    heard = words_aloud(text)
    assert not heard or any(map(str.isalnum, heard))
    assert "**" not in heard
    assert "\n\n" not in heard
    if is_fit(text):
        assert 0 < len(heard) <= LONGEST
