"""A runtime on a real database and real equipment; what the flow does is written down instead."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.character import Character
from core.events import Events
from core.ids import CharacterId, EntityId, MemoryId, RoomId
from core.kept import Task
from core.messages import Memory
from core.plugins.classic import Plugin
from core.plugins.classic_given import content_from
from core.plugins.equipment import Equipment
from core.plugins.records import Repertoire
from core.ports import ModelHandler, ModelRequest, ModelRole, ModelType, Spent, Usage
from core.runtime import AgentRuntime
from core.runtime.memories import Told
from core.runtime.searching import Embedding
from core.settings.layers import Environment, Settings
from core.state import Section, State
from core.store.engine import SqlStore, open_store
from tests.fakes.clock import FakeClock

ADA = Character.model_validate({"name": "Ada", "bio": ["Counts."]})


@dataclass
class Roles:
    """core.ports.ModelRoles: handlers of plugins, else an echo."""

    handlers: dict[ModelType, ModelHandler] = field(default_factory=dict)
    runtime: Any = None
    asked: list[tuple[ModelType, Mapping[str, Any], str]] = field(default_factory=list)

    async def stream(
        self,
        settings: Settings,
        role: ModelRole,
        request: ModelRequest,
        spent: Spent | None = None,
        *,
        provider: str = "",
    ) -> AsyncGenerator[str, None]:
        yield request.messages[-1].text

    async def use(
        self,
        settings: Settings,
        kind: ModelType,
        params: Mapping[str, Any],
        *,
        provider: str = "",
        spent: Spent | None = None,
    ) -> Any:
        self.asked.append((kind, params, provider))
        if kind in self.handlers:
            return await self.handlers[kind](self.runtime, params)
        return f"echo {params['prompt']}"

    def register(
        self,
        character: CharacterId,
        kind: ModelType,
        handler: ModelHandler,
        *,
        provider: str,
        priority: int = 0,
        runtime: Any = None,
    ) -> None:
        self.handlers[kind] = handler
        self.runtime = runtime

    def unregister(self, character: CharacterId) -> None:
        self.handlers.clear()

    def price(self, usage: Usage) -> float | None:
        return None


@dataclass
class Book:
    """A TaskBook on the database, with nobody who does the tasks."""

    store: SqlStore

    async def create(self, task: Task) -> str:
        await self.store.write(lambda unit: unit.tasks.put(task))
        return task.id

    async def get(self, character: CharacterId, task: str) -> Task | None:
        return await self.store.read(lambda unit: unit.tasks.get(character, task))

    async def find(
        self,
        character: CharacterId,
        *,
        name: str = "",
        tags: Sequence[str] = (),
        room: RoomId | None = None,
        entity: EntityId | None = None,
    ) -> list[Task]:
        return await self.store.read(
            lambda unit: unit.tasks.find(character, name=name, tags=tags, room=room, entity=entity)
        )

    async def update(self, task: Task) -> None:
        await self.store.write(lambda unit: unit.tasks.put(task))

    async def delete(self, character: CharacterId, task: str) -> bool:
        return await self.store.write(lambda unit: unit.tasks.drop(character, task))


@dataclass
class House:
    runtime: AgentRuntime
    store: SqlStore
    clock: FakeClock
    models: Roles
    gear: Equipment
    calls: list[tuple[Any, ...]]


@asynccontextmanager
async def house(
    folder: Path,
    *plugins: Plugin,
    character: Character = ADA,
    embedder: Embedding | None = None,
    told: Told = lambda character, room, table: None,
    **settings: str,
) -> AsyncIterator[House]:
    clock, models, events = FakeClock(), Roles(), Events()
    calls: list[tuple[Any, ...]] = []
    own = Settings(Environment.of(settings), character.name, character.agent_id)

    async def compose(
        message: Memory, include: Sequence[str], only: bool, skip_cache: bool
    ) -> State:
        calls.append(("compose", message.content.text, include, only, skip_cache))
        return State.of([Section("TIME", "It is noon.", values={"time": "noon"})])

    async def act(message: Memory, responses: Sequence[Memory], state: Any, callback: Any) -> None:
        calls.append(("act", [one.content.text for one in responses]))

    async def evaluate(
        message: Memory, state: Any, answered: bool, callback: Any, responses: Sequence[Memory]
    ) -> list[Any]:
        calls.append(("evaluate", answered))
        return []

    async def deliver(room: RoomId, content: Mapping[str, Any]) -> Memory:
        calls.append(("deliver", room, content["text"]))
        return Memory(
            id=MemoryId("said"),
            character=character.agent_id,
            room=room,
            author=EntityId(character.agent_id),
            content=content_from(content),
            created_at=clock.now(),
        )

    async def stop() -> None:
        calls.append(("stop",))

    async with open_store(None, folder) as store:
        gear = Equipment(
            character,
            own,
            [plugin.pluggable() for plugin in plugins],
            Repertoire(),
            events,
            store=store,
            models=models,
            clock=clock,
        )
        async with gear:
            runtime = AgentRuntime(
                agent_id=character.agent_id,
                character=character,
                settings=own,
                store=store,
                models=models,
                gear=gear,
                events=events,
                clock=clock,
                compose=compose,
                act=act,
                evaluate=evaluate,
                deliver=deliver,
                tasks=Book(store),
                stop=stop,
                embedder=embedder,
                told=told,
            )
            yield House(runtime, store, clock, models, gear, calls)


def named(name: str) -> Character:
    return ADA.model_copy(update={"name": name})


def another(house: House, name: str) -> AgentRuntime:
    """Somebody else's runtime on the same database."""
    character = named(name)

    async def never(*given: Any) -> Any:
        raise AssertionError("nobody asks this character")

    return AgentRuntime(
        agent_id=character.agent_id,
        character=character,
        settings=replace(house.runtime._settings.now, character_name=name),
        store=house.store,
        models=house.models,
        gear=house.gear,
        events=Events(),
        clock=house.clock,
        compose=never,
        act=never,
        evaluate=never,
        deliver=never,
        tasks=Book(house.store),
        stop=never,
    )
