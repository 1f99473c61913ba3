"""elizaOS' calls about entities, what is known of them, and how they stand to one another."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ValidationError

from core.clock import Clock
from core.ids import CharacterId, EntityId, RoomId, WorldId
from core.kept import Component, Relationship
from core.messages import Entity
from core.plugins.classic_calls import plain
from core.plugins.classic_given import asked
from core.plugins.classic_shapes import Bag
from core.ports import Store, Unit
from core.runtime.asking import component_shown, entity_shown, relationship_shown


class EntityCalls:
    def __init__(self, store: Store, agent: CharacterId) -> None:
        self._store = store
        self._agent = agent

    async def get(self, entity: str) -> Bag | None:
        found = await self.get_many([entity])
        return found[0] if found else None

    async def get_many(self, entities: Sequence[str]) -> list[Bag]:
        ids = [EntityId(str(one)) for one in entities]
        found = await self._store.read(lambda unit: unit.people.known(self._agent, ids))
        return [entity_shown(one) for one in found]

    async def put_many(self, given: Sequence[Mapping[str, Any]]) -> list[EntityId]:
        """Create, or take over what is given; names that are not given stay, metadata is joined."""
        wishes = [asked(one) for one in given]

        def put(unit: Unit) -> list[EntityId]:
            return [self._put(unit, wish) for wish in wishes]

        return await self._store.write(put)

    async def put(self, given: Mapping[str, Any]) -> EntityId:
        return (await self.put_many([given]))[0]

    def _put(self, unit: Unit, wish: Bag) -> EntityId:
        id = EntityId(str(wish.get("id") or uuid4()))
        known = next(iter(unit.people.known(self._agent, [id])), None)
        known = known or Entity(id, self._agent, ())
        names = tuple(map(str, wish.get("names") or known.names))
        metadata = {**known.metadata, **plain(wish.get("metadata"))}
        unit.people.put(replace(known, names=names, metadata=metadata))
        return id


class BondCalls:
    """Components, judged by what their type's plugin says of them, and relationships."""

    def __init__(self, store: Store, agent: CharacterId, clock: Clock) -> None:
        self._store = store
        self._agent = agent
        self._clock = clock
        self._types: dict[str, Any] = {}

    def declare(self, component_type: Any) -> None:
        """A ComponentType: its validator, or its schema, judges what is written from now on."""
        self._types[component_type.name] = component_type

    async def put_component(self, given: Mapping[str, Any]) -> bool:
        """Create or take over; raises ValueError for data that its type's validator refuses."""
        component = self._component(asked(given))
        await self._judge(component)
        await self._store.write(lambda unit: unit.bonds.put_component(component))
        return True

    async def component(self, entity: str, type: str, world: str = "", source: str = "") -> Any:
        found = await self.components(entity, world, source, type=type)
        return found[0] if found else None

    async def components(
        self, entity: str, world: str = "", source: str = "", *, type: str = ""
    ) -> list[Bag]:
        found = await self._store.read(
            lambda unit: unit.bonds.components(
                self._agent,
                EntityId(str(entity)),
                type=type,
                world=WorldId(str(world)) if world else None,
                source=EntityId(str(source)) if source else None,
            )
        )
        return [component_shown(one) for one in found]

    async def drop_component(self, component: str) -> None:
        await self._store.write(lambda unit: unit.bonds.drop_component(self._agent, component))

    async def put_relationship(self, given: Mapping[str, Any]) -> bool:
        """One for each directed pair: a second takes over tags and metadata."""
        wish = asked(given)
        relationship = Relationship(
            id=str(wish.get("id") or uuid4()),
            character=self._agent,
            source=EntityId(str(wish["source_entity_id"])),
            target=EntityId(str(wish["target_entity_id"])),
            tags=frozenset(map(str, wish.get("tags") or ())),
            metadata=plain(wish.get("metadata")),
            created_at=self._clock.now(),
        )
        await self._store.write(lambda unit: unit.bonds.put_relationship(relationship))
        return True

    async def relationships(
        self, given: Mapping[str, Any] | str | None, more: Mapping[str, Any]
    ) -> list[Bag]:
        """From or to one entity, `{entityId, tags}`."""
        wish = asked({"entity_id": given} if isinstance(given, str) else given, more)
        entity = EntityId(str(wish.get("entity_id") or wish["source_entity_id"]))
        found = await self._store.read(
            lambda unit: unit.bonds.relationships(self._agent, entity, tags=wish.get("tags") or ())
        )
        return [relationship_shown(one) for one in found]

    async def relationship(
        self, given: Mapping[str, Any] | None, more: Mapping[str, Any]
    ) -> Bag | None:
        wish = asked(given, more)
        source, target = str(wish["source_entity_id"]), str(wish["target_entity_id"])
        for one in await self.relationships(source, {}):
            if (one["sourceEntityId"], one["targetEntityId"]) == (source, target):
                return one
        return None

    def _component(self, wish: Bag) -> Component:
        def named(key: str) -> str | None:
            return str(wish[key]) if wish.get(key) else None

        world, room, source = named("world_id"), named("room_id"), named("source_entity_id")
        return Component(
            id=str(wish.get("id") or uuid4()),
            entity=EntityId(str(wish["entity_id"])),
            character=self._agent,
            type=str(wish.get("type") or ""),
            data=plain(wish.get("data")),
            room=RoomId(room) if room else None,
            world=WorldId(world) if world else None,
            source=EntityId(source) if source else None,
        )

    async def _judge(self, component: Component) -> None:
        kind = self._types.get(component.type)
        if kind is None:
            return  # nobody has said what it has to be
        schema = kind.schema
        if isinstance(schema, type) and issubclass(schema, BaseModel):
            try:
                schema.model_validate(component.data)
            except ValidationError as error:
                # Pydantic's text quotes what it has found there, which is about people.
                where = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
                raise ValueError(f"a component {component.type} is wrong at {where}") from None
        verdict = kind.validator(component.data) if kind.validator else True
        if not (await verdict if inspect.isawaitable(verdict) else verdict):
            raise ValueError(f"its plugin refuses this component {component.type}")
