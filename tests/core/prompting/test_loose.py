"""Whole answers become fields, however they were written; nothing makes the reading fail."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.prompting.loose import MOST_READ, find, read, truth

_JSON = (
    ('{"a": 1, "b": [true, null, 2.5], "c": {"d": "e"}}', {"a": 1, "b": [True, None, 2.5], "c": {"d": "e"}}),
    ("{a: 'x', $b_c: \"y\", 'd e': 1,}", {"a": "x", "$b_c": "y", "d e": 1}),
    ("{\n// note\na: 1, /* more, {} */ b: [1, 2,],\n}", {"a": 1, "b": [1, 2]}),
    ("{n: 0x1F, m: .5, p: +3, q: 1., big: 12345678901234567890123}", {"n": 31, "m": 0.5, "p": 3, "q": 1.0, "big": 1.2345678901234568e22}),
    ("{a: True, b: None, c: NaN, d: Infinity, e: undefined}", {"a": True, "b": None, "c": None, "d": None, "e": None}),
    ('```json\n{"a": 1}\n```', {"a": 1}),
    ("```\n{'a': 1}\n```\nI hope this helps {really}!", {"a": 1}),
    ('Sure, {name}! Here it is: {"a": 1}', {"a": 1}),
    ('<think>{"a": 0}</think>\n{"a": 1}', {"a": 1}),
    ('let me see {"a": 0} </think> {"a": 1}', {"a": 1}),
    ('[{"a": 1}, {"a": 2}]', {"a": 1}),
    ('"{\\"a\\": 1}"', {"a": 1}),
    ('{"a": "he said "hi", then "bye" and left", "b": 1}', {"a": 'he said "hi", then "bye" and left', "b": 1}),
    ("{'a': 'it's fine', 'b': 2}", {"a": "it's fine", "b": 2}),
    ('{"a": "x"\n "b": "y"}', {"a": "x", "b": "y"}),
    ('{"a": "raw\nnewline\ttab"}', {"a": "raw\nnewline\ttab"}),
    ('{"a": "\\u00e9\\ud83d\\ude00\\n\\"\\/", }', {"a": 'é😀\n"/'}),
    ('{"a": "one", "a": "two", "b": "", "b": "three"}', {"a": "one", "b": "three"}),
    ("{'a': 'one', 'a': 'two', 'b': '', 'b': 'three'}", {"a": "one", "b": "three"}),
    ("{text: hello there, mood: calm}", {"text": "hello there", "mood": "calm"}),
    ('{{"a": 1}}', {"a": 1}),
    ('{"text": "use the <think> tag"}', {"text": "use the <think> tag"}),
    ('{"text": "a </response> b"}', {"text": "a </response> b"}),
    ('{"actions": "REPLY, WAVE", "simple": "yes"}', {"actions": ["REPLY", "WAVE"], "simple": True}),
    ('{"actions": ["REPLY", "WAVE"], "simple": 0}', {"actions": ["REPLY", "WAVE"], "simple": False}),
    ('\ufeff{"a": 1}\x00', {"a": 1}),
)  # fmt: skip

_XML = (
    ("<response><thought>t</thought><text>a &lt;b&gt; &amp;amp;</text></response>", {"thought": "t", "text": "a <b> &amp;"}),
    ("<thought>t</thought><text>x</text>", {"thought": "t", "text": "x"}),
    ("<action>REPLY</action>", {"action": "REPLY"}),
    ("<response><thought>open <text>x</text></response>", {"thought": "open", "text": "x"}),
    ("<response><text>no closer<thought>t</thought></response>", {"text": "no closer", "thought": "t"}),
    ("<response><text>one</text><text>two</text></response>", {"text": "one"}),
    ("<response><text></text><text>two</text></response>", {"text": "two"}),
    ("<response><text>a <b>bold</b> word</text></response>", {"text": "a <b>bold</b> word"}),
    ("<response><text><![CDATA[1 < 2 </text> &amp;]]></text></response>", {"text": "1 < 2 </text> &amp;"}),
    ("<response><!-- <text>no</text> --><text>yes</text></response>", {"text": "yes"}),
    ("```xml\n<response><text>x</text></response>\n```", {"text": "x"}),
    ("Sure!\n<output><text>x</text></output>", {"text": "x"}),
    ("<response><response><text>x</text></response></response>", {"text": "x"}),
    ("<think><text>no</text></think><response><text>x</text></response>", {"text": "x"}),
    ("<reflection><thought>t</thought><facts><fact><claim>a</claim></fact><fact><claim>b</claim></fact></facts></reflection>", {"thought": "t", "facts": {"fact": [{"claim": "a"}, {"claim": "b"}]}}),
    ("<response><actions><action>A</action><action>B</action></actions><simple>true</simple></response>", {"actions": ["A", "B"], "simple": True}),
    ("<response><actions>A , B,</actions><evaluators>X</evaluators></response>", {"actions": ["A", "B"], "evaluators": ["X"]}),
    ("<response><params><A><x>1</x></A></params></response>", {"params": {"A": {"x": "1"}}}),
    ('<response type="x"><post lang="en">p</post><imagePrompt/></response>', {"post": "p", "imagePrompt": ""}),
    ("<RESPONSE><TEXT>x</TEXT></RESPONSE>", {"TEXT": "x"}),
    ("<response><text>x<|im_end|></text></response>", {"text": "x"}),
)  # fmt: skip


@pytest.mark.parametrize(("written", "meant"), _JSON, ids=range(len(_JSON)))
def test_braces_are_read_as_they_were_meant(written: str, meant: dict[str, Any]) -> None:
    found = find(written, form="json")
    assert found is not None
    assert found.values == meant
    assert found.complete
    assert read(written) == meant


@pytest.mark.parametrize(("written", "meant"), _XML, ids=range(len(_XML)))
def test_tags_are_read_as_they_were_meant(written: str, meant: dict[str, Any]) -> None:
    found = find(written, form="xml")
    assert found is not None
    assert found.values == meant
    assert found.complete
    assert read(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('{"a": 1, "b": "cut of', {"a": 1, "b": "cut of"}),
        ('{"a": 1, "b": "cut \\', {"a": 1, "b": "cut"}),
        ('{"a": 1, "b": "cut \\u00', {"a": 1, "b": "cut"}),
        ('{"a": 1, "b":', {"a": 1}),
        ('{"a": 1, "b": {"c": [1, 2', {"a": 1, "b": {"c": [1, 2]}}),
        ('{"a": 1, "b', {"a": 1}),
        ("<response><a>1</a><text>cut of", {"a": "1", "text": "cut of"}),
        ("<response><a>1</a><text>x</text>", {"a": "1", "text": "x"}),
        ("<response><a>1</a><text>x</te", {"a": "1", "text": "x</te"}),
        ("<a>1</a><text>cut", {"a": "1", "text": "cut"}),
    ],
)
def test_what_was_cut_off_is_known_as_such(written: str, meant: dict[str, Any]) -> None:
    found = find(written)
    assert found is not None
    assert {key: _stripped(value) for key, value in found.values.items()} == meant
    assert not found.complete


@pytest.mark.parametrize("nothing", ["", "  ", "{}", "[1, 2]", '"text"', "null", "talk", "{" * 900, "<html><body><h1>502</h1></body></html>", "<response>", "{laughs}", "<", "{", "&amp;"])  # fmt: skip
def test_where_nothing_was_said_there_is_nothing(nothing: str) -> None:
    assert read(nothing) is None
    assert read(nothing, form="json") is None
    assert read(nothing, form="xml") is None


def test_an_object_is_taken_as_it_is() -> None:
    assert read({"text": "Hi", "n": 1}) == {"text": "Hi", "n": 1}
    assert read({}) is None


def test_names_that_were_asked_for_are_fields_even_inside_a_wrapper() -> None:
    found = find("<response><answer>x</answer></response>", fields=["answer"])
    assert found is not None
    assert found.values == {"answer": "x"}
    alone = find("<answer>x</answer>", fields=["answer"])
    assert alone is not None
    assert alone.values == {"answer": "x"}


@pytest.mark.parametrize("opener", ['{"a":', '{"a":[', "[", "{a:["])
def test_depth_has_an_end(opener: str) -> None:
    value: Any = read(opener * 5000, form="json")
    depth = 0
    while isinstance(value, dict | list) and value:
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
        depth += 1
    assert depth <= 65


def test_a_long_answer_is_read_up_to_a_point() -> None:
    found = find('{"a": "' + "x" * (2 * MOST_READ) + '"}')
    assert found is not None
    assert len(found.values["a"]) <= MOST_READ
    assert not found.complete
    long = find('{"a": 1}' + " " * (2 * MOST_READ))
    assert long is not None
    assert not long.complete


_PARTS = st.sampled_from(
    [
        "{", "}", "[", "]", ":", ",", '"', "'", "\\", "\\u", "\\ud83d", "a", "text", "1", "-", ".", "e9",
        "true", "null", "//", "/*", "*/", "\n", " ", "<", ">", "</", "/>", "<response>", "</response>",
        "<text>", "</text>", "<think>", "</think>", "<![CDATA[", "]]>", "<!--", "-->", "&amp;", "&#",
        "```", "json", "<|im_end|>", "\x00", "\ufeff", "😀", "<params>", "</params>", "<a>", "</a>",
    ]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(_PARTS, max_size=60).map("".join), st.sampled_from(["", "json", "xml"]))
def test_no_text_makes_it_fail(written: str, form: Any) -> None:
    found = read(written, form=form)
    assert found is None or found


_VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(10**15), 10**15),
        st.floats(allow_nan=False, allow_infinity=False, width=32),
        st.text("ab \n\t\"'\\{}[],:/<>&é😀\u2028\x7f"),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text("xyz", min_size=1, max_size=4), _VALUES, min_size=1, max_size=5))
def test_proper_json_comes_through_unchanged(value: dict[str, Any]) -> None:
    assert read(json.dumps(value), form="json") == value
    assert read(json.dumps(value, ensure_ascii=False, indent=1), form="json") == value


@pytest.mark.parametrize("value", [True, 1, "true", " Yes. ", "1", "on", '"true"'])
def test_what_means_yes(value: Any) -> None:
    assert truth(value)


@pytest.mark.parametrize(
    "value", [False, 0, "", "no", "false", None, [], [1], {}, object(), "maybe"]
)
def test_everything_else_means_no(value: Any) -> None:
    assert not truth(value)


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
