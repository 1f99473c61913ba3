"""What of a written sentence is spoken: its words, without marks, addresses and smileys."""

from __future__ import annotations

import re

_IMAGE = re.compile(r"!\[[^\[\]\n]*\]\([^\s]*\)")
_LINK = re.compile(r"\[([^\[\]\n]*)\]\([^()\s]*(?:\([^()\s]*\))?[^()\s]*\)")
_ADDRESS = re.compile(r"<?\bhttps?://[^\s<>]*[^\s<>.,;:!?)\]\"'*_~]>?|\bwww\.\S*\w", re.IGNORECASE)
_EMOJI_OF_DISCORD = re.compile(r"<a?:\w{1,40}:\d{5,25}>|<[@#&!t][^<>\s]{1,40}>")
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\ufe0f\u200d\u20e3"
    "\U000e0020-\U000e007f]+"
)
_LISTED = re.compile(r"^[ \t]*(?:[-*+•]|#{1,6}|>(?:[ \t]*>)*)[ \t]+")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!|<>~-])")
_KEPT = "\ue000"
"""Stands for what was escaped, so that it is no mark."""
_STARS = re.compile(r"\*{2,}|(?<![\s\d])\*+|\*+(?![\s\d])|(?<!\d)\*+(?=\d)|~~|\|\||`+")
_UNDERSCORES = re.compile(r"(?<!\w)_+|_+(?!\w)")
_SPACES = re.compile(r"\s+")
_BEFORE_MARKS = re.compile(r"\s+([,.;:!?…])")
_EMPTY = re.compile(r"\(\s*\)|\[\s*\]|<\s*>")
_ENDED = ".!?…:;,。！？｡，、—–"


def speakable(written: str) -> str:
    """Empty where there is nothing in it that could be said."""
    text = _ESCAPED.sub(_KEPT, written)
    kept = iter([found[1] for found in _ESCAPED.finditer(written)])
    was_item = _LISTED.match(text) is not None
    text = _LISTED.sub("", text)
    text = _LINK.sub(r"\1", _IMAGE.sub("", text))
    text = _ADDRESS.sub("", _EMOJI_OF_DISCORD.sub("", text))
    text = _EMOJI.sub("", text)
    text = _UNDERSCORES.sub("", _STARS.sub("", text))
    text = _EMPTY.sub("", text)
    text = re.sub(_KEPT, lambda found: next(kept, ""), text)
    text = _BEFORE_MARKS.sub(r"\1", _SPACES.sub(" ", text)).strip()
    if not any(map(str.isalnum, text)):
        return ""
    bare = text.rstrip("\"'”’»)]")
    # A voice falls only where it sees an end.
    return f"{text}." if (was_item or written.endswith("\n")) and bare[-1:] not in _ENDED else text
