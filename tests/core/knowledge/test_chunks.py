"""Pieces of a text: all of it, none too long, cut where a reader would pause."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.knowledge.chunks import LETTERS, Cut, cut_of, pieces
from core.text import joined

SIGNS = ["a", "b c", ". ", "! ", "\n", "\n\n", "# Heading\n", "```\n", "あ", "漢字。", "é", "e\u0301",
         "👩‍👩‍👧", "🇩🇪", "👍🏽", "\u1112\u1161", " ", "\t", "\x00", "~~~\n", "- x\n"]  # fmt: skip
texts = st.lists(st.sampled_from(SIGNS) | st.text(max_size=40), max_size=400).map("".join)
kinds = st.sampled_from(["text", "markdown"])


@given(texts, st.integers(20, 200), st.integers(0, 100), kinds)
@settings(max_examples=200, deadline=None)
def test_all_of_the_text_is_in_pieces_that_overlap_and_are_not_too_long(text, tokens, share, kind):
    overlap = tokens * share // 101
    found = pieces(text, cut_of(tokens, overlap), kind)
    assert [one.text for one in found] == [text[one.start : one.end] for one in found]
    assert all(0 < len(one.text) <= tokens * LETTERS for one in found)
    assert [one.start for one in found[:1]] == [0] * bool(text)
    assert [one.end for one in found[-1:]] == [len(text)] * bool(text)
    for before, after in pairwise(found):
        assert before.start < after.start
        assert after.start <= before.end < after.end
        if overlap and int(overlap * LETTERS) and int(overlap) > 4:
            assert after.start < before.end


@given(texts, kinds)
@settings(max_examples=100, deadline=None)
def test_no_sign_is_cut_in_two(text, kind):
    for one in pieces(text, Cut(20, 5), kind)[1:]:
        long_run = all(joined(text, at) for at in range(max(1, one.start - 60), one.start))
        assert not joined(text, one.start) or long_run


def test_a_short_text_is_one_piece_and_an_empty_one_none():
    assert [one.text for one in pieces("Owls.")] == ["Owls."]
    assert pieces("") == []


def test_paragraphs_stay_whole_where_they_fit():
    text = "\n\n".join(f"Paragraph {n} " + "tells of owls " * 20 for n in range(30))
    for one in pieces(text):
        assert one.text.startswith("Paragraph") or "\n\nParagraph" in one.text
        assert one.end == len(text) or one.text.endswith("\n\n")


def test_lines_then_sentences_then_words_are_the_next_best_places():
    lines = "\n".join(f"line {n} of a list" for n in range(400))
    assert all(one.text.endswith("\n") for one in pieces(lines)[:-1])
    sentences = " ".join(f"This is sentence {n}." for n in range(400))
    assert all(one.text.endswith(". ") for one in pieces(sentences)[:-1])
    assert all(one.text.startswith("This") for one in pieces(sentences))
    words = " ".join(f"word{n}" for n in range(2000))
    assert all(one.text.endswith(" ") for one in pieces(words)[:-1])
    assert all(one.text.startswith("word") for one in pieces(words))
    assert len(pieces("x" * 10_000)) > 5


def test_neighbours_share_about_as_much_as_was_asked_for():
    text = " ".join(f"This is sentence {n}." for n in range(2000))
    shared = [one.end - two.start for one, two in pairwise(pieces(text))]
    assert all(150 < each <= 350 for each in shared)


@pytest.mark.parametrize("kind", ["text", "markdown"])
def test_neighbours_share_something_however_little_of_them_is_new(kind):
    """The pause at which one ends is the best for the next as well, which then looks further on."""
    part = "It tells of owls and of tea. " * 52 + "\n\n# Owls\n\n"
    cut, text = cut_of(500, 400), part * 8
    shared = [one.end - two.start for one, two in pairwise(pieces(text, cut, kind))]
    assert min(shared) > 100
    assert len(shared) > 8


def test_a_heading_goes_with_what_follows_it():
    part = "# Part {n}\n\n## Section {n}\n\n" + "It tells of owls and of tea. " * 50
    text = "\n\n".join(part.format(n=n) for n in range(12))
    found = pieces(text, kind="markdown")
    assert not any(one.text.rstrip().endswith(f"Section {n}") for one in found for n in range(12))
    assert not any(one.text.rstrip().endswith(f"Part {n}") for one in found for n in range(12))


def test_a_piece_knows_the_headings_that_it_stands_below():
    filling = "It tells of owls and of tea. " * 100
    text = f"# Setup\n\n{filling}\n\n## Linux\n\n{filling}\n\n# Use\n\n{filling}"
    found = pieces(text, kind="markdown")
    assert found[0].under == ""
    assert "Setup > Linux" in {one.under for one in found}
    assert found[-1].under == "Use"
    assert all("Linux" not in one.under for one in found if one.start > text.index("# Use"))
    assert {one.under for one in pieces(text)} == {""}


def test_what_only_looks_like_a_heading_in_code_is_none():
    text = "# Setup\n\n```\n# a comment\n```\n\n" + "Then owls come. " * 300
    assert {one.under for one in pieces(text, kind="markdown")[1:]} == {"Setup"}


def test_code_is_not_cut_where_it_can_stay_whole():
    code = "```python\n" + "".join(f"line_{n} = {n}\n\n" for n in range(30)) + "```\n\n"
    text = ("It tells of owls. " * 40 + "\n\n" + code) * 8
    for one in pieces(text, kind="markdown"):
        begun = one.text.rfind("```python")
        assert begun < 0 or "```" in one.text[begun + 3 :]


def test_a_text_of_ideographs_has_as_many_tokens_in_a_piece_as_another():
    found = pieces("梟は夜に飛ぶ。" * 1000)
    assert max(len(one.text) for one in found) == 500
    assert all(one.text.endswith("。") or len(one.text) == 500 for one in found[:-1])


@pytest.mark.parametrize("sizes", [(500, 500), (500, 600), (500, -1), (0, 0), (5, 1)])
def test_sizes_that_make_no_pieces_are_told_of(sizes):
    with pytest.raises(BadInput, match="EMBEDDING_"):
        cut_of(*sizes)


def test_neighbours_that_share_nearly_all_do_not_make_a_library_of_a_book():
    text = "It tells of owls. " * 20_000
    assert sum(len(one.text) for one in pieces(text, cut_of(500, 499))) < 5 * len(text)
