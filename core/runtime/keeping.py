"""elizaOS' cache, its log of what happened, stored tasks, and a plugin's own tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol
from uuid import uuid4

from core.clock import Clock
from core.ids import CharacterId, EntityId, RoomId, WorldId
from core.kept import Task
from core.plugins.classic_calls import plain
from core.plugins.classic_given import asked, moment, task_shown
from core.plugins.classic_shapes import Bag
from core.ports import Store
from core.runtime.memories import MemoryCalls
from core.tasks.due import SPEAK_FIRST


class TaskBook(Protocol):
    """Whoever runs stored tasks; it hears of a new one at once."""

    async def create(self, task: Task) -> str: ...
    async def get(self, character: CharacterId, task: str) -> Task | None: ...
    async def find(
        self,
        character: CharacterId,
        *,
        name: str = "",
        tags: Sequence[str] = (),
        room: RoomId | None = None,
        entity: EntityId | None = None,
    ) -> list[Task]: ...
    async def update(self, task: Task) -> None: ...
    async def delete(self, character: CharacterId, task: str) -> bool: ...


class TaskCalls:
    def __init__(self, book: TaskBook, agent: CharacterId) -> None:
        self._book = book
        self._agent = agent

    async def create(self, given: Mapping[str, Any]) -> str:
        wish = asked(given)
        blank = Task(str(wish.get("id") or uuid4()), self._agent, str(wish.get("name") or ""))
        return await self._book.create(_changed(blank, wish))

    async def get(self, task: str) -> Bag | None:
        found = await self._book.get(self._agent, str(task))
        return None if found is None else task_shown(found)

    async def find(self, given: Mapping[str, Any] | None, more: Mapping[str, Any]) -> list[Bag]:
        """Those that bear all of the tags."""
        wish = asked(given, more)
        found = await self._book.find(
            self._agent,
            name=str(wish.get("name") or ""),
            tags=tuple(wish.get("tags") or ()),
            room=RoomId(str(wish["room_id"])) if "room_id" in wish else None,
            entity=EntityId(str(wish["entity_id"])) if "entity_id" in wish else None,
        )
        return [task_shown(one) for one in found]

    async def update(self, task: str, given: Mapping[str, Any]) -> bool:
        """Take over what is given; metadata is joined. False for one that is not there."""
        known = await self._book.get(self._agent, str(task))
        if known is None:
            return False
        await self._book.update(_changed(known, asked(given)))
        return True

    async def delete(self, task: str) -> bool:
        return await self._book.delete(self._agent, str(task))

    async def speak_first(self, room: str, reason: str, at: Any = None) -> str:
        """The id of the task; `reason` is told to her model, `at` is a moment or milliseconds."""
        return await self._book.create(
            Task(
                str(uuid4()),
                self._agent,
                SPEAK_FIRST,
                room=RoomId(str(room)),
                metadata={"reason": reason},
                due_at=moment(at),
            )
        )


def _changed(task: Task, wish: Bag) -> Task:
    """elizaOS keeps times in the metadata, in milliseconds (R-197, R-199)."""
    metadata = {**task.metadata, **plain(wish.get("metadata"))}
    times = asked(metadata)
    room, world, entity = (wish.get(key) for key in ("room_id", "world_id", "entity_id"))
    stamped = moment(wish.get("updated_at")) or moment(times.get("updated_at"))
    return replace(
        task,
        name=str(wish.get("name") or task.name),
        description=str(wish.get("description") or task.description),
        tags=frozenset(map(str, wish["tags"])) if "tags" in wish else task.tags,
        room=RoomId(str(room)) if room else task.room,
        world=WorldId(str(world)) if world else task.world,
        entity=EntityId(str(entity)) if entity else task.entity,
        metadata=metadata,
        interval=float(times.get("update_interval") or task.interval * 1000) / 1000,
        due_at=moment(times.get("execute_at")) or task.due_at,
        updated_at=stamped or task.updated_at,
    )


class CacheCalls:
    def __init__(self, store: Store, agent: CharacterId, clock: Clock) -> None:
        self._store = store
        self._agent = agent
        self._clock = clock

    async def get(self, key: str) -> Any:
        now = self._clock.now()
        return await self._store.read(lambda unit: unit.cache.get(self._agent, key, now))

    async def put(self, key: str, value: Any, seconds: float | None) -> bool:
        """A JSON value; it stays until it is deleted where no time is given."""
        until = None if seconds is None else self._clock.now() + timedelta(seconds=seconds)
        await self._store.write(lambda unit: unit.cache.put(self._agent, key, value, until))
        return True

    async def drop(self, key: str) -> bool:
        return await self._store.write(lambda unit: unit.cache.drop(self._agent, key))


class LogCalls:
    """elizaOS' rows of its log: memories of a table of their own, and no lines of ours."""

    def __init__(self, memories: MemoryCalls) -> None:
        self._memories = memories

    async def add(self, given: Mapping[str, Any], more: Mapping[str, Any]) -> None:
        wish = asked(given, more)
        content = {"text": "", "body": wish.get("body"), "logType": wish.get("type")}
        kept = {key: wish[key] for key in ("room_id", "entity_id") if key in wish}
        await self._memories.create({**kept, "content": content}, "logs")

    async def find(self, given: Mapping[str, Any] | None, more: Mapping[str, Any]) -> list[Bag]:
        """Newest first."""
        wish = asked(given, more)
        kind = wish.pop("type", None)
        found = await self._memories.find({**wish, "table_name": "logs"}, {})
        rows = [
            Bag(
                id=one["id"],
                type=one.content.log_type,
                body=one.content.body,
                roomId=one["roomId"],
                entityId=one["entityId"],
                createdAt=one["createdAt"],
            )
            for one in found
        ]
        return [row for row in rows if kind in (None, row["type"])]


class TableCalls:
    """The tables of one plugin's schema, by statements of SQLAlchemy Core."""

    def __init__(self, store: Store, owner: str) -> None:
        self._store = store
        self._owner = owner

    async def rows(self, statement: Any) -> list[Mapping[str, Any]]:
        """What a select gives."""
        return await self._store.read(lambda unit: unit.own(self._owner).rows(statement))

    async def execute(self, statement: Any, values: Any = None) -> int:
        """How many rows have changed; durable when it returns."""
        return await self._store.write(
            lambda unit: unit.own(self._owner).execute(statement, values)
        )
