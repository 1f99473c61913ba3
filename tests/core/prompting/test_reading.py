"""Whatever a model writes, only its words come out, and the cuts make no difference."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.prompting.reading import MOST_READ, Answer, AnswerReader
from core.prompting.saying import MOST_SAID
from tests.core.prompting.answers import CASES, Case

_PARTS = st.sampled_from(
    [
        "<response>", "</response>", "<text>", "</text>", "<text", ">", "<thought>", "</thought>",
        "<actions>", "</actions>", "REPLY", "IGNORE", "<think>", "</think>", "<![CDATA[", "]]>",
        "]", "&amp;", "&lt;", "&", "&#", "<", "</", "{", "}", "[", '"text"', '"', "'", ":", ",",
        "\\", "\\u", "\\ud83d", "\\ude00", "00e9", '{"text": "', '{"actions": ["', "```", "json",
        "\n", " ", "Ada", ":", "assistant", "sure", "here", "<|", "im_end", "|>", "`", "/", "//",
        "/*", "*/", "<!--", "-->", "<?xml", "?>", "hello", "😀", "\ufeff", "\x00", "=", "s",
        "<params>", "</params>", "<params", "<next>", "</next>", "WAVE", "<WAVE>", "</WAVE>", "/>",
        '"params"', "<tool_call>", "</tool_call>", "<function=", "<|channel|>", "final", "<|message|>",
        "[TOOL_CALLS]", "<end_of_turn>", "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>",
    ]
)  # fmt: skip
_GARBAGE = st.one_of(st.lists(_PARTS, max_size=40).map("".join), st.text(max_size=200))
_CUTS = st.lists(st.integers(1, 12), min_size=1, max_size=20)


def read(written: str, *sizes: int) -> tuple[str, Answer]:
    """What came out while it streamed in pieces of these sizes, over and over, and the answer."""
    reader = AnswerReader("Ada")
    said, at, turn = [], 0, 0
    while at < len(written):
        size = sizes[turn % len(sizes)]
        said.append(reader.feed(written[at : at + size]))
        at, turn = at + size, turn + 1
    return "".join(said), reader.end()


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_an_answer_says_its_words_and_nothing_else(case: Case) -> None:
    for size in (1, 3, 100_000):
        said, answer = read(case.written, size)
        assert answer.text == case.text
        assert answer.actions == case.actions
        assert answer.text.startswith(said)


@settings(max_examples=300, deadline=None)
@given(_GARBAGE, _CUTS)
@example('<text>"a\\', [1])
def test_the_cuts_make_no_difference(written: str, cuts: list[int]) -> None:
    makes_no_difference(written, cuts)


@pytest.mark.soak
@settings(max_examples=3000, deadline=None)
@given(_GARBAGE, _CUTS)
def test_no_cut_makes_a_difference(written: str, cuts: list[int]) -> None:
    makes_no_difference(written, cuts)


def makes_no_difference(written: str, cuts: list[int]) -> None:
    said, answer = read(written, *cuts)
    assert answer == read(written, 100_000)[1]
    assert answer.text.startswith(said)
    assert answer.text == answer.text.strip()


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=200), _CUTS)
def test_well_formed_words_come_through_unchanged(words: str, cuts: list[int]) -> None:
    escaped = words.replace("&", "&amp;").replace("<", "&lt;")
    written = f"<response><actions>REPLY</actions><text>.{escaped}.</text></response>"
    said, answer = read(written, *cuts)
    assert said == answer.text == f".{words}."
    assert answer.complete


def test_words_flow_before_the_answer_is_over() -> None:
    reader = AnswerReader()
    assert reader.feed("<response><actions>REPLY</actions><te") == ""
    assert reader.feed("xt>Hel") == "Hel"
    assert reader.feed("lo wor") == "lo wor"
    assert reader.feed("ld</te") == "ld"
    assert reader.feed("xt></response>") == ""
    assert reader.end() == Answer("", ("REPLY",), (), "Hello world", True)


def test_plain_talk_flows_at_once() -> None:
    assert AnswerReader("Eliza").feed("My dear, ") == ""
    assert AnswerReader("Eliza").feed("Good evening") == "Good evening"


def test_thought_and_providers_are_kept_apart() -> None:
    written = (
        "<response><thought>she is sad</thought><providers>FACTS,TIME</providers>"
        "<text>Oh.</text></response>"
    )
    assert read(written, 5)[1] == Answer("she is sad", ("REPLY",), ("FACTS", "TIME"), "Oh.", True)


@pytest.mark.parametrize(
    "written", ["<response><text>cut", '{"text": "cut', "<response><actions>REPLY</actions>"]
)
def test_a_cut_answer_is_known_as_such(written: str) -> None:
    assert not read(written, 4)[1].complete


_FLOODS = {
    "brackets": "<" * 200_000,
    "braces": "{" * 200_000,
    "openers": "<text>" * 40_000,
    "thoughts": "<thought>" * 30_000,
    "blanks": "<text>a" + " " * 200_000 + "b",
    "leading blanks": " " * 300_000,
    "entities": "<text>" + "&" * 200_000,
    "quotes": '{"text": "' + '"' * 200_000,
    "escapes": '{"text": "' + "\\" * 200_000,
    "units": '{"text": "' + "\\ud83d" * 40_000,
    "attributes": "<text " + "a " * 100_000,
    "comments": "<response>" + "<!--" * 50_000,
    "code comments": '{"a": ' + "/*" * 100_000,
    "cdata": "<text>" + "<![CDATA[" * 20_000,
    "thinking": "<think>" + "<" * 200_000,
    "words": "word " * 60_000,
    "ticks": "`" * 200_000,
    "brackets between fields": "<response>" + "<" * 200_000,
    "brackets in a thought": "<thought>" + "<" * 200_000,
    "brackets in a text": "<text>" + "<" * 200_000,
    "half a CDATA": "<text><![CDATA[" + "]" * 200_000,
    "keys": "{" + '"a' * 100_000,
    "a long word": '{"a": ' + "x" * 200_000,
}


@pytest.mark.parametrize("flood", _FLOODS.values(), ids=_FLOODS.keys())
@pytest.mark.parametrize(
    ("size", "most"),
    [
        # What is kept back is full long before, and letter by letter the rest is a lot of work.
        (1, 20_000),
        pytest.param(1, MOST_READ, marks=pytest.mark.soak),
        (4096, MOST_READ),
        (MOST_READ, MOST_READ),
    ],
)
def test_a_flood_is_read_piece_by_piece_and_never_again(flood: str, size: int, most: int) -> None:
    """Time grows with the length alone as long as little of what was read has to be kept."""
    flood = flood[:most]
    reader = AnswerReader("Ada")
    for at in range(0, len(flood), size):
        reader.feed(flood[at : at + size])
        assert reader.waiting < 2100
    assert len(reader.end().text) <= MOST_SAID


def test_a_model_lost_in_a_loop_is_cut_off() -> None:
    reader = AnswerReader()
    said = "".join(reader.feed("on and on ") for _ in range(MOST_READ // 5))
    assert reader.full
    assert len(said) <= MOST_SAID
    assert reader.end().text == said
