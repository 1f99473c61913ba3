"""The turn that is running, for what a plugin asks of its runtime without naming one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a turn is begun by whoever holds it here
    from core.flow.running_turn import RunningTurn

_current: ContextVar[RunningTurn | None] = ContextVar("running_turn", default=None)


@contextmanager
def running(turn: RunningTurn) -> Iterator[None]:
    """Everything awaited or started inside belongs to this turn, its evaluators too."""
    token = _current.set(turn)
    try:
        yield
    finally:
        _current.reset(token)


def current_turn() -> RunningTurn | None:
    return _current.get()
