"""Characters that remember, a model that makes vectors as a test wants it, and a clock to turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from core.errors import ModelError
from core.events import Events
from core.ids import CharacterId, EntityId, MemoryId, RoomId
from core.memory.embedding import Embedder
from core.messages import Content, Memory
from core.ports import ModelType, Unit
from core.settings.layers import Environment, Settings
from core.store.engine import SqlStore, open_store
from tests.core.store.rows import ADA, address, room, world
from tests.fakes.clock import FakeClock, settle
from tests.fakes.model_server import vector_of

T = TypeVar("T")


class Vectorist:
    """core.ports.ModelRoles, as far as vectors go."""

    def __init__(self) -> None:
        self.name = "openai:small"
        self.width = 16
        self.requests: list[list[str]] = []
        self.fault: ModelError | None = None
        self.refuses: Callable[[Sequence[str]], ModelError | None] = lambda texts: None
        self.open = asyncio.Event()
        self.open.set()
        self.now = 0
        self.most = 0
        self.settings: list[Settings] = []

    @property
    def texts(self) -> list[str]:
        return [text for request in self.requests for text in request]

    def embeds(self, settings: Settings) -> str:
        return self.name

    async def use(self, settings: Settings, kind: ModelType, params: Any) -> Any:
        assert kind is ModelType.TEXT_EMBEDDING
        texts = params["input"]
        self.settings.append(settings)
        asked = [texts] if isinstance(texts, str) else list(texts)
        self.requests.append(asked)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.open.wait()
            if error := self.fault or self.refuses(asked):
                raise error
            width = params.get("dimensions") or self.width
            return self.answer(texts, width)
        finally:
            self.now -= 1

    def answer(self, texts: Any, width: int) -> Any:
        if isinstance(texts, str):
            return vector_of(texts, width)
        return [vector_of(text, width) for text in texts]


class _Counted:
    """The store, and how much it is doing."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.doing = 0
        self.reads = 0
        self.writes = 0
        self.broken = False

    async def read(self, work: Callable[[Unit], T]) -> T:
        self.doing += 1
        self.reads += 1
        try:
            return await self._store.read(work)
        finally:
            self.doing -= 1

    async def write(self, work: Callable[[Unit], T], early: Any = None) -> T:
        self.doing += 1
        self.writes += 1
        try:
            if self.broken:
                raise RuntimeError("the database has a mind of its own")
            return await self._store.write(work, early)
        finally:
            self.doing -= 1


class House:
    def __init__(self, store: SqlStore, model: Vectorist, clock: FakeClock) -> None:
        self.store = _Counted(store)
        self.model = model
        self.clock = clock
        self.busy = False
        self.events = Events()
        self.told: list[tuple[str, Any]] = []
        self.done: asyncio.Queue[Any] = asyncio.Queue()
        self.said = 0
        self._changes: dict[str, str] = {}
        self._settings: dict[CharacterId, Settings] = {}
        self.embedder = self._embedder()

    def _embedder(self) -> Embedder:
        models: Any = self.model
        store: Any = self.store
        return Embedder(
            lambda character, settings: models,
            store,
            self.clock,
            busy=lambda: self.busy,
            listeners=lambda character: self.events,
            tell=lambda events, event, payload: self.told.append((event, payload)),
        )

    def config(self, character: CharacterId = ADA, **changes: str) -> Settings:
        """The same one until something is changed."""
        if changes or character not in self._settings:
            self._changes |= changes
            self._settings[character] = Settings(
                Environment.of(self._changes), character.title(), character
            )
        return self._settings[character]

    # --- a life --------------------------------------------------------------------------------

    @asynccontextmanager
    async def awake(self) -> AsyncIterator[Embedder]:
        """A process' life; the next one knows only what is in the database."""
        self.embedder = self._embedder()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(self.embedder.run())
            try:
                yield self.embedder
            finally:
                running.cancel()

    def memory(self, text: str, character: CharacterId = ADA, table: str = "messages") -> Memory:
        self.said += 1
        return Memory(
            MemoryId(f"{character}-{self.said}"),
            character,
            RoomId(f"r-{character}"),
            EntityId("robin"),
            Content(text=text),
            self.clock.now() + timedelta(milliseconds=self.said),
            table=table,
            metadata={"type": "message", "source": "telegram", "sourceId": str(self.said)},
        )

    async def keep(self, *memories: Memory) -> None:
        """Into the database, and nobody is told."""
        whose = {memory.character for memory in memories}

        def write(unit: Unit) -> None:
            worlds = [world(character) for character in whose]
            rooms = [room("r", character, address("r" + character)) for character in whose]
            unit.rooms.ensure(worlds, rooms)
            unit.memories.add(memories)

        await self.store.write(write)

    async def talk(self, messages: int = 1, character: CharacterId = ADA) -> None:
        """Messages with their answers, as turns leave them behind."""
        start = self.said
        rows = [
            self.memory(f"{what} number {start + at} of {character}", character)
            for at in range(messages)
            for what in ("question", "answer")
        ]
        await self.keep(*rows)
        for _ in range(messages):
            self.embedder.wake(character, self.config(character))
            self.embedder.heard(self.config(character))

    async def later(self, seconds: float, step: float = 5.0) -> None:
        while seconds > 0:
            await self.rest()
            await self.clock.advance(min(step, seconds))
            seconds -= step
        await self.rest()

    async def rest(self) -> None:
        """Until nobody does anything any more, apart from waiting for the clock or for a gate."""
        quiet = 0
        while quiet < 3:
            await settle(4)
            held = 0 if self.model.open.is_set() else self.model.now
            quiet = quiet + 1 if self.store.doing == 0 and self.model.now == held else 0
            if not quiet:
                await asyncio.sleep(0.001)

    async def have(self, character: CharacterId = ADA, name: str = "") -> int:
        wanted = name or self.model.name
        return (await self.store.read(lambda unit: unit.vectors.count(character, wanted)))[0]


@asynccontextmanager
async def a_house(folder: Path, url: str = "") -> AsyncIterator[House]:
    async with open_store(url, folder) as store:
        yield House(store, Vectorist(), FakeClock())
