"""Real pictures of any size, made of nothing."""

from __future__ import annotations

import random
import struct
import zlib


def png(width: int = 1, height: int = 1, *, seed: int = 0, bytes_more: int = 0) -> bytes:
    """A PNG of one colour; another seed is another colour."""
    colour = random.Random(seed).randbytes(3)
    rows = b"".join(b"\0" + colour * width for _ in range(height))
    more = random.Random(seed).randbytes(bytes_more)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(rows))
        + (_chunk(b"teXt", more) if more else b"")
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
