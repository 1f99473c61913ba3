"""Books for tests, in few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.lore import Moment, Reader, Speaking, read_book


def entry(*keys: str, content: str = "", **more: Any) -> dict[str, Any]:
    name = more.pop("name", content or keys[0])
    return {
        "name": name,
        "keys": list(keys),
        "content": content or f"About {name}.",
        "enabled": True,
        "insertion_order": 0,
        **more,
    }


def reader(*entries: Mapping[str, Any], char: str = "Ada", **book: Any) -> Reader:
    return Reader(read_book({"entries": list(entries), **book}), char)


def spoken(one: Reader, *lines: str, budget: int = 2_000, **moment: Any) -> Speaking:
    """After these lines, the oldest first."""
    moment.setdefault("messages", len(lines))
    return one.speaking(lines, Moment(**moment), budget)


def names(speaking: Speaking) -> list[str]:
    return [one.entry.name for one in speaking.told]


def told(*entries: Mapping[str, Any], say: str | tuple[str, ...], **more: Any) -> list[str]:
    """The names of what a book of these entries tells."""
    lines = (say,) if isinstance(say, str) else say
    book = {key: more.pop(key) for key in ("recursive_scanning", "scan_depth") if key in more}
    return names(spoken(reader(*entries, **book), *lines, **more))
