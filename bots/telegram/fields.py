"""The fields of a raw update, whatever they turn out to hold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.text import clean

Json = dict[str, Any]
EPOCH = datetime.fromtimestamp(0, UTC)
_LAST = 2**63
_LATEST = 253_402_300_799  # the end of the year 9999


def part(value: object, name: str) -> Json:
    """An object within another one; empty where there is none."""
    return whole(value.get(name)) if isinstance(value, dict) else {}


def whole(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def words(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""


def count(value: object) -> int:
    """A whole number that a database takes; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return value if -_LAST <= value < _LAST else 0


def number(value: object) -> str:
    """An id; empty where it is none."""
    return str(count(value) or "")


def measure(value: object) -> float:
    """A number that can be told; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if -1e9 < value < 1e9 else 0.0


def when(value: object) -> datetime:
    """Telegram's time; the beginning of it where there is none."""
    seconds = count(value)
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds <= _LATEST else EPOCH
