"""RTP as Discord uses it: a header that is read, and a body that is sealed behind it."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

OPUS = 0x78
"""The payload type of sound; everything else is video, or what was lost of it sent again."""
_SMALLEST = 12
_RTCP = range(200, 205)
_FIXED = struct.Struct(">BBHII")
_LENGTH = struct.Struct(">H")


@dataclass(frozen=True, slots=True)
class Packet:
    """What can be read of a packet without any key."""

    kind: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    header: bytes = field(repr=False)
    """All that is not sealed, but vouched for: the extension's first four bytes as well."""
    sealed: bytes = field(repr=False)
    extension: int = 0
    """Bytes of the extension's body, with which what is sealed begins."""
    padded: bool = False


def parse(data: bytes) -> Packet | None:
    """None for what is no RTP: RTCP, keepalives, discovery and nonsense."""
    if len(data) < _SMALLEST:
        return None
    first, second, sequence, timestamp, ssrc = _FIXED.unpack_from(data)
    if first >> 6 != 2 or second in _RTCP:
        return None
    end = _SMALLEST + 4 * (first & 0x0F)
    extension = 0
    if first & 0x10:
        if len(data) < end + 4:
            return None
        extension = 4 * int(_LENGTH.unpack_from(data, end + 2)[0])
        end += 4
    if len(data) < end:
        return None
    return Packet(
        second & 0x7F,
        bool(second & 0x80),
        sequence,
        timestamp,
        ssrc,
        data[:end],
        data[end:],
        extension,
        bool(first & 0x20),
    )


def payload(packet: Packet, opened: bytes) -> bytes | None:
    """What the opened body carries, without the extension's body and padding; None for none."""
    end = len(opened)
    if packet.padded:
        padding = opened[-1] if opened else 0
        if not padding:
            return None
        end -= padding
    if packet.extension >= end:
        return None
    return opened[packet.extension : end]


def build(
    sequence: int,
    timestamp: int,
    ssrc: int,
    *,
    kind: int = OPUS,
    marker: bool = False,
    sources: tuple[int, ...] = (),
    extension: int | None = None,
    padded: bool = False,
) -> bytes:
    """A header; `extension` is how many words of extension begin the body that is then sealed."""
    first = 0x80 | (0x20 if padded else 0) | (0 if extension is None else 0x10) | len(sources)
    header = _FIXED.pack(first, kind | (0x80 if marker else 0), sequence, timestamp, ssrc)
    header += struct.pack(f">{len(sources)}I", *sources)
    return header if extension is None else header + struct.pack(">HH", 0xBEDE, extension)
