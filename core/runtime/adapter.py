"""elizaOS' database calls, which its runtime has as well (R-212): each one line to a part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.runtime.keeping import CacheCalls, LogCalls, TableCalls, TaskCalls
from core.runtime.memories import MemoryCalls
from core.runtime.people import BondCalls, EntityCalls
from core.runtime.places import PlaceCalls
from core.runtime.searching import SearchCalls

Given = Mapping[str, Any]
"""elizaOS' parameters, camelCase or snake_case; keyword arguments say the same."""


class DatabaseAdapter:
    """Everything that a character keeps, and nothing that another one does."""

    def __init__(
        self,
        *,
        memories: MemoryCalls,
        searches: SearchCalls,
        places: PlaceCalls,
        entities: EntityCalls,
        bonds: BondCalls,
        tasks: TaskCalls,
        cache: CacheCalls,
        tables: Any,
    ) -> None:
        self._memories = memories
        self._searches = searches
        self._places = places
        self._entities = entities
        self._bonds = bonds
        self._tasks = tasks
        self._cache = cache
        self._tables = tables
        self._logs = LogCalls(memories)

    # --- memories ------------------------------------------------------------------------------

    async def create_memory(self, memory: Any, table_name: str = "", unique: bool = False) -> str:
        return await self._memories.create(memory, table_name, unique)

    async def create_memories_batch(self, memories: Sequence[Any], table_name: str = "") -> Any:
        return await self._memories.create_many(memories, table_name)

    async def get_memories(self, params: Given | None = None, /, **more: Any) -> list[Any]:
        return await self._memories.find(params, more)

    async def get_memories_by_room_ids(self, params: Given | None = None, /, **more: Any) -> Any:
        return await self._memories.find(params, more)

    async def get_memories_by_room(self, room_id: str, **more: Any) -> list[Any]:
        return await self._memories.find({"room_id": room_id}, more)

    async def get_memories_by_user(self, entity_id: str, **more: Any) -> list[Any]:
        return await self._memories.find({"entity_id": entity_id}, more)

    async def get_memory_by_id(self, id: str) -> Any:
        return await self._memories.get(id)

    async def get_memories_by_ids(self, ids: Sequence[str]) -> list[Any]:
        return await self._memories.get_many(ids)

    async def update_memory(self, memory: Given) -> bool:
        return await self._memories.update(memory)

    async def delete_memory(self, id: str) -> int:
        return await self._memories.delete(id)

    async def delete_many_memories(self, ids: Sequence[str]) -> int:
        return await self._memories.delete(ids)

    async def delete_memories(self, params: Given | None = None, /, **more: Any) -> int:
        return await self._memories.delete_found(params, more)

    async def clear_room_memories(self, room_id: str, table_name: str = "messages") -> int:
        return await self._memories.clear(room_id, table_name)

    delete_all_memories = clear_room_memories

    async def count_memories(
        self, room_id: Any = None, unique: bool = False, table_name: str = "messages"
    ) -> int:
        return await self._memories.count(room_id, unique, table_name)

    async def search_memories(self, params: Any = None, /, **more: Any) -> list[Any]:
        return await self._searches.search(params, more)

    async def search_memories_by_embedding(
        self, embedding: Any = None, params: Given | None = None, /, **more: Any
    ) -> list[Any]:
        return await self._searches.by_vector(embedding, params, more)

    search_memories_by_similarity = search_memories_by_embedding

    async def add_embedding_to_memory(self, memory: Any) -> Any:
        return await self._searches.embedded(memory)

    async def queue_embedding_generation(self, memory: Any = None, priority: str = "") -> None:
        await self._searches.queue(memory, priority)

    async def get_cached_embedding(self, text: str) -> Any:
        return await self._searches.cached(text)

    async def set_cached_embedding(self, text: str, embedding: Sequence[float]) -> bool:
        return await self._searches.cache(text, embedding)

    # --- worlds and rooms ----------------------------------------------------------------------

    async def ensure_connection(self, params: Given | None = None, /, **more: Any) -> str:
        return await self._places.connect(params, more)

    async def ensure_world_exists(self, world: Given) -> str:
        return await self._places.ensure_world(world)

    create_world = ensure_world_exists

    async def update_world(self, world: Given) -> str:
        return await self._places.put_world(world)

    async def get_world(self, id: str) -> Any:
        return await self._places.world(id)

    async def get_all_worlds(self) -> list[Any]:
        return await self._places.worlds()

    async def ensure_room_exists(self, room: Given) -> str:
        return await self._places.ensure_room(room)

    create_room = update_room = ensure_room_exists

    async def create_rooms(self, rooms: Sequence[Given]) -> list[Any]:
        return list(await self._places.ensure_rooms(rooms))

    async def get_room(self, room_id: str) -> Any:
        return await self._places.room(room_id)

    async def get_rooms(self, world_id: str | None = None) -> list[Any]:
        return await self._places.rooms(world_id)

    get_rooms_by_world = get_rooms

    async def get_rooms_by_ids(self, room_ids: Sequence[str]) -> list[Any]:
        return await self._places.rooms_by_ids(room_ids)

    async def delete_room(self, room_id: str) -> None:
        await self._places.drop_room(room_id)

    # --- who takes part ------------------------------------------------------------------------

    async def ensure_participant_in_room(self, entity_id: str, room_id: str) -> bool:
        return await self._places.join(entity_id, room_id)

    add_participant = create_participant = ensure_participant_in_room

    async def remove_participant(self, entity_id: str, room_id: str) -> bool:
        return await self._places.leave(entity_id, room_id)

    async def get_participants(self, room_id: str) -> list[Any]:
        return await self._places.here(room_id)

    get_entities_for_room = get_participants

    async def get_participants_for_room(self, room_id: str) -> list[str]:
        return await self._places.ids_here(room_id)

    async def get_rooms_for_participant(self, entity_id: str) -> list[Any]:
        return list(await self._places.rooms_of(entity_id))

    async def get_rooms_for_participants(self, entity_ids: Sequence[str]) -> list[Any]:
        return list(await self._places.rooms_of(entity_ids))

    async def get_participant_user_state(self, room_id: str, entity_id: str) -> str | None:
        return await self._places.state(room_id, entity_id)

    async def set_participant_user_state(
        self, room_id: str, entity_id: str, state: str | None
    ) -> None:
        await self._places.set_state(room_id, entity_id, state)

    update_participant_user_state = set_participant_user_state

    # --- entities ------------------------------------------------------------------------------

    async def get_entity_by_id(self, entity_id: str) -> Any:
        return await self._entities.get(entity_id)

    get_entity = get_entity_by_id

    async def get_entities_by_ids(self, entity_ids: Sequence[str]) -> list[Any]:
        return await self._entities.get_many(entity_ids)

    async def create_entity(self, entity: Given) -> str:
        return await self._entities.put(entity)

    update_entity = create_entity

    async def create_entities(self, entities: Sequence[Given]) -> list[Any]:
        return list(await self._entities.put_many(entities))

    async def create_component(self, component: Given) -> bool:
        return await self._bonds.put_component(component)

    update_component = create_component

    async def get_component(
        self, entity_id: str, type: str, world_id: str = "", source_entity_id: str = ""
    ) -> Any:
        return await self._bonds.component(entity_id, type, world_id, source_entity_id)

    async def get_components(
        self, entity_id: str, world_id: str = "", source_entity_id: str = ""
    ) -> list[Any]:
        return await self._bonds.components(entity_id, world_id, source_entity_id)

    async def delete_component(self, id: str) -> None:
        await self._bonds.drop_component(id)

    def register_component_type(self, component_type: Any) -> None:
        self._bonds.declare(component_type)

    async def create_relationship(self, relationship: Given) -> bool:
        return await self._bonds.put_relationship(relationship)

    update_relationship = create_relationship

    async def get_relationship(self, params: Given | None = None, /, **more: Any) -> Any:
        return await self._bonds.relationship(params, more)

    async def get_relationships(self, params: Any = None, /, **more: Any) -> list[Any]:
        return await self._bonds.relationships(params, more)

    # --- tasks, cache, log, tables -------------------------------------------------------------

    async def create_task(self, task: Given) -> str:
        return await self._tasks.create(task)

    async def get_task(self, id: str) -> Any:
        return await self._tasks.get(id)

    async def get_tasks(self, params: Given | None = None, /, **more: Any) -> list[Any]:
        return await self._tasks.find(params, more)

    async def get_tasks_by_name(self, name: str) -> list[Any]:
        return await self._tasks.find({"name": name}, {})

    async def update_task(self, id: str, task: Given) -> bool:
        return await self._tasks.update(id, task)

    async def delete_task(self, id: str) -> bool:
        return await self._tasks.delete(id)

    async def get_cache(self, key: str) -> Any:
        return await self._cache.get(key)

    async def set_cache(self, key: str, value: Any, *, seconds: float | None = None) -> bool:
        return await self._cache.put(key, value, seconds)

    async def delete_cache(self, key: str) -> bool:
        return await self._cache.drop(key)

    async def log(self, entry: Given | None = None, /, **more: Any) -> None:
        await self._logs.add(entry or {}, more)

    async def get_logs(self, params: Given | None = None, /, **more: Any) -> list[Any]:
        return await self._logs.find(params, more)

    def tables(self, owner: str) -> TableCalls:
        """A plugin's own tables, by the plugin's name."""
        return TableCalls(self._tables, owner)
