"""Stored tasks of all characters: done when they are due, or once somebody has chosen."""

from core.tasks.choices import (
    ABORT,
    AWAITING_CHOICE,
    buttons,
    option_of,
    options_of,
    pressed,
    short,
    told,
)
from core.tasks.due import SPEAK_FIRST, prepared, stamped, when
from core.tasks.service import TaskService

__all__ = [
    "ABORT",
    "AWAITING_CHOICE",
    "SPEAK_FIRST",
    "TaskService",
    "buttons",
    "option_of",
    "options_of",
    "prepared",
    "pressed",
    "short",
    "stamped",
    "told",
    "when",
]
