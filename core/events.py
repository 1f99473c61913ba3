"""What happens to a character, told to whoever listens; a listener that fails harms nobody else."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from traceback import extract_tb
from typing import Any

log = logging.getLogger(__name__)

Handler = Callable[[Mapping[str, Any]], Awaitable[Any] | Any]


class EventType(StrEnum):
    """elizaOS' events (R-181, EV-01); any other name may be used beside them."""

    WORLD_JOINED = "WORLD_JOINED"
    WORLD_CONNECTED = "WORLD_CONNECTED"
    WORLD_LEFT = "WORLD_LEFT"
    ENTITY_JOINED = "ENTITY_JOINED"
    ENTITY_LEFT = "ENTITY_LEFT"
    ENTITY_UPDATED = "ENTITY_UPDATED"
    ROOM_JOINED = "ROOM_JOINED"
    ROOM_LEFT = "ROOM_LEFT"
    ROOM_UPDATED = "ROOM_UPDATED"
    MESSAGE_RECEIVED = "MESSAGE_RECEIVED"
    MESSAGE_SENT = "MESSAGE_SENT"
    """After the platform has taken it, once for each part (EV-02)."""
    MESSAGE_DELETED = "MESSAGE_DELETED"
    MESSAGE_UPDATED = "MESSAGE_UPDATED"
    REACTION_RECEIVED = "REACTION_RECEIVED"
    INTERACTION_RECEIVED = "INTERACTION_RECEIVED"
    """A command, a button, a menu or a form, beside whatever else it is (D-64)."""
    CHANNEL_CLEARED = "CHANNEL_CLEARED"
    VOICE_MESSAGE_RECEIVED = "VOICE_MESSAGE_RECEIVED"
    VOICE_MESSAGE_SENT = "VOICE_MESSAGE_SENT"
    VOICE_STARTED = "VOICE_STARTED"
    VOICE_ENDED = "VOICE_ENDED"
    RUN_STARTED = "RUN_STARTED"
    RUN_ENDED = "RUN_ENDED"
    """Once for every run, with its status; COMPLETED, FAILED and TIMEOUT come beside it."""
    RUN_COMPLETED = "RUN_COMPLETED"
    RUN_FAILED = "RUN_FAILED"
    RUN_TIMEOUT = "RUN_TIMEOUT"
    ACTION_STARTED = "ACTION_STARTED"
    ACTION_COMPLETED = "ACTION_COMPLETED"
    ACTION_FAILED = "ACTION_FAILED"
    EVALUATOR_STARTED = "EVALUATOR_STARTED"
    EVALUATOR_COMPLETED = "EVALUATOR_COMPLETED"
    EVALUATOR_FAILED = "EVALUATOR_FAILED"
    MODEL_USED = "MODEL_USED"
    MODEL_FAILED = "MODEL_FAILED"
    SERVICE_STARTED = "SERVICE_STARTED"
    SERVICE_STOPPED = "SERVICE_STOPPED"
    SERVICE_ERROR = "SERVICE_ERROR"
    POST_GENERATED = "POST_GENERATED"
    EMBEDDING_GENERATION_REQUESTED = "EMBEDDING_GENERATION_REQUESTED"
    EMBEDDING_GENERATION_COMPLETED = "EMBEDDING_GENERATION_COMPLETED"
    EMBEDDING_GENERATION_FAILED = "EMBEDDING_GENERATION_FAILED"


_ERROR = "ERROR"
_BETWEEN = str.maketrans(":-. ", "____")


@lru_cache(maxsize=1_000)
def normalised(event: str) -> str:
    """One name for every spelling: "message:received" is MESSAGE_RECEIVED (C-01)."""
    return str(event).strip().translate(_BETWEEN).upper()


@dataclass(frozen=True, slots=True)
class _Listening:
    handler: Handler
    once: bool


class Events:
    """The listeners of one character.

    Those of one event run side by side, begun in the order in which they came; each has `limit`
    seconds and a copy of the payload of its own.
    """

    def __init__(self, *, limit: float = 60.0) -> None:
        self._limit = limit
        self._listening: dict[str, tuple[_Listening, ...]] = {}
        self._runtime: Any = None

    def bind(self, runtime: Any) -> None:
        """From now on payloads hold it, where whoever emits them has not put one in."""
        self._runtime = runtime

    def on(self, event: str, handler: Handler) -> None:
        self._add(event, _Listening(handler, once=False))

    def once(self, event: str, handler: Handler) -> None:
        """Called for the next one only."""
        self._add(event, _Listening(handler, once=True))

    def off(self, event: str, handler: Handler) -> None:
        """Listen no more; nothing happens where it did not."""
        name = normalised(event)
        self._set(name, [one for one in self._of(name) if one.handler != handler])

    def remove_all_listeners(self, event: str | None = None) -> None:
        """Of one event, or of all."""
        if event is None:
            self._listening.clear()
        else:
            self._listening.pop(normalised(event), None)

    def wanted(self, event: str) -> bool:
        """Whether anybody listens: who does not ask may save the payload."""
        return normalised(event) in self._listening

    async def emit(self, event: str | Sequence[str], payload: Mapping[str, Any]) -> None:
        """Tell everybody who listens, and return when they are done; never raises for them."""
        for one in (event,) if isinstance(event, str) else event:
            name = normalised(one)
            await self._tell(name, self._called_up(name), payload)

    async def _tell(
        self, name: str, listening: Sequence[_Listening], payload: Mapping[str, Any]
    ) -> None:
        if len(listening) == 1:
            await self._call(name, listening[0].handler, payload)
        elif listening:
            async with asyncio.TaskGroup() as group:
                for one in listening:
                    group.create_task(self._call(name, one.handler, payload))

    async def _call(self, name: str, handler: Handler, payload: Mapping[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._limit):
                answer = handler({"runtime": self._runtime, **payload})
                if inspect.isawaitable(answer):
                    await answer
        except Exception as error:  # noqa: BLE001 - the wall around one listener
            log.warning("a listener of %s failed: %s", name, where(error))
            if name != _ERROR:
                about = {"error": error, "event": name, "payload": payload}
                await self._tell(_ERROR, self._called_up(_ERROR), about)

    # --- who listens ---------------------------------------------------------------------------

    def _of(self, name: str) -> tuple[_Listening, ...]:
        return self._listening.get(name, ())

    def _add(self, event: str, listening: _Listening) -> None:
        name = normalised(event)
        self._set(name, [*self._of(name), listening])

    def _set(self, name: str, listening: Sequence[_Listening]) -> None:
        if listening:
            self._listening[name] = tuple(listening)
        else:
            self._listening.pop(name, None)

    def _called_up(self, name: str) -> tuple[_Listening, ...]:
        """Who is to be told; those of `once` have had their time, also if this one fails."""
        found = self._of(name)
        if any(one.once for one in found):
            self._set(name, [one for one in found if not one.once])
        return found


def where(error: BaseException) -> str:
    """Kind and place of a failure; its text may quote people, and does not belong in the log."""
    frames = extract_tb(error.__traceback__)
    at = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} at {at}"
