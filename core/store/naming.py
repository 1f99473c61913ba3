"""Whether a stored update speaks of somebody or something, by the platform's number of it."""

from __future__ import annotations

from collections.abc import Collection

import orjson


def names(payload: str, numbers: Collection[str], under: Collection[str]) -> bool:
    """Whether it holds one of them as what they are, and not the number by chance."""
    try:
        ahead = [orjson.loads(payload)]
    except ValueError:
        return True  # it could not be read, and is no loss
    while ahead:
        one = ahead.pop()
        if isinstance(one, dict):
            if any(str(one.get(name)) in numbers for name in under):
                return True
            ahead += one.values()
        elif isinstance(one, list):
            ahead += one
    return False
