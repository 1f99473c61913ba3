"""Whether a vendor is worth asking now: left alone while it fails, refuses, or asks for silence.

Who speaks must not be kept waiting: after three failures in a row one call in 2, 4, 8 ... 30 seconds
finds out whether a vendor is back, and a key that is refused is tried again after a minute.
"""

from __future__ import annotations

import logging
from collections import OrderedDict

from core.clock import Clock
from core.errors import ModelError, ModelRejected, ModelTooSlow, ModelUnavailable
from core.speech.calling import RequestRejected

log = logging.getLogger(__name__)

_FAILURES = 3
_FIRST = 2.0
_LONGEST = 30.0
_REFUSED = 60.0
_LONGEST_SILENCE = 3600.0
_MOST = 1024


class Rest:
    """One voice or ear of one account."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._failures = 0
        self._until = 0.0
        self._why = ""
        self._refused = False

    def check(self) -> None:
        """Raises what it would be told anyway, where there is no use in asking now."""
        left = self._until - self._clock.monotonic()
        if left <= 0:
            # One call at a time finds out; it ends this by how it goes.
            if self._until:
                self._until = self._clock.monotonic() + self._pause()
            return
        if self._refused:
            raise ModelRejected(self._why)
        raise ModelUnavailable(self._why, retry_after=left)

    def answered(self) -> None:
        if self._until:
            log.warning("%s answers again", self._name)
        self._failures, self._until = 0, 0.0

    def failed(self, error: ModelError) -> None:
        now = self._clock.monotonic()
        if isinstance(error, RequestRejected):
            return  # whoever refuses is there
        if isinstance(error, ModelRejected):
            self._rest(now + _REFUSED, str(error), refused=True)
            return
        # Three times ten seconds of silence would be too much to find out that it hangs.
        self._failures = max(
            self._failures + 1, _FAILURES if isinstance(error, ModelTooSlow) else 0
        )
        named = error.retry_after if isinstance(error, ModelUnavailable) else None
        if named is not None:
            self._rest(now + min(named, _LONGEST_SILENCE), str(error), refused=False)
        elif self._failures >= _FAILURES:
            self._rest(now + self._pause(), str(error), refused=False)

    def _pause(self) -> float:
        return float(min(_FIRST * 2 ** max(0, self._failures - _FAILURES), _LONGEST))

    def _rest(self, until: float, why: str, *, refused: bool) -> None:
        if not self._until:
            log.warning("%s is left alone for a while", self._name)
        self._until, self._why, self._refused = until, why, refused


class Rests:
    """Those of all that were asked lately."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rests: OrderedDict[str, Rest] = OrderedDict()

    def of(self, account: str, name: str) -> Rest:
        rest = self._rests.get(account)
        if rest is None:
            rest = self._rests[account] = Rest(name, self._clock)
            if len(self._rests) > _MOST:
                self._rests.popitem(last=False)
        self._rests.move_to_end(account)
        return rest
