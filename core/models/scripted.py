"""A model that says what it is told to: for tests of everything above it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass

from core.ports import ModelRequest, Spent, Usage


@dataclass(frozen=True, slots=True)
class Line:
    """One answer in pieces; `after` is awaited before the first one, `error` raised at the end."""

    pieces: tuple[str, ...] = ()
    after: Callable[[], Awaitable[object]] | None = None
    error: Exception | None = None
    hangs: bool = False
    """Never ends by itself once the pieces are out."""


Answering = str | Line | Exception


class Scripted:
    """Answers from a list, its last entry for ever after, or from a function of the request.

    `requests` keeps what was asked, `closed` counts the calls that were closed before their end.
    """

    name = "scripted"

    def __init__(
        self, answers: Iterable[Answering] | Callable[[ModelRequest], Answering] = ("Hello.",)
    ) -> None:
        self._answers = answers if callable(answers) else _in_turn(list(answers))
        self.requests: list[ModelRequest] = []
        self.closed = 0

    async def stream(
        self, request: ModelRequest, spent: Spent | None = None
    ) -> AsyncGenerator[str, None]:
        self.requests.append(request)
        answer = self._answers(request)
        if isinstance(answer, Exception):
            raise answer
        line = Line((answer,)) if isinstance(answer, str) else answer
        try:
            if line.after is not None:
                await line.after()
            for piece in line.pieces:
                yield piece
            if line.hangs:
                await asyncio.Event().wait()
        except (GeneratorExit, asyncio.CancelledError):
            self.closed += 1
            raise
        if line.error is not None:
            raise line.error
        if spent is not None:
            spent.usage = Usage(self.name, completion_tokens=len(line.pieces))


def _in_turn(answers: list[Answering]) -> Callable[[ModelRequest], Answering]:
    def one(request: ModelRequest) -> Answering:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    return one
