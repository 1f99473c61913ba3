"""Server-sent events, as far as chat services use them: one JSON text in each data line."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

LONGEST_LINE = 1024 * 1024
END = b"[DONE]"


class Unreadable(ValueError):
    """What came is no stream of a chat service; says why, without a word of it."""


class Lines:
    """Bytes in any pieces to the contents of data lines."""

    __slots__ = ("_buffer", "_seen")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._seen = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        buffer = self._buffer
        buffer += chunk
        last = buffer.rfind(b"\n", self._seen)
        if last < 0:
            self._seen = len(buffer)
            if len(buffer) > LONGEST_LINE:
                raise Unreadable("an endless line")
            return []
        whole = bytes(buffer[:last])
        del buffer[: last + 1]
        self._seen = len(buffer)
        if len(buffer) > LONGEST_LINE:
            raise Unreadable("an endless line")
        return [
            line[5:].strip() for line in whole.split(b"\n") if line.startswith(b"data:")
        ]  # comments, event names and blank lines say nothing to us


class Event(NamedTuple):
    text: str = ""
    finished: bool = False
    usage: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


def read_event(line: bytes) -> Event:
    """One data line that is not END; raises Unreadable."""
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise Unreadable("a line that is no JSON") from None
    if not isinstance(event, dict):
        raise Unreadable("a line that is no object")
    if error := event.get("error"):
        return Event(error=error if isinstance(error, dict) else {})
    usage = event.get("usage")
    usage = usage if isinstance(usage, dict) else None
    choices = event.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return Event(usage=usage)
    choice = choices[0]
    # A service that does not stream sends the whole message in the same place.
    delta = choice.get("delta") or choice.get("message")
    text = delta.get("content") if isinstance(delta, dict) else None
    return Event(
        text if isinstance(text, str) else "", choice.get("finish_reason") is not None, usage
    )
