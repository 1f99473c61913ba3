"""What a character says -> messages of Discord, each short enough and whole in itself."""

from __future__ import annotations

import logging
import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

import orjson

from bots.discord.buttons import components, copied, ready
from bots.discord.embeds import cards
from bots.discord.fitting import line
from bots.discord.markdown import Block, held, shown, units_of
from core.messages import Location, Poll, Reply
from core.messages.aloud import is_note
from core.messages.cards import words_of_card
from core.text import clean, joined, past_blank_lines, pause, visible

log = logging.getLogger(__name__)

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
_ADDRESS = "://"
_THREAD = 100
_QUESTION, _ANSWER, _ANSWERS, _HOURS = 300, 55, 10, 24
_STICKER = re.compile(r"[0-9]{15,22}")

Payload = dict[str, Any]

# Without one of these Markdown is the text itself, and most of what is said has none.
_MARKUP = re.compile(r"[*_`~\[|#<>\r]|^[ \t]*[-+]|---", re.M)
_WHOLE = re.compile(
    r"(?P<code>``[^\n]+?``|`[^`\n]+`)"
    r"|!?\[[^\[\]\n]{0,500}\]\([^\s()]{0,1000}\)|<[^\s<>]{1,200}>|https?://[^\s<>]{1,1000}"
    r"|(?P<style>\*\*|__|~~|\|\|)(?=\S)(?:(?!(?P=style))[^\n]){1,9000}(?P=style)"
)


def render(reply: Reply) -> tuple[bytes, ...]:
    """One payload a message; the first one answers, the others follow it.

    The first file stands below the last words, further ones are messages of their own; so are
    polls and stickers. Without anything to show there is no message.
    """
    payloads = [Payload(content=part) for part in parts_of(_words(reply))]
    if len(payloads) == 1 and is_note(reply):
        payloads[0]["voice"] = True
    if shown := cards(reply.embeds):
        # Cards are seen only where Discord may look for addresses as well: there is to be none.
        if not payloads or _ADDRESS in payloads[-1]["content"]:
            payloads.append(Payload(content=""))
        payloads[-1] |= {"embeds": shown, "plain": _plain(map(words_of_card, reply.embeds))}
    for n, one in enumerate(reply.attachments):
        if n or not payloads:
            payloads.append(Payload(content=""))
        payloads[-1]["file"] = {"ref": one.ref, "name": one.name, "mime": one.mime}
    rows = components((*reply.buttons, *ready(reply.keyboard)), reply.menus)
    if rows:
        if not payloads:
            payloads.append(Payload(content=""))
        payloads[-1]["components"] = rows
    if reply.poll is not None and (poll := _poll(reply.poll)):
        payloads.append(Payload(content="", poll=poll, plain=_plain([_poll_told(reply.poll)])))
    if reply.sticker and _STICKER.fullmatch(reply.sticker):
        payloads.append(Payload(content="", stickers=[reply.sticker]))
    for n, payload in enumerate(payloads):
        payload["reference"] = None if n else reply.reply_to or None
        payload |= _common(reply)
    return tuple(map(orjson.dumps, payloads))


def _common(reply: Reply) -> Payload:
    """What all messages of one reply bear."""
    found: Payload = {}
    if reply.silent:
        found["silent"] = True
    if reply.via:
        found["via"] = reply.via
    if reply.only_for:
        found["only_for"] = reply.only_for
    name = line(reply.thread, _THREAD)
    if name and reply.reply_to and not reply.via:
        found["thread"] = {"name": name, "from": reply.reply_to}
    return found


def _words(reply: Reply) -> str:
    """The text, and what Discord can show as words only."""
    place = "" if reply.location is None else _place(reply.location)
    return "\n\n".join(filter(None, (reply.text, place, copied(reply.buttons))))


def _place(place: Location) -> str:
    latitude, longitude = place.latitude, place.longitude
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        log.warning("a location that is nowhere on earth is left out")
        return ""
    at = f"{latitude:.6f}".rstrip("0").rstrip("."), f"{longitude:.6f}".rstrip("0").rstrip(".")
    named = ", ".join(filter(None, (line(place.title, 300), line(place.address, 300))))
    map_at = f"https://www.openstreetmap.org/?mlat={at[0]}&mlon={at[1]}#map=16/{at[0]}/{at[1]}"
    return f"📍 {named or ', '.join(at)}\n{map_at}"


def _poll(poll: Poll) -> Payload | None:
    question = line(poll.question, _QUESTION)
    answers = list(dict.fromkeys(filter(None, (line(one, _ANSWER) for one in poll.options))))
    if not question or len(answers) < 2:
        log.warning("a poll without a question, or with fewer than two answers, is left out")
        return None
    return {
        "question": {"text": question},
        "answers": [{"poll_media": {"text": one}} for one in answers[:_ANSWERS]],
        "allow_multiselect": poll.several,
        "duration": _HOURS,
        "layout_type": 1,
    }


def _poll_told(poll: Poll) -> str:
    """For where no polls are allowed."""
    return "\n".join((f"**{poll.question.strip()}**", *(f"- {one}" for one in poll.options)))


def _plain(told: Iterable[str]) -> str:
    """What is said in place of something that Discord may not let us show there."""
    return next(iter(parts_of("\n\n".join(filter(None, told)), max_parts=1)), "")


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
