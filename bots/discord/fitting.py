"""Short texts, cut between signs to what fits."""

from __future__ import annotations

from core.text import clean, joined, visible


def cut(text: str, most: int) -> str:
    """At most so many characters; the last is a mark where something is missing."""
    text = clean(text).strip()
    if len(text) <= most:
        return text
    end = most - 1
    while end > 1 and joined(text, end):
        end -= 1
    return text[:end].rstrip() + "…"


def line(text: str, most: int) -> str:
    """The same on one line; empty where nobody would see anything of it."""
    text = " ".join(text.split())
    return cut(text, most) if visible(text) else ""
