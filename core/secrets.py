"""Secret: a value that only the line which hands it to a vendor may see."""

from __future__ import annotations

import hashlib
import hmac
import re
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
    _SHAPES = re.compile(r"\b\d{6,}:[A-Za-z0-9_-]{30,}\b|\bsk-[A-Za-z0-9_-]{16,}\b")
    _SHORTEST = 6  # masking every "a" of a log because somebody's key is "a" would help nobody

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, value: str) -> None:
        if len(value) >= self._SHORTEST and value not in self._values:
            self._values.add(value)
            self._pattern = None

    def mask(self, text: str) -> str:
        """The text with every secret replaced."""
        if self._values and self._pattern is None:
            longest_first = sorted(self._values, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))
        if self._pattern is not None:
            text = self._pattern.sub(_SHOWN, text)
        return self._SHAPES.sub(_SHOWN, text)


taught = Taught()
