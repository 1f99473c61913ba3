"""From an event to the bytes of a frame: plain, as a zlib stream or as a zstd stream."""

import zlib
from typing import Protocol

import orjson

_ZSTD_HEADER = bytes.fromhex("28b52ffd") + b"\x00\x38"  # a frame of unknown length, window 128 KiB
_ZSTD_BLOCK = 1 << 17


class Packing(Protocol):
    """What one connection does to each message; a stream has a memory, so never share one."""

    def pack(self, text: bytes) -> bytes: ...


class Deflated:
    """`compress=zlib-stream`: one context for the life of a connection, flushed after each message."""

    __slots__ = ("_stream",)

    def __init__(self) -> None:
        self._stream = zlib.compressobj(1)

    def pack(self, text: bytes) -> bytes:
        return self._stream.compress(text) + self._stream.flush(zlib.Z_SYNC_FLUSH)


class Stored:
    """`compress=zstd-stream`: one endless frame whose blocks are stored raw.

    A client cannot tell it from a compressed one, and no library is needed for it here.
    """

    __slots__ = ("_begun",)

    def __init__(self) -> None:
        self._begun = False

    def pack(self, text: bytes) -> bytes:
        parts = [] if self._begun else [_ZSTD_HEADER]
        self._begun = True
        for start in range(0, len(text), _ZSTD_BLOCK):
            block = text[start : start + _ZSTD_BLOCK]
            parts += [(len(block) << 3).to_bytes(3, "little"), block]
        return b"".join(parts)


def packing(asked: str | None) -> Packing | None:
    """The packing that a client asked for in its address; None is plain text."""
    if not asked:
        return None
    if asked == "zlib-stream":
        return Deflated()
    if asked == "zstd-stream":
        return Stored()
    raise ValueError("there is no such transport compression")


def dispatched(event: str, seq: int, body: bytes) -> bytes:
    """An event for one session: the body is the same for all, the number is its own."""
    return b'{"t":"%b","s":%d,"op":0,"d":%b}' % (event.encode(), seq, body)


def operation(op: int, data: object = None) -> bytes:
    """A message that is no event: HELLO, an acknowledgement, RECONNECT, INVALID_SESSION."""
    return orjson.dumps({"t": None, "s": None, "op": op, "d": data})
