"""300 answers through the real link: what a reader sees is what was written, whole and well formed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import regex
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bots.sandbox import Stage
from bots.telegram import markdown
from bots.telegram.client import TelegramLink
from bots.telegram.markdown import MAX_PARTS, MAX_TEXT, parts_of
from core.messages import Reply
from core.secrets import Secret
from tests.bots.telegram.answers import HOSTILE, MODEL_LIKE, SCRIPTS, generated
from tests.bots.telegram.conftest import delivery
from tests.contracts import botapi
from tests.fakes.clock import QuickClock

ALL = (*MODEL_LIKE, *SCRIPTS, *HOSTILE, *generated(300 - len(MODEL_LIKE + SCRIPTS + HOSTILE)))
# Another reader of Markdown than the one under test.
READER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
READER.validateLink = lambda url: True  # type: ignore[method-assign] # where it leads is tested
DRAWN = str.maketrans("", "", "•|-+—☐✅$\\~[]x:")
"""What marks lists, tables, rules, tasks, spoilers and formulas: drawn by one side and not by the other."""

SPOKEN = ("text", "code_inline", "fence", "code_block", "text_special")


def solid(text: str) -> str:
    seen = "".join(char for char in text if char.isprintable() and not char.isspace())
    return seen.translate(DRAWN)


def shown_as(text: str) -> str:
    """What is shown, without the numbers of lists."""
    return solid(regex.sub(r"^ *\d{1,3}\. ", "", text, flags=regex.MULTILINE))


def read(source: str) -> Iterator[Token]:
    for token in READER.parse(source):
        yield token
        yield from token.children or ()


def written(source: str) -> str:
    """The words of it, in the order in which a reader of Markdown finds them, but heads of tables:
    of a wide one they stand at every cell."""
    said = []
    in_head = False
    for token in read(source):
        in_head = (in_head or token.type == "thead_open") and token.type != "thead_close"
        if token.type in SPOKEN and not in_head:
            said.append(token.content)
    return solid("\n".join(said))


def links(source: str) -> list[str]:
    found: list[str] = []
    inside = False
    for token in read(source):
        if token.type == "link_open":
            inside = token.attrGet("href") not in (None, "") and token.info != "auto"
            found += [""] if inside else []
        elif token.type == "link_close":
            inside = False
        elif inside and token.content:
            found[-1] += token.content
    return [text for text in found if text.strip()]


def is_within(words: str, shown: str) -> bool:
    """Whether all these signs stand there in this order, whatever stands between them."""
    rest = iter(shown)
    return all(sign in rest for sign in words)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def covered(text: str, entity: dict[str, Any]) -> str:
    raw = text.encode("utf-16-le")
    first, length = 2 * entity["offset"], 2 * entity["length"]
    assert 0 <= first < first + length <= len(raw)
    return raw[first : first + length].decode("utf-16-le")  # raises in the middle of a pair


async def test_three_hundred_answers_are_read_as_they_were_written():
    assert len(ALL) == 300
    async with Stage(limits=False) as stage:
        ada = stage.bot("Ada")
        dm = stage.dm(stage.person("Bob"), ada)
        made = TelegramLink(Secret(ada.token), clock=QuickClock(), api_root=stage.root)
        async with made as link:
            for number, source in enumerate(ALL):
                before = len(stage.messages(dm))
                for payload in link.render(Reply(source)):
                    await link.perform(delivery(link, dm.id, payload))
                said = stage.messages(dm)[before:]
                shown = "\n".join(one.text for one in said)
                for one in said:
                    assert 0 < units(one.text) <= MAX_TEXT + 3
                    for entity in one.entities:
                        covered(one.text, entity)
                words, seen = written(source), shown_as(shown)
                if len(said) == MAX_PARTS and seen.endswith("…"):
                    continue  # the end was left out, and that is said
                assert is_within(words, seen), (number, source, shown)
        calls = stage.journal.of("sendMessage")
        assert {call.status for call in calls} == {200}
        assert len(calls) > 300
        if botapi._FILE.exists():
            wrong = [p for c in calls for p in botapi.problems_of_request(c.method, c.params)]
            assert not wrong


def test_nothing_is_shown_that_was_not_written():
    """Where no table was turned into lines, both sides have the same signs."""
    same = 0
    for source in ALL:
        if "|--" in source or "$" in source or "\ufdd0" in source:
            continue
        parts = parts_of(source)
        if len(parts) < MAX_PARTS:
            assert shown_as("\n".join(part.text for part in parts)) == written(source), source
            same += 1
    assert same > 150


def test_every_link_leads_from_its_own_words():
    seen = 0
    for source in generated(120):
        parts = parts_of(source)
        if len(parts) == MAX_PARTS or "|--" in source:
            continue
        found = [
            covered(part.text, entity)
            for part in parts
            for entity in sorted(part.entities, key=lambda one: one["offset"])
            if entity["type"] == "text_link"
        ]
        if max((len(part.entities) for part in parts), default=0) < 100:
            assert [solid(one) for one in found] == [solid(one) for one in links(source)], source
            seen += len(found)
    assert seen > 100


def test_no_part_ends_within_a_sign_or_leaves_a_fence_behind():
    cuts = 0
    for source in [*ALL, *("\n\n".join([one] * 120) for one in SCRIPTS)]:
        parts = [part.text.removesuffix(markdown._CUT) for part in parts_of(source)]
        if len(parts) < 2:
            continue
        whole, _ = markdown._convert(source[: markdown._MAX_SOURCE])
        edges = {0, *(sign.end() for sign in regex.finditer(r"\X", whole))}
        at = 0
        for text, following in pairwise(parts):
            at = whole.index(text, at) + len(text)
            assert at in edges, source
            assert whole.index(following, at) in edges, source
            assert source in HOSTILE or "```" not in text
            cuts += 1
    assert cuts > 30


G27 = {
    "fences": ("```python\n" + "print('🍵')  # *not* **bold**\n" * 60 + "```\n\nThen:\n\n") * 60,
    "one fence": "```js\n" + "let tea = '🦉🦉🦉';\n" * 6000 + "```",
    "fence in a list": ("1. one\n   ```sh\n   " + "ls -la\n   " * 80 + "```\n") * 120,
    "emoji": "👨‍👩‍👧‍👦👍🏽🇩🇪" * 9000,
    "table": "| a | b |\n|---|---|\n" + "| 🍵 | owl |\n" * 8000,
    "wide table": "| Tea | Where it grows best |\n|---|---|\n"
    + "| Sencha | Shizuoka in Japan |\n" * 3500,
    "quotes": "> **tea** and `owls`\n> again\n\n" * 3500,
    "no end": "क्षि" * 25_000,
}


@pytest.mark.parametrize("kind", G27)
async def test_g27_a_hundred_thousand_signs_are_five_messages_at_most(kind: str) -> None:
    source = G27[kind]
    assert len(source) > 95_000
    async with Stage(limits=False) as stage:
        ada = stage.bot("Ada")
        dm = stage.dm(stage.person("Bob"), ada)
        made = TelegramLink(Secret(ada.token), clock=QuickClock(), api_root=stage.root)
        async with made as link:
            for payload in link.render(Reply(source)):
                await link.perform(delivery(link, dm.id, payload))
        said = stage.messages(dm)
        assert 1 < len(said) <= MAX_PARTS
        assert {call.status for call in stage.journal.of("sendMessage")} == {200}
    assert said[-1].text.endswith("…")
    for one in said:
        assert units(one.text) <= 4096
        assert "```" not in one.text
        shown = {covered(one.text, entity) for entity in one.entities if entity["type"] == "pre"}
        if kind == "one fence":
            assert {text.rstrip() for text in shown} == {
                one.text.removesuffix(markdown._CUT).rstrip()
            }
