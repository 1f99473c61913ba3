"""What a character says -> messages of Discord, each short enough and whole in itself."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any

import orjson

from bots.discord.buttons import components
from bots.discord.markdown import Block, held, shown, units_of
from core.messages import Reply
from core.text import clean, joined, past_blank_lines, pause, visible

MAX_TEXT = 2000
"""Discord counts code points; UTF-16 units are never fewer, and what others may count."""
MAX_PARTS = 5
_MAX_SOURCE = 20_000  # twice what five messages hold; rendering it must not stop the loop for long
_CUT = "\n…"
_CLOSE = "\n```"
_RESERVE = 8
"""Left free in a part that is cut, for what must be closed in it."""
_SHORT = 500
_LONGEST_SIGN = 200
"""A pile of marks on one letter that is higher than this is cut like anything else."""

# Without one of these Markdown is the text itself, and most of what is said has none.
_MARKUP = re.compile(r"[*_`~\[|#<>\r]|^[ \t]*[-+]|---", re.M)
_WHOLE = re.compile(
    r"(?P<code>``[^\n]+?``|`[^`\n]+`)"
    r"|!?\[[^\[\]\n]{0,500}\]\([^\s()]{0,1000}\)|<[^\s<>]{1,200}>|https?://[^\s<>]{1,1000}"
    r"|(?P<style>\*\*|__|~~|\|\|)(?=\S)(?:(?!(?P=style))[^\n]){1,9000}(?P=style)"
)


def render(reply: Reply) -> tuple[bytes, ...]:
    """One payload a message; the first one answers, the others follow it.

    The first file stands below the last words, further ones are messages of their own. Without
    words and files there is no message, whatever buttons there are.
    """
    payloads: list[dict[str, Any]] = [
        {"content": part, "reference": None if n else reply.reply_to or None}
        for n, part in enumerate(parts_of(reply.text))
    ]
    for n, one in enumerate(reply.attachments):
        if n or not payloads:
            reference = None if payloads else reply.reply_to or None
            payloads.append({"content": "", "reference": reference})
        payloads[-1]["file"] = {"ref": one.ref, "name": one.name, "mime": one.mime}
    if payloads and (rows := components(reply.buttons)):
        payloads[-1]["components"] = rows
    return tuple(map(orjson.dumps, payloads))


def parts_of(markdown: str, *, max_parts: int = MAX_PARTS) -> tuple[str, ...]:
    source = clean(markdown)
    longer = len(source) > _MAX_SOURCE
    source = source[:_MAX_SOURCE]
    if _MARKUP.search(source) is None:
        text, blocks = source, tuple[Block, ...]()
    else:
        text, blocks = shown(source)
        if not visible(text):  # marks without words: somebody meant the marks
            text, blocks = held(source), ()
    text = text.rstrip()
    if not visible(text):
        return ()
    if not longer and len(text) <= MAX_TEXT // 2:  # even if all of it were emoji
        return (text[past_blank_lines(text, 0) :],)
    return _split(text, blocks, max_parts, longer=longer)


def _split(
    text: str, blocks: tuple[Block, ...], max_parts: int, *, longer: bool
) -> tuple[str, ...]:
    units = units_of(text)
    wholes = _wholes(text, blocks)
    parts: list[str] = []
    at, opening = 0, ""
    while at < len(text) and len(parts) < max_parts:
        if not opening:
            at = past_blank_lines(text, at)
        last = len(parts) == max_parts - 1
        room = MAX_TEXT - len(opening)
        if units[-1] - units[at] <= room - (len(_CUT) if longer and last else 0):
            parts.append(opening + text[at:])
            at = len(text)
            break
        room -= _RESERVE + (len(_CUT) if last else 0)
        hard = max(at + 1, bisect_right(units, units[at] + room) - 1)
        end = _cut(text, blocks, wholes, at, hard, roomy=not last)
        closing, behind, then = _seam(text, blocks, wholes, end)
        said = text[at:end].rstrip()
        if visible(said):
            parts.append(opening + said + closing)
        at, opening = behind, then
    if parts and (longer or text[at:].strip()):
        parts[-1] += _CUT
    return tuple(parts)


Whole = tuple[int, int, str]
"""What should not be cut, from where to where, and by which mark it could be closed and go on."""


def _wholes(text: str, blocks: tuple[Block, ...]) -> list[Whole]:
    found = []
    edges = [0, *(edge for block in blocks for edge in (block.start, block.end)), len(text)]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        for whole in _WHOLE.finditer(text, start, end):
            found.append((whole.start(), whole.end(), whole["style"] or ""))
    return found


def _cut(
    text: str,
    blocks: tuple[Block, ...],
    wholes: list[Whole],
    start: int,
    hard: int,
    *,
    roomy: bool,
) -> int:
    """Where the part that begins at `start` ends, at `hard` at the latest."""
    block = _around(blocks, hard)
    if block is not None and block.start > start:
        fits = block.end - block.start <= MAX_TEXT - _RESERVE
        if (roomy and fits) or hard <= block.body:
            return block.start
    if block is not None:
        line = text.rfind("\n", max(start, block.body) + 1, min(hard, block.body_end))
        return line + 1 if line > start else _between_signs(text, start, min(hard, block.body_end))
    end = pause(text, start, hard)
    inside = _around(blocks, end)
    if inside is not None:
        return inside.end
    for first, behind, mark in wholes:
        if first < end < behind:
            if start < first and (behind - first < _SHORT or end <= first + len(mark)):
                end = first
            elif mark:
                end = min(end, behind - len(mark))
    return _between_signs(text, start, max(end, start + 1))


def _seam(
    text: str, blocks: tuple[Block, ...], wholes: list[Whole], end: int
) -> tuple[str, int, str]:
    """What closes a part that ends here, where the next one begins, and what opens it again."""
    block = _around(blocks, end)
    if block is not None:
        if end >= block.body_end or not text[end : block.body_end].strip():
            return _CLOSE, block.end, ""
        return _CLOSE, end, block.fence
    line = text.rfind("\n", 0, end) + 1
    is_within = end > line + 2 and text[end : end + 1] not in ("", "\n")
    quote = "> " if is_within and text.startswith("> ", line) else ""
    for first, behind, mark in wholes:
        if mark and first + len(mark) < end <= behind - len(mark):
            if not text[end : behind - len(mark)].strip():
                return mark, behind, quote
            return mark, _past_spaces(text, end), quote + mark
    return "", _past_spaces(text, end) if quote else end, quote


def _past_spaces(text: str, at: int) -> int:
    return at + len(text[at:]) - len(text[at:].lstrip(" "))


def _around(blocks: tuple[Block, ...], at: int) -> Block | None:
    return next((block for block in blocks if block.start < at < block.end), None)


def _between_signs(text: str, start: int, end: int) -> int:
    for at in range(end, max(start, end - _LONGEST_SIGN), -1):
        if not joined(text, at):
            return at
    return end
