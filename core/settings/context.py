"""Whose request this is: a person's own settings, carried along the task that serves them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, TypeVar, cast

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RequestContext:
    """elizaOS' request context, field for field."""

    entity_id: str
    agent_id: str = ""
    entity_settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """In plain text, never decrypted again (RC-05). A key with None is switched off for this
    person; a key that is not there falls through to the character (RC-03, RC-04)."""
    trace_id: str = ""
    organization_id: str = ""
    started_at: float = field(default_factory=time.time)


_current: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def current() -> RequestContext | None:
    return _current.get()


@contextmanager
def request_scope(context: RequestContext) -> Iterator[RequestContext]:
    """Everything awaited or started inside belongs to this person; the outer one comes back."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def run_with_request_context(context: RequestContext, fn: Callable[[], T]) -> T:
    """Call a function for a person. Of an async one the result is awaited, still inside."""
    with request_scope(context):
        result = fn()
    if not isawaitable(result):
        return result

    async def inside() -> Any:
        with request_scope(context):
            return await result

    # What was awaitable stays awaitable, with the same result.
    return cast(T, inside())


def with_entity(entity: Mapping[str, Any], fn: Callable[[], T]) -> T:
    """As `run_with_request_context`, from elizaOS' entity: {"id", "metadata": {"settings"}}."""
    metadata = entity.get("metadata") or {}
    settings = metadata.get("settings") or {}
    return run_with_request_context(
        RequestContext(entity_id=str(entity.get("id", "")), entity_settings=dict(settings)), fn
    )
