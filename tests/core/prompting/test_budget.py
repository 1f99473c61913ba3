"""How many tokens a text is, without a tokenizer: rather too many than too few."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.prompting.budget import cut, dispensable, surely_fits, tokens
from core.state import Section


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("", 0, 0),
        ("Hello, how are you?", 6, 7),
        ("The quick brown fox jumps over the lazy dog. " * 20, 200, 260),
        ("1234567890", 4, 6),
        ("猫はどこですか", 7, 9),
        ("😀😀😀", 6, 8),
        ("<response><actions>REPLY</actions></response>", 10, 14),
        ("a" * 4000, 1000, 1000),
        ("Где моя кошка?", 4, 12),
        ("naïve café", 3, 6),
        ("\ud800", 1, 2),
    ],
)
def test_an_estimate_is_near_what_tokenizers_count(text: str, least: int, most: int) -> None:
    assert least <= tokens(text) <= most


@given(st.text(max_size=300), st.text(max_size=300))
def test_more_text_is_never_fewer_tokens(one: str, other: str) -> None:
    assert tokens(one + " " + other) >= max(tokens(one), tokens(other))


@given(st.text(max_size=300) | st.text("1a.é猫🐈 ", max_size=20), st.integers(0, 300))
@example("1", 1)
def test_what_surely_fits_does(text: str, most: int) -> None:
    if surely_fits((text,), most):
        assert tokens(text) <= most


@pytest.mark.parametrize("text", ["word " * 5000, "猫" * 5000, "x" * 5000])
def test_a_cut_text_is_its_beginning_and_fits(text: str) -> None:
    short = cut(text, 400)
    assert text.startswith(short)
    assert 100 <= tokens(short) <= 400


def test_what_is_left_out_goes_in_a_fixed_order() -> None:
    names = [
        *("ROOM", "TIME", "PLUGIN", "KNOWLEDGE", "ANXIETY", "ACTION_STATE", "ROLES", "CHOICE"),
        *("RECALL", "LATER"),
    ]
    sections = [Section(name, "x", at) for at, name in enumerate(names)]
    told = [one if isinstance(one, int) else one.name for one in dispensable(sections)]
    assert told == [
        *("ANXIETY", "RECALL", "KNOWLEDGE", "LATER", "PLUGIN", "ROLES"),
        *(1, 2, "TIME", "ROOM", 3),
    ]
