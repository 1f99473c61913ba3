"""The task service: what is due is done by its worker, for all characters of the process.

What is due next is known without asking the database; everything is written through to it. A
repeated task is stamped before it runs, so that a process that dies in the middle of it does not
run it twice for one interval. One that runs once is dropped after it has succeeded, so that it may
run again where nobody knows how far it came.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import heapq
import inspect
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from traceback import extract_tb
from typing import Any

from core.clock import Clock
from core.ids import CharacterId, EntityId, RoomId
from core.kept import Task
from core.plugins.records import Worker
from core.ports import Store
from core.tasks.choices import AWAITING_CHOICE
from core.tasks.due import REPEAT, prepared, stamped, when

log = logging.getLogger(__name__)

_TICK = 1.0
_AT_ONCE = 8
"""Tasks of one character that run side by side: an ill plugin holds up nobody else's."""
_LONGEST_REST = 60.0
_EVER = datetime.min.replace(tzinfo=UTC)

Key = tuple[CharacterId, str]
Workers = Callable[[CharacterId, str], Awaitable[tuple[Worker, Any] | None]]
"""Finds who does a character's tasks of that name, with her runtime; waits until she is dressed."""


@dataclass(slots=True)
class _Held:
    task: Task
    entry: int = 0
    """Its newest place in the line; older ones count for nothing."""
    skips: int = 0


class TaskService:
    """Implements core.runtime.TaskBook; `limit` are the seconds that one execution may take."""

    def __init__(
        self, store: Store, clock: Clock, workers: Workers, *, limit: float = 300.0
    ) -> None:
        self._store = store
        self._clock = clock
        self._workers = workers
        self._limit = limit
        self._held: dict[Key, _Held] = {}
        self._choices: dict[tuple[CharacterId, RoomId], dict[str, Task]] = {}
        self._line: list[tuple[datetime, int, Key]] = []
        self._entries = 0
        self._running: dict[Key, asyncio.Task[None]] = {}
        self._busy: Counter[CharacterId] = Counter()
        self._idle = asyncio.Event()
        self._idle.set()
        self._group: asyncio.TaskGroup | None = None
        self._context = contextvars.copy_context()
        """Of nobody's turn: a task is not a part of whatever has created it."""

    # --- life ----------------------------------------------------------------------------------

    async def load(self) -> None:
        """Take up what earlier processes have left; once, at the start."""
        for task in await self._store.read(lambda unit: unit.tasks.find()):
            self._hold(task)

    async def run(self) -> None:
        """Do what is due, until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                while True:
                    self._begin()
                    await self._clock.sleep(_TICK)
            finally:
                self._group = None

    async def settle(self, seconds: float) -> None:
        """Begin nothing more; what still runs after so long is cancelled."""
        self._group = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        if running := list(self._running.values()):
            for one in running:
                one.cancel()
            await asyncio.wait(running)

    # --- the book ------------------------------------------------------------------------------

    async def create(self, task: Task) -> str:
        """Durable when it returns; what is due now begins now."""
        await self._put(prepared(task, self._clock.now()))
        self._begin()
        return task.id

    async def get(self, character: CharacterId, task: str) -> Task | None:
        held = self._held.get((character, task))
        return held.task if held is not None else None

    async def find(
        self,
        character: CharacterId,
        *,
        name: str = "",
        tags: Sequence[str] = (),
        room: RoomId | None = None,
        entity: EntityId | None = None,
    ) -> list[Task]:
        """Oldest first."""
        wanted = frozenset(tags)
        return [
            one.task
            for (whose, _), one in self._held.items()
            if whose == character
            and name in ("", one.task.name)
            and room in (None, one.task.room)
            and entity in (None, one.task.entity)
            and wanted <= one.task.tags
        ]

    async def update(self, task: Task) -> None:
        await self._put(task)
        self._begin()

    async def delete(self, character: CharacterId, task: str) -> bool:
        found = await self._store.write(lambda unit: unit.tasks.drop(character, task))
        return self._let_go((character, task)) or found

    # --- choices -------------------------------------------------------------------------------

    def choices(self, character: CharacterId, room: RoomId) -> list[Task]:
        """What is to be chosen in a room, oldest first; no query."""
        found = self._choices.get((character, room))
        return list(found.values()) if found else []

    def chosen(self, task: Task) -> None:
        """Its row goes with the turn in which somebody has chosen."""
        self._let_go((task.character, task.id))

    # --- doing ---------------------------------------------------------------------------------

    def _begin(self) -> None:
        now = self._clock.now()
        crowded = []
        while self._group is not None and self._line and self._line[0][0] <= now:
            entry = heapq.heappop(self._line)
            _, number, key = entry
            held = self._held.get(key)
            if held is None or held.entry != number or key in self._running:
                continue  # it stands elsewhere in the line, or will when it is done
            if self._busy[key[0]] >= _AT_ONCE:
                crowded.append(entry)
                continue
            self._busy[key[0]] += 1
            self._idle.clear()
            context = self._context.copy()
            self._running[key] = self._group.create_task(self._do(key), context=context)
        for entry in crowded:
            heapq.heappush(self._line, entry)

    async def _do(self, key: Key) -> None:
        rest = _LONGEST_REST
        try:
            rest = await self._attempt(key)
        except Exception:  # the wall of one task
            log.exception("a task failed outside its own wall")
        finally:
            del self._running[key]
            self._busy[key[0]] -= 1
            if not self._running:
                self._idle.set()
            if key in self._held:
                self._queue(key, self._clock.now() + timedelta(seconds=rest))
            self._begin()

    async def _attempt(self, key: Key) -> float:
        """Seconds until it may be looked at again, beside what the task itself says."""
        held = self._held[key]
        task = held.task
        found = await self._workers(task.character, task.name)
        if found is None:
            if not held.skips:  # her plugin may be off
                log.warning("nobody does the task %s of %s now", task.name, task.character)
            return _rest(held)
        worker, runtime = found
        if not await self._is_wanted(worker, runtime):
            return _rest(held)
        held.skips = 0
        if key not in self._held:
            return 0.0  # it was taken off while we asked
        if REPEAT in task.tags:
            task = stamped(task, self._clock.now(), failures=task.failures)
            await self._put(task)
        error = await self._execute(worker, runtime, task)
        held_now = self._held.get(key)
        if held_now is None:
            return 0.0
        current, now = held_now.task, self._clock.now()
        if error:
            await self._put(stamped(current, now, failures=current.failures + 1, error=error))
        elif REPEAT in current.tags:
            if current.failures:
                await self._put(stamped(current, current.updated_at or now))
        elif current.due_at == task.due_at:  # else its worker has put it off
            await self.delete(*key)
        return 0.0

    async def _is_wanted(self, worker: Worker, runtime: Any) -> bool:
        """elizaOS' validate, with an empty message and state; one that fails says no (X-21)."""
        if worker.wanted is None:
            return True
        try:
            async with asyncio.timeout(self._limit):
                answer = worker.wanted(*_as_many(worker.wanted, (runtime, {}, {})))
                return bool(await answer if inspect.isawaitable(answer) else answer)
        except Exception as error:  # noqa: BLE001 - the wall around one validator
            _blame("validator of task", worker.name, error)
            return False

    async def _execute(self, worker: Worker, runtime: Any, task: Task) -> str:
        """The kind of its failure; empty where it has succeeded."""
        try:
            async with asyncio.timeout(self._limit):
                await worker.run(runtime, task.metadata, task)
        except TimeoutError:
            log.warning("task %s took longer than %g s", worker.name, self._limit)
            return "TimeoutError"
        except asyncio.CancelledError:
            ours = asyncio.current_task()
            if ours is None or ours.cancelling():
                raise
            return "CancelledError"  # it has waited for something that was cancelled
        except Exception as error:  # noqa: BLE001 - the wall around one execution
            _blame("task", worker.name, error)
            return type(error).__name__
        return ""

    # --- keeping -------------------------------------------------------------------------------

    def forgotten(self, character: CharacterId, tasks: Iterable[str]) -> None:
        """Their rows went with a person whom the character has forgotten."""
        for task in tasks:
            self._let_go((character, task))

    async def _put(self, task: Task) -> None:
        await self._store.write(lambda unit: unit.tasks.put(task))
        self._hold(task)

    def _hold(self, task: Task) -> None:
        key = task.character, task.id
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = _Held(task)
        elif held.task.room is not None:
            self._choices.get((task.character, held.task.room), {}).pop(task.id, None)
        held.task = task
        if task.room is not None and AWAITING_CHOICE in task.tags:
            self._choices.setdefault((task.character, task.room), {})[task.id] = task
        self._queue(key, _EVER)

    def _queue(self, key: Key, earliest: datetime) -> None:
        held = self._held[key]
        self._entries += 1
        held.entry = self._entries
        due = when(held.task)
        if due is not None:
            heapq.heappush(self._line, (max(due, earliest), self._entries, key))

    def _let_go(self, key: Key) -> bool:
        held = self._held.pop(key, None)
        if held is None:
            return False
        if held.task.room is not None:
            where = key[0], held.task.room
            found = self._choices.get(where, {})
            found.pop(key[1], None)
            if not found:
                self._choices.pop(where, None)
        return True


def _rest(held: _Held) -> float:
    held.skips += 1
    return min(_TICK * 2.0 ** min(held.skips - 1, 10), _LONGEST_REST)


def _as_many(function: Callable[..., Any], given: Sequence[Any]) -> Sequence[Any]:
    """Authors name as many of them as they need."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return given
    if any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters):
        return given
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return given[: sum(one.kind in positional for one in parameters)]


def _blame(what: str, name: str, error: Exception) -> None:
    # Its text may quote people, so the log gets the place and the kind of the failure only.
    frames = extract_tb(error.__traceback__)
    where = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "?"
    log.warning("%s %s failed: %s at %s", what, name, type(error).__name__, where)
