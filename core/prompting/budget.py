"""How long a prompt may be, and what is left out of one that is longer."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from core.state import Section

_DIGITS = b"0123456789"
_SIGNS = bytes(code for code in range(33, 127) if not chr(code).isalnum())
_ASCII = bytes(range(0x80))
_SHORT, _WIDE, _WIDEST = (bytes(range(*ends)) for ends in ((0xC0, 0xE0), (0xE0, 0xF0), (0xF0, 256)))
_NOT = {kept: bytes(set(range(256)) - set(kept)) for kept in (_DIGITS, _SIGNS, _SHORT, _WIDE,
                                                              _WIDEST, _ASCII)}  # fmt: skip

_NEVER = frozenset({"ACTION_STATE", "CHOICE"})
"""What an answer cannot do without."""
_RECALLED = ("RECALL", "KNOWLEDGE")
_LATER = ("SETTINGS", "ROLES")
_LAST = ("TIME", "ENTITIES", "COMPANY", "HOUSE_RULES", "ROOM")
_SHEET = (1, 2)
"""The parts of a character sheet that go before those; see `sheet`."""


def tokens(text: str) -> int:
    """Rather too many than too few, without a tokenizer: about four letters are a token, and so is
    a word, a sign, three digits, an ideograph; an emoji is two."""
    raw = text.encode("utf-8", "replace")
    signs = _count(raw, _SIGNS) + _count(raw, _DIGITS) / 3
    plain = len(raw) if text.isascii() else _count(raw, _ASCII)
    whole = min(plain, max(plain / 4, len(text.split()) + signs))
    if plain < len(raw):
        whole += _count(raw, _SHORT) / 2 + _count(raw, _WIDE) + _count(raw, _WIDEST) * 2
    return ceil(whole)


def surely_fits(texts: Sequence[str], most: int) -> bool:
    """Whether no estimate is needed: a letter is at most one token, an emoji two."""
    if 2 * sum(map(len, texts)) <= most:
        return True
    return sum(len(text) if text.isascii() else 2 * len(text) for text in texts) <= most


def dispensable(sections: Sequence[Section]) -> list[Section | int]:
    """What may be left out, the first first: sections, and how much of the sheet.

    How to behave goes first, then what came to mind unasked, what plugins say, what is kept about
    the place, the sheet's examples and lore, what time it is, who is here; where she is goes last.
    """
    ranked = sorted((one for one in sections if one.name not in _NEVER), key=_rank)
    early = [one for one in ranked if one.name not in _LAST]
    return [*early, *_SHEET, *ranked[len(early) :], 3]


def cut(text: str, most: int) -> str:
    """Its beginning, of about so many tokens."""
    while len(text) > 200 and (size := tokens(text)) > most:
        text = text[: max(200, len(text) * max(most, 1) // (size + 1))]
    return text


def _rank(section: Section) -> tuple[int, int]:
    order = ("ANXIETY", *_RECALLED, "", *_LATER, *_LAST)
    at = order.index(section.name if section.name in order else "")
    return at, -section.position


def _count(raw: bytes, kept: bytes) -> int:
    return len(raw.translate(None, _NOT[kept]))
