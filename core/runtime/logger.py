"""elizaOS' logger of one character: every line bears its name (RT-03)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any


class CharacterLog:
    """`logger.info("event")` or elizaOS' `logger.info({...}, "event")`.

    Of an object only the names of its fields are written: what stands in them may be what people
    have said.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._log = logging.getLogger("plugins")

    def trace(self, *what: Any) -> None:
        self._write(logging.DEBUG, what)

    def debug(self, *what: Any) -> None:
        self._write(logging.DEBUG, what)

    def info(self, *what: Any) -> None:
        self._write(logging.INFO, what)

    def warn(self, *what: Any) -> None:
        self._write(logging.WARNING, what)

    def error(self, *what: Any) -> None:
        self._write(logging.ERROR, what)

    log = success = progress = info
    warning = warn
    fatal = error

    def _write(self, level: int, what: tuple[Any, ...]) -> None:
        if self._log.isEnabledFor(level):
            words = " ".join(map(_shown, _event_first(what)))
            self._log.log(level, "%s: %s", self._name, words)


def _event_first(what: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(sorted(what, key=lambda one: not isinstance(one, str)))


def _shown(one: Any) -> str:
    match one:
        case str():
            return one
        case BaseException():
            return type(one).__name__
        case Mapping():
            return f"({', '.join(map(str, one))})"
        case _:
            return f"({type(one).__name__})"
