"""The texts of one character that have no vectors yet: found, paid for, and when there are none left."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from core.clock import Clock
from core.ids import CharacterId
from core.memory.allowance import Allowance
from core.memory.making import Maker
from core.memory.portions import FULL, NEVER, Portion, Watch, drop_others, marks_of
from core.messages import Memory
from core.ports import Store, Unit

log = logging.getLogger(__name__)

GIVE_WAY = 0.5
"""Seconds between two steps while turns are running."""
_CHECK = 6 * 3600.0
_WORTH_TELLING = 200


class Gathering:
    """What the watch over a character says is changed here as far as it is about what is missing."""

    def __init__(
        self,
        maker: Maker,
        store: Store,
        clock: Clock,
        allowance: Callable[[CharacterId], Allowance],
        busy: Callable[[], bool],
    ) -> None:
        self._maker = maker
        self._store = store
        self._clock = clock
        self._allowance = allowance
        self._busy = busy

    def begin(self, watch: Watch, name: str) -> None:
        watch.name, watch.after, watch.suspect, watch.size = name, None, None, FULL
        watch.look = watch.others = True
        watch.waiting, watch.checked, watch.total = 0, -NEVER, None

    def limit(self, character: CharacterId, watch: Watch) -> int:
        if self._maker.cost(watch.name, 2) > 1:
            return max(1, min(watch.size, self._allowance(character).whole))
        return watch.size

    async def gather(self, character: CharacterId, watch: Watch, limit: int) -> Portion | None:
        """The next texts; their character is busy with them until they are let go."""
        watch.busy = True
        since, found, watch.found = watch.since, watch.found, 0
        watch.since = self._clock.monotonic() if watch.news else NEVER
        name, now = watch.name, self._clock.now()
        known = watch.after if watch.suspect is None else watch.suspect

        def read(unit: Unit) -> tuple[list[tuple[int, Memory]], int, str]:
            mark = {} if known is not None else marks_of(unit, character, now).get(name, {})
            after = known if known is not None else int(mark.get("after", 0))
            rows, looked = unit.vectors.missing(character, name, after, limit)
            return rows, looked, str(mark.get("real", ""))

        try:
            rows, looked, real = await self._store.read(read)
        except BaseException:
            watch.busy, watch.since = False, min(since, watch.since)
            watch.found += found
            raise
        watch.look = False
        watch.busy = bool(rows) and not real
        if real:
            self._maker.rename(name, real)
            watch.look = True
            return None
        if not rows:
            watch.waiting, watch.after = 0, looked
            await self._complete(character, watch)
            return None
        since = since if since != NEVER else self._clock.monotonic()
        return Portion(
            character, watch.settings, name, tuple(rows), looked, since, len(rows) >= limit
        )

    def pay(self, portion: Portion, watch: Watch) -> int | None:
        """How many requests that was; None where they cannot be had."""
        if self._maker.is_free(portion.name) or watch.size < FULL:
            return 0  # to find the text that is refused is no message's fault
        allowance = self._allowance(portion.character)
        cost = self._maker.cost(portion.name, len(portion.texts))
        if portion.backlog and cost == 1:
            allowance.owe()
        elif not allowance.take(cost):
            return None
        return cost

    async def _complete(self, character: CharacterId, watch: Watch) -> None:
        """Nothing is missing behind the mark; now and then, whether there is before it."""
        now, name = self._clock.monotonic(), watch.name
        if watch.total is not None:
            log.info("all memories of %s have their vectors", watch.settings.character_name)
            watch.total = None
        if now - watch.checked >= _CHECK:
            watch.checked = now
            have, should = await self._store.read(lambda unit: unit.vectors.count(character, name))
            if have < should and not watch.whole:
                watch.after, watch.whole, watch.look = 0, True, True
                return
        watch.whole = False
        if watch.others:
            left = await self._store.write(partial(drop_others, character, name, self._clock.now()))
            watch.others = watch.look = left
            watch.not_before = now + (GIVE_WAY if self._busy() else 0.0)

    async def count(self, portion: Portion, watch: Watch) -> None:
        character, name = portion.character, portion.name
        have, should = await self._store.read(lambda unit: unit.vectors.count(character, name))
        if should - have >= _WORTH_TELLING:
            watch.total = (have, should)
            who = watch.settings.character_name
            log.info("%d of %d memories of %s have vectors by %s", have, should, who, name)
