"""Markdown as a model writes it -> texts with entities, each short enough for one message."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any

import regex

from bots.telegram.tables import narrowed
from core.text import joined, past_blank_lines, pause, visible

MAX_TEXT = 4096 - 3
"""UTF-16 units, after rendering; Telegram's most, less the mark that a repeat may need."""
MAX_PARTS = 5
_MAX_ENTITIES = 100  # Telegram ignores further ones
_MAX_SOURCE = 40_000  # twice what five messages hold; rendering it must not stop the loop for long
_CUT = "\n…"
_LONGEST_SIGN = 64
"""A pile of marks on one letter that is higher than this is cut like anything else."""

# Without one of these Markdown is the text itself, and most of what is said has none.
_MARKUP = re.compile(r"[*_`~\[\]<>#|\\&$=!]|^[ \t]*(?:[-+]|\d+[.)])[ \t]|^[ \t]{4}|---", re.M)
# The renderer indents by depth, so that a line of nothing but list marks grows to its square.
_LADDER = re.compile(r"(?:(?:[-+*]|\d{1,9}[.)])[ \t>]+){12}")
_AUTOLINK = re.compile(r"<(?!(?:https?://|mailto:|tg://)[^\s<>]*>)")
_NOTE = re.compile(r"\[(?=\^[^\s\]]{1,40}\])")
_TIMES = re.compile(r"(?<=\d)\*{1,2}(?=\d)")
# Code points that no text may hold: each stands for what the renderer must not see, for a while.
_ANGLE, _DOLLAR, _BRACKET, _STAR = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3"
_FIRST = "\ufdd4"
_WORDS = str.maketrans({_ANGLE: "<", _DOLLAR: "$", _BRACKET: "[", _STAR: "*", _FIRST: None})
_NOBODYS = str.maketrans("", "", _ANGLE + _DOLLAR + _BRACKET + _STAR + _FIRST)
_FORMULAS = 200  # finding the ends of formulas takes their number squared
_LINK = re.compile(r"(?:https?|tg|ton)://\S|(?:mailto|tel):\S|[\w-]+(?:\.[\w-]+)+", re.I)
_BLOCKS = frozenset({"pre", "blockquote", "expandable_blockquote"})
_QUOTES = frozenset({"blockquote", "expandable_blockquote"})
_WHOLE = frozenset({"code", "text_link", "custom_emoji", "text_mention"})


@dataclass(frozen=True, slots=True)
class Span:
    """An entity; its bounds count characters, not yet UTF-16 units."""

    type: str
    start: int
    end: int
    extra: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What one message says."""

    text: str
    entities: tuple[dict[str, Any], ...] = ()


def parts_of(markdown: str, *, max_parts: int = MAX_PARTS) -> tuple[Part, ...]:
    source = _sendable(markdown)
    longer = len(source) > _MAX_SOURCE
    if longer:
        source = source[:_MAX_SOURCE]
    if _MARKUP.search(source) is None or _LADDER.search(source):
        text, spans = source.strip(), list[Span]()
        if not longer and len(text) <= MAX_TEXT // 2:  # even if all of it were emoji
            return (Part(text),) if visible(text) else ()
    else:
        text, spans = _convert(source)
        if not visible(text):
            text, spans = source.strip(), []  # marks without words: somebody meant the marks
    return _split(text, spans, max_parts, longer=longer)


def _convert(markdown: str) -> tuple[str, list[Span]]:
    # A renderer that takes <angle brackets> for HTML drops what stands in them. They are words
    # here, so they pass in disguise; one character for one, so that every offset stays right.
    masked = _AUTOLINK.sub(_ANGLE, markdown)
    # A footnote's own line would be taken for the address of a link, and not be said at all.
    masked = _NOTE.sub(_BRACKET, masked)
    masked = _TIMES.sub(lambda found: _STAR * len(found[0]), masked)  # 2*3*4 is no emphasis
    if "$$$" in masked or masked.count("$") > _FORMULAS:
        masked = masked.replace("$", _DOLLAR)  # money
    formulas = masked.count("\\(") + masked.count("\\[") <= _FORMULAS
    convert, look = _renderer()
    try:
        # The renderer parts blocks only once there was one: without it, the code in the first item
        # of a list would stick to its words.
        source = f"{_FIRST}\n\n{narrowed(masked)}"
        text, entities = convert(source, config=look, latex_escape=formulas)
    except Exception:  # noqa: BLE001 - the wall round a parser that meets whatever a model may write
        return markdown.strip(), []
    index = _characters(text)
    begins = len(text) - len(text.removeprefix(_FIRST).lstrip("\n"))
    text = text[begins:].translate(_WORDS)
    spans = []
    for entity in entities:
        extra = entity.to_dict()
        del extra["type"], extra["offset"], extra["length"]
        url = extra.get("url")
        if url is not None:
            extra["url"] = url = url.translate(_WORDS)
            if not _LINK.match(url):
                continue
        if "language" in extra:
            extra["language"] = extra["language"].translate(_WORDS)
        start, end = index(entity.offset), index(entity.offset + entity.length)
        span = Span(entity.type, max(start - begins, 0), end - begins, tuple(extra.items()))
        if span.start < span.end:
            spans.append(span)
    return text, _without_inner_quotes(spans)


def _without_inner_quotes(spans: list[Span]) -> list[Span]:
    """A quote within a quote is one quote to Telegram, which takes no two of them in one place."""
    quotes = [one for one in spans if one.type in _QUOTES]
    inner, reached = set[int](), -1
    for one in sorted(quotes, key=lambda quote: (quote.start, -quote.end)):
        if one.end <= reached:
            inner.add(id(one))
        reached = max(reached, one.end)
    return [one for one in spans if id(one) not in inner] if inner else spans


@cache
def _renderer() -> tuple[Any, Any]:
    """Loaded when the first marked-up text is said: it costs more than the rest of the link."""
    from telegramify_markdown import RenderConfig, convert

    look = RenderConfig.isolated()
    signs = look.markdown_symbol
    signs.heading_level_1 = signs.heading_level_2 = signs.heading_level_3 = ""
    signs.heading_level_4 = signs.image = ""
    signs.unordered_list_item = "•"
    signs.task_uncompleted = "☐"  # the renderer's own one has a tick in it
    return convert, look


def _split(text: str, spans: list[Span], max_parts: int, *, longer: bool) -> tuple[Part, ...]:
    units = [0, *accumulate(2 if char > "\uffff" else 1 for char in text)]
    parts: list[Part] = []
    at = 0
    while at < len(text) and len(parts) < max_parts:
        at = past_blank_lines(text, at)
        last = len(parts) == max_parts - 1
        end = bisect_right(units, units[at] + MAX_TEXT) - 1
        if end < len(text) or (longer and last):
            room = MAX_TEXT - (len(_CUT) if last else 0)
            end = _cut(text, spans, at, bisect_right(units, units[at] + room) - 1, roomy=not last)
        shown = at + len(text[at:end].rstrip())
        if visible(text[at:shown]):
            parts.append(Part(text[at:shown], _within(spans, units, at, shown)))
        at = end
    if parts and (longer or text[at:].strip()):
        parts[-1] = _marked(parts[-1])
    return tuple(parts)


def _cut(text: str, spans: list[Span], start: int, hard: int, *, roomy: bool) -> int:
    """Where the part that begins at `start` ends, at `hard` at the latest."""
    if hard >= len(text):
        return len(text)
    block = next((s for s in spans if s.type in _BLOCKS and s.start < hard < s.end), None)
    if block is not None and block.start > start and roomy and block.end - block.start <= MAX_TEXT:
        return block.start
    if block is not None and block.type == "pre":
        line = text.rfind("\n", max(start, block.start) + 1, hard)
        if line > start:
            return line + 1
    end = pause(text, start, hard)
    for span in spans:
        # A link or a word of code that is short enough to stay whole stays whole.
        held = span.type in _WHOLE or span.type in _BLOCKS
        if held and start < span.start < end < span.end and span.end - span.start < MAX_TEXT // 4:
            end = span.start
    while end > start + 1 and joined(text, end):
        end -= 1
    return _between_signs(text, start, end)


def _between_signs(text: str, start: int, end: int) -> int:
    """A little before `end`, where it would part letters that are written as one."""
    first = max(start, end - _LONGEST_SIGN)
    while first > start and not (text[first - 1].isascii() and text[first].isascii()):
        first -= 1  # where letters of ASCII meet a sign begins for certain
    found = first
    for sign in regex.finditer(r"\X", text, pos=first, endpos=min(len(text), end + _LONGEST_SIGN)):
        if sign.end() > end:
            break
        found = sign.end()
    return found if found > start and end - found < _LONGEST_SIGN else end


def _within(
    spans: list[Span], units: list[int], start: int, end: int
) -> tuple[dict[str, Any], ...]:
    """The entities of one part; one that is cut goes on in the next, with its language or link."""
    entities = []
    for span in spans:
        first, behind = max(span.start, start), min(span.end, end)
        if first < behind:
            entities.append(
                {
                    "type": span.type,
                    "offset": units[first] - units[start],
                    "length": units[behind] - units[first],
                    **dict(span.extra),
                }
            )
    return tuple(entities[:_MAX_ENTITIES])


def _marked(part: Part) -> Part:
    return Part(part.text + _CUT, part.entities)


def _characters(text: str) -> Any:
    """A function from UTF-16 offsets to indexes of `text`."""
    if text.isascii() or max(text, default="") <= "\uffff":
        return lambda offset: offset
    units = [0, *accumulate(2 if char > "\uffff" else 1 for char in text)]
    return lambda offset: bisect_right(units, offset) - 1


def _sendable(text: str) -> str:
    """Half a surrogate pair cannot be sent, and a model that is cut off may leave one."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.translate(_NOBODYS)
