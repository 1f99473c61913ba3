"""Arguments of actions come with the answer, in whatever way a model writes them down."""

from __future__ import annotations

from typing import Any

import pytest

from core.prompting.params import MOST_PARAMS
from core.prompting.reading import Answer, AnswerReader

OSLO: dict[str, Any] = {"CHECK_WEATHER": {"city": "Oslo"}}
_DO = "<response><actions>CHECK_WEATHER</actions>"
SIZES = pytest.mark.parametrize("size", [1, 3, 100_000])


def read(written: str, size: int = 100_000) -> Answer:
    reader = AnswerReader("Ada")
    for at in range(0, len(written), size):
        reader.feed(written[at : at + size])
    return reader.end()


@SIZES
@pytest.mark.parametrize(
    "written",
    [
        _DO + '<params>{"CHECK_WEATHER": {"city": "Oslo"}}</params><text>Hm</text></response>',
        _DO + "<params>{check_weather: {city: 'Oslo',}}</params><text>Hm</text></response>",
        _DO + '<params>\n```json\n{"check weather": {"city": "Oslo"}}\n```\n</params><text>Hm</text></response>',
        _DO + '<params><![CDATA[{"CHECK_WEATHER": {"city": "Oslo"}}]]></params><text>Hm</text></response>',
        _DO + "<params><CHECK_WEATHER><city>Oslo</city></CHECK_WEATHER></params><text>Hm</text></response>",
        _DO + "<params>\n <check_weather>\n  <city>Oslo</city>\n </check_weather>\n</params><text>Hm</text></response>",
        _DO + '<params><CHECK_WEATHER>{"city": "Oslo"}</CHECK_WEATHER></params><text>Hm</text></response>',
        _DO + '<params>{"city": "Oslo"}</params><text>Hm</text></response>',
        _DO + "<params><city>Oslo</city></params><text>Hm</text></response>",
        _DO + '<text>Hm</text><params>{"CHECK_WEATHER": {"city": "Oslo"}}</params></response>',
        _DO + '<params>{"CHECK_WEATHER": {"city": "Oslo"}}<text>Hm</text></response>',
        '<params>{"CHECK_WEATHER": {"city": "Oslo"}}</params><actions>CHECK_WEATHER</actions><text>Hm</text>',
        '<response><actions><action><name>CHECK_WEATHER</name><params>{"city": "Oslo"}</params></action></actions><text>Hm</text></response>',
        "<response><actions><action>CHECK_WEATHER<params><city>Oslo</city></params></action></actions><text>Hm</text></response>",
        '{"actions": ["CHECK_WEATHER"], "params": {"CHECK_WEATHER": {"city": "Oslo"}}, "text": "Hm"}',
        '{"text": "Hm", "actions": "CHECK_WEATHER", "params": {"city": "Oslo"}}',
        '{"response": {"actions": ["CHECK_WEATHER"], "params": {"check_weather": {"city": "Oslo"}}, "text": "Hm"}}',
        '{"actions": [{"name": "CHECK_WEATHER", "params": {"city": "Oslo"}}], "text": "Hm"}',
        '{"actions": ["CHECK_WEATHER"], "params": "{\\"city\\": \\"Oslo\\"}", "text": "Hm"}',
    ],
)  # fmt: skip
def test_arguments_are_read_beside_the_words(written: str, size: int) -> None:
    answer = read(written, size)
    assert answer.params == OSLO
    assert not answer.params_bad
    assert answer.actions == ("CHECK_WEATHER",)
    assert answer.text == "Hm"


@SIZES
def test_words_and_tags_inside_of_arguments_are_arguments(size: int) -> None:
    written = (
        "<response><actions>SEND, WAVE</actions>"
        '<params>{"SEND": {"text": "a <b>b</b> <text>c</text> \\"<thought>\\" {x}", "to": ["x", 1]},'
        ' "WAVE": {}}</params><text>Done.</text></response>'
    )
    answer = read(written, size)
    assert answer.params == {
        "SEND": {"text": 'a <b>b</b> <text>c</text> "<thought>" {x}', "to": ["x", 1]},
        "WAVE": {},
    }
    assert answer.text == "Done."
    tagged = read("<params><SEND><text>hi</text><to>x</to></SEND></params><text>Done.</text>", size)
    assert tagged.params == {"SEND": {"text": "hi", "to": "x"}}
    assert tagged.text == "Done."


@SIZES
@pytest.mark.parametrize(
    "inside",
    [
        "not json",
        '{"CHECK_WEATHER": {"city": "Os',
        '{"CHECK_WEATHER": "Oslo", "REPLY": 3}',
        "[1, 2]",
        "{" * 900,
        '{"a":' * 300,
        "<CHECK_WEATHER><city>Oslo</CHECK_WEATHER>",
        '{"CHECK_WEATHER": {"city": "' + "x" * MOST_PARAMS + '"}}',
    ],
)
def test_arguments_that_nobody_can_read_are_none_and_known_as_bad(inside: str, size: int) -> None:
    answer = read(f"{_DO}<params>{inside}</params><text>Hm</text></response>", size)
    assert answer.params_bad
    assert not answer.params.get("CHECK_WEATHER")
    assert (answer.actions, answer.text) == (("CHECK_WEATHER",), "Hm")


def test_deep_arguments_have_an_end() -> None:
    deep = '{"CHECK_WEATHER": ' + '{"a": ' * 2000 + "1" + "}" * 2001
    answer = read(f"{_DO}<params>{deep}</params><text>Hm</text></response>")
    assert answer.params == {}
    assert answer.params_bad
    assert read('{"text": "Hm", "params": ' + deep + "}").text == "Hm"


@pytest.mark.parametrize("inside", ["", "  ", "{}"])
def test_no_arguments_are_nothing_bad(inside: str) -> None:
    answer = read(f"{_DO}<params>{inside}</params><text>Hm</text></response>")
    assert answer.params == {}
    assert not answer.params_bad


def test_flat_arguments_beside_two_actions_are_for_nobody() -> None:
    answer = read('<actions>A, B</actions><params>{"city": "Oslo"}</params><text>Hm</text>')
    assert answer.params == {}
    assert answer.params_bad


def test_arguments_never_become_actions_or_words() -> None:
    written = "<response><actions><action>A<params>{city: 'Oslo', to: 'B'}</params></action></actions></response>"
    answer = read(written)
    assert answer.actions == ("A",)
    assert answer.text == ""
    talk = read('Let me see.\n<params>{"A": {"x": 1}}</params>')
    assert talk.text == "Let me see."


@SIZES
@pytest.mark.parametrize(
    ("written", "after"),
    [
        ("<response><next>Bob</next><text>Hm</text></response>", "Bob"),
        (
            "<response><text>Hm</text><next> Bob  the\n Builder </next></response>",
            "Bob the Builder",
        ),
        ('{"text": "Hm", "next": "Bob"}', "Bob"),
        ("<response><next>none</next><text>Hm</text></response>", ""),
        ("<response><next></next><text>Hm</text></response>", ""),
        ("<response><text>Hm</text></response>", ""),
        (f"<response><next>{'x' * 500}</next><text>Hm</text></response>", "x" * 64),
    ],
)
def test_who_speaks_next_can_be_named(written: str, after: str, size: int) -> None:
    answer = read(written, size)
    assert answer.next == after
    assert answer.text == "Hm"


def test_an_answer_without_any_of_it_is_as_it_was() -> None:
    answer = read("<response><actions>REPLY</actions><text>Hm</text></response>")
    assert answer == Answer("", ("REPLY",), (), "Hm", True)
