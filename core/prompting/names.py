"""Names of actions and providers, as models write them."""

from __future__ import annotations

import re

SILENT = frozenset({"IGNORE", "NONE", "STOP"})
"""Actions that mean: say nothing."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_MOST_NAMES = 16


def names_in(listed: str) -> tuple[str, ...]:
    """In upper case, in order, each once; a phrase between commas is one name."""
    found: dict[str, None] = {}
    for part in re.split(r"[,;\n\[\]\"']", listed[:4096]):
        words = "_".join(part.split()).strip("-*`._").upper()
        if _NAME.fullmatch(words):
            found[words] = None
    return tuple(found)[:_MOST_NAMES]


def declines(listed: str) -> bool:
    """Whether these actions are nothing but silence."""
    names = names_in(listed)
    return bool(names) and SILENT.issuperset(names)
