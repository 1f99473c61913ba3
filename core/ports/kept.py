"""What the flow and plugins ask of the database beside talk: steps, tasks, bonds, costs, own tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from core.ids import CharacterId, EntityId, RoomId, TurnId, WorldId
from core.kept import Component, Relationship, Spending, Step, StepStatus, Task


class Steps(Protocol):
    """What a turn has set out to do and how far it came (architecture 5.6)."""

    def open(self, character: CharacterId | None = None) -> list[TurnId]:
        """Turns whose plan (ordinal 0) is `started` still, oldest first: whoever closes the
        inbound ends it in the same transaction."""
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
    ) -> None:
        """Write down how it ended; the result takes the place of what `begin` has brought."""
        ...

    def forget(self, before: datetime) -> int:
        """Drop steps begun earlier, but none of a turn that is open."""
        ...


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
        priced: bool | None = None,
    ) -> list[tuple[str, Spending, int]]:
        """Whose, the sum of it, and of how many calls; the dearest first.

        From `since` until before `until`; a day is "2026-11-21" in UTC; nobody's is "". `priced`
        takes only calls whose price is known, or only the others.
        """
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


class Own(Protocol):
    """A plugin's own tables inside a transaction of ours, by statements of SQLAlchemy Core.

    They are select, insert, update and delete over tables whose names begin with `<owner>_`;
    anything else, text() too, raises BadInput. All characters share them, so that a table holds
    a column for the character where that matters.
    """

    def rows(self, statement: Any, values: Any = None) -> list[Mapping[str, Any]]:
        """What a select or a RETURNING gives."""
        ...

    def execute(self, statement: Any, values: Any = None) -> int:
        """How many rows have changed; `values` may be a list of rows."""
        ...
