"""Documents to text, read in a child process that can be killed."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

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

_HOME = str(Path(__file__).resolve().parents[2])
# The child is isolated from where it stands and from the environment; it is told where we live,
# behind everything that is installed.
_BEGIN = (
    f"import sys; sys.path.append({_HOME!r}); sys.argv = ['reading']; "
    "from core.knowledge import child; child.begin()"
)
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
        self._idle = idle
        self._most = most
        self._lane: ThreadPoolExecutor | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._used = 0.0
        self._look: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._closed = False
        # A thread of ours: starting a process and waiting for it must not hold up the loop.
        self._lane = ThreadPoolExecutor(1, thread_name_prefix="reading")
        if importlib.util.find_spec("resource") is None:
            log.warning(
                "documents are read with a limit of time, but none of memory, on this system"
            )
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._closed = True
        if self._look is not None:
            self._look.cancel()
        if (child := self._child) is not None:
            child.kill()
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.submit(self._end)
            await asyncio.to_thread(lane.shutdown)

    async def read(self, data: bytes | Path, name: str) -> Text:
        """The text of a document; raises UnreadableDocument."""
        if self._lane is None:
            raise RuntimeError("a Reader reads between entering and leaving")
        if isinstance(data, bytes) and len(data) > LARGEST:
            raise UnreadableDocument(name, Why.TOO_LARGE)
        if not data:
            raise UnreadableDocument(name, Why.EMPTY)
        job = self._lane.submit(self._asked, data, name)
        try:
            answer = await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            if job.running() and (child := self._child) is not None:
                child.kill()  # nobody wants what it is reading
            raise
        if self._look is None:
            loop = asyncio.get_running_loop()
            self._look = loop.call_later(self._idle, self._look_again)
        if answer.why is not Why.READ:
            raise UnreadableDocument(name, answer.why)
        return Text(answer.text, answer.kind, answer.title, answer.pages, answer.truncated)

    def _look_again(self) -> None:
        """Nobody waits for an idle child to end: whatever comes next waits behind it."""
        self._look = None
        if self._lane is None or self._child is None:
            return
        rest = self._used + self._idle - time.monotonic()
        if rest > 0:
            self._look = asyncio.get_running_loop().call_later(rest, self._look_again)
        else:
            self._lane.submit(self._end)

    # --- on the thread -------------------------------------------------------------------------

    def _asked(self, data: bytes | Path, name: str) -> Answer:
        if self._child is not None and self._child.poll() is not None:
            self._end()  # whatever has ended it, it was no document
        child = self._child or self._begin()
        late = threading.Event()

        def ring() -> None:
            late.set()
            child.kill()

        alarm = threading.Timer(self._seconds, ring)
        alarm.daemon = True
        alarm.start()
        try:
            answer = self._exchanged(child, data, name)
        except (EOFError, OSError, Garbled):
            # Killed, by us or by the system, or out of its mind.
            answer = Answer(Why.STUCK, last=True)
        finally:
            alarm.cancel()
            alarm.join()
        self._used = time.monotonic()
        if answer.last or late.is_set():
            self._end()
        return answer

    def _exchanged(self, child: subprocess.Popen[bytes], data: bytes | Path, name: str) -> Answer:
        path = "" if isinstance(data, bytes) else os.path.abspath(data)
        given = data if isinstance(data, bytes) else b""
        soft = self._seconds * _BEFORE_THE_END
        to, back = _lines(child)
        to.write(put_ask(Ask(name, path, len(given), self._most, soft)))
        to.write(given)
        to.flush()
        return get_answer(back.read, self._most)

    def _begin(self) -> subprocess.Popen[bytes]:
        self._child = child = subprocess.Popen(
            [sys.executable, "-I", "-B", "-X", "utf8", "-c", _BEGIN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what a parser complains of holds people's words
            cwd=Path(_HOME).anchor,
            env=_environment(),
            start_new_session=True,
        )
        if self._closed:
            child.kill()
        return child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        to, back = _lines(child)
        for line in (to, back):
            try:
                line.close()
            except OSError:  # what was still to be written has nobody to read it
                pass
        child.wait()


def _lines(child: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert child.stdin is not None
    assert child.stdout is not None
    return child.stdin, child.stdout


def _environment() -> dict[str, str]:
    """None; Windows starts nothing without knowing where it is."""
    if sys.platform != "win32":
        return {}
    return {"SYSTEMROOT": os.path.expandvars("%SYSTEMROOT%")}
