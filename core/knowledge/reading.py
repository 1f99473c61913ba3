"""Documents to text, read in a child process that can be killed."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from core.child import Child
from core.errors import TroupeError
from core.knowledge.wire import (
    LARGEST,
    LONGEST,
    SENTENCES,
    Answer,
    Ask,
    Garbled,
    Kind,
    Why,
    get_answer,
    put_ask,
)

log = logging.getLogger(__name__)

_BEGIN = "from core.knowledge import child; child.begin()"
_BEFORE_THE_END = 0.7
"""The part of its time after which the child gives what it has; the rest is for saying it."""


class UnreadableDocument(TroupeError):
    """A document has no text for us; says in one sentence which and why."""

    def __init__(self, name: str, why: Why) -> None:
        self.why = why
        self.reason = SENTENCES[why]
        """Without the name, which may be somebody's words."""
        super().__init__(f"{name or 'the document'} cannot be read: {self.reason}")


@dataclass(frozen=True, slots=True)
class Text:
    """What is written in a document; lines end in one newline, titles begin with "# "."""

    text: str
    kind: Kind
    title: str = ""
    """As the document says it itself; often empty."""
    pages: int = 0
    """Of a PDF, all that it has."""
    truncated: bool = False
    """There was more: too long, or too slow to be read to its end."""


class Reader:
    """One child at most, one document after the other; without a document for a while, none.

    What a document does to the child ends with that document: the next one gets a new child.
    """

    def __init__(self, *, seconds: float = 15.0, idle: float = 30.0, most: int = LONGEST) -> None:
        """`seconds` that a document may take, and `most` characters that are kept of it."""
        self._seconds = seconds
        self._most = most
        self._child = Child("reading", _BEGIN, idle=idle)

    async def __aenter__(self) -> Self:
        await self._child.__aenter__()
        if importlib.util.find_spec("resource") is None:
            log.warning(
                "documents are read with a limit of time, but none of memory, on this system"
            )
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._child.__aexit__(*exc)

    async def read(self, data: bytes | Path, name: str) -> Text:
        """The text of a document; raises UnreadableDocument."""
        if not self._child.is_open:
            raise RuntimeError("a Reader reads between entering and leaving")
        if isinstance(data, bytes) and len(data) > LARGEST:
            raise UnreadableDocument(name, Why.TOO_LARGE)
        if not data:
            raise UnreadableDocument(name, Why.EMPTY)
        job = self._child.submit(self._asked, data, name)
        try:
            answer = await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            if job.running():
                self._child.kill()  # nobody wants what it is reading
            raise
        self._child.rest()
        if answer.why is not Why.READ:
            raise UnreadableDocument(name, answer.why)
        return Text(answer.text, answer.kind, answer.title, answer.pages, answer.truncated)

    # --- on the thread -------------------------------------------------------------------------

    def _asked(self, data: bytes | Path, name: str) -> Answer:
        late = threading.Event()
        try:
            with self._child.spoken_to(self._seconds, late) as lines:
                answer = self._exchanged(*lines, data, name)
        except (EOFError, OSError, Garbled):
            # Killed, by us or by the system, or out of its mind.
            answer = Answer(Why.STUCK, last=True)
        if answer.last or late.is_set():
            self._child.end()
        return answer

    def _exchanged(self, to: IO[bytes], back: IO[bytes], data: bytes | Path, name: str) -> Answer:
        path = "" if isinstance(data, bytes) else os.path.abspath(data)
        given = data if isinstance(data, bytes) else b""
        soft = self._seconds * _BEFORE_THE_END
        to.write(put_ask(Ask(name, path, len(given), self._most, soft)))
        to.write(given)
        to.flush()
        return get_answer(back.read, self._most)
