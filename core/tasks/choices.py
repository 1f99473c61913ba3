"""Choices that wait for a person: tasks tagged AWAITING_CHOICE, and the buttons to make them by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from core.kept import Task
from core.messages import Button

AWAITING_CHOICE = "AWAITING_CHOICE"
ABORT = "ABORT"
"""Closes a choice without having anything done; it need not stand among the options."""

_PRESS = "choice"
_MOST = 24
_SHOWN = 8
"""Characters of an id that a model is shown."""


def options_of(task: Task) -> list[str]:
    """The names of its options; elizaOS gives {name, description}, a text alone will do."""
    return _names(task.metadata.get("options"))


def option_of(task: Task, wanted: str) -> str:
    """The option of that name as the task spells it; empty where it has none."""
    wanted = wanted.strip().casefold()
    found = (name for name in (*options_of(task), ABORT) if name.strip().casefold() == wanted)
    return next(found, "")


def told(task: Task) -> Mapping[str, Any]:
    """As a model is told of it."""
    options = task.metadata.get("options")
    return {
        "task": task.id[:_SHOWN],
        "name": task.description or task.name,
        "options": options if isinstance(options, list | tuple) else (),
    }


def short(task: str) -> str:
    """Names a task within a button, whatever its id looks like."""
    return blake2b(task.encode("utf-8", "replace"), digest_size=8).hexdigest()


def buttons(task: str, options: Sequence[Any]) -> tuple[Button, ...]:
    """One for each option of the task of this id, for `turn.say(..., buttons=...)`."""
    names = _names(options)[:_MOST]
    return tuple(Button(name, f"{_PRESS}:{short(task)}:{n}") for n, name in enumerate(names))


def pressed(press: str) -> tuple[str, int] | None:
    """The task's short name and the number of the option; None for any other button."""
    kind, _, rest = press.partition(":")
    task, _, number = rest.partition(":")
    if kind != _PRESS or not task or not (number.isascii() and number.isdecimal()):
        return None
    return task, int(number[:4])


def _names(options: Any) -> list[str]:
    if not isinstance(options, list | tuple):
        return []
    names = (one.get("name", "") if isinstance(one, Mapping) else one for one in options)
    return [str(name) for name in names if name]
