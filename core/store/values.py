"""JSON in a column: how what a plugin hands us is written down and read back."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import orjson


def written(value: Any) -> str:
    """Raises TypeError for what is no JSON; any mapping is an object, any set a list."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()


def read(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set):
        return sorted(value)
    raise TypeError
