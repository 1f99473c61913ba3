"""Secret: a value that only the line which hands it to a vendor may see."""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from typing import NoReturn

_SHOWN = "«secret»"


class Secret:
    """Holds a token or key; shows nothing, compares, refuses pickling."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        taught.learn(value)

    def reveal(self) -> str:
        return self._value

    @property
    def fingerprint(self) -> str:
        """Tells two secrets apart without showing either; stable between runs."""
        return hashlib.sha256(self._value.encode()).hexdigest()[:16]

    def __repr__(self) -> str:
        return _SHOWN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return _SHOWN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(
            self._value.encode(), other._value.encode()
        )

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


class Taught:
    """What the logs must never show: every secret this process has met, and known shapes."""

    # A Telegram token in any text, also one that we were never told: digits, colon, 30 and more.
    _SHAPES = re.compile(r"(?<!\d)\d{6,}:[A-Za-z0-9_-]{30,}|\bsk-[A-Za-z0-9_-]{16,}\b")
    _SHORTEST = 6  # masking every "a" of a log because somebody's key is "a" would help nobody

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()  # lines are masked in the thread that writes them

    def learn(self, value: str) -> None:
        if len(value) < self._SHORTEST or value in self._values:
            return
        with self._lock:
            self._values.add(value)
            self._pattern = None

    def mask(self, text: str) -> str:
        """The text with every secret replaced."""
        with self._lock:
            if self._values and self._pattern is None:
                longest_first = sorted(self._values, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)))
            pattern = self._pattern
        if pattern is not None:
            text = pattern.sub(_SHOWN, text)
        return self._SHAPES.sub(_SHOWN, text)


taught = Taught()
