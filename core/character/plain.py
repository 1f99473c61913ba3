"""Whatever a file or a module gave, as plain data within bounds; or what about it is not plain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from core.errors import Finding

_DEEPEST = 60
_MOST = 200_000
"""Values in one character, counted as often as they would be written: YAML can name one often."""


_LONGEST_LINE = 400


class TooMuch(Exception):
    """More than a character may hold."""


def plain(data: Mapping[Any, Any], where: str) -> tuple[dict[str, Any], list[Finding]]:
    """A copy made of objects, lists, texts, numbers and flags, and what could not be copied.

    Functions are let through among `templates`.
    """
    copying = _Copying(where)
    try:
        return copying.object(data, "", 0), copying.findings
    except TooMuch as error:
        return {}, [Finding(where, str(error))]


def one_line(text: str) -> str:
    """What names in a file say, as far as one line of a log may hold it."""
    line = "".join(char if char.isprintable() else "?" for char in " ".join(text.split()))
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}..."


class _Copying:
    def __init__(self, where: str) -> None:
        self.findings: list[Finding] = []
        self._where = where
        self._left = _MOST

    def object(self, data: Mapping[Any, Any], path: str, depth: int) -> dict[str, Any]:
        copy: dict[str, Any] = {}
        for key, value in data.items():
            if not isinstance(key, str | int | float) or isinstance(key, bool):
                what = f"has a key that is no text ({type(key).__name__})"
                self._find(path, what, "Put it into quotation marks")
                continue
            name = self._text(str(key), path)
            inner = f"{path}.{name}" if path else name
            if path == "templates" and callable(value):
                copy[name] = value
            else:
                copy[name] = self._value(value, inner, depth + 1)
        return copy

    def _value(self, value: Any, path: str, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise TooMuch("holds too much for a character")
        if depth > _DEEPEST:
            raise TooMuch("is nested too deeply")
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, float):
            if not math.isfinite(value):
                self._find(path, "is not a finite number")
            return value
        if isinstance(value, Mapping):
            return self.object(value, path, depth)
        if isinstance(value, list | tuple):
            return [self._value(item, f"{path}[{at}]", depth + 1) for at, item in enumerate(value)]
        what = f"is of type {type(value).__name__}, which no file can hold"
        self._find(path, what, "A text, a number, true or false, a list or an object")
        return None

    def _text(self, text: str, path: str) -> str:
        try:
            text.encode()
        except UnicodeEncodeError:
            self._find(path, "holds half of a character", "Often an emoji that was cut in two")
            return text.encode(errors="replace").decode()
        if "\0" in text:
            self._find(path, "holds a NUL, which nothing can keep")
        return str.__str__(text)  # a module may give a member of an enumeration

    def _find(self, path: str, what: str, mend: str = "") -> None:
        where = f"{self._where}: {one_line(path)}" if path else self._where
        self.findings.append(Finding(where, what, mend))
