"""What events carry, for authors who like their payloads typed (R-182)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypedDict


class Payload(TypedDict, total=False):
    runtime: Any
    """The character's AgentRuntime; put in where whoever tells of it has not."""
    source: str
    """As "telegram"."""


class MessagePayload(Payload, total=False):
    """MESSAGE_*, VOICE_MESSAGE_*, REACTION_RECEIVED."""

    message: Any
    room: Any
    user: Any
    callback: Callable[..., Awaitable[Any]]
    on_complete: Callable[[], Any]
    message_id: str
    """Of MESSAGE_SENT: the platform's id of the part that arrived."""
    transport: str
    """Of MESSAGE_SENT: by which platform."""
    action_name: str


class WorldPayload(Payload, total=False):
    """WORLD_*, with what is known to be in it."""

    world: Any
    rooms: list[Any]
    entities: list[Any]


class EntityPayload(Payload, total=False):
    """ENTITY_*."""

    entity: Any
    entity_id: str
    world_id: str
    room_id: str
    metadata: dict[str, Any]


class RunPayload(Payload, total=False):
    """RUN_*; the status of RUN_ENDED is completed, error, timeout, muted, replaced or ignored."""

    run_id: str
    message_id: str
    room_id: str
    entity_id: str
    status: str
    error: str
    duration: float
    """Seconds."""


class ActionPayload(Payload, total=False):
    """ACTION_*."""

    action: str
    message: Any
    result: Any
    error: str


class EvaluatorPayload(Payload, total=False):
    """EVALUATOR_*."""

    evaluatorName: str
    message: Any
    result: Any
    error: Any
    duration: float


class ModelPayload(Payload, total=False):
    """MODEL_USED and MODEL_FAILED: never the prompt, never the answer."""

    type: str
    provider: str
    model: str
    tokens: dict[str, int]
    duration: float
    error: str


class ServicePayload(Payload, total=False):
    """SERVICE_*."""

    service_type: str
    error: Any
