"""The one place that repeats a model call: the next in the chain, the whole chain once more, and
at last the smaller models."""

from __future__ import annotations

import logging
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from core.clock import Clock
from core.errors import ModelError, ModelRejected, ModelUnavailable
from core.models.breaker import Call, Closed, Gate
from core.models.refusals import Unknown
from core.ports import ModelProvider, ModelRequest, Spent

log = logging.getLogger(__name__)

_PAUSE = 0.5
_SHORT_PAUSE = 1.0
"""Seconds for which it is better to wait than to ask a smaller model."""
_LONGEST_PAUSE = 10.0
_TOO_LATE = 30.0
"""Seconds after which nobody would wait for a second round as well."""


@dataclass(frozen=True, slots=True)
class Link:
    provider: ModelProvider
    account: str
    """Same text, same key at the same address: what one is refused, the other would be too."""
    gate: Gate | None = None
    smaller: bool = False
    """Not of the size that was asked for; it stands in when all of those have failed."""
    caller: str = ""
    """The character who asks: its own failures are not held against the others."""


@dataclass(frozen=True, slots=True)
class Try:
    """As a link, for what is not streamed."""

    name: str
    account: str
    run: Callable[[], Awaitable[Any]]
    gate: Gate | None = None
    caller: str = ""
    faulty: bool = False
    """It can only say what is wrong with how it is set up."""


@dataclass(slots=True)
class _Failed:
    rejected: dict[str, ModelRejected] = field(default_factory=dict)
    unavailable: list[ModelUnavailable] = field(default_factory=list)
    unknown: dict[str, ModelRejected] = field(default_factory=dict)

    def note(self, name: str, account: str, error: ModelError) -> None:
        # What is known to be closed was told when it closed.
        log.log(
            logging.DEBUG if isinstance(error, Closed) else logging.WARNING,
            "model %s failed: %s", name, error,
        )  # fmt: skip
        if isinstance(error, Unknown):
            self.unknown[name] = error
        elif isinstance(error, ModelRejected):
            self.rejected[account] = error
        elif isinstance(error, ModelUnavailable):
            self.unavailable.append(error)

    def worst(self) -> ModelError:
        """What to tell the caller: rather when to come again than that it was in vain."""
        if self.unavailable:
            unnamed = [error for error in self.unavailable if error.retry_after is None]
            named = sorted(self.unavailable, key=lambda error: error.retry_after or 0.0)
            return unnamed[-1] if unnamed else named[0]
        return next(iter((*self.rejected.values(), *self.unknown.values())))


async def stream(
    links: Iterable[Link],
    request: ModelRequest,
    spent: Spent | None,
    clock: Clock,
    random: Random,
) -> AsyncGenerator[str, None]:
    """The first answer that begins; once a piece of it was given, its failure is the caller's."""
    failed = _Failed()
    for step in _order(links, failed, clock, random):
        if not isinstance(step, Link):
            await clock.sleep(step)
            continue
        if step.account in failed.rejected or step.provider.name in failed.unknown:
            continue
        call: Call | None = None
        given = False
        try:
            if step.gate is not None:
                call = await step.gate.enter(step.caller)
            async with _open(step.provider, request, spent) as pieces:
                async for piece in pieces:
                    if not given and call is not None:
                        call.answered()
                    given = True
                    yield piece
            if call is not None:
                call.answered()
            return
        except ModelError as error:
            if call is not None:
                call.failed(error)
            failed.note(step.provider.name, step.account, error)
            if given:
                if isinstance(error, ModelUnavailable):
                    error.begun = True
                raise
        finally:
            if call is not None:
                call.left()
    raise failed.worst()


async def first(tries: Sequence[Try]) -> Any:
    """The first result; of what is not talk nobody waits for a second round."""
    failed = _Failed()
    for one in tries:
        if one.account in failed.rejected:
            continue
        call: Call | None = None
        try:
            if one.gate is not None:
                call = await one.gate.enter(one.caller)
            result = await one.run()
            if call is not None:
                call.answered()
            return result
        except ModelError as error:
            if call is not None:
                call.failed(error)
            failed.note(one.name, one.account, error)
        finally:
            if call is not None:
                call.left()
    raise failed.worst()


def _order(
    links: Iterable[Link], failed: _Failed, clock: Clock, random: Random
) -> Iterator[Link | float]:
    """Whom to ask next, or how long to wait before, for as long as nobody has answered."""
    began = clock.monotonic()
    asked: list[Link] = []
    smaller: list[Link] = []
    for link in links:
        if link.smaller:
            smaller.append(link)
            continue
        asked.append(link)
        yield link
    pause = _pause(failed.unavailable, random)
    if clock.monotonic() - began > _TOO_LATE:
        pause = None
    if pause is None or pause > _SHORT_PAUSE:
        yield from smaller
        smaller = []
    if pause is None:
        return
    failed.unavailable.clear()
    yield pause
    yield from asked
    yield from smaller


def _pause(failures: Sequence[ModelUnavailable], random: Random) -> float | None:
    """How long to wait before another round; None when there is no use in one."""
    if not failures:
        return None
    named = [error.retry_after for error in failures if error.retry_after is not None]
    least = min(named) if len(named) == len(failures) else 0.0
    if least > _LONGEST_PAUSE:
        return None
    return float(least + _PAUSE * (0.5 + random.random()))


@asynccontextmanager
async def _open(
    provider: ModelProvider, request: ModelRequest, spent: Spent | None
) -> AsyncIterator[AsyncIterator[str]]:
    """Closed as soon as nobody reads on, not when the garbage is collected."""
    pieces = provider.stream(request, spent)
    try:
        yield pieces
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
