"""Reading by steps: each takes what it can and may hand over to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Step = Callable[[str, int, bool], int]
"""`(text, at, final)` -> the place up to which it was used; `at` itself when more must come."""


class Form(Protocol):
    """One way to write an answer."""

    _read: Step
    done: bool


def walk(form: Form, text: str, at: int, final: bool) -> int:
    """Use what can be used from `at` on; returns the place up to which it was."""
    while at < len(text) and not form.done:
        before = form._read
        step = before(text, at, final)
        if step == at and form._read == before:
            return at
        at = step
    return len(text) if form.done else at
