"""Markdown becomes messages that Discord takes and people can read."""

from __future__ import annotations

import re

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.discord.rendering import MAX_PARTS, MAX_TEXT, parts_of, render
from core.messages import Reply

FAMILY = "👨‍👩‍👧‍👦"
SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"

MASS_MENTIONS = [
    "@everyone", "@here", "@Everyone", "@HERE", "@everyone!", "hi @everyone, tea", "@everyone@here",
    "@\u200beveryone", "@\u2060here", "\u202e@everyone", "@every\u00adone", "@еveryone", "＠everyone",
    "`@everyone`", "```\n@everyone\n```", "**@everyone**", "||@here||", "> @everyone", "# @here",
    "[@everyone](https://a.org)", "\\@everyone", "<@&1200000000000000001>", "<@&1>", "<@!1>", "<@1>",
    "<@&1200000000000000001", "<@everyone>", "<#1> <@&2>", "| @everyone |\n|---|\n| @here |",
    "@everyone" * 300,
]  # fmt: skip


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def solid(text: str) -> str:
    return "".join(text.split())


def one(markdown: str) -> str:
    (part,) = parts_of(markdown)
    return part


def fits(parts: tuple[str, ...]) -> None:
    assert len(parts) <= MAX_PARTS
    for part in parts:
        assert 0 < units(part) <= MAX_TEXT
        assert part.strip()
        part.encode()
        assert "\0" not in part
        assert part.count("```") % 2 == 0
        for opening in part.split("```")[1::2]:
            assert re.match(r"[\w+\-.#]{0,20}\n", opening)


def code_of(parts: tuple[str, ...]) -> list[tuple[str, str]]:
    """Language and text of every block."""
    return [
        (language, code.removesuffix("\n"))
        for part in parts
        for language, _, code in (block.partition("\n") for block in part.split("```")[1::2])
    ]


# --- looks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "Hello, Bob.\n\nHow are you?",
        "**bold** *slant* __line__ ~~gone~~ `code` ||secret||",
        "# Tea\n## Green\n### Sencha\n-# small",
        "- one\n  - two\n1. three",
        "> quoted\n> more",
        "[a page](https://example.org/a_(b)) and https://example.org/?a=1&b=2 <https://a.org>",
        '[a page](https://example.org "title")',
        "```python\nprint(1)\n```",
        "```\n\tx\n```",
        "`a | b` and 5 < 6 and $5 # not a heading",
        "hi <@1> <#2> <:cup:3> @everyone",
        "snake_case_word and 2 * 3 * 4",
    ],
)
def test_what_discord_shows_is_left_as_it_is(words):
    assert one(words) == words


@pytest.mark.parametrize(
    ("written", "looks"),
    [
        ("#### Deep\n###### Deeper", "### Deep\n### Deeper"),
        ("![a cat](https://a.org/cat.png)", "[a cat](https://a.org/cat.png)"),
        ("![](https://a.org/cat.png)", "https://a.org/cat.png"),
        ("[go](javascript:void) and [there](#top)", "go and there"),
        ("`[go](#top)`", "`[go](#top)`"),
        ("a\n\n---\n\nb", "a\n\n────────────\n\nb"),
        ("+ one\n  + two", "- one\n  - two"),
        ("- [ ] tea\n- [x] cake", "- ☐ tea\n- ☑ cake"),
        ("~~~py\nx\n~~~", "```py\nx\n```"),
        ("````md\nx\n````", "```md\nx\n```"),
        ("``` c++ extra\nx\n```", "```c++\nx\n```"),
        ("Look: ```code``` here", "Look: `code` here"),
        ("Run ```bash\nmake\n```\nnow", "Run\n```bash\nmake\n```\nnow"),
        ("```py\nx = 1```\nDone", "```py\nx = 1\n```\nDone"),
        ("```py\nx = 1", "```py\nx = 1\n```"),
        ("1. ```sh\n   make\n   ```\n2. rest", "1.\n```sh\nmake\n```\n2. rest"),
        ("> ```js\n> 1\n>\n> 2\n> ```", "```js\n1\n\n2\n```"),
        ("a\r\nb **c**", "a\nb **c**"),
        ("words\n```\n\n```\nmore", "words\nmore"),
    ],
)
def test_what_discord_does_not_show_becomes_what_it_does(written, looks):
    assert one(written) == looks


def test_a_fence_within_code_does_not_end_it():
    part = one("````\nWrite:\n```\nx\n```\n````")
    assert part.count("```") == 2
    assert part.replace("\u200b", "") == "```\nWrite:\n```\nx\n```\n```"


def test_a_narrow_table_stands_in_columns():
    table = "| Tea | **Cups** |\n|:---|---:|\n| green | 2 |\n| 緑茶 | `3` |\n\nEnd"
    assert one(table) == "```\nTea    Cups\n-----  ----\ngreen  2\n緑茶   3\n```\n\nEnd"


def test_a_wide_table_and_one_with_links_are_lists():
    long = "a very long cell " * 4
    table = f"| Tea | About | Price |\n|---|---|---|\n| green | {long}| 2 |\n| black |  | 3 |"
    assert one(table) == f"- green; About: {long.strip()}; Price: 2\n- black; Price: 3"
    assert one("|a|b|\n|-|-|\n|[x](https://a.b)|1|") == "- [x](https://a.b); b: 1"


def test_a_row_that_is_longer_than_the_head_keeps_its_words():
    assert "three" in one("|a|b|\n|-|-|\n|one|two|three|")


@pytest.mark.parametrize("words", ["a | b", "x || y", "a|b\nc|d", "|---|"])
def test_a_bar_alone_makes_no_table(words):
    assert one(words) == words


@pytest.mark.parametrize("nothing", ["", " \n", "  \n\t ", "\u200b\u200d"])
def test_what_shows_nothing_is_not_sent(nothing):
    assert render(Reply(nothing)) == ()


@pytest.mark.parametrize("marks", ["```", "```\n```", "````````", "**", "#"])
def test_lonely_marks_are_words(marks):
    assert one(marks).replace("\u200b", "") == marks


def test_half_an_emoji_does_not_stop_the_rest():
    assert one("cut off \ud83d \0").startswith("cut off")


# --- payloads ----------------------------------------------------------------------------------


def test_a_payload_is_words_and_what_they_answer():
    assert render(Reply("hi")) == (b'{"content":"hi","reference":null}',)
    assert render(Reply("hi", "17")) == (b'{"content":"hi","reference":"17"}',)


def test_only_the_first_part_answers():
    payloads = [orjson.loads(p) for p in render(Reply("word " * 1000, reply_to="17"))]
    assert len(payloads) == 3
    assert [payload["reference"] for payload in payloads] == ["17", None, None]


@pytest.mark.parametrize("form", MASS_MENTIONS)
def test_words_that_would_ping_are_nothing_but_words(form):
    """Whom a message may ping is said beside it, by the client; nothing here can say so."""
    for payload in render(Reply(form, "17")):
        assert set(orjson.loads(payload)) == {"content", "reference"}
    said = "".join(parts_of(form))
    assert [*re.findall("everyone|here", form)] == [*re.findall("everyone|here", said)]


def test_there_are_thirty_forms_of_mass_mention():
    assert len(set(MASS_MENTIONS)) == 30


# --- splitting ---------------------------------------------------------------------------------


def test_a_long_answer_breaks_between_paragraphs():
    paragraph = "Sentence number one is here. " * 30
    parts = parts_of("\n\n".join([paragraph] * 4))
    fits(parts)
    assert [solid(part) for part in parts] == [solid(paragraph * 2)] * 2


def test_a_long_line_breaks_between_sentences_then_words():
    assert parts_of("Short words end here. " * 200)[0].endswith("here.")
    assert parts_of("word " * 1500)[0].endswith("word")


def test_one_endless_word_is_still_sent():
    parts = parts_of("x" * 5_000)
    fits(parts)
    assert "".join(parts) == "x" * 5_000


def test_emoji_are_counted_as_whoever_counts_most():
    parts = parts_of("🍵" * 1_500)
    fits(parts)
    assert "".join(parts) == "🍵" * 1_500
    assert len(parts_of("🍵" * 1_000)) == 1


def test_code_that_fits_is_kept_whole():
    code = "\n".join(f"line_{n} = {n}" for n in range(100))
    parts = parts_of("Words. " * 200 + f"\n\n```python\n{code}\n```\n\nDone.")
    fits(parts)
    assert code_of(parts) == [("python", code)]


def test_long_code_is_closed_and_opened_again_at_a_line():
    code = "\n".join(f"    line_{n} = {n}" for n in range(300))
    parts = parts_of(f"Look:\n\n```python\n{code}\n```\nDone.")
    fits(parts)
    pieces = code_of(parts)
    assert len(pieces) > 1
    assert {language for language, _ in pieces} == {"python"}
    assert "\n".join(text for _, text in pieces) == code
    assert parts[-1].endswith("Done.")


def test_a_line_of_code_without_end_is_cut_too():
    parts = parts_of("```\n" + "x" * 5_000 + "\n```")
    fits(parts)
    assert "".join(text for _, text in code_of(parts)) == "x" * 5_000


@pytest.mark.parametrize("mark", ["**", "||", "~~", "__"])
def test_a_style_goes_on_in_the_next_part(mark):
    parts = parts_of(f"Hear: {mark}" + "word " * 900 + f"end{mark} so.")
    fits(parts)
    assert len(parts) == 3
    for part in parts:
        assert part.count(mark) == 2
    for part in parts[1:]:
        assert part.startswith(f"{mark}word")


def test_a_quote_goes_on_in_the_next_part():
    parts = parts_of("> " + "word " * 600)
    assert [part[:6] for part in parts] == ["> word"] * 2


@pytest.mark.parametrize(
    "whole", ["[a page](https://example.org/page)", "`some code here`", "**a few words**",
              "<@1100000000000000001>", "https://example.org/a/long/address"]
)  # fmt: skip
def test_what_is_short_and_belongs_together_stays_together(whole):
    for shift in range(len(whole)):
        parts = parts_of("*" + "x" * (1_985 - shift) + "* " + whole + " and on " * 30)
        assert sum(whole in part for part in parts) == 1


def test_a_hundred_thousand_characters_end_in_a_clear_mark():
    for text in (
        "Tea. " * 20_000,
        "🍵" * 100_000,
        "**bold** `x`\n\n" * 8_000,
        "\n" * 10 + "é" * 99_990,
        "```py\n" + "x = 1\n" * 16_000 + "```",
        "```\nx\n```\n" * 10_000,
        f"||{'secret ' * 14_000}||",
    ):
        parts = parts_of(text)
        fits(parts)
        assert len(parts) == 5
        assert parts[-1].endswith("\n…")


@pytest.mark.parametrize(
    "mark",
    ["[", "![](", "||", "- > ", "<", "`", "```", "``a ", "**a ", "|-", "|a|b|\n|-|-|\n", "> ```\n",
     "https://", "- ", "\\", "``` x\n", "1. ```\n", "e\u0301"],
)  # fmt: skip
def test_marks_without_end_do_not_stop_the_process(mark):
    fits(parts_of(mark * (100_000 // len(mark))))
    fits(parts_of("x " + mark * (5_000 // len(mark))))


@pytest.mark.parametrize("sign", [FAMILY, SCOTLAND, "👋🏽", "🇩🇪", "e\u0301\u0302", "한\u11ab", "1️⃣"])
@pytest.mark.parametrize("shift", range(4))
def test_no_sign_is_torn(sign, shift):
    text = "x" * shift + sign * (4_500 // units(sign))
    parts = parts_of(text)
    fits(parts)
    assert "".join(parts) == text
    for part in parts:
        bare = part.removeprefix("x" * shift)
        assert bare.count(sign) * len(sign) == len(bare)


def test_a_pile_of_marks_without_end_is_cut_all_the_same():
    parts = parts_of("a" + "\u0301" * 5_000)
    fits(parts)
    assert "".join(parts) == "a" + "\u0301" * 5_000


_PIECES = st.sampled_from(
    ["word ", "Long sentence here. ", "\n", "\n\n", "**bold** ", "`code` ", FAMILY, "🇩🇪🇫🇷", "שלום ",
     "```py\n" + "x = 1\n" * 40 + "```\n", "[link](https://example.org) ", "> quote\n", "- item\n",
     "é", "🍵" * 30, "x" * 300, "| a | b |\n|---|---|\n| 1 | 2 |\n", "<b>", "\u200d", "***", "```",
     "||", "**", "~~~\n", "    ", "#### Deep\n", "1. ```\n", "```` ", "> ", "`"]
)  # fmt: skip


@settings(max_examples=400, deadline=None, database=None)
@given(st.lists(_PIECES, max_size=150), st.integers(1, 40))
def test_whatever_is_written_fits(pieces, times):
    parts = parts_of("".join(pieces) * times)
    fits(parts)
    if len("".join(pieces)) * times > 20_000:
        assert not parts or parts[-1].endswith("…")


_WORDS = st.sampled_from(
    ["word ", "Sentence here. ", "\n", "\n\n", "**bold** ", "`code` ", FAMILY, "🇩🇪🇫🇷", "é",
     "[link](https://example.org) ", "\n> quote\n", "\n- item\n", "🍵" * 30, "x" * 300, "||hush|| "]
)  # fmt: skip


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(_WORDS, max_size=60), st.integers(1, 8))
def test_nothing_of_what_fits_into_five_messages_is_lost(pieces, times):
    markdown = "".join(pieces) * times
    parts = parts_of(markdown)
    said, shown = solid(markdown), solid("".join(parts))
    if parts and parts[-1].endswith("\n…"):
        assert len(parts) == MAX_PARTS
    else:
        assert re.sub(r"[>*|]", "", shown) == re.sub(r"[>*|]", "", said)


@settings(max_examples=400, deadline=None, database=None)
@given(st.text(max_size=300))
def test_any_text_at_all_can_be_rendered(text):
    parts = parts_of(text)
    fits(parts)
    for payload in render(Reply(text)):
        assert orjson.loads(payload)["content"]
