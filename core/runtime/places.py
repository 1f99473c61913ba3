"""elizaOS' calls about worlds, rooms and who takes part in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.ids import CharacterId, EntityId, RoomId, WorldId
from core.messages import Entity, Room
from core.plugins.classic_given import asked
from core.plugins.classic_shapes import Bag
from core.ports import Store, Unit
from core.runtime.asking import (
    entity_shown,
    own_world,
    room_from,
    room_shown,
    world_from,
    world_shown,
)


class PlaceCalls:
    def __init__(self, store: Store, agent: CharacterId, name: str) -> None:
        self._store = store
        self._agent = agent
        self._name = name

    # --- worlds --------------------------------------------------------------------------------

    async def ensure_world(self, given: Mapping[str, Any]) -> WorldId:
        world = world_from(asked(given), self._agent)
        await self._store.write(lambda unit: unit.rooms.ensure([world], []))
        return world.id

    async def put_world(self, given: Mapping[str, Any]) -> WorldId:
        """Take over its name and metadata; what is not given stays."""
        wish = asked(given)

        def put(unit: Unit) -> WorldId:
            world = world_from(wish, self._agent)
            known = unit.rooms.world(self._agent, world.id)
            if known is not None:
                world = replace(
                    known,
                    name=world.name or known.name,
                    metadata={**known.metadata, **world.metadata},
                )
            unit.rooms.put_world(world)
            return world.id

        return await self._store.write(put)

    async def world(self, world: str) -> Bag | None:
        id = WorldId(str(world))
        found = await self._store.read(lambda unit: unit.rooms.world(self._agent, id))
        return None if found is None else world_shown(found)

    async def worlds(self) -> list[Bag]:
        found = await self._store.read(lambda unit: unit.rooms.worlds(self._agent))
        return [world_shown(one) for one in found]

    # --- rooms ---------------------------------------------------------------------------------

    async def ensure_room(self, given: Mapping[str, Any]) -> RoomId:
        """The room's id: of the one that is known at this address, where there is one."""
        wish = asked(given)
        return await self._store.write(lambda unit: self._ensure_room(unit, wish))

    async def ensure_rooms(self, given: Sequence[Mapping[str, Any]]) -> list[RoomId]:
        wishes = [asked(one) for one in given]
        return await self._store.write(
            lambda unit: [self._ensure_room(unit, wish) for wish in wishes]
        )

    async def room(self, room: str) -> Bag | None:
        found = await self.rooms_by_ids([room])
        return found[0] if found else None

    async def rooms_by_ids(self, rooms: Sequence[str]) -> list[Bag]:
        ids = [RoomId(str(one)) for one in rooms]
        found = await self._store.read(lambda unit: unit.rooms.get(self._agent, ids))
        return [room_shown(one) for one in found]

    async def rooms(self, world: str | None) -> list[Bag]:
        where = WorldId(str(world)) if world else None
        found = await self._store.read(lambda unit: unit.rooms.within(self._agent, where))
        return [room_shown(one) for one in found]

    async def drop_room(self, room: str) -> None:
        await self._store.write(lambda unit: unit.rooms.drop(self._agent, RoomId(str(room))))

    async def target(self, given: Mapping[str, Any] | str) -> RoomId:
        """The room that elizaOS' target means: its id, its channel, or a person's direct one.

        Raises LookupError for one that is not known here.
        """
        wish = asked({"room_id": given} if isinstance(given, str) else given)

        def look(unit: Unit) -> list[Room]:
            if "room_id" in wish:
                return unit.rooms.get(self._agent, [RoomId(str(wish["room_id"]))])
            rooms = unit.rooms.within(self._agent)
            if "channel_id" in wish:
                return [one for one in rooms if one.address.key == str(wish["channel_id"])]
            entity = EntityId(str(wish.get("entity_id")))
            theirs = set(unit.people.rooms_of(self._agent, [entity]))
            return [one for one in rooms if one.id in theirs and one.channel.value == "DM"]

        source = wish.get("source")
        for room in await self._store.read(look):
            if source in (None, room.source) and room.source != "self":
                return room.id
        raise LookupError("no room of this character is meant by the target")

    def _ensure_room(self, unit: Unit, wish: Bag) -> RoomId:
        room = room_from(wish, self._agent)
        for known in unit.rooms.get(self._agent, [room.id]):
            room = replace(known, name=room.name or known.name)
            unit.rooms.ensure([], [room])
            return room.id
        # Whoever names a channel of a platform means the account that we have there.
        for sibling in unit.rooms.within(self._agent):
            if sibling.source == room.source:
                room = replace(room, address=room.address._replace(account=sibling.address.account))
                break
        there = unit.rooms.find(self._agent, room.address)
        if there is not None:
            return there.id
        if unit.rooms.world(self._agent, room.world) is None:
            world = own_world(self._agent, self._name)
            unit.rooms.ensure([replace(world, id=room.world)], [])
        unit.rooms.ensure([], [room])
        return room.id

    # --- who takes part ------------------------------------------------------------------------

    async def connect(self, given: Mapping[str, Any] | None, more: Mapping[str, Any]) -> RoomId:
        """elizaOS' ensureConnection (R-146): entity, world, room, both as participants.

        Names are joined to those that are known, metadata to what other sources have told.
        """
        wish = asked(given, more)
        source = str(wish.get("source") or "self")
        entity = EntityId(str(wish["entity_id"]))
        names = tuple(str(one) for one in (wish.get("name"), wish.get("user_name")) if one)
        about = {
            "id": wish.get("user_id") or entity,
            "name": names[0] if names else "",
            "userName": str(wish.get("user_name") or ""),
            **(wish.get("metadata") or {}),
        }
        room = asked({**wish, "id": wish.get("room_id"), "name": wish.get("room_name")})
        room.pop("metadata", None)
        world = asked(
            {
                "id": wish.get("world_id") or self._agent,
                "name": wish.get("world_name"),
                "server_id": wish.get("server_id") or wish.get("message_server_id"),
            }
        )

        def write(unit: Unit) -> RoomId:
            known = next(iter(unit.people.known(self._agent, [entity])), None)
            if known is None:
                known = Entity(entity, self._agent, ())
            joined = tuple(dict.fromkeys((*known.names, *names)))
            unit.people.put(
                replace(known, names=joined, metadata={**known.metadata, source: about})
            )
            if unit.rooms.world(self._agent, WorldId(str(world["id"]))) is None:
                unit.rooms.ensure([world_from(world, self._agent)], [])
            id = self._ensure_room(unit, room)
            unit.people.join(self._agent, id, [entity, EntityId(self._agent)])
            return id

        return await self._store.write(write)

    async def join(self, entity: str, room: str) -> bool:
        await self._store.write(
            lambda unit: unit.people.join(self._agent, RoomId(str(room)), [EntityId(str(entity))])
        )
        return True

    async def leave(self, entity: str, room: str) -> bool:
        await self._store.write(
            lambda unit: unit.people.leave(self._agent, RoomId(str(room)), EntityId(str(entity)))
        )
        return True

    async def here(self, room: str) -> list[Bag]:
        found = await self._store.read(
            lambda unit: unit.people.here(self._agent, RoomId(str(room)))
        )
        return [entity_shown(one) for one in found]

    async def ids_here(self, room: str) -> list[str]:
        return [one["id"] for one in await self.here(room)]

    async def rooms_of(self, entities: str | Sequence[str]) -> list[RoomId]:
        several = [entities] if isinstance(entities, str) else entities
        ids = [EntityId(str(one)) for one in several]
        return await self._store.read(lambda unit: unit.people.rooms_of(self._agent, ids))

    async def state(self, room: str, entity: str) -> str | None:
        """FOLLOWED, MUTED or None (R-151)."""
        found = await self._store.read(
            lambda unit: unit.people.state(self._agent, RoomId(str(room)), EntityId(str(entity)))
        )
        return found or None

    async def set_state(self, room: str, entity: str, state: str | None) -> None:
        await self._store.write(
            lambda unit: unit.people.set_state(
                self._agent, RoomId(str(room)), EntityId(str(entity)), state or ""
            )
        )
