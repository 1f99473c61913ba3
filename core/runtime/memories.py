"""elizaOS' memory calls: any table name, a character's own memories only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.clock import Clock
from core.ids import CharacterId, EntityId, MemoryId, RoomId, WorldId
from core.messages import Memory
from core.plugins.classic_calls import plain
from core.plugins.classic_given import asked, content_from, memory_from, moment
from core.plugins.classic_shapes import Bag, Message, message_of
from core.ports import Store, Unit
from core.runtime.asking import own_room, own_world

_PAGE = 50
"""Memories of one question that names no count."""
_AT_ONCE = 1_000


Told = Callable[[CharacterId, RoomId, str], None]
"""Whose memory is new, in which room and table."""


class MemoryCalls:
    def __init__(
        self,
        store: Store,
        agent: CharacterId,
        name: str,
        clock: Clock,
        told: Told = lambda character, room, table: None,
    ) -> None:
        """`told` is told of everything new, after it was written."""
        self._store = store
        self._agent = agent
        self._name = name
        self._clock = clock
        self._told = told

    async def create(
        self, memory: Mapping[str, Any] | Memory, table_name: str = "", unique: bool = False
    ) -> MemoryId:
        """Its id; one that is there already is left as it is.

        With `unique`, the same words in the same room and table are one memory.
        """
        made = self.made(memory, table_name, unique)
        await self._store.write(lambda unit: self._add(unit, [made]))
        self._told(self._agent, made.room, made.table)
        return made.id

    async def create_many(self, memories: Sequence[Any], table_name: str = "") -> list[MemoryId]:
        """In one transaction."""
        made = [self.made(one, table_name) for one in memories]
        await self._store.write(lambda unit: self._add(unit, made))
        for room, table in {(one.room, one.table) for one in made}:
            self._told(self._agent, room, table)
        return [one.id for one in made]

    async def find(self, given: Mapping[str, Any] | None, more: Mapping[str, Any]) -> list[Message]:
        """Newest first; elizaOS' parameters and their aliases in its samples (R-125, ME-05)."""
        wish = asked(given, more)
        if wish.get("agent_id", self._agent) != self._agent:
            return []  # what another character knows is not asked for here
        found = await self._store.read(lambda unit: self._find(unit, wish, _PAGE))
        oldest_first = str(wish.get("direction") or "").lower() == "asc"
        return [message_of(one) for one in (reversed(found) if oldest_first else found)]

    async def get(self, memory: str) -> Message | None:
        found = await self.get_many([memory])
        return found[0] if found else None

    async def get_many(self, memories: Sequence[str]) -> list[Message]:
        ids = [MemoryId(str(one)) for one in memories]
        found = await self._store.read(lambda unit: unit.memories.get(self._agent, ids))
        return [message_of(one) for one in found]

    async def update(self, memory: Mapping[str, Any]) -> bool:
        """Take over what is given of content and metadata; False for one that is not there."""
        given = asked(memory)
        id = MemoryId(str(given.get("id")))

        def put(unit: Unit) -> bool:
            for known in unit.memories.get(self._agent, [id]):
                content = Bag(message_of(known).content)
                for key, value in _mapping(given.get("content")).items():
                    content[content.spelled(key)] = value
                return unit.memories.put(
                    replace(
                        known,
                        content=content_from(content),
                        metadata={**known.metadata, **plain(given.get("metadata"))},
                    )
                )
            return False

        return await self._store.write(put)

    async def delete(self, memories: str | Sequence[str]) -> int:
        """How many there were; a missing one is no error."""
        several = [memories] if isinstance(memories, str) else memories
        ids = [MemoryId(str(one)) for one in several]
        return await self._store.write(lambda unit: unit.memories.drop(self._agent, ids))

    async def delete_found(self, given: Mapping[str, Any] | None, more: Mapping[str, Any]) -> int:
        """Those that `find` would give, all of them where no count is named."""
        wish = asked(given, more)

        def drop(unit: Unit) -> int:
            dropped = 0
            while True:
                found = self._find(unit, wish, _AT_ONCE)
                dropped += unit.memories.drop(self._agent, [one.id for one in found])
                if len(found) < _AT_ONCE or {"count", "limit"} & wish.keys():
                    return dropped

        return await self._store.write(drop)

    async def clear(self, room: str, table: str = "messages") -> int:
        return await self._store.write(
            lambda unit: unit.memories.clear(self._agent, RoomId(str(room)), table=table)
        )

    async def count(
        self, room: str | Mapping[str, Any] | None, unique: bool = False, table: str = "messages"
    ) -> int:
        """Of one room, or of all; `unique` says nothing here, since no memory is there twice."""
        wish = asked(room) if isinstance(room, Mapping) else asked({"room_id": room})
        table = str(wish.get("table_name") or table)
        where = RoomId(str(wish["room_id"])) if "room_id" in wish else None
        return await self._store.read(
            lambda unit: unit.memories.count(self._agent, where, table=table)
        )

    def _find(self, unit: Unit, wish: Bag, most: int) -> list[Memory]:
        rooms = [*(wish.get("room_ids") or ()), *([wish["room_id"]] if "room_id" in wish else ())]
        entity = wish.get("entity_id") or wish.get("user_id")
        return unit.memories.find(
            self._agent,
            table=str(wish.get("table_name") or wish.get("type") or "messages"),
            rooms=[RoomId(str(room)) for room in rooms],
            entity=EntityId(str(entity)) if entity else None,
            world=WorldId(str(wish["world_id"])) if "world_id" in wish else None,
            start=moment(_first(wish, "start", "start_time", "after")),
            end=moment(_first(wish, "end", "end_time", "before")),
            limit=int(_first(wish, "count", "limit") or most),
            offset=int(wish.get("offset") or 0),
        )

    def made(
        self, memory: Mapping[str, Any] | Memory, table: str = "", unique: bool = False
    ) -> Memory:
        """The record of what elizaOS calls a memory; what is not given is filled in."""
        if isinstance(memory, Memory):
            return replace(memory, character=self._agent, table=table or memory.table)
        return memory_from(memory, self._agent, self._clock.now(), table, unique=unique)

    def _add(self, unit: Unit, memories: Sequence[Memory]) -> None:
        """A room that nobody has opened is one of the character's own: no name is refused."""
        rooms = {one.room for one in memories}
        missing = rooms - {room.id for room in unit.rooms.get(self._agent, list(rooms))}
        if missing:
            world = own_world(self._agent, self._name)
            unit.rooms.ensure([world], [own_room(self._agent, room) for room in sorted(missing)])
        unit.memories.add(memories)


def _mapping(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {} if given is None else {"text": given}


def _first(wish: Bag, *names: str) -> Any:
    return next((wish[name] for name in names if name in wish), None)
