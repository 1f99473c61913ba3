"""A text as a reader sees it: where it must not be cut, and what of it nobody can keep."""

from __future__ import annotations

import re
import unicodedata

_ZWJ = "\u200d"
_SENTENCE = re.compile(r"[.!?…。！？]+[\"'”’»)\]]*\s")
_NEVER_APART = frozenset({"Mn", "Mc", "Me"})


def clean(text: str) -> str:
    """The text, as long as before, without what no database takes: NUL and half an emoji."""
    if text.isascii():
        return text.replace("\0", "\ufffd")
    return (
        text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
    )


def visible(text: str) -> bool:
    """Whether a reader would see anything of it."""
    return any(char.isprintable() and not char.isspace() for char in text)


def pause(text: str, start: int, hard: int) -> int:
    """The best place to stop reading: a paragraph, a line, a sentence, a word; `hard` at last."""
    half = start + (hard - start) // 2
    for mark in ("\n\n", "\n"):
        found = text.rfind(mark, half, hard)
        if found > start:
            return found + len(mark)
    sentences = [found.end() for found in _SENTENCE.finditer(text, half, hard)]
    if sentences:
        return sentences[-1]
    space = text.rfind(" ", half, hard)
    return space + 1 if space > start else hard


def past_blank_lines(text: str, at: int) -> int:
    """Skip empty lines, yet keep the indent of the first line that says something."""
    said = len(text) - len(text[at:].lstrip())
    return max(at, text.rfind("\n", at, said) + 1) if said < len(text) else len(text)


def joined(text: str, at: int) -> bool:
    """Do the characters before and at `at` belong together?

    Covers what people write: marks, emoji with skin, family and flag, keycaps, Hangul parts and
    CR LF; it is not all of Unicode's annex 29.
    """
    if not 0 < at < len(text):
        return False
    before, here = text[at - 1], text[at]
    if before < "\u0300" and here < "\u0300":
        return before == "\r" and here == "\n"
    if before == _ZWJ or here == _ZWJ or _extends(here):
        return True
    if _regional(before) and _regional(here):
        return _regionals_before(text, at) % 2 == 1
    return _hangul(before, here)


def _extends(char: str) -> bool:
    return (
        unicodedata.category(char) in _NEVER_APART
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin
        or "\U000e0020" <= char <= "\U000e007f"  # tags, as in the flag of Scotland
    )


def _regional(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _regionals_before(text: str, at: int) -> int:
    count = 0
    while count < at and _regional(text[at - 1 - count]):
        count += 1
    return count


def _hangul(before: str, here: str) -> bool:
    vowel_or_tail = "\u1160" <= here <= "\u11ff"
    syllable_start = "\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3"
    return (syllable_start and vowel_or_tail) or (
        "\u1100" <= before <= "\u115f"
        and ("\uac00" <= here <= "\ud7a3" or "\u1100" <= here <= "\u115f")
    )
