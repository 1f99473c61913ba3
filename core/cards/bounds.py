"""How much a card may hold, and what of any card nothing here can keep."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.character.plain import one_line
from core.secrets import Secret
from core.settings import schema

MOST_FILE = 512 * 1024 * 1024
"""Bytes of a file; there are cards with hundreds of pictures in them."""
MOST_TEXT = 32 * 1024 * 1024
"""Bytes of the card itself."""
_DEEPEST = 50
_MOST_VALUES = 180_000
"""Of both a little less than a character file may have, which holds the card and more."""


class CardRefused(ValueError):
    """Why this is not read as a card, to be said after the file's name."""


@dataclass(slots=True)
class Cleaned:
    """A card's data without what no file of ours may hold, and what that was."""

    data: Any
    changed: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    """Places whose names are those of secrets: the values are taught to the logs and let go."""


def cleaned(data: Any) -> Cleaned:
    """Raises CardRefused where there is too much of it."""
    cleaning = _Cleaning()
    return Cleaned(cleaning.value(data, "", 0), cleaning.changed, cleaning.secrets)


class _Cleaning:
    def __init__(self) -> None:
        self.changed: list[str] = []
        self.secrets: list[str] = []
        self._left = _MOST_VALUES

    def value(self, value: Any, path: str, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise CardRefused("holds too much for a card")
        if depth > _DEEPEST:
            raise CardRefused("is nested too deeply for a card")
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, float) and not math.isfinite(value):
            self.changed.append(f"{path or 'a number'} was no finite number; it is empty now")
            return None
        if isinstance(value, Mapping):
            return self._object(value, path, depth)
        if isinstance(value, list):
            return [self.value(one, f"{path}[{at}]", depth + 1) for at, one in enumerate(value)]
        return value

    def _object(self, value: Mapping[str, Any], path: str, depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, item in value.items():
            name = self._text(key, path)
            inner = f"{path}.{name}" if path else name
            if isinstance(item, str) and item.strip() and schema.is_secret(name):
                Secret(item)  # so that no log shows it
                self.secrets.append(one_line(inner))
                continue
            kept[name] = self.value(item, inner, depth + 1)
        return kept

    def _text(self, text: str, path: str) -> str:
        try:
            text.encode()
        except UnicodeEncodeError:
            # Two halves that were written apart make one whole.
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            self.changed.append(f"{one_line(path)} held half of a character, often an emoji")
        if "\0" in text:
            text = text.replace("\0", "")
            self.changed.append(f"{one_line(path)} held a NUL, which nothing can keep")
        return text
