"""Whether a model is worth asking now: left alone while it fails, and while it asks for silence.

After five failures in a row one call in 1, 2, 4, 4 ... seconds finds out whether it is back; where
all of them are one character's, the others are let through, for it may be the fault of that one.
After a 429 nobody calls before the time it named; then eight calls go, and the rest as those succeed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque

from core.clock import Clock
from core.errors import ModelError, ModelUnavailable
from core.models.refusals import Limited

log = logging.getLogger(__name__)

_FAILURES = 5
_PROBES = (1.0, 2.0, 4.0)
"""Seconds between one trial and the next; with the chain's own pause still under five."""
_FIRST = 8
_FOR_EACH_SUCCESS = 2
_LONGEST_WINDOW = 30.0
_LONGEST_QUEUE = 10.0
_LONGEST_SILENCE = 3600.0
"""What a service may ask for; a daily quota is asked about again every hour."""
_MOST = 1024


class Closed(ModelUnavailable):
    """Not even asked; `retry_after` says when it makes sense again."""


class Allowance:
    """How many calls an account has left after it was told to slow down, for all its models."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._careful = False
        self._left = 0
        self._until = 0.0
        self._window = 1.0
        self._successes = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def careful(self) -> bool:
        return self._careful

    def slow_down(self, seconds: float) -> None:
        now = self._clock.monotonic()
        self._window = min(seconds, _LONGEST_WINDOW)
        if not self._careful or now >= self._until:
            self._left = _FIRST
        self._careful, self._successes = True, 0
        self._until = max(self._until, now + self._window)
        self._wake(len(self._waiting))  # to be told so

    def take(self) -> bool:
        now = self._clock.monotonic()
        if not self._careful or now >= self._until:
            self._careful, self._left, self._until = True, _FIRST, now + self._window
        if not self._left:
            return False
        self._left -= 1
        return True

    def give_back(self) -> None:
        self._left += 1
        self._wake(1)

    def succeeded(self) -> None:
        if not self._careful:
            return
        self._left += _FOR_EACH_SUCCESS
        self._successes += 1
        if self._successes >= _FIRST:
            self._careful = False
        self._wake(_FOR_EACH_SUCCESS if self._careful else len(self._waiting))

    async def turn(self, longest: float) -> float:
        """Wait until something may have changed; how long that was at most."""
        seconds = min(longest, max(0.05, self._until - self._clock.monotonic()))
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            return seconds
        except asyncio.CancelledError:
            self._wake(1)  # the call that was to be ours is somebody else's
            raise
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
        return 0.0

    def _wake(self, most: int) -> None:
        while most > 0 and self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                most -= 1


class Gate:
    """One model of one account."""

    def __init__(self, name: str, allowance: Allowance, clock: Clock) -> None:
        self._name = name
        self._allowance = allowance
        self._clock = clock
        self._failures = 0
        self._failing: set[str] = set()
        """Whose failures they are: nobody's, one caller's, or two of several."""
        self._probes = 0
        self._next_probe = 0.0
        self._silent_until = 0.0
        self._limits = 0

    async def enter(self, caller: str = "") -> Call:
        """A call that may be made now; raises Closed where there is no use in one."""
        if not (self._failures >= _FAILURES or self._limits or self._allowance.careful):
            return Call(self, caller, paid=False)
        paid = await self._pay()
        try:
            self._check_failures(caller)
        except Closed:
            if paid:
                self._allowance.give_back()
            raise
        return Call(self, caller, paid=paid)

    async def _pay(self) -> bool:
        """Take a call from the allowance, when its turn comes; False where none is needed."""
        waited = 0.0
        while True:
            self._check_silence()
            if not (self._limits or self._allowance.careful):
                return False
            if self._allowance.take():
                return True
            if waited >= _LONGEST_QUEUE:
                raise Closed(f"{self._name} has too many waiting for it", retry_after=1.0)
            waited += await self._allowance.turn(_LONGEST_QUEUE - waited)

    def _check_silence(self) -> None:
        left = self._silent_until - self._clock.monotonic()
        if left > 0:
            raise Closed(f"{self._name} has asked for silence", retry_after=left)

    def _check_failures(self, caller: str) -> None:
        if self._failures < _FAILURES or (len(self._failing) == 1 and caller not in self._failing):
            return
        now = self._clock.monotonic()
        if now < self._next_probe:
            why = f"{self._name} has failed {self._failures} times in a row"
            raise Closed(why, retry_after=self._next_probe - now)
        # By time, not by outcome: one trial that hangs must not hide for long that others would do.
        self._probes += 1
        self._next_probe = now + _PROBES[min(self._probes, len(_PROBES) - 1)]

    # --- how a call went -----------------------------------------------------------------------

    def answered(self, paid: bool) -> None:
        if self._failures >= _FAILURES:
            log.warning("%s answers again", self._name)
        self._forgive()
        self._limits = 0
        if paid:
            self._allowance.succeeded()

    def failed(self, error: ModelError, caller: str, paid: bool) -> None:
        if isinstance(error, Limited):
            self._limited(error)
            return
        if paid:
            self._allowance.give_back()
        if not isinstance(error, ModelUnavailable):
            self._forgive()  # whoever refuses is there
            return
        self._failures += 1
        if len(self._failing) < 2:
            self._failing.add(caller)
        if self._failures == _FAILURES:
            log.warning("%s is left alone: %d failures in a row", self._name, _FAILURES)
            self._probes = 0
            self._next_probe = self._clock.monotonic() + _PROBES[0]
        if self._failures >= _FAILURES and error.retry_after is None:
            error.retry_after = max(0.0, self._next_probe - self._clock.monotonic())

    def _forgive(self) -> None:
        self._failures = self._probes = 0
        self._failing.clear()

    def unused(self, paid: bool) -> None:
        if paid:
            self._allowance.give_back()

    def _limited(self, error: Limited) -> None:
        now = self._clock.monotonic()
        if now >= self._silent_until:
            self._limits += 1
        named = error.retry_after
        seconds = float(min(2 ** (self._limits - 1), 32)) if named is None else named
        seconds = min(max(seconds, 0.1), _LONGEST_SILENCE)
        error.retry_after = seconds
        if self._limits == 1 and now >= self._silent_until:
            log.warning("%s asks for %g s of silence", self._name, seconds)
        self._silent_until = max(self._silent_until, now + seconds)
        self._allowance.slow_down(seconds)


class Call:
    """One call behind a gate, to be told how it went; the first word counts as an answer."""

    __slots__ = ("_caller", "_gate", "_open", "_paid")

    def __init__(self, gate: Gate, caller: str, *, paid: bool) -> None:
        self._gate = gate
        self._caller = caller
        self._paid = paid
        self._open = True

    def answered(self) -> None:
        if self._open:
            self._open = False
            self._gate.answered(self._paid)

    def failed(self, error: ModelError) -> None:
        paid, self._open = self._paid and self._open, False
        self._gate.failed(error, self._caller, paid)

    def left(self) -> None:
        """Nobody waits for it any more."""
        if self._open:
            self._open = False
            self._gate.unused(self._paid)


class Gates:
    """The gates of all models that were asked lately."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._gates: OrderedDict[tuple[str, str], Gate] = OrderedDict()
        self._allowances: OrderedDict[str, Allowance] = OrderedDict()

    def of(self, account: str, model: str, name: str) -> Gate:
        """The gate of a model; `name` is how logs and errors call it."""
        key = (account, model)
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = Gate(name, self._allowance(account), self._clock)
            if len(self._gates) > _MOST:
                self._gates.popitem(last=False)
        else:
            self._gates.move_to_end(key)
        return gate

    def _allowance(self, account: str) -> Allowance:
        found = self._allowances.get(account)
        if found is None:
            found = self._allowances[account] = Allowance(self._clock)
            if len(self._allowances) > _MOST:
                self._allowances.popitem(last=False)
        self._allowances.move_to_end(account)
        return found
