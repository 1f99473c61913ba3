"""What people see of a text that is still being written: never a mark that is open."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.telegram.markdown import parts_of
from core.flow.unfinished import seemly

ANSWERS = (
    "Hello **bold words** and *slanted ones*, `code here`, ~~gone~~ and __under__. Then ||spoiler||.",
    "- one **item** here\n- two with a_name and 5 * 6\n1. first *thing*\n2. second\n\nDone.",
    "Look:\n\n```python\ndef f(x):\n    return x ** 2  # `no`, *no*\n```\n\nThat **was** it.",
    "A table:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\nAnd on we go.",
    "> quoted **word** there\n\nDone ***both*** and a\\_b \\*star\\*.",
    "~~~\nplain *code*\n~~~\nEnd 2 * 3 and snake_case_name here.",
    "Nested **bold with `code **inside** it` and *more*** after.",
    "Привет **мир** 👋🏽 `код` и *ещё*. سلام **دنیا** خوب.",
)  # fmt: skip


def seen(text: str) -> str:
    """What Telegram's people read of it."""
    return "".join(part.text for part in parts_of(seemly(text))).rstrip()


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
def test_letter_by_letter_what_is_seen_only_grows(answer: str) -> None:
    """A mark that was shown and then became style would be text that disappears."""
    steps = [seen(answer[:end]) for end in range(1, len(answer) + 1)]
    for before, after in pairwise(steps):
        assert after.startswith(before)
    assert steps[-1] == "".join(part.text for part in parts_of(answer)).rstrip()


def test_what_is_open_is_closed_for_the_time_being() -> None:
    assert seemly("so **very") == "so **very**"
    assert seemly("so **very *much") == "so **very *much***"
    assert seemly("so `code") == "so `code`"
    assert seemly("```py\nx = 1\ny") == "```py\nx = 1\ny\n```"


def test_what_nobody_can_read_yet_waits() -> None:
    assert seemly("so **") == "so"
    assert seemly("so\n```py") == "so"
    assert seemly("| a | b |\n|--") == ""
    assert seemly("some\n- ") == "some\n"
    assert seemly("**bold*") == "**bold**"


@given(st.text(alphabet="ab *_`~|\n\\#>-1.([", max_size=80))
def test_whatever_a_text_is_made_of_some_of_it_comes_out(text: str) -> None:
    shown = seemly(text)
    assert len(shown) <= 2 * len(text) + 3
    assert {char for char in shown if not char.isspace()} <= set(text)
