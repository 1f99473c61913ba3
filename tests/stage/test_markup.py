"""Markup of any shape is either read or refused, never stumbled over."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.sandbox.markup import Broken, parse
from bots.sandbox.text import problem_of_entities, spans, trimmed, units

HTML = st.lists(
    st.sampled_from(
        ["<b>", "</b>", "<i>", "</i>", "<pre>", "</pre>", "<a href='x.y'>", "</a>", "&lt;", "&",
         "<", ">", "😀", "word ", "\n", "<blockquote expandable>", "</blockquote>", "<code>"]
    )
).map("".join)  # fmt: skip
MARKDOWN = st.lists(
    st.sampled_from(
        ["*", "_", "__", "~", "||", "`", "```", "[", "](x.y)", "]", "(", ")", ">", "\n", "\\", "!",
         "![", "😀", "word ", "\\.", "**>"]
    )
).map("".join)  # fmt: skip


def check(text: str, mode: str) -> None:
    try:
        plain, entities = parse(text, mode)
    except Broken:
        return
    assert problem_of_entities(plain, entities) is None
    kept, moved = trimmed(plain, entities)
    assert kept == plain.strip()
    assert problem_of_entities(kept, moved) is None


@given(HTML)
@settings(max_examples=200, deadline=None)
def test_html_is_read_or_refused(text):
    check(text, "HTML")


@given(MARKDOWN)
@settings(max_examples=200, deadline=None)
def test_markdown_is_read_or_refused(text):
    check(text, "MarkdownV2")


@given(st.text(st.sampled_from("ab1/@#$:.,-_ 😀\n") | st.characters(), max_size=60))
@settings(max_examples=200, deadline=None)
def test_entities_found_in_any_text_fit_it(text):
    assert problem_of_entities(text, spans(text)) is None


@pytest.mark.parametrize(
    ("text", "plain", "kinds"),
    [
        ("a\\_b", "a_b", []),
        ("`a.b`", "a.b", ["code"]),
        ("__u___i_", "ui", ["underline", "italic"]),
        (">one\n>two||", "one\ntwo", ["expandable_blockquote"]),
        ("||secret||", "secret", ["spoiler"]),
    ],
)
def test_markdown_reads_as_telegram_reads_it(text, plain, kinds):
    assert (parse(text, "MarkdownV2")[0], [e["type"] for e in parse(text, "MarkdownV2")[1]]) == (
        plain,
        kinds,
    )


def test_units_count_as_utf16_does():
    assert (units("abc"), units("é"), units("😀"), units("👨\u200d👩")) == (3, 1, 2, 5)
