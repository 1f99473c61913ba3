"""What people wrote, made fit to stand in a prompt: never a delimiter, a role or a template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from core.messages import Entity

# Our own delimiters, and the ones by which chat formats tell roles apart: several servers read
# those in the words of a user too. The bracket is replaced by one that only looks alike.
_RESERVED = re.compile(
    r"<(?=/?\s*(?:context|response|start_of_turn|end_of_turn|s)\b[^<>]*>)|<(?=\|)|<(?=<)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS)\])",
    re.IGNORECASE,
)
_NOT_IN_NAMES = re.compile(r"[\s<>:\"“”\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+")
_LONGEST_NAME = 40
_TEXT_MARK = re.compile(r"-{2,}(?=\s*text\s+(?:start|end)\b)", re.IGNORECASE)
UNKNOWN = "Unknown User"
_NAME_KEYS = ("name", "displayName", "display_name", "userName", "username")


def harmless(text: str, *, most: int = 2000) -> str:
    """The same words without our delimiters, cut where they go on for too long."""
    if len(text) > most:
        text = text[:most] + " …"
    if "<" in text or "[" in text:
        text = _RESERVED.sub(_lookalike, text)
    return text


def named(name: str) -> str:
    """A name on one line, that cannot end the line, the name or the quote it stands in."""
    return _named(name[:200])


# The same few names stand in every prompt of a room.
@lru_cache(maxsize=4096)
def _named(name: str) -> str:
    name = " ".join(_NOT_IN_NAMES.sub(" ", name).split())[:_LONGEST_NAME].strip()
    return harmless(name) or "Somebody"


def quoted(text: str, *, most: int = 120) -> str:
    """A few words on one line."""
    return harmless(" ".join(text[: most * 4].split()), most=most).replace("”", "’")


def under_name(name: str, text: str, *, most: int = 2000) -> str:
    """A line "Name: words"; further lines are indented, so that none of them looks like a name."""
    text = harmless(text, most=most)
    if not text.isprintable():
        text = "\n  ".join(text.splitlines())
    return f"{name}: {text}"


def framed(text: str, *, most: int = 2000) -> str:
    """A body between marks that nobody can write themselves (PA-05)."""
    body = _TEXT_MARK.sub(lambda found: "–" * len(found[0]), harmless(text, most=most))
    return f"--- Text Start ---\n{body}\n--- Text End ---"


def display_name(entity: Entity | None, source: str = "") -> str:
    """By its names, by what the message's platform says of it, by whatever else does (PA-04)."""
    if entity is None:
        return UNKNOWN
    metadata = _map(entity.metadata)
    found = (
        _first(entity.names)
        or _first(map(_map(metadata.get(source)).get, _NAME_KEYS))
        or _first(map(metadata.get, _NAME_KEYS))
    )
    return named(found) if found else UNKNOWN


def _first(names: Iterable[object] | None) -> str:
    return next((one for one in names or () if isinstance(one, str) and one.strip()), "")


def _map(value: object) -> Mapping[str, Any]:
    """Metadata comes from everywhere; null where a map belongs is common."""
    return value if isinstance(value, Mapping) else {}


def _lookalike(found: re.Match[str]) -> str:
    return "‹" if found[0] == "<" else "⁅"
