"""What the flow asks of the database: repositories of one transaction, and two doors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, TypeVar

from core.ids import Account, CharacterId, EntityId, MemoryId, RoomId, TurnId, WorldId
from core.kept import Component, Relationship, Spending, Step, StepStatus, Task
from core.messages import (
    Address,
    Delivery,
    DeliveryStatus,
    Entity,
    Kind,
    Memory,
    Outcome,
    Received,
    Room,
    World,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open inbox row, without its payload."""

    id: int
    address: Address
    author: str
    kind: Kind
    keep: bool | None = None


class Inbox(Protocol):
    def add(self, received: Sequence[Received], now: datetime) -> list[int | None]:
        """Row ids in the order given, those that they bring if they do; None for one that is
        stored already."""
        ...

    def load(self, ids: Iterable[int]) -> list[Received]:
        """In the order of their ids; those still open only."""
        ...

    def newest(self, account: Account) -> dict[str, int]:
        """See `Intake.newest`."""
        ...

    def last(self) -> int:
        """The highest row id; 0 when there is none."""
        ...

    def waiting(self, account: Account) -> list[Waiting]:
        """Every open row of one account, oldest first."""
        ...

    def close(
        self, ids: Iterable[int], outcome: Outcome, now: datetime, *, private: bool = False
    ) -> None:
        """Write down how it ended; a private row keeps its key, but none of its words."""
        ...

    def forget(self, before: datetime) -> int:
        """Drop finished rows older than this; how many."""
        ...


class Deliveries(Protocol):
    def add(self, deliveries: Sequence[Delivery], now: datetime) -> list[Delivery]:
        """Stored, with their seq; one that is there already (same turn, step, ordinal) is left out."""
        ...

    def open(self, account: Account | None = None) -> list[Delivery]:
        """Everything not finished, in order, whole; what was growing too."""
        ...

    def start(self, seqs: Iterable[int]) -> None:
        """Mark as being sent."""
        ...

    def settle(
        self,
        seq: int,
        status: DeliveryStatus,
        now: datetime,
        *,
        message: str | None = None,
        reason: str = "",
        not_before: float = 0.0,
    ) -> None: ...
    def shown(self, seq: int, message: str) -> None:
        """A growing row is on show as this message."""
        ...

    def finish(self, growing: Delivery) -> None:
        """Take over what a growing row has become: its kind, target, payload and status."""
        ...

    def move(self, account: Account, old_room: str, new_room: str) -> int:
        """Give the open rows of a room its new address."""
        ...

    def forget(self, before: datetime) -> int: ...


class Memories(Protocol):
    def add(self, memories: Sequence[Memory]) -> None:
        """One that is there already is left as it is."""
        ...

    def recent(
        self, character: CharacterId, room: RoomId, limit: int, *, table: str = "messages"
    ) -> list[Memory]:
        """The newest, oldest first; never another character's, never another room's."""
        ...

    def get(self, character: CharacterId, ids: Sequence[MemoryId]) -> list[Memory]: ...
    def rewrite(self, character: CharacterId, memory: MemoryId, text: str) -> bool:
        """The person has edited what was said; False when it is not known."""
        ...

    def find(
        self,
        character: CharacterId,
        *,
        table: str = "messages",
        rooms: Sequence[RoomId] = (),
        entity: EntityId | None = None,
        world: WorldId | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 10,
        offset: int = 0,
    ) -> list[Memory]:
        """Newest first (ME-05); no rooms means all of this character's."""
        ...

    def put(self, memory: Memory) -> bool:
        """Take over content and metadata of one that is there; False when it is not."""
        ...

    def drop(self, character: CharacterId, ids: Sequence[MemoryId]) -> int: ...
    def clear(self, character: CharacterId, room: RoomId, *, table: str = "messages") -> int: ...
    def count(
        self, character: CharacterId, room: RoomId | None = None, *, table: str = "messages"
    ) -> int: ...


class People(Protocol):
    def meet(self, entities: Sequence[Entity]) -> None:
        """Add or rename."""
        ...

    def known(self, character: CharacterId, ids: Sequence[EntityId]) -> list[Entity]: ...
    def join(self, character: CharacterId, room: RoomId, entities: Sequence[EntityId]) -> None: ...
    def put(self, entity: Entity) -> None:
        """Take over names and metadata as they are given."""
        ...

    def here(self, character: CharacterId, room: RoomId, *, limit: int = 100) -> list[Entity]:
        """Who takes part in a room."""
        ...

    def rooms_of(self, character: CharacterId, entities: Sequence[EntityId]) -> list[RoomId]:
        """Every room in which one of them takes part."""
        ...

    def leave(self, character: CharacterId, room: RoomId, entity: EntityId) -> None: ...
    def state(self, character: CharacterId, room: RoomId, entity: EntityId) -> str:
        """Participant state: FOLLOWED, MUTED or empty."""
        ...

    def set_state(
        self, character: CharacterId, room: RoomId, entity: EntityId, state: str
    ) -> None: ...


class Rooms(Protocol):
    def ensure(self, worlds: Sequence[World], rooms: Sequence[Room]) -> None: ...
    def find(self, character: CharacterId, address: Address) -> Room | None: ...
    def get(self, character: CharacterId, ids: Sequence[RoomId]) -> list[Room]: ...
    def within(self, character: CharacterId, world: WorldId | None = None) -> list[Room]:
        """All rooms of a world, or of the character."""
        ...

    def named(self, character: CharacterId, name: str) -> list[Room]:
        """Rooms of that name, in any case, without # before it."""
        ...

    def world(self, character: CharacterId, world: WorldId) -> World | None: ...
    def worlds(self, character: CharacterId) -> list[World]: ...
    def put_world(self, world: World) -> None:
        """Take over name and metadata as they are given."""
        ...

    def drop(self, character: CharacterId, room: RoomId) -> None:
        """A room with its participants and memories."""
        ...

    def move(self, account: Account, old_room: str, new_room: str) -> int:
        """The chat has a new id; what was said in it stays with it."""
        ...

    def forgotten_before(self, character: CharacterId, room: RoomId) -> datetime | None: ...
    def forget_before(self, character: CharacterId, room: RoomId, when: datetime) -> None:
        """A person asked for a fresh start: older talk is no longer recalled."""
        ...


class Notes(Protocol):
    """Settings that change at run time, and a person's own ones (encrypted at rest)."""

    def owners(self) -> set[str]:
        """Everybody who has set anything."""
        ...

    def get(self, owner: str) -> dict[str, str | None]: ...
    def put(self, owner: str, key: str, value: str | None) -> None: ...
    def drop(self, owner: str, key: str) -> None: ...


class Steps(Protocol):
    """What a turn has set out to do and how far it came (architecture 5.6)."""

    def open(self, character: CharacterId | None = None) -> list[TurnId]:
        """Turns that have a plan and whose inbound is not closed yet."""
        ...

    def of(self, turn: TurnId) -> list[Step]:
        """In order."""
        ...

    def begin(self, step: Step, now: datetime) -> bool:
        """False when it has begun already, in an earlier process."""
        ...

    def end(
        self,
        turn: TurnId,
        ordinal: int,
        status: StepStatus,
        result: Mapping[str, Any],
        now: datetime,
    ) -> None: ...
    def forget(self, before: datetime) -> int: ...


class Tasks(Protocol):
    def put(self, task: Task) -> None:
        """Add or take over."""
        ...

    def get(self, character: CharacterId, task: str) -> Task | None: ...
    def find(
        self,
        character: CharacterId | None = None,
        *,
        name: str = "",
        tags: Iterable[str] = (),
        room: RoomId | None = None,
        entity: EntityId | None = None,
    ) -> list[Task]:
        """Those that bear all of these tags, oldest first; no character means everybody's."""
        ...

    def drop(self, character: CharacterId, task: str) -> bool: ...


class Bonds(Protocol):
    """Components and relationships of entities."""

    def put_component(self, component: Component) -> None: ...
    def components(
        self,
        character: CharacterId,
        entity: EntityId,
        *,
        type: str = "",
        world: WorldId | None = None,
        source: EntityId | None = None,
    ) -> list[Component]: ...
    def drop_component(self, character: CharacterId, component: str) -> None: ...
    def put_relationship(self, relationship: Relationship) -> None:
        """One for each directed pair: a second takes over tags and metadata."""
        ...

    def relationships(
        self, character: CharacterId, entity: EntityId, *, tags: Iterable[str] = ()
    ) -> list[Relationship]:
        """From or to this entity."""
        ...


class Spendings(Protocol):
    def add(self, spendings: Sequence[Spending], now: datetime) -> None: ...
    def total(
        self,
        by: Literal["character", "person", "room", "model", "kind", "day"] = "character",
        *,
        character: CharacterId | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[tuple[str, Spending, int]]:
        """Whose, the sum of it, and of how many calls; the dearest first."""
        ...

    def forget(self, before: datetime) -> int: ...


class Cache(Protocol):
    """elizaOS' key-value cache of one character (R-203)."""

    def get(self, character: CharacterId, key: str, now: datetime) -> Any:
        """A JSON value; None where there is none, or it has run out."""
        ...

    def put(
        self, character: CharacterId, key: str, value: Any, expires: datetime | None = None
    ) -> None: ...
    def drop(self, character: CharacterId, key: str) -> bool: ...
    def forget(self, now: datetime) -> int:
        """Drop what has run out."""
        ...


class Unit(Protocol):
    """One transaction."""

    @property
    def inbox(self) -> Inbox: ...
    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def memories(self) -> Memories: ...
    @property
    def people(self) -> People: ...
    @property
    def rooms(self) -> Rooms: ...
    @property
    def notes(self) -> Notes: ...
    @property
    def steps(self) -> Steps: ...
    @property
    def tasks(self) -> Tasks: ...
    @property
    def bonds(self) -> Bonds: ...
    @property
    def spendings(self) -> Spendings: ...
    @property
    def cache(self) -> Cache: ...


class Store(Protocol):
    """Two doors. What passes through them is a plain function, so it cannot wait for a network.

    Both raise StoreUnavailable when the database is full, locked or away; then nothing of the
    function was kept.
    """

    async def write(self, work: Callable[[Unit], T], early: Callable[[T], None] | None = None) -> T:
        """Durable when it returns. A function that raises undoes itself and nobody else.

        `early` may be told the result while the commit is still under way, and again when the
        function had to run anew; what it begins must wait for the return before it shows.
        """
        ...

    async def read(self, work: Callable[[Unit], T]) -> T: ...
    async def extend(self, owner: str, schema: Any) -> None:
        """Make a plugin's own tables (a SQLAlchemy MetaData), and columns that are missing.

        Their names begin with `<owner>_`; nothing is ever dropped. Raises BadInput for other names.
        """
        ...
