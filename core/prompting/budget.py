"""How long a prompt may be, and what is left out of one that is longer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from core.state import Section

_DIGITS = b"0123456789"
_SIGNS = bytes(code for code in range(33, 127) if not chr(code).isalnum())
_ASCII = bytes(range(0x80))
_SHORT, _WIDE, _WIDEST = (bytes(range(*ends)) for ends in ((0xC0, 0xE0), (0xE0, 0xF0), (0xF0, 256)))
_NOT = {kept: bytes(set(range(256)) - set(kept)) for kept in (_DIGITS, _SIGNS, _SHORT, _WIDE,
                                                              _WIDEST, _ASCII)}  # fmt: skip

LAST = frozenset({"ACTION_STATE", "CHOICE"})
"""What an answer cannot do without."""
_LATER = ("SETTINGS", "ROLES", "CAPABILITIES", "TIME", "ENTITIES", "COMPANY", "ROOM")
"""What is left out after everything of plugins, the first of them first."""


def tokens(text: str) -> int:
    """Rather too many than too few, without a tokenizer: about four letters are a token, and so is
    a word, a sign, three digits, an ideograph; an emoji is two."""
    raw = text.encode("utf-8", "replace")
    signs = _count(raw, _SIGNS) + _count(raw, _DIGITS) / 3
    plain = len(raw) if text.isascii() else _count(raw, _ASCII)
    whole = max(plain / 4, len(text.split()) + signs)
    if plain < len(raw):
        whole += _count(raw, _SHORT) / 2 + _count(raw, _WIDE) + _count(raw, _WIDEST) * 2
    return ceil(whole)


def surely_fits(texts: Sequence[str], most: int) -> bool:
    """Whether no estimate is needed: a token is never less than a letter."""
    return sum(map(len, texts)) <= most and all(map(str.isascii, texts))


def left_out(sections: Sequence[Section]) -> list[Section]:
    """Those that may be left out, the most dispensable first."""
    return sorted((one for one in sections if one.name not in LAST), key=_worth)


def without(sections: Sequence[Section], most: int, cost: Callable[[str], int]) -> list[Section]:
    """As many of them as `most` tokens allow, in their order."""
    kept = list(sections)
    size = sum(cost(one.text) for one in kept)
    for one in left_out(sections):
        if size <= most:
            break
        size -= cost(one.text)
        kept.remove(one)
    return kept


def cut(text: str, most: int) -> str:
    """Its beginning, of about so many tokens."""
    while len(text) > 200 and (size := tokens(text)) > most:
        text = text[: max(200, len(text) * max(most, 1) // (size + 1))]
    return text


def _worth(section: Section) -> tuple[int, int]:
    if section.name == "ANXIETY":
        return (0, 0)
    at = _LATER.index(section.name) + 2 if section.name in _LATER else 1
    return (at, -section.position)


def _count(raw: bytes, kept: bytes) -> int:
    return len(raw.translate(None, _NOT[kept]))
