"""Stored tasks of all characters: done when they are due, or once somebody has chosen."""

from core.tasks.choices import (
    ABORT,
    AWAITING_CHOICE,
    buttons,
    option_of,
    options_of,
    pressed,
    short,
)
from core.tasks.due import prepared, stamped, when
from core.tasks.service import TaskService

__all__ = [
    "ABORT",
    "AWAITING_CHOICE",
    "TaskService",
    "buttons",
    "option_of",
    "options_of",
    "prepared",
    "pressed",
    "short",
    "stamped",
    "when",
]
