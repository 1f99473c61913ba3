"""What the flow asks of the world: structural protocols, nothing to inherit."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, Self, TypeVar

from core.ids import Account, CharacterId, EntityId, MemoryId, RoomId
from core.messages import (
    Address,
    Delivery,
    DeliveryStatus,
    Entity,
    Inbound,
    Kind,
    Live,
    Memory,
    Outcome,
    Receipt,
    Received,
    Reply,
    Room,
    World,
)
from core.settings.layers import Settings

T = TypeVar("T")


# --- platforms ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limits:
    """What a platform can do, as data."""

    max_text: int
    """In the platform's own units (UTF-16 on Telegram)."""
    max_parts: int = 5
    idempotent_send: bool = False
    """A repeated nonce returns the first message instead of sending a second."""
    sends_in_flight: int = 8
    """Bounds how many messages may be doubled by one crash where sends are not idempotent."""
    burst: int = 3
    """Messages that may go to one chat at once, when its pace is one a second."""
    drafts: bool = False
    """Text can be shown while it is being written, in direct chats."""
    edits: bool = False
    """A growing answer is shown by editing a message, where it cannot be a draft."""


class Intake(Protocol):
    async def __call__(self, received: Sequence[Received]) -> None:
        """Write down, drop doubles, wake the lanes; returns once it is safe to confirm.

        Waits while the house is full or the database is away; raises only when cancelled.
        """
        ...

    async def newest(self, account: Account) -> Mapping[str, int]:
        """The highest `seq` stored of each room's messages, for platforms that read back gaps.

        The room "" holds that of the last WORLD, which is written when a look round is complete.
        """
        ...


class Platform(Protocol):
    """One bot account on one chat platform.

    Entering logs in; `listen` reads until cancelled; sending works until exit.
    Raises LinkRejected or LinkLost on entering and listening, SendFailed from `perform`.
    """

    @property
    def name(self) -> str:
        """As in addresses: "telegram"."""
        ...

    @property
    def account(self) -> Account: ...
    @property
    def handle(self) -> str:
        """What people see and tag, as "@ada_bot"; known once entered."""
        ...

    @property
    def limits(self) -> Limits: ...
    @property
    def lacks(self) -> str:
        """What it cannot hear as it is set up, in words for its operator; empty for nothing."""
        ...

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc: object) -> None: ...
    async def listen(self, intake: Intake, begun: Callable[[], None] = lambda: None) -> None:
        """Calls `begun` as soon as what is said from then on will be heard, maybe repeatedly."""
        ...

    def read(self, received: Received) -> Inbound:
        """Pure; raises Unreadable with a reason."""
        ...

    def render(self, reply: Reply) -> tuple[bytes, ...]:
        """Payloads for deliveries, in order, each within the platform's limits; pure."""
        ...

    async def perform(self, delivery: Delivery) -> Receipt: ...
    async def show(self, live: Live) -> None:
        """Best effort; raises SendFailed, which the caller may forget."""
        ...


# --- models ------------------------------------------------------------------------------------


ModelRole = Literal["TEXT_SMALL", "TEXT_LARGE"]
"""elizaOS' names."""


@dataclass(frozen=True, slots=True)
class Said:
    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """Vendor-neutral. The stable part stands first, so that providers' prompt caches hit."""

    system: str
    messages: tuple[Said, ...]
    max_tokens: int | None = None
    temperature: float | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


@dataclass(slots=True)
class Spent:
    """Filled in by a provider while it streams."""

    usage: Usage = field(default_factory=Usage)


class ModelProvider(Protocol):
    """One model of one vendor; raises ModelUnavailable or ModelRejected, nothing else."""

    @property
    def name(self) -> str:
        """As "openai:gpt-5-mini"."""
        ...

    def stream(
        self, request: ModelRequest, spent: Spent | None = None
    ) -> AsyncGenerator[str, None]:
        """Pieces of the answer as they come; closing the iterator closes the call at once."""
        ...


class ModelRoles(Protocol):
    """Which models play TEXT_SMALL and TEXT_LARGE for a character; chains, limits, repeats."""

    def stream(
        self, settings: Settings, role: ModelRole, request: ModelRequest, spent: Spent | None = None
    ) -> AsyncGenerator[str, None]: ...


# --- storage -----------------------------------------------------------------------------------


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


class People(Protocol):
    def meet(self, entities: Sequence[Entity]) -> None:
        """Add or rename."""
        ...

    def known(self, character: CharacterId, ids: Sequence[EntityId]) -> list[Entity]: ...
    def join(self, character: CharacterId, room: RoomId, entities: Sequence[EntityId]) -> None: ...
    def state(self, character: CharacterId, room: RoomId, entity: EntityId) -> str:
        """Participant state: FOLLOWED, MUTED or empty."""
        ...

    def set_state(
        self, character: CharacterId, room: RoomId, entity: EntityId, state: str
    ) -> None: ...


class Rooms(Protocol):
    def ensure(self, worlds: Sequence[World], rooms: Sequence[Room]) -> None: ...
    def find(self, character: CharacterId, address: Address) -> Room | None: ...
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


# --- lanes -------------------------------------------------------------------------------------


class Handler(Protocol):
    async def __call__(self, batch: Batch) -> None: ...


class Batch(Protocol):
    """What a turn answers: the open messages of one person in one room, the last one leading."""

    @property
    def address(self) -> Address: ...
    @property
    def items(self) -> tuple[Received, ...]: ...
    @property
    def author(self) -> str:
        """The platform's id of the one person who said it all."""
        ...

    def commit_to(self) -> None:
        """From here on nothing supersedes this turn: a word was shown, or an action began."""
        ...

    @property
    def is_stored(self) -> bool:
        """Whether the inbox rows are durable; a turn may begin a moment earlier, and think."""
        ...

    async def stored(self) -> None:
        """Wait until they are: nothing may be written or shown before what it answers."""
        ...


class Lanes(Protocol):
    """Order within a room, rooms side by side; a database queue may stand behind it one day."""

    @property
    def open(self) -> int:
        """How many messages wait or are being answered."""
        ...

    def enqueue(self, received: Received, *, stored: bool = True) -> None:
        """Queue what has a row in the inbox; with `stored` off its commit is still under way."""
        ...

    def confirm(self, received: Sequence[Received]) -> None:
        """Their commit is through."""
        ...

    def withdraw(self, received: Sequence[Received]) -> None:
        """Their commit is not going to be: whatever has begun with them ends without a trace."""
        ...

    def remind(self, waiting: Waiting) -> None:
        """Queue a row of the inbox; one that waits here already stays where it is."""
        ...

    async def run(self, handler: Handler) -> None: ...
    async def settle(self) -> None:
        """Return when no turn is running."""
        ...
