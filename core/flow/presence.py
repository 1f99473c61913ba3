"""Where we are and with whom: rooms, worlds and people, made known once and remembered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache

from core.ids import Account, CharacterId, EntityId, MemoryId, RoomId, WorldId, unique_uuid
from core.messages import Address, Author, Entity, Inbound, Kind, Room, World
from core.ports import Store, Unit

_ROOMS = 20_000
_PEOPLE = 500
_FOLLOWS = 120.0
"""Seconds after our answer in which its reader's next words may be meant for us."""
_FOLLOWS_ALOUD = 20.0
MUTED = "MUTED"
FOLLOWED = "FOLLOWED"
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Spot:
    """One room as one character knows it, between turns."""

    character: CharacterId
    room: RoomId
    world: WorldId
    since: datetime = _EVER
    """What was said before is forgotten; platforms tell time by whole seconds, so what comes after
    a reset may claim to be older than it."""
    muted: bool = False
    followed: bool = False
    """The character joins in here without being called."""
    new: bool = False
    """Never seen before: it has no past to recall."""
    name: str | None = None
    called: str = ""
    """As the database knows the room, if it does."""
    people: dict[EntityId, str] = field(default_factory=dict)
    """Whom the database knows to take part, by the name it has."""
    hops: int = 0
    """Messages of bots since a person has spoken, ours too."""
    heard: set[int] = field(default_factory=set)
    """Inbox rows that were heard and are still open: a superseded one comes again with the next."""
    last_answered: str = ""
    """The platform's id of the person whom we answered last, until somebody else speaks."""
    answered_at: float = float("-inf")
    apologised_at: float = float("-inf")

    def hear(self, inbound: Inbound) -> bool:
        """Somebody does something here; False when it was heard before."""
        if inbound.id in self.heard:
            return False
        self.heard.add(inbound.id)
        if inbound.kind is Kind.MESSAGE:
            self.hops = self.hops + 1 if inbound.author.is_bot else 0
            if inbound.author.id != self.last_answered:
                self.last_answered = ""
        return True

    def answered(self, author: str, now: float) -> None:
        self.last_answered, self.answered_at = author, now
        self.hops += 1

    @property
    def has_answered(self) -> bool:
        """The character has spoken here since this process began."""
        return self.answered_at > float("-inf")

    def just_answered(self, author: str, now: float, *, aloud: bool = False) -> bool:
        within = _FOLLOWS_ALOUD if aloud else _FOLLOWS
        return self.last_answered == author and now - self.answered_at < within


class Presence:
    """Finds the room of an inbound; what is new is written with the turn that met it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._spots: OrderedDict[tuple[CharacterId, Address], Spot] = OrderedDict()

    async def at(self, character: CharacterId, address: Address, world: str) -> Spot:
        key = (character, address)
        spot = self._spots.get(key)
        if spot is not None:
            self._spots.move_to_end(key)
            return spot

        def look(unit: Unit) -> tuple[Room | None, datetime | None, str]:
            found = unit.rooms.find(character, address)
            if found is None:
                return None, None, ""
            state = unit.people.state(character, found.id, EntityId(character))
            return found, unit.rooms.forgotten_before(character, found.id), state

        room, since, state = await self._store.read(look)
        spot = Spot(
            character=character,
            room=room.id if room else room_id(character, address),
            world=room.world if room else world_id(character, address, world),
            since=since or _EVER,
            muted=state == MUTED,
            followed=state == FOLLOWED,
            new=room is None,
            called=room.name if room else "",
        )
        self._spots[key] = spot
        if len(self._spots) > _ROOMS:
            self._spots.popitem(last=False)
        return spot

    def forget(self, character: CharacterId, address: Address) -> None:
        """Look again next time: its address or its state has changed."""
        self._spots.pop((character, address), None)

    def left(self, character: CharacterId, world: WorldId) -> None:
        """Look again at all of its rooms: the character was put out of them."""
        for key in [key for key, spot in self._spots.items() if spot.world == world]:
            if key[0] == character:
                del self._spots[key]

    def parted(self, character: CharacterId, world: WorldId, people: Collection[EntityId]) -> None:
        """They take part in nothing there until they come again."""
        for (whose, _), spot in self._spots.items():
            if whose == character and spot.world == world:
                for one in people:
                    spot.people.pop(one, None)

    def forgotten(
        self, character: CharacterId, person: EntityId, rooms: Collection[RoomId]
    ) -> list[Address]:
        """Meet everybody in these rooms anew, that person above all; where the rooms are."""
        found = []
        for (whose, address), spot in self._spots.items():
            if whose == character and (spot.room in rooms or person in spot.people):
                spot.name = None  # of a direct chat not even the room is left
                spot.people.clear()
                spot.last_answered = ""
                found.append(address)
        return found


class Introduction:
    """What the database has to learn about an inbound before its memory can be kept."""

    def __init__(self, spot: Spot, inbound: Inbound) -> None:
        self._spot = spot
        place, address = inbound.place, inbound.address
        self._rooms: list[Room] = []
        self._worlds: list[World] = []
        if place.is_first_name and spot.called not in ("", place.world_name):
            place = replace(place, name=spot.called)  # it may have been renamed since
        if spot.name != place.name:
            self._worlds.append(
                World(spot.world, spot.character, place.world_name or place.name, place.world)
            )
            self._rooms.append(
                Room(
                    id=spot.room,
                    character=spot.character,
                    world=spot.world,
                    address=address,
                    channel=place.channel,
                    name=place.name,
                    source=address.platform,
                )
            )
        self._entities: dict[EntityId, Entity] = {}
        self.name = place.name
        """As the room will be known."""

    def meet(self, author: EntityId, who: Author, platform: str) -> None:
        if who.id and self._spot.people.get(author) != who.name:
            self._entities[author] = _entity(author, self._spot.character, who, platform)

    def write(self, unit: Unit) -> None:
        spot = self._spot
        unit.rooms.ensure(self._worlds, self._rooms)
        if self._entities:
            unit.people.meet(list(self._entities.values()))
            joining = [one for one in self._entities if one not in spot.people]
            if not spot.people:
                joining.append(EntityId(spot.character))
            unit.people.join(spot.character, spot.room, joining)

    def written(self) -> None:
        """It has been committed."""
        spot = self._spot
        spot.name, spot.new = self.name, False
        spot.called = self.name
        for one, entity in self._entities.items():
            if len(spot.people) < _PEOPLE:
                spot.people[one] = entity.names[0] if entity.names else ""


def places_of(spot: Spot, inbound: Inbound) -> tuple[list[World], list[Room]]:
    """A server and its rooms, as a WORLD tells of them; it comes from the room that `spot` is.

    That one has kept its ids through every move.
    """
    seen, address, character = inbound.world, inbound.address, spot.character
    if seen is None:
        return [], []
    is_here = seen.id == inbound.place.world
    world = spot.world if is_here else world_id(character, address, seen.id)
    addresses = [address._replace(room=one.id, thread=one.thread) for one in seen.rooms]
    rooms = [
        Room(
            id=spot.room if where == address else room_id(character, where),
            character=character,
            world=world,
            address=where,
            channel=one.channel,
            name=one.name,
            source=address.platform,
        )
        for where, one in zip(addresses, seen.rooms, strict=True)
    ]
    return [World(world, character, seen.name, seen.id)], rooms


def entity_of(character: CharacterId, address: Address, who: Author) -> Entity:
    """Somebody, as a platform shows them."""
    return _entity(entity_id(character, address, who.id), character, who, address.platform)


def _entity(id: EntityId, character: CharacterId, who: Author, platform: str) -> Entity:
    return Entity(
        id=id,
        character=character,
        names=tuple(name for name in (who.name, who.username) if name),
        metadata={
            platform: {"id": who.id, "name": who.name, "userName": who.username},
            "isBot": who.is_bot,
        },
    )


def entity_id(character: CharacterId, address: Address, author: str) -> EntityId:
    """A person, as one character knows them on one account; digits of two platforms differ."""
    return _entity_id(character, address.account, author)


@lru_cache(maxsize=4096)  # asked several times a turn, and a hash takes longer than all else of it
def _entity_id(character: CharacterId, account: Account, author: str) -> EntityId:
    return EntityId(unique_uuid(character, f"{account}:{author}"))


def room_id(character: CharacterId, address: Address) -> RoomId:
    return RoomId(unique_uuid(character, f"{address.account}:room:{address.key}"))


def world_id(character: CharacterId, address: Address, world: str) -> WorldId:
    return WorldId(unique_uuid(character, f"{address.account}:world:{world}"))


def memory_id(character: CharacterId, address: Address, message: str) -> MemoryId:
    """With the chat in it: supergroups number their messages independently.

    So do threads with a name of their own; those with a number share the numbers of their chat.
    """
    thread = address.thread
    chat = address.room if not thread or thread.isdigit() else address.key
    return MemoryId(unique_uuid(character, f"{address.account}:{chat}:{message}"))
