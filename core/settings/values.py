"""From what people write in files and variables to flags, numbers, lists and names."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Sequence
from functools import cache

log = logging.getLogger(__name__)

_YES = frozenset({"yes", "y", "true", "t", "1", "on", "enable", "enabled"})
_NO = frozenset({"no", "n", "false", "f", "0", "off", "disable", "disabled", ""})


def is_flag(value: object) -> bool:
    """Whether a value says yes or no in a way that `parse_flag` understands."""
    if isinstance(value, str):
        return value.strip().lower() in _YES | _NO
    return value is None or isinstance(value, bool) or (_is_number(value) and value in (0, 1))


def parse_flag(value: object) -> bool:
    """elizaOS' `parseBooleanFromText`: never raises; what says neither yes nor no is no (SE-09)."""
    if isinstance(value, str):
        word = value.strip().lower()
        if word not in _YES and word not in _NO:
            log.warning("a flag that says neither yes nor no counts as no")
        return word in _YES
    if value is None or isinstance(value, bool):
        return bool(value)
    if _is_number(value):
        return value == 1
    log.warning("a flag of type %s counts as no", type(value).__name__)
    return False


def parse_number(value: object) -> float:
    """Raises ValueError, without the value in its text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("not a number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise ValueError("not a number") from None
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def parse_csv(value: object) -> tuple[str, ...]:
    """A list, a comma-separated text, or the text of a JSON list (MH-08); blanks are dropped.

    Raises ValueError, without the value in its text.
    """
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError("begins like a JSON list and is none") from None
    if isinstance(value, str):
        value = value.split(",")
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = [value]  # a single id that a JSON file holds as a number
    if not isinstance(value, Sequence):
        raise ValueError("neither a list nor a text with commas")
    if any(isinstance(item, bool) or not isinstance(item, str | int | float) for item in value):
        raise ValueError("holds something that is neither text nor a number")
    return tuple(text for item in value if (text := str(item).strip()))


def unquoted(text: str) -> str:
    """Without stray spaces and one pair of quotes around it, as `docker --env-file` leaves them."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1].strip()
    return text


def env_name(name: str) -> str:
    """A character's name as it stands in `CHARACTER.<NAME>.KEY`."""
    return re.sub(r"\s", "_", name.strip()).upper()


def shell_name(name: str) -> str:
    """A character's name as it stands in `CHARACTER__<NAME>__KEY`, which every shell can export.

    Characters whose names are alike in this form cannot be told apart by their variables.
    """
    return re.sub(r"[\W_]+", "_", name).strip("_").upper()


@cache
def camel(name: str) -> str:
    """MAX_TOKENS as elizaOS spells it in character files: maxTokens."""
    first, *rest = name.lower().split("_")
    return first + "".join(part.capitalize() for part in rest)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
