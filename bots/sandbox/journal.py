"""What the clients asked and what they were told, in order of arrival."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Call:
    """One request; `at` is when it arrived and `done` when it was answered, on the monotonic clock.

    `status` stays 0 until the answer is out: a cut or hung request keeps it.
    """

    bot: int | None
    method: str
    params: dict[str, Any] = field(repr=False)
    at: float
    at_ns: int
    status: int = 0
    message_id: int | None = None
    chat: int | str | None = None
    result: Any = field(default=None, repr=False)
    done: float | None = None
    source: str = "client"
    # As it came: what stood in the body alone, and behind the question mark.
    body: Any = field(default=None, repr=False)
    query: dict[str, str] = field(default_factory=dict, repr=False)


WITNESSES: list[Callable[[Call, Any], None]] = []
"""Who sees each call to a local Discord of this process, and its answer, as soon as it is given."""


class Journal(deque[Call]):
    """The last calls, oldest first; `on` stops it, `keep_results` also keeps the answers."""

    def __init__(self, size: int = 200_000, *, keep_results: bool = False) -> None:
        super().__init__(maxlen=size)
        self.on = True
        self.keep_results = keep_results
        self.opened = 0

    def open(self, call: Call) -> Call:
        if self.on:
            self.append(call)
            self.opened += 1
        return call

    def close(self, call: Call, status: int, result: Any) -> None:
        """Note what a call was answered."""
        call.status, call.done = status, time.monotonic()
        if self.keep_results:
            call.result = result
        for witness in WITNESSES:
            witness(call, result)

    def of(self, method: str, *, bot: int | None = None) -> list[Call]:
        """The calls of one method, of one bot when it is named."""
        return [c for c in self if c.method == method and (bot is None or c.bot == bot)]

    def since(self, number: int) -> list[Call]:
        """The calls after the first `number` ever made, as far as they are still kept."""
        skip = len(self) - (self.opened - number)
        return list(self)[max(0, skip) :]
