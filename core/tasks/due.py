"""When a stored task is to be done: elizaOS' tags, and its times in milliseconds (R-197, R-199)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.kept import Task
from core.tasks.choices import AWAITING_CHOICE

QUEUE, REPEAT, IMMEDIATE = "queue", "repeat", "immediate"
SPEAK_FIRST = "SPEAK_FIRST"
"""The task that lets a character speak in its room without having been spoken to."""

_SHORTEST = 1.0
"""Seconds between two runs of a task, whatever its interval: elizaOS' tick (C-16)."""
_FIRST_AGAIN, _LONGEST_AGAIN = 5.0, 3600.0
_EVER = datetime.min.replace(tzinfo=UTC)
_STAMP = "updatedAt"


def when(task: Task) -> datetime | None:
    """The earliest time of its next run; None where it does not run by itself."""
    if QUEUE not in task.tags or AWAITING_CHOICE in task.tags:
        return None
    due = task.due_at or _EVER
    if task.updated_at is None:
        return due
    wait = 0.0
    if REPEAT in task.tags:
        wait = max(task.interval, _SHORTEST)
    if task.failures:
        again = min(_FIRST_AGAIN * 2.0 ** min(task.failures - 1, 20), _LONGEST_AGAIN)
        wait = max(wait, again)
    return max(due, task.updated_at + timedelta(seconds=wait)) if wait else due


def prepared(task: Task, now: datetime) -> Task:
    """As it is stored when it is new: a repeated one waits its interval, unless it is immediate."""
    if IMMEDIATE in task.tags and REPEAT in task.tags:
        metadata = {key: value for key, value in task.metadata.items() if key != _STAMP}
        return replace(task, updated_at=None, metadata=metadata)
    return task if task.updated_at is not None else replace(task, updated_at=now)


def stamped(task: Task, now: datetime, *, failures: int = 0, error: str = "") -> Task:
    """It is done, or has been tried, now; what went wrong is told where elizaOS tells times."""
    metadata = {**task.metadata, _STAMP: round(now.timestamp() * 1000)}
    metadata.pop("error", None)
    if error:
        metadata["error"] = error
    return replace(task, updated_at=now, failures=failures, metadata=metadata)
