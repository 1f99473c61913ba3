"""What can be found is kept up to date behind everybody's back: first by words, then by meaning."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from core.clock import Clock
from core.errors import ModelRejected, StoreUnavailable
from core.ids import CharacterId
from core.memory.allowance import Allowance
from core.memory.gathering import GIVE_WAY, Gathering
from core.memory.making import Maker, Vector
from core.memory.portions import FULL, NEVER, Portion, Watch, keep
from core.ports import Store
from core.settings.layers import Settings

log = logging.getLogger(__name__)

_OLD = 600.0
"""Seconds after which fewer texts than a full request must do."""
_FULL_HERE, _OLD_HERE = 16, 30.0
"""Of a model on this machine, which nobody pays."""
_PER_TURN = 2
"""Memories that a turn leaves behind, mostly."""
_STEP, _STEP_WHILE_BUSY = 500, 100
"""Rows that the full-text index takes in at a time."""
_SETTLE = 2.0
_AHEAD = 8
"""Requests that may wait to be made: their texts lie in memory."""
_TROUBLE = 60.0


class Indexer:
    """Sleeps while nobody is awake. `submit` queues a request; what has become of it is told by
    `keep` or `failed`."""

    def __init__(
        self,
        maker: Maker,
        store: Store,
        clock: Clock,
        allowance: Callable[[CharacterId], Allowance],
        submit: Callable[[Portion], bool],
        busy: Callable[[], bool],
    ) -> None:
        self._maker = maker
        self._store = store
        self._clock = clock
        self._allowance = allowance
        self._submit = submit
        self._busy = busy
        self._gathering = Gathering(maker, store, clock, allowance, busy)
        self._watches: dict[CharacterId, Watch] = {}
        self._pending: dict[CharacterId, Watch] = {}
        self._asking: set[CharacterId] = set()
        self._behind_at = 0.0
        self._backlog = False
        self._news = asyncio.Event()

    # --- what others say -----------------------------------------------------------------------

    def wake(self, character: CharacterId, settings: Settings, *, soon: bool = False) -> None:
        """There may be new memories, or another model; `soon` where they are not to wait."""
        now = self._clock.monotonic()
        watch = self._watches.get(character)
        if watch is None:
            watch = self._watches[character] = Watch(settings)
        elif watch.settings is not settings:
            watch.settings = settings
            watch.look = watch.look or self._maker.name(settings) != watch.name
        watch.news += 1
        watch.soon = watch.soon or soon
        watch.since = min(watch.since, now)
        self._pending[character] = watch
        if self._behind_at == NEVER:
            self._behind_at = now + _SETTLE
            self._news.set()
        self.nudge(character)

    def nudge(self, character: CharacterId) -> None:
        """The allowance has grown, or the model has answered."""
        watch = self._pending.get(character)
        if watch is not None and self._due_at(character, watch) <= self._clock.monotonic():
            self._news.set()

    def forget(self, character: CharacterId) -> None:
        self._watches.pop(character, None)
        self._pending.pop(character, None)

    def progress(self) -> dict[str, tuple[int, int]]:
        return {
            watch.settings.character_name: watch.total
            for watch in self._watches.values()
            if watch.total is not None
        }

    async def along(self, character: CharacterId, name: str, most: int) -> Portion | None:
        """What may go with a request that is made anyway."""
        watch = self._watches.get(character)
        if watch is None or watch.busy or watch.name != name or watch.size < FULL:
            return None
        if not (watch.waiting or watch.found):
            return None
        return await self._gathering.gather(character, watch, most)

    async def keep(self, portion: Portion, vectors: Sequence[Vector]) -> None:
        """Write down what came, and how far that is, at once."""
        made = dict(zip(portion.texts, vectors, strict=True))
        rows = [(row, memory, made[memory.content.text]) for row, memory in portion.rows]
        name = self._maker.named(portion.name, len(vectors[0]))
        watch = self._watches.get(portion.character)
        now = self._clock.now()
        try:
            try:
                kept = await self._store.write(partial(keep, portion, name, rows, now))
            except ValueError:
                # The name has vectors of another width; the service has changed its model.
                name = self._maker.named(portion.name, len(vectors[0]), always=True)
                kept = await self._store.write(partial(keep, portion, name, rows, now))
        except BaseException:
            self.put_back(portion)
            if watch is not None:  # else they would be asked for at once, and paid for, again
                watch.not_before = self._clock.monotonic() + _TROUBLE
            raise
        self._let_go(portion)
        self._maker.rename(portion.name, name)
        if watch is None:
            return
        watch.look = True
        if watch.name != name:
            return
        if watch.suspect is not None:
            who = watch.settings.character_name
            log.warning("one memory of %s has no vector: %s refuses it", who, name)
        watch.after, watch.suspect = portion.looked, None
        watch.size = min(FULL, watch.size * 2)
        if portion.backlog and self._busy():
            watch.not_before = self._clock.monotonic() + GIVE_WAY
        watch.counted(kept)

    def failed(self, portion: Portion, error: BaseException) -> None:
        """Nothing is lost: it will be looked for again."""
        watch = self._watches.get(portion.character)
        self.put_back(portion)
        # Whoever gives no vectors is paid for none.
        self._allowance(portion.character).give_back(portion.paid)
        if watch is None or watch.name != portion.name:
            return
        watch.look = portion.backlog
        if not isinstance(error, ModelRejected):
            return
        # It may be one text that is refused: with fewer of them it is found, in the end alone.
        if len(portion.rows) > 1:
            watch.size, watch.look = max(1, len(portion.rows) // 8), True
        elif watch.suspect is None:
            watch.suspect, watch.look = portion.looked, True
        else:
            watch.suspect, watch.size = None, FULL

    def put_back(self, portion: Portion) -> None:
        """It was not asked for."""
        watch = self._watches.get(portion.character)
        if watch is not None:
            watch.waiting = len(portion.rows)
            watch.since = min(watch.since, portion.since)
            self._pending[portion.character] = watch
        self._let_go(portion)

    # --- the round -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._news.clear()
            try:
                await self._round()
            except StoreUnavailable:
                await self._clock.sleep(_SETTLE)
                self._news.set()
            due = self._behind_at if self._backlog else min(self._behind_at, self._next())
            await self._nap(due - self._clock.monotonic())

    async def _round(self) -> None:
        now = self._clock.monotonic()
        anybody = not self._backlog and self._next() <= now
        if now >= self._behind_at or (anybody and self._behind_at != NEVER):
            await self._take_in()
        if self._backlog:
            return
        for character, watch in list(self._pending.items()):
            if len(self._asking) >= _AHEAD:
                return
            if self._due_at(character, watch) <= now:
                # Whoever had a turn goes behind the others.
                self._pending[character] = self._pending.pop(character)
                await self._walled(character, watch)
            if not (watch.busy or watch.look or watch.news or watch.found or watch.waiting):
                self._pending.pop(character, None)

    async def _take_in(self) -> None:
        """One step of the index of words; while there is more, the next one follows."""
        limit = _STEP_WHILE_BUSY if self._busy() else _STEP
        told = [(watch, watch.news) for watch in self._pending.values()]
        self._behind_at = NEVER
        try:
            taken = await self._store.write(lambda unit: unit.passages.behind(limit))
        except StoreUnavailable:
            self._behind_at = 0.0
            raise
        except Exception:
            # The wall round the index of words: without it the house goes on, and remembers less.
            log.exception("the index of words cannot be kept up")
            self._behind_at = self._clock.monotonic() + _TROUBLE
            return
        self._backlog = taken >= limit
        if self._backlog:
            self._behind_at = self._clock.monotonic() + (GIVE_WAY if self._busy() else 0.0)
            return
        for watch, news in told:
            watch.news -= news
            watch.found += news

    async def _walled(self, character: CharacterId, watch: Watch) -> None:
        try:
            await self._look(character, watch)
        except StoreUnavailable:
            watch.busy, watch.look = False, True
            raise
        except Exception:
            # The wall round one character: the others' memories are looked after as before.
            log.exception("memories of %s cannot be looked after", watch.settings.character_name)
            watch.busy, watch.look = False, True
            watch.not_before = self._clock.monotonic() + _TROUBLE

    def _due_at(self, character: CharacterId, watch: Watch) -> float:
        may = self._maker.is_free(watch.name) or self._allowance(character) >= 1.0
        if watch.busy or (not may and self._maker.cost(watch.name, 2) > 1):
            return NEVER
        full, old = self._batch(watch)
        # Asked anew each time: a question that was answered meanwhile ends the waiting.
        earliest = max(watch.not_before, self._maker.away_until(watch.settings, watch.name))
        waiting = watch.waiting + (watch.news + watch.found) * _PER_TURN
        if watch.look or waiting >= full:
            return earliest
        if watch.soon:
            return earliest if may else NEVER
        return max(watch.since + old, earliest) if may else NEVER

    def _batch(self, watch: Watch) -> tuple[int, float]:
        if self._maker.is_free(watch.name):
            return _FULL_HERE, _OLD_HERE
        return FULL, _OLD

    def _next(self) -> float:
        pending = self._pending.items() if len(self._asking) < _AHEAD else ()
        return min((self._due_at(*one) for one in pending), default=NEVER)

    async def _nap(self, seconds: float) -> None:
        if seconds == NEVER:
            await self._news.wait()
        elif self._news.is_set() or seconds <= 0:
            await asyncio.sleep(0)
        else:
            async with asyncio.TaskGroup() as group:
                waits = (self._news.wait(), self._clock.sleep(seconds))
                tasks = [group.create_task(one) for one in waits]
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    task.cancel()

    # --- one character -------------------------------------------------------------------------

    async def _look(self, character: CharacterId, watch: Watch) -> None:
        name = self._maker.name(watch.settings)
        if name != watch.name:
            self._gathering.begin(watch, name)
        if not name:
            watch.look = watch.soon = False
            watch.news = watch.found = 0
            watch.since = NEVER
            return
        if self._maker.away_until(watch.settings, name) > self._clock.monotonic():
            return
        soon, watch.soon = watch.soon, False
        limit = self._gathering.limit(character, watch)
        portion = await self._gathering.gather(character, watch, limit)
        if portion is None:
            return
        full, old = self._batch(watch)
        waited = self._clock.monotonic() - portion.since >= old
        ready = portion.backlog or len(portion.rows) >= full or soon or waited
        paid = self._gathering.pay(portion, watch) if ready else None
        if paid is None:
            watch.soon = watch.soon or soon  # it waits for the allowance, and for nothing else
            self.put_back(portion)
            if watch.waiting + (watch.news + watch.found) * _PER_TURN >= full:
                # Due again at once, and no richer: not in a circle that holds up the talk.
                watch.not_before = self._clock.monotonic() + GIVE_WAY
            return
        # What should not wait may be behind the others.
        watch.soon = watch.soon or (soon and portion.backlog)
        if portion.backlog and watch.total is None:
            await self._gathering.count(portion, watch)
        self._asking.add(character)
        if not self._submit(replace(portion, paid=paid)):
            self.put_back(portion)
            watch.not_before = self._clock.monotonic() + _TROUBLE

    def _let_go(self, portion: Portion) -> None:
        self._asking.discard(portion.character)
        if (watch := self._watches.get(portion.character)) is not None:
            watch.busy = False
        self._news.set()
