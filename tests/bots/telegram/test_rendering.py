"""Markdown becomes messages that Telegram takes and people can read."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.telegram import markdown as rendering
from bots.telegram.markdown import MAX_TEXT, Part, parts_of
from bots.telegram.rendering import render
from core.messages import Reply
from core.text import joined

FAMILY = "👨‍👩‍👧‍👦"
SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def covered(part: Part, entity: dict[str, Any]) -> str:
    raw = part.text.encode("utf-16-le")
    return raw[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")


def styled(markdown: str) -> list[tuple[str, str]]:
    (part,) = parts_of(markdown)
    return [(entity["type"], covered(part, entity)) for entity in part.entities]


def solid(text: str) -> str:
    return "".join(text.split())


# --- looks -------------------------------------------------------------------------------------


def test_a_link_is_a_link_and_not_its_source():
    (part,) = parts_of("see [the *new* page](https://example.org/a_b)")
    assert part.text == "see the new page"
    links = [e for e in part.entities if e["type"] == "text_link"]
    assert [(covered(part, e), e["url"]) for e in links] == [
        ("the new page", "https://example.org/a_b")
    ]


def test_a_link_that_telegram_would_refuse_keeps_its_words():
    (part,) = parts_of("[go](javascript:void) and [there](#top)")
    assert part == Part("go and there")


def test_marks_are_styles_also_behind_emoji():
    assert styled(f"{FAMILY} **bold** _slant_ ~~gone~~ `code` ||secret||") == [
        ("bold", "bold"),
        ("italic", "slant"),
        ("strikethrough", "gone"),
        ("code", "code"),
        ("spoiler", "secret"),
    ]


def test_code_keeps_its_language():
    (part,) = parts_of("```python\nprint(1)\n```")
    assert part.entities == ({"type": "pre", "offset": 0, "length": 8, "language": "python"},)
    assert part.text == "print(1)"


@pytest.mark.parametrize(
    "words",
    ["I <3 tea", "use <div>this</div>", "<script>alert(1)</script>", "a<b && c>d", "<!-- hm -->"],
)
def test_angle_brackets_are_words_and_not_html(words):
    (part,) = parts_of(words)
    assert part.text == words


def test_angle_brackets_in_code_stay():
    (part,) = parts_of("```html\n<b>x</b>\n```\nand `a<b>`")
    assert part.text == "<b>x</b>\nand a<b>"


@pytest.mark.parametrize("words", ["that costs $$$ here", "$5 or $6", "***", "$" * 9])
def test_money_and_lonely_marks_are_words(words):
    (part,) = parts_of(words)
    assert part.text.strip()
    assert part.text.count("$") == words.count("$")


@pytest.mark.parametrize("mark", ["\\(", "$", "$ ", "$$ ", "[", "![](", "||", "- > ", "<"])
def test_marks_without_end_do_not_stop_the_process(mark):
    fits(parts_of(mark * (100_000 // len(mark))))


def test_headings_have_no_decoration_that_nobody_wrote():
    (part,) = parts_of("# Tea\n\n- green\n- black")
    assert part.text == "Tea\n\n• green\n• black"


def test_plain_words_are_left_alone():
    assert parts_of("Hello, Bob.\n\nHow are you?") == (Part("Hello, Bob.\n\nHow are you?"),)


@pytest.mark.parametrize("nothing", ["", "  \n\t ", "\u200b\u200d"])
def test_what_shows_nothing_is_not_sent(nothing):
    assert render(Reply(nothing)) == ()


def test_half_an_emoji_does_not_stop_the_rest():
    (part,) = parts_of("cut off \ud83d")
    assert part.text.startswith("cut off")
    part.text.encode()


def test_a_ladder_of_list_marks_does_not_grow_to_its_square():
    parts = parts_of("- " * 15_000 + "x")
    assert sum(units(part.text) for part in parts) < 40_000


@pytest.mark.parametrize("words", ["[^1]: Tea\n\n[^tea]: https://tea.org", "2*3*4", "2**10"])
def test_what_looks_like_a_mark_and_is_none_stays(words):
    (part,) = parts_of(words + " **x**")
    assert part.text == words + " x"


def test_a_box_that_is_not_ticked_has_no_tick():
    (part,) = parts_of("- [ ] feed the owl\n- [x] open the shop")
    assert part.text == "☐ feed the owl\n✅ open the shop"


def test_code_in_a_list_stands_on_lines_of_its_own():
    (part,) = parts_of("1. one\n   ```sh\n   ls\n   ```\n2. two")
    assert part.text == "1. one\nls\n2. two"
    assert styled("1. one\n   ```sh\n   ls\n   ```\n2. two") == [("pre", "ls")]


def test_a_quote_in_a_quote_is_one_quote():
    assert styled("> a\n>> b\n> c") == [("blockquote", "a\nb\nc")]


def test_many_quotes_do_not_stop_the_process():
    fits(parts_of("> a\n\n" * 8_000))


# --- tables ------------------------------------------------------------------------------------


def test_a_narrow_table_is_aligned_code():
    (part,) = parts_of("| a | bb |\n|---|---|\n| 1 | 2 |")
    assert part.text == "a | bb\n--+---\n1 | 2"
    assert [one["type"] for one in part.entities] == ["pre"]


def test_a_wide_table_is_lines_with_their_heads():
    rows = "| Tea | Where it grows | Taste |\n|---|---|---|\n"
    rows += "| **Sencha** | Shizuoka in Japan | grass \\| sea |\n| Assam | | malt and honey |"
    (part,) = parts_of(f"Look:\n\n{rows}\n\nSo much.")
    assert part.text == (
        "Look:\n\nTea: Sencha\nWhere it grows: Shizuoka in Japan\nTaste: grass | sea\n\n"
        "Tea: Assam\nTaste: malt and honey\n\nSo much."
    )


def test_links_and_lines_in_a_table_work():
    (part,) = parts_of("| a | b |\n|---|---|\n| [x](https://x.org) | y<br>z |")
    assert part.text == "a: x\nb: y\nz"
    assert ("text_link", "x") in styled("| a | b |\n|---|---|\n| [x](https://x.org) | y |")


@pytest.mark.parametrize(
    "source",
    [
        "```\n| a | b |\n|---|---|\n| " + "x" * 50 + " | 2 |\n```",
        "    | a | b |\n    |---|---|\n    | " + "x" * 50 + " | 2 |",
    ],
)
def test_a_table_in_code_is_code(source):
    (part,) = parts_of(source)
    assert "x" * 50 + " | 2 |" in part.text
    assert "a: " not in part.text


# --- payloads ----------------------------------------------------------------------------------


def test_only_the_first_part_answers():
    payloads = [orjson.loads(p) for p in render(Reply("word " * 2000, reply_to="17"))]
    assert len(payloads) == 3
    assert [payload.get("reply_to") for payload in payloads] == ["17", None, None]


def test_a_payload_without_styles_has_no_entities():
    assert render(Reply("hi")) == (b'{"text":"hi"}',)


# --- splitting ---------------------------------------------------------------------------------


def fits(parts: tuple[Part, ...]) -> None:
    assert len(parts) <= rendering.MAX_PARTS
    for part in parts:
        assert 0 < units(part.text) <= MAX_TEXT
        assert part.text.strip()
        part.text.encode()
        for entity in part.entities:
            assert entity["offset"] >= 0
            assert entity["length"] > 0
            assert entity["offset"] + entity["length"] <= units(part.text)
            covered(part, entity)  # raises where a surrogate pair is cut


def test_rendering_comes_before_splitting_so_nothing_grows_behind_the_limit():
    dots = "a.b-c!d(e) " * 370  # 4,070 characters, 6,000 once escaped
    (part,) = parts_of(dots + "**x**")
    assert units(part.text) <= MAX_TEXT


def test_a_long_answer_breaks_between_paragraphs():
    paragraph = "Sentence number one is here. " * 60
    parts = parts_of("\n\n".join([paragraph] * 4))
    fits(parts)
    assert [solid(part.text) for part in parts] == [solid(paragraph * 2)] * 2


def test_a_long_line_breaks_between_sentences_then_words():
    first = parts_of("Short words end here. " * 400)[0]
    assert first.text.endswith("here.")
    first = parts_of("word " * 3000)[0]
    assert first.text.endswith("word")


def test_one_endless_word_is_still_sent():
    parts = parts_of("x" * 10_000)
    fits(parts)
    assert "".join(part.text for part in parts) == "x" * 10_000


def test_code_that_fits_is_kept_whole():
    code = "\n".join(f"line_{n} = {n}" for n in range(150))
    parts = parts_of("Words. " * 500 + f"\n\n```python\n{code}\n```\n\nDone.")
    fits(parts)
    whole = [covered(p, e) for p in parts for e in p.entities if e["type"] == "pre"]
    assert whole == [code]


def test_long_code_is_closed_and_opened_again_at_a_line():
    code = "\n".join(f"    line_{n} = {n}" for n in range(600))
    parts = parts_of(f"Look:\n\n```python\n{code}\n```\nDone.")
    fits(parts)
    pieces = [(covered(p, e), e["language"]) for p in parts for e in p.entities]
    assert len(pieces) > 1
    assert {language for _, language in pieces} == {"python"}
    assert "\n".join(text.rstrip("\n") for text, _ in pieces) == code


def test_a_style_goes_on_in_the_next_part():
    parts = parts_of("**" + "word " * 1500 + "end**")
    assert all(e["type"] == "bold" for part in parts for e in part.entities)
    assert solid("".join(covered(p, e) for p in parts for e in p.entities)).endswith("end")


def test_a_hundred_thousand_characters_end_in_a_clear_mark():
    for text in (
        "Tea. " * 20_000,
        "🍵" * 100_000,
        "**bold** `x`\n\n" * 8_000,
        "\n" * 10 + "é" * 99_990,
    ):
        parts = parts_of(text)
        fits(parts)
        assert len(parts) == 5
        assert parts[-1].text.endswith("…")


@pytest.mark.parametrize(
    "sign", [FAMILY, SCOTLAND, "👋🏽", "🇩🇪", "e\u0301\u0302", "한\u11ab", "1️⃣", "क्षि"]
)
@pytest.mark.parametrize("shift", range(4))
def test_no_sign_is_torn(sign, shift):
    parts = parts_of("x" * shift + sign * (9_000 // units(sign)))
    fits(parts)
    assert "".join(part.text for part in parts) == "x" * shift + sign * (9_000 // units(sign))
    for part in parts:
        assert part.text.removeprefix("x" * shift).count(sign) * len(sign) == len(
            part.text.removeprefix("x" * shift)
        )


def test_a_pile_of_marks_without_end_is_cut_all_the_same():
    fits(parts_of("a" + "\u0301" * 9_000))


def test_right_to_left_text_keeps_its_order():
    text = "שלום עולם. " * 900
    parts = parts_of(text)
    fits(parts)
    assert solid("".join(part.text for part in parts)) == solid(text)


_PIECES = st.sampled_from(
    ["word ", "Long sentence here. ", "\n", "\n\n", "**bold** ", "`code` ", FAMILY, "🇩🇪🇫🇷", "שלום ",
     "```py\n" + "x = 1\n" * 40 + "```\n", "[link](https://example.org) ", "> quote\n", "- item\n",
     "é", "🍵" * 30, "x" * 300, "| a | b |\n|---|---|\n| 1 | 2 |\n", "<b>", "\u200d", "***", "```"]
)  # fmt: skip


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(_PIECES, max_size=150), st.integers(1, 40))
def test_whatever_is_written_fits_and_keeps_its_words(pieces, times):
    markdown = "".join(pieces) * times
    parts = parts_of(markdown)
    fits(parts)
    whole, _ = rendering._convert(markdown[:40_000])
    said, shown = solid(whole), solid("".join(part.text for part in parts))
    if len(parts) < rendering.MAX_PARTS and len(markdown) <= 40_000:
        assert shown == said or not any(c.isprintable() for c in said)
    elif parts and parts[-1].text.endswith("…"):
        assert said.startswith(shown[:-1])


@settings(max_examples=300, deadline=None, database=None)
@given(st.text(max_size=300))
def test_any_text_at_all_can_be_rendered(text):
    parts = parts_of(text)
    fits(parts)
    for payload in render(Reply(text)):
        assert orjson.loads(payload)["text"]


@settings(max_examples=300, deadline=None, database=None)
@given(st.text(st.sampled_from("abc DEF.,;:?'\"()\n/@é🍵–—%"), max_size=80))
def test_the_short_way_for_plain_words_gives_what_the_long_one_does(text):
    if rendering._MARKUP.search(text):
        return
    whole, spans = rendering._convert(text)
    assert not spans
    assert solid("".join(part.text for part in parts_of(text))) == solid(whole)


def test_marks_and_their_letters_belong_together():
    assert joined("e\u0301", 1)
    assert not joined("ab", 1)
    assert joined("🇩🇪🇫🇷", 1)
    assert not joined("🇩🇪🇫🇷", 2)
    assert joined("\r\n", 1)
