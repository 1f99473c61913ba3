"""The task service on a real database, with workers that write down what they did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.ids import CharacterId
from core.kept import Task
from core.plugins.records import Worker
from core.store.engine import SqlStore, open_store
from core.tasks import TaskService
from tests.fakes.clock import FakeClock, settle

ADA, BOB = CharacterId("ada"), CharacterId("bob")


@dataclass
class House:
    """One process; a second one over the same store is the next."""

    store: SqlStore
    clock: FakeClock
    workers: dict[tuple[CharacterId, str], Worker] = field(default_factory=dict)
    done: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    service: TaskService = field(init=False)

    def __post_init__(self) -> None:
        async def find(character: CharacterId, name: str) -> tuple[Worker, Any] | None:
            worker = self.workers.get((character, name))
            return None if worker is None else (worker, f"runtime of {character}")

        self.service = TaskService(self.store, self.clock, find, limit=30.0)

    def works(self, name: str = "WORK", run: Any = None, *, who: CharacterId = ADA, **how: Any):
        async def noted(runtime: Any, options: Mapping[str, Any], task: Task) -> None:
            self.done.append((task.id, options))
            if run is not None:
                await run(runtime, options, task)

        self.workers[who, name] = Worker(name, noted, **how)

    @property
    def ids(self) -> list[str]:
        return [id for id, _ in self.done]

    async def kept(self) -> list[Task]:
        """As the database has them."""
        return await self.store.read(lambda unit: unit.tasks.find())

    async def passes(self, seconds: float) -> None:
        """Let time go by, and the database do what it has been asked."""
        await self.rests()
        for _ in range(max(1, round(seconds))):
            await self.clock.advance(min(seconds, 1.0))
            await self.rests()

    async def rests(self) -> None:
        for _ in range(4):
            await self.store.write(lambda unit: None)
            await settle()


@asynccontextmanager
async def house(
    folder: Path, clock: FakeClock | None = None, **workers: Any
) -> AsyncIterator[House]:
    async with open_store(None, folder) as store:
        one = House(store, clock or FakeClock())
        for name, run in workers.items():
            one.works(name, run)
        async with running(one):
            yield one


@asynccontextmanager
async def running(one: House) -> AsyncIterator[None]:
    await one.service.load()
    async with asyncio.TaskGroup() as group:
        life = group.create_task(one.service.run())
        await settle()
        yield
        life.cancel()
