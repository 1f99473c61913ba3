"""Rooms in which something was said, on a real database, and a recall that counts its looks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from core.errors import StoreUnavailable
from core.ids import Account, CharacterId, EntityId, MemoryId, RoomId, WorldId
from core.memory.recall import Asking, Recall
from core.memory.recent import Recent
from core.messages import (
    Address,
    Author,
    ChannelType,
    Content,
    Entity,
    Inbound,
    Kind,
    Memory,
    Place,
    Room,
    World,
)
from core.ports import Unit
from core.settings.layers import Environment, Settings
from core.state import Remembered, Scene
from core.store.engine import SqlStore, open_store
from tests.core.scenes import ELIZA
from tests.fakes.clock import FakeClock

T = TypeVar("T")

HER = ELIZA.agent_id
NOW = datetime.fromisoformat("2026-11-21T12:00:00+00:00")
LINES = 4
"""A short conversation in the prompt, so that little has to be said to be old."""


@dataclass
class Door:
    """A store that counts how often it is read, and can be away."""

    store: SqlStore
    reads: int = 0
    away: bool = False

    async def read(self, work: Callable[[Unit], T]) -> T:
        self.reads += 1
        if self.away:
            raise StoreUnavailable("the database is away")
        return await self.store.read(work)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@dataclass
class Town:
    store: SqlStore
    door: Door
    recent: Recent
    recall: Recall
    embedder: Asking | None
    numbers: list[int] = field(default_factory=lambda: [0])

    def again(self) -> Town:
        """A new process on the same database."""
        door = Door(self.store)
        recent = Recent(door)  # type: ignore[arg-type]  # all that Recent asks for
        recall = Recall(door, self.embedder, recent, FakeClock())  # type: ignore[arg-type]
        return replace(self, door=door, recent=recent, recall=recall)

    async def said(
        self, *texts: str, where: str = "kitchen", by: str = "robin", **more: Any
    ) -> None:
        """Each a minute after the one before, long ago."""
        await self.kept(*(self.memory(text, where=where, by=by, **more) for text in texts))

    async def kept(self, *memories: Memory) -> None:
        def write(unit: Unit) -> None:
            unit.memories.add(memories)
            while unit.passages.behind(500):
                pass

        await self.store.write(write)

    def memory(
        self,
        text: str,
        *,
        where: str = "kitchen",
        by: str = "robin",
        table: str = "messages",
        whose: CharacterId = HER,
        **content: Any,
    ) -> Memory:
        self.numbers[0] += 1
        number = self.numbers[0]
        return Memory(
            id=MemoryId(f"m{number}"),
            character=whose,
            room=RoomId(where),
            author=EntityId(whose if by == "eliza" else by),
            content=Content(text, **content),
            created_at=NOW - timedelta(days=30) + timedelta(minutes=number),
            table=table,
            metadata={"entityName": by.capitalize()},
        )

    async def filled(self, where: str = "kitchen", count: int = LINES) -> None:
        """So much small talk that nothing older is shown any more."""
        await self.said(*(f"well {'x' * n}" for n in range(count + LINES)), where=where)

    async def scene(
        self,
        text: str,
        *,
        where: str = "kitchen",
        person: str = "robin",
        direct: bool = False,
        **more: Any,
    ) -> Scene:
        channel = ChannelType.DM if direct else ChannelType.GROUP
        inbound = Inbound(
            id=1,
            address=Address("telegram", Account("telegram:1"), where),
            kind=Kind.MESSAGE,
            author=Author(person, person.capitalize()),
            place=Place(channel, where),
            message="1",
            text=text,
            sent_at=NOW,
            is_direct=direct,
        )
        settings = {"CONVERSATION_LENGTH": str(LINES), **more}
        return Scene(
            character=ELIZA,
            settings=Settings(Environment.of(settings), ELIZA.name, HER),
            inbound=(inbound,),
            history=tuple(await self.recent.lines(HER, RoomId(where), LINES)),
            place=inbound.place,
            now=NOW,
            room=RoomId(where),
            person=EntityId(person),
            read=self.store.read,
            remember=self.recall,
        )

    async def remembers(self, text: str, **more: Any) -> Remembered:
        scene = await self.scene(text, **more)
        return await self.recall(scene)


def texts(kept: Sequence[Any], *, but: str = "beside") -> list[str]:
    return [one.memory.content.text for one in kept if one.why != but]


def room(
    name: str,
    channel: ChannelType = ChannelType.GROUP,
    *,
    world: str = "home",
    whose: CharacterId = HER,
) -> Room:
    where = Address("telegram", Account("telegram:1"), name)
    return Room(RoomId(name), whose, WorldId(world), where, channel, name, "telegram")


@asynccontextmanager
async def town(folder: Path, embedder: Asking | None = None) -> AsyncIterator[Town]:
    """Kitchen and garden are rooms of one house; the office is elsewhere, and so are two talks of
    Robin's with her and one of Kim's."""

    def furnish(unit: Unit) -> None:
        worlds = [World(WorldId(name), HER, name, name) for name in ("home", "work", "dms", HER)]
        unit.rooms.ensure(
            worlds,
            [
                room("kitchen"),
                room("garden"),
                room("office", world="work"),
                room("robin-1", ChannelType.DM, world="dms"),
                room("robin-2", ChannelType.DM, world="dms"),
                room("kim-1", ChannelType.DM, world="dms"),
                room("hidden", ChannelType.DM, world="home"),
                room(HER, ChannelType.SELF, world=HER),
            ],
        )
        people = [EntityId(name) for name in ("robin", "kim")]
        unit.people.meet([Entity(one, HER, (one.capitalize(),)) for one in people])
        for name in ("kitchen", "garden", "office"):
            unit.people.join(HER, RoomId(name), people)
        unit.people.join(HER, RoomId("robin-1"), people[:1])
        unit.people.join(HER, RoomId("robin-2"), people[:1])
        unit.people.join(HER, RoomId("kim-1"), people[1:])
        unit.people.join(HER, RoomId("hidden"), people)

    async with open_store(None, folder) as store:
        await store.write(furnish)
        door = Door(store)
        recent = Recent(door)  # type: ignore[arg-type]  # all that Recent asks for
        recall = Recall(door, embedder, recent, FakeClock())  # type: ignore[arg-type]
        yield Town(store, door, recent, recall, embedder)
