"""Which run this is: every task has its own, however many go on side by side (R-201)."""

from __future__ import annotations

from contextvars import ContextVar
from uuid import uuid4

from core.settings.context import current

_run: ContextVar[str] = ContextVar("run", default="")


def create_run_id() -> str:
    return str(uuid4())


def start_run() -> str:
    """A new one, for what this task does from now on."""
    run = create_run_id()
    _run.set(run)
    return run


def end_run() -> None:
    _run.set("")


def current_run() -> str:
    """The one that was started here, else the turn's, else a new one."""
    context = current()
    return _run.get() or (context.trace_id if context else "") or start_run()
