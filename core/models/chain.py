"""The one place that repeats a model call: the next in the chain, then the whole chain once more."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from core.clock import Clock
from core.errors import ModelError, ModelRejected, ModelUnavailable
from core.ports import ModelProvider, ModelRequest, Spent

log = logging.getLogger(__name__)

_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
_TOO_LATE = 30.0
"""Seconds after which nobody would wait for a second round as well."""


@dataclass(frozen=True, slots=True)
class Link:
    provider: ModelProvider
    account: str
    """Same text, same key at the same address: what one is refused, the other would be too."""


async def stream(
    links: Sequence[Link],
    request: ModelRequest,
    spent: Spent | None,
    clock: Clock,
    random: Random,
) -> AsyncGenerator[str, None]:
    """The first answer that begins; once a piece of it was given, its failure is the caller's."""
    began = clock.monotonic()
    for last in (False, True):
        rejected: dict[str, ModelRejected] = {}
        failures: list[ModelUnavailable] = []
        for link in links:
            if link.account in rejected:
                continue
            given = False
            try:
                async with _open(link.provider, request, spent) as pieces:
                    async for piece in pieces:
                        given = True
                        yield piece
                return
            except ModelError as error:
                log.warning("model %s failed: %s", link.provider.name, error)
                if given:
                    raise
                if isinstance(error, ModelRejected):
                    rejected[link.account] = error
                elif isinstance(error, ModelUnavailable):
                    failures.append(error)
        pause = _pause(failures, random)
        if last or pause is None or clock.monotonic() - began > _TOO_LATE:
            raise failures[-1] if failures else next(iter(rejected.values()))
        await clock.sleep(pause)


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
