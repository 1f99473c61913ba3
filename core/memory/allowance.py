"""How many requests for vectors a character's messages have earned."""

from __future__ import annotations

_TRUST = 3.0
"""Before the first message; the first ones pay that back, so that the share holds in the end."""
_MOST = 10.0
"""Saved for later."""
_OWED = 1.0
"""By full batches: talk at any pace pays for its own, what lay there from before is for nobody."""


class Allowance:
    __slots__ = ("_left", "_lent")

    def __init__(self) -> None:
        self._left = _TRUST
        self._lent = _TRUST

    def earn(self, share: float) -> None:
        """One message was handled, each of which may cost so many requests."""
        back = min(self._lent, share)
        self._lent -= back
        self._left = min(_MOST, self._left + share - back)

    def __ge__(self, requests: float) -> bool:
        # Ten shares of 0.1 are a whole, whatever binary fractions make of it.
        return self._left + 1e-6 >= requests

    def take(self, requests: float = 1.0) -> bool:
        """False where it is spent; then nothing is taken."""
        if not self >= requests:
            return False
        self._left -= requests
        return True

    def owe(self) -> None:
        """For a request that goes in any case; later ones wait for it, but not for ever."""
        self._left = max(-_OWED, self._left - 1.0)

    def give_back(self, requests: float) -> None:
        self._left = min(_MOST, self._left + requests)

    @property
    def whole(self) -> int:
        return max(0, int(self._left + 1e-6))
