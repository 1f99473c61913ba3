"""What is kept beside talk: steps of a turn, tasks, components, relationships, what was spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.ids import CharacterId, EntityId, RoomId, TurnId, WorldId


class StepStatus(StrEnum):
    STARTED = "started"
    """Committed before the action begins; found so after a crash, nobody knows how far it came."""
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One action of one turn; ordinal 0 is the plan itself: what the model has answered."""

    turn: TurnId
    ordinal: int
    action: str
    status: StepStatus
    result: Mapping[str, Any] = field(default_factory=dict)
    """JSON: an ActionResult's fields; of ordinal 0 the answer's."""


@dataclass(frozen=True, slots=True)
class Task:
    """elizaOS' stored task: done by the worker of its name, when it is due.

    Tags say how: `queue` it runs by itself, `repeat` it stays and runs again after `interval`,
    `immediate` the first time at once; AWAITING_CHOICE waits for a person instead of a time.
    """

    id: str
    character: CharacterId
    name: str
    description: str = ""
    tags: frozenset[str] = frozenset({"queue"})
    room: RoomId | None = None
    world: WorldId | None = None
    entity: EntityId | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Handed to the worker as its options; holds what elizaOS holds there, `options` of a choice
    too."""
    interval: float = 0.0
    """Seconds; elizaOS' metadata.updateInterval, which is in milliseconds."""
    due_at: datetime | None = None
    """Never before this; elizaOS' metadata.executeAt."""
    updated_at: datetime | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Component:
    """Typed data about an entity, by whoever says so (R-154)."""

    id: str
    entity: EntityId
    character: CharacterId
    type: str
    data: Mapping[str, Any]
    room: RoomId | None = None
    world: WorldId | None = None
    source: EntityId | None = None


@dataclass(frozen=True, slots=True)
class Relationship:
    """Directed: a friendship is two of them (R-153)."""

    id: str
    character: CharacterId
    source: EntityId
    target: EntityId
    tags: frozenset[str] = frozenset()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """`interactions` counts."""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spending:
    """What one model call has cost, and for whom it was made."""

    character: CharacterId
    model: str
    """As its provider names it: "openai:gpt-5-mini"."""
    kind: str
    """elizaOS' model type: TEXT_LARGE ..."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    units: float = 0.0
    """What else is paid for: images, seconds of audio."""
    cost: float | None = None
    """US dollars; None where the price is not known."""
    turn: TurnId | None = None
    room: RoomId | None = None
    entity: EntityId | None = None
    at: datetime | None = None
