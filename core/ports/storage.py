"""What the flow asks of the database: repositories of one transaction, and two doors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from core.ids import Account, CharacterId, EntityId, MemoryId, RoomId, TurnId, WorldId
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
from core.ports.finding import Passages, Vectors
from core.ports.kept import Bonds, Cache, Own, Spendings, Steps, Tasks
from core.ports.past import Past
from core.ports.persons import Persons

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open inbox row, without its payload."""

    id: int
    address: Address
    author: str
    kind: Kind
    keep: bool | None = None
    since: float = 0.0
    due: float = 0.0
    """When the rest of it has come, by the loop's time; 0 for what is whole already."""
    unsays: tuple[str, ...] = ()
    """As `Received.unsays`."""
    aloud: bool = False
    """As `Received.aloud`."""


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

    def cues(self, address: Address) -> list[datetime]:
        """When the character has spoken first in a room, oldest first, as far back as finished
        rows are kept."""
        ...

    def waiting(self, account: Account) -> list[Waiting]:
        """Every open row of one account, oldest first."""
        ...

    def close(
        self, ids: Iterable[int], outcome: Outcome, now: datetime, *, private: bool = False
    ) -> None:
        """Write down how it ended; a private row keeps its key, but none of its words."""
        ...

    def unsay(self, address: Address, messages: Collection[str], since: datetime) -> None:
        """Keep no words of what finished rows of a room say of these messages: they were taken
        back. Rows that ended before `since` hold nothing of them."""
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

    def unsay(self, turns: Collection[TurnId]) -> None:
        """Keep no words of what these turns have said."""
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
    def beside(
        self, character: CharacterId, room: RoomId, seq: int, *, before: int = 1, after: int = 1
    ) -> list[Memory]:
        """What was said just before and just after a row (see `Found.seq`), oldest first."""
        ...

    def beside_each(
        self,
        character: CharacterId,
        rows: Sequence[tuple[RoomId, int]],
        *,
        before: int = 1,
        after: int = 1,
    ) -> list[list[Memory]]:
        """As `beside` of each of these rows, for little more than one of them costs."""
        ...

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
        """Newest first (ME-05), from `start` to `end`; no rooms means all of this character's.

        As with `recent`, nothing of a room from before its fresh start.
        """
        ...

    def outlines(
        self, character: CharacterId, *, table: str, rooms: Sequence[RoomId] = (), limit: int = 1000
    ) -> list[Memory]:
        """Newest first, without their content, which of documents is long; also those from before
        a room's fresh start."""
        ...

    def put(self, memory: Memory) -> bool:
        """Take over content and metadata of one that is there; False when it is not."""
        ...

    def drop(self, character: CharacterId, ids: Sequence[MemoryId]) -> int: ...
    def clear(self, character: CharacterId, room: RoomId, *, table: str = "messages") -> int:
        """Drop all of a room, also from before its fresh start; how many."""
        ...

    def count(
        self, character: CharacterId, room: RoomId | None = None, *, table: str = "messages"
    ) -> int:
        """How many `find` could give."""
        ...


class People(Protocol):
    def meet(self, entities: Sequence[Entity]) -> None:
        """Add or rename; metadata under other keys than those given stays."""
        ...

    def known(self, character: CharacterId, ids: Sequence[EntityId]) -> list[Entity]: ...
    def join(self, character: CharacterId, room: RoomId, entities: Sequence[EntityId]) -> None: ...
    def put(self, entity: Entity) -> None:
        """Add, or take over names and metadata as they are given."""
        ...

    def here(self, character: CharacterId, room: RoomId, *, limit: int = 100) -> list[Entity]:
        """Who takes part in a room, as far as they were met: not the character itself."""
        ...

    def called(
        self, character: CharacterId, room: RoomId, *, limit: int = 100
    ) -> list[tuple[EntityId, Sequence[str]]]:
        """The same people's names alone."""
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
    def ensure(self, worlds: Sequence[World], rooms: Sequence[Room]) -> None:
        """Add or rename; a world's metadata is taken where there was none yet (see put_world)."""
        ...

    def find(self, character: CharacterId, address: Address) -> Room | None: ...
    def get(self, character: CharacterId, ids: Sequence[RoomId]) -> list[Room]: ...
    def shared(self, accounts: Sequence[Account], room: str, thread: str) -> list[Account]:
        """Those of them whose characters have heard what was said in a room, by its address."""
        ...

    def within(self, character: CharacterId, world: WorldId | None = None) -> list[Room]:
        """All rooms of a world, or of the character."""
        ...

    def named(self, character: CharacterId, name: str) -> list[Room]:
        """Rooms of that name, in any case, without # before it."""
        ...

    def world(self, character: CharacterId, world: WorldId) -> World | None: ...
    def worlds(self, character: CharacterId) -> list[World]: ...
    def put_world(self, world: World) -> None:
        """Add, or take over name and metadata as they are given."""
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
    @property
    def past(self) -> Past: ...
    @property
    def passages(self) -> Passages: ...
    @property
    def vectors(self) -> Vectors: ...
    @property
    def persons(self) -> Persons: ...
    def own(self, owner: str) -> Own:
        """The tables that `Store.extend` has made for this owner."""
        ...


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
        """Make a plugin's own tables (a SQLAlchemy MetaData) as far as they are missing, also
        columns and indexes; nothing is ever dropped or changed.

        Names begin with `<owner>_`, the owner in lower case and with _ for anything else than
        letters and digits. A new column of a table that is there is nullable or has a constant
        server default. Raises BadInput, and has made nothing, where that does not hold.
        """
        ...

    def evict(self, character: CharacterId, room: RoomId | None = None) -> None:
        """Keep nothing of a room, or of a character, in memory: it was deleted."""
        ...

    async def scrub(self, *, whole: bool = False) -> bool:
        """Overwrite what erasing somebody has left behind, in the file and beside it.

        Nothing to do is quickly done. False where something is left: the file is so large that it
        is for a quiet moment, with `whole`, or somebody reads in it just now.
        """
        ...
