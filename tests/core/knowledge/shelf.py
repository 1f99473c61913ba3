"""A library for tests: characters with files, a store, a reader, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.casting import LoadedCharacter, read_loaded
from core.ids import CharacterId
from core.knowledge.documents import PIECES, Document, home, listed, shown
from core.knowledge.ingest import Librarian
from core.knowledge.learning import Learning
from core.knowledge.reading import Reader
from core.models.roles import Models
from core.models.scripted import Scripted
from core.ports import ModelRoles, Store
from core.settings.layers import Environment, Settings
from tests.fakes.clock import FakeClock


def character(name: str, *knowledge: Any, file: Path | None = None, **more: Any) -> LoadedCharacter:
    """With `file` she comes from there."""
    loaded = read_loaded({"name": name, "bio": "Knows.", "knowledge": list(knowledge), **more})
    return replace(loaded, source=file)


@dataclass(slots=True)
class Library:
    """`look` takes in everything that is new, and comes back when that is done."""

    store: Store
    librarian: Librarian
    clock: FakeClock
    data: Path
    told: list[tuple[str, str]] = field(default_factory=list)

    async def tend(self, *everybody: LoadedCharacter, **variables: str) -> None:
        environment = Environment.of(variables)
        await self.librarian.tend(
            [(one, Settings(environment, one.name, one.id)) for one in everybody]
        )
        await self.look()

    async def look(self) -> None:
        await self.librarian.look()
        await self.librarian.idle()

    async def documents(self, owner: CharacterId) -> list[Document]:
        return await self.store.read(lambda unit: listed(unit, owner))

    async def titles(self, owner: CharacterId) -> list[str]:
        return sorted(one.title for one in await self.documents(owner))

    async def pieces(self, owner: CharacterId) -> list[str]:
        found = await self.store.read(
            lambda unit: unit.memories.find(owner, table=PIECES, rooms=[home(owner)], limit=10_000)
        )
        return [shown(one) for one in reversed(found)]


@asynccontextmanager
async def library(
    store: Store,
    data: Path,
    *,
    model: Any = None,
    settings: Mapping[str, str] | None = None,
    clock: FakeClock | None = None,
) -> AsyncIterator[Library]:
    """`settings` are those of the house."""
    clock = clock or FakeClock()
    process = Settings(Environment.of(dict(settings or {})))
    models: ModelRoles = Models(override=model or Scripted(["A context."] * 100))
    told: list[tuple[str, str]] = []
    async with Reader() as reader:
        learning = Learning(
            store,
            reader,
            clock,
            lambda owner, settings: models,
            process,
            told=lambda owner, room, table: told.append((owner, table)),
        )
        librarian = Librarian(store, learning, clock, process, data)
        async with asyncio.TaskGroup() as group:
            work = group.create_task(librarian.run())
            yield Library(store, librarian, clock, data, told)
            work.cancel()
