"""A process of its own that reads documents, so that one made to do harm harms nobody but itself.

It is told documents on its standard input and gives their texts on its standard output, until the
line is closed or it has done enough. It holds no secret, and its memory, time and files are few.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import BinaryIO

from core.confined import limit
from core.knowledge.formats import Document, text_of
from core.knowledge.wire import LARGEST, Answer, Ask, Refused, Why, get_ask, put_answer
from core.text import clean, visible

_MEMORY = 768 << 20
_WORN_OUT = 60.0
"""Seconds of work after which a fresh process takes over; so memory that leaks does not stay."""
_GRACE = 5


def main() -> None:
    lines, out = sys.stdin.buffer, sys.stdout.buffer
    limit(_MEMORY)
    while (asked := get_ask(lines.read)) is not None:
        ask, data = asked
        _allow(ask.seconds + _GRACE)
        answer = _answer(ask, data)
        worn = answer.why is Why.TOO_MUCH or time.process_time() > _WORN_OUT
        _say(out, put_answer(_ending(answer) if worn else answer))
        if worn:
            return


def _allow(seconds: float) -> None:
    """So much more work; whoever does more is ended by the system."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(time.process_time() + seconds) + 1
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _answer(ask: Ask, data: bytes) -> Answer:
    until = time.monotonic() + ask.seconds
    try:
        document = Document(data or _bytes_of(ask.path), ask.name, ask.most, until)
        found = text_of(document)
        text = clean(found.text).replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    except Refused as refusal:
        return Answer(refusal.why)
    except MemoryError:
        return Answer(Why.TOO_MUCH)
    except Exception:  # noqa: BLE001 - the wall round parsers that meet whatever a file may hold
        return Answer(Why.DAMAGED)
    if not visible(text) and found.truncated:
        return Answer(Why.STUCK)
    if not visible(text):
        return Answer(Why.SCANNED if found.kind == "pdf" else Why.EMPTY)
    longer = len(text) > ask.most
    title = " ".join(clean(found.title).split())
    return Answer(
        Why.READ, found.kind, title, found.pages, found.truncated or longer, text=text[: ask.most]
    )


def _ending(answer: Answer) -> Answer:
    return Answer(
        answer.why, answer.kind, answer.title, answer.pages, answer.truncated, True, answer.text
    )


def _bytes_of(path: str) -> bytes:
    if not path:
        raise Refused(Why.EMPTY)
    try:
        # A pipe or a device would be waited for without end.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(handle, "rb") as file:
            if os.fstat(handle).st_size > LARGEST:
                raise Refused(Why.TOO_LARGE)
            data = file.read(LARGEST + 1) or b""
    except OSError:
        raise Refused(Why.MISSING) from None
    if len(data) > LARGEST:
        raise Refused(Why.TOO_LARGE)
    if not data:
        raise Refused(Why.EMPTY)
    return data


def _say(out: BinaryIO, data: bytes) -> None:
    out.write(data)
    out.flush()


def begin() -> None:
    with contextlib.suppress(EOFError, BrokenPipeError):
        main()
