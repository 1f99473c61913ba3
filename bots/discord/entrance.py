"""The door to the gateway: how many lines Discord asks for, how many logins are left, whose turn it is."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import discord

from bots.discord.errors import link_failure
from bots.discord.quota import Quota
from core.clock import Clock
from core.errors import LinkLost

_ASKING = 20.0
_SPARED = 20
"""IDENTIFYs left for the rest of the day; at none Discord resets the token."""
_EVERY = 5.1
"""Seconds between two IDENTIFYs; as many go side by side as Discord allows (`max_concurrency`)."""
_FRESH = 30.0
"""Seconds for which Discord's answer is taken for true, less what has been used since."""
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Answer:
    shards: int
    remaining: int
    reset: float
    """Seconds until all of the day's logins are there again."""
    together: int
    at: float


class Entrance:
    """One bot's, for all its lines; `paced` is off for a server that has no rates."""

    def __init__(
        self, client: discord.Client, quota: Quota, clock: Clock, *, paced: bool = True
    ) -> None:
        self._client = client
        self._quota = quota
        self._clock = clock
        self._paced = paced
        self._answer: _Answer | None = None
        self._spent = 0
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._last: dict[int, float] = {}

    async def shards(self) -> int:
        """How many lines Discord asks for; raises LinkLost or LinkRejected."""
        return (await self._ask()).shards

    @asynccontextmanager
    async def turn(self, shard: int) -> AsyncIterator[None]:
        """Inside, one IDENTIFY may be made; raises LinkLost where too few are left."""
        together = (await self._fresh()).together
        async with self._turns[shard % together]:
            answer = await self._fresh()
            if answer.remaining - self._spent < _SPARED:
                self._answer = None
                raise LinkLost("the day's logins are used up", pause=max(answer.reset, 60.0))
            last = self._last.get(shard % together)
            if self._paced and last is not None:
                wait = last + _EVERY - self._clock.monotonic()
                if wait > 0:
                    await self._clock.sleep(wait)
            yield
            self._spent += 1
            self._last[shard % together] = self._clock.monotonic()

    async def _fresh(self) -> _Answer:
        known = self._answer
        if known is not None and self._clock.monotonic() - known.at < _FRESH:
            return known
        return await self._ask()

    async def _ask(self) -> _Answer:
        if silence := self._quota.silence:
            raise LinkLost("Discord has refused too much", pause=silence)
        try:
            async with asyncio.timeout(_ASKING):
                # The address in it is not used: ours is the one that the settings give.
                shards, _, limit = await self._client.http.get_bot_gateway()
            answer = _Answer(
                shards=min(max(int(shards), 1), _MOST),
                remaining=int(limit["remaining"]),
                reset=int(limit["reset_after"]) / 1000,
                together=max(int(limit.get("max_concurrency", 1)), 1),
                at=self._clock.monotonic(),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise LinkLost("Discord's answer makes no sense (gateway/bot)") from None
        except Exception as error:  # noqa: BLE001 - whatever asking fails by, it is this link's
            raise link_failure(error) from None
        self._answer, self._spent = answer, 0
        return answer
