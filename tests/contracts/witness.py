"""Whatever a local Discord takes and answers in any test fits what Discord publishes, or it fails."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cache
from typing import Any

from bots.sandbox.journal import WITNESSES, Call
from tests.contracts.discordapi import (
    is_here,
    operation_named,
    problems_of_answer,
    problems_of_request,
)

# A number so small may be one of an enumeration, so that each is looked at.
_SMALL = 64
_seen: set[Any] = set()
_named = cache(operation_named)


@contextlib.contextmanager
def watched(*, requests: bool = True) -> Iterator[list[str]]:
    """What is found wrong inside; a shape that was found right is not looked at again.

    `requests` off looks at answers alone: for tests that ask the local Discord odd things.
    """
    problems: list[str] = []

    def witness(call: Call, answer: Any) -> None:
        if _is_spoiled(answer):
            return
        # What was refused may have been anything: a test wanted to see that.
        asked = (call.body, call.query) if requests and call.status < 400 else (None, {})
        looks = (call.method, call.status, _outline(answer), _outline(asked))
        if looks in _seen:
            return
        operation = _named(call.method)
        if operation is None:
            problems.append(f"{call.method}: there is no such operation")
            return
        found = problems_of_answer(operation, call.status, answer)
        if requests and call.status < 400:
            found += problems_of_request(operation, *asked)
        problems.extend(found)
        if not found:
            _seen.add(looks)

    if is_here():
        WITNESSES.append(witness)
    try:
        yield problems
    finally:
        with contextlib.suppress(ValueError):
            WITNESSES.remove(witness)


def _is_spoiled(answer: Any) -> bool:
    """Whether a test has put a file into the world that lies nowhere, to see who can bear it."""
    files = answer.get("attachments") if isinstance(answer, dict) else None
    return any(not isinstance(file.get("url"), str) for file in files or ())


def _outline(value: Any) -> Any:
    """A value without its words: two answers with the same one are right or wrong together."""
    if isinstance(value, dict):
        return tuple((name, _outline(one)) for name, one in value.items())
    if isinstance(value, list | tuple):
        return frozenset(map(_outline, value))
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if 0 <= value < _SMALL else int
    if isinstance(value, str):
        return "1" if value.isdigit() else "" if not value else "words"
    return type(value)
