"""What people have said as sound that any program plays, for those who wish to keep it."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from core.ports import HEARD_RATE


def wav(pieces: Sequence[bytes]) -> bytes:
    """One channel, signed 16 bits, as it was heard."""
    size = sum(map(len, pieces))
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, HEARD_RATE, HEARD_RATE * 2, 2, 16,
        b"data", size,
    )  # fmt: skip
    return b"".join((head, *pieces))
