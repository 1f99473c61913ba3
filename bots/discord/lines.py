"""All lines of one bot: as many as Discord asks for, each with its own session and its own trouble."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from functools import partial

from bots.discord.entrance import Entrance
from bots.discord.granted import Granted
from bots.discord.line import Line, Lost, TooFewLines
from bots.discord.sharded import Sharded
from core.clock import Clock
from core.errors import LinkLost, LinkRejected
from core.ids import Account

log = logging.getLogger(__name__)

_LONGEST = 60.0
"""Seconds after which a line that is away is tried again at the latest, while others hear."""
_SPLITS = 4
"""Times in a row that Discord may find the lines too few."""


class Lines:
    """With one line, its failure is the bot's; with several, the others go on hearing."""

    def __init__(
        self,
        client: Sharded,
        entrance: Entrance,
        granted: Granted,
        make: Callable[[int], Line],
        account: Account,
        clock: Clock,
        chance: random.Random,
        *,
        wanted: int = 0,
    ) -> None:
        """`wanted` is how many there are to be; 0 stands for as many as Discord asks for."""
        self._client = client
        self._entrance = entrance
        self._granted = granted
        self._make = make
        self._account = account
        self._clock = clock
        self._chance = chance
        self._wanted = wanted
        self._lines: list[Line] = []
        self._standing: set[int] = set()
        self._away: dict[int, str] = {}
        self._splits = 0
        self._end: Lost | None = None
        self._over = asyncio.Event()
        self.settled = asyncio.Event()
        """Each line stands, or has been away for so long that nobody waits for it."""

    @property
    def lacks(self) -> str:
        """What is not heard, for the operator."""
        away = [
            f"connection {shard + 1} of {len(self._lines)} is away ({reason})"
            for shard, reason in sorted(self._away.items())
        ]
        return "; ".join(filter(None, (*away, self._granted.lacks)))

    async def follow(self, begun: Callable[[], None] = lambda: None) -> Lost:
        """Hear until all lines stay away or Discord refuses one for good; the failure is returned.

        `begun` is called whenever all of them stand, but for those that stay away.
        """
        while True:
            if not self._lines:
                try:
                    self._spread(self._wanted or await self._entrance.shards())
                except (LinkLost, LinkRejected) as failure:
                    return failure
            self._standing.clear()
            self._away.clear()
            self.settled.clear()
            end = await self._together(begun)
            if not isinstance(end, TooFewLines):
                return end
            if (refused := await self._split(end)) is not None:
                return refused

    def _spread(self, shards: int) -> None:
        self._client.spread(shards)
        self._lines = [self._make(shard) for shard in range(shards)]
        if shards > 1:
            log.info("%s: %d connections to the gateway", self._account, shards)

    async def _split(self, refused: TooFewLines) -> Lost | None:
        """Come back with more lines: as many as Discord asks for now."""
        had, self._lines = len(self._lines), []
        self._splits += 1
        if self._splits > _SPLITS:
            return refused
        try:
            asked = await self._entrance.shards()
        except (LinkLost, LinkRejected) as failure:
            return failure
        self._wanted = asked if asked > had else 2 * had
        log.warning(
            "%s is in too many servers for %d connections; it comes back with %d",
            self._account,
            had,
            self._wanted,
        )
        return None

    async def _together(self, begun: Callable[[], None]) -> Lost:
        if len(self._lines) == 1:
            return await self._lines[0].follow(partial(self._stands, 0, begun))
        self._end = None
        self._over.clear()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._keep(line, begun)) for line in self._lines]
            await self._over.wait()
            for line, task in zip(self._lines, tasks, strict=True):
                if isinstance(self._end, LinkLost):
                    line.rest()
                task.cancel()
        assert self._end is not None
        return self._end

    async def _keep(self, line: Line, begun: Callable[[], None]) -> None:
        """One of several lines: what befalls it is its own, as long as another stands."""
        shard, failures = line.shard, 0
        while True:
            stood = asyncio.Event()
            failure = await line.follow(partial(self._stands, shard, begun, stood))
            self._standing.discard(shard)
            failures = 0 if stood.is_set() else failures + 1
            if shard not in self._away:
                log.warning(
                    "%s: connection %d of %d is away: %s",
                    self._account,
                    shard + 1,
                    len(self._lines),
                    failure,
                )
            self._away[shard] = str(failure)
            if isinstance(failure, LinkRejected) or len(self._away) == len(self._lines):
                self._end = failure
                self._over.set()
                return
            self._settle(begun)
            longest = min(_LONGEST, 2.0 ** min(failures, 10))
            await self._clock.sleep(max(failure.pause, self._chance.uniform(longest / 2, longest)))

    def _stands(
        self, shard: int, begun: Callable[[], None], stood: asyncio.Event | None = None
    ) -> None:
        self._splits = 0
        if self._away.pop(shard, None) is not None:
            log.info("%s: connection %d is back", self._account, shard + 1)
        self._standing.add(shard)
        if stood is not None:
            stood.set()
        self._settle(begun)

    def _settle(self, begun: Callable[[], None]) -> None:
        if self._standing and len(self._standing | self._away.keys()) == len(self._lines):
            self.settled.set()
            begun()
