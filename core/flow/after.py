"""What comes after a turn, off its way: listeners are told, evaluators look back."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.clock import Clock
from core.events import Events, EventType, where
from core.plugins.records import Evaluator, Turn

log = logging.getLogger(__name__)

_MOST = 1_000
"""What may wait in one line. A line this long belongs to a listener that has got stuck."""

Job = Callable[[], Awaitable[Any]]


@dataclass(slots=True)
class _Line:
    """Work of one kind for one character, done one after the other."""

    jobs: deque[tuple[Job, contextvars.Context]] = field(default_factory=deque)
    busy: bool = False
    full: bool = False


class After:
    """One worker for each character that has something to do, none for those that have not.

    Events of a character are told in order; evaluators stand in a line of their own, so that a
    long look back delays no event. `limit` is what one evaluator may take, in seconds.
    """

    def __init__(self, clock: Clock, *, limit: float = 60.0, most: int = _MOST) -> None:
        self._clock = clock
        self._limit = limit
        self._most = most
        self._lines: dict[tuple[Events, str], _Line] = {}
        self._group: asyncio.TaskGroup | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        """Until cancelled; what is told before it begins waits for it."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                for key in tuple(self._lines):
                    self._set_to_work(key)
                await asyncio.Event().wait()
            finally:
                self._group = None

    def tell(self, events: Events, event: str, payload: Mapping[str, Any]) -> None:
        """Returns at once; does nothing when nobody listens."""
        if events.wanted(event):
            self._stand_in_line((events, "events"), lambda: events.emit(event, payload))

    def look_back(
        self,
        turn: Turn,
        evaluators: Iterable[Evaluator],
        *,
        answered: bool,
        events: Events,
        then: Job | None = None,
    ) -> None:
        """Returns at once; see `evaluate`. `then` follows when all of them are done."""
        called = _called(evaluators, answered)
        if not called:
            return

        async def look() -> None:
            await self._evaluate(turn, called, events)
            if then is not None:
                await then()

        self._stand_in_line((events, "evaluators"), look)

    async def evaluate(
        self, turn: Turn, evaluators: Iterable[Evaluator], *, answered: bool, events: Events
    ) -> list[Evaluator]:
        """Run those that want to, side by side; which ones they were (R-87).

        A turn without an answer is for those that look back always. Never raises for one of them.
        """
        return await self._evaluate(turn, _called(evaluators, answered), events)

    async def settle(self, seconds: float) -> bool:
        """Wait until all is done, at most so long; whether it is."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    # --- lines ---------------------------------------------------------------------------------

    def _stand_in_line(self, key: tuple[Events, str], job: Job) -> None:
        line = self._lines.setdefault(key, _Line())
        if len(line.jobs) >= self._most:
            if not line.full:
                log.warning("too many %s wait to be done, newer ones are dropped", key[1])
            line.full = True
            return
        self._idle.clear()
        # The person whom the turn served is served here too: a model asked by an evaluator costs
        # them, and not whoever comes next in line.
        line.jobs.append((job, contextvars.copy_context()))
        self._set_to_work(key)

    def _set_to_work(self, key: tuple[Events, str]) -> None:
        line = self._lines[key]
        if self._group is not None and not line.busy:
            line.busy = True
            self._group.create_task(self._work(key, line))

    async def _work(self, key: tuple[Events, str], line: _Line) -> None:
        while line.jobs:
            job, context = line.jobs.popleft()
            assert self._group is not None
            # Not awaited itself: one that cancels itself must not take the line with it.
            await asyncio.wait({self._group.create_task(_walled(job), context=context)})
        del self._lines[key]
        if not self._lines:
            self._idle.set()

    # --- looking back --------------------------------------------------------------------------

    async def _evaluate(
        self, turn: Turn, evaluators: Sequence[Evaluator], events: Events
    ) -> list[Evaluator]:
        ran: set[str] = set()
        async with asyncio.TaskGroup() as group:
            for one in evaluators:
                group.create_task(self._let_look(turn, one, events, ran))
        return [one for one in evaluators if one.name in ran]

    async def _let_look(
        self, turn: Turn, evaluator: Evaluator, events: Events, ran: set[str]
    ) -> None:
        begun = self._clock.monotonic()
        about: dict[str, Any] = {"evaluatorName": evaluator.name, "message": turn.message}
        try:
            async with asyncio.timeout(self._limit):
                if not await _wanted(turn, evaluator):
                    return
                ran.add(evaluator.name)
                self.tell(events, EventType.EVALUATOR_STARTED, about)
                result = await evaluator.run(turn)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the wall around one evaluator
            log.warning("evaluator %s failed: %s", evaluator.name, where(error))
            about = {**about, "duration": self._clock.monotonic() - begun, "error": error}
            self.tell(events, EventType.EVALUATOR_FAILED, about)
            return
        about = {**about, "duration": self._clock.monotonic() - begun, "result": result}
        self.tell(events, EventType.EVALUATOR_COMPLETED, about)


def _called(evaluators: Iterable[Evaluator], answered: bool) -> tuple[Evaluator, ...]:
    return tuple(one for one in evaluators if answered or one.always)


async def _wanted(turn: Turn, evaluator: Evaluator) -> bool:
    if evaluator.wanted is None:
        return True
    answer = evaluator.wanted(turn)
    return bool(await answer if inspect.isawaitable(answer) else answer)


async def _walled(job: Job) -> None:
    try:
        await job()
    except Exception as error:  # noqa: BLE001 - the wall around what comes after one turn
        log.warning("what was to follow a turn failed: %s", where(error))
