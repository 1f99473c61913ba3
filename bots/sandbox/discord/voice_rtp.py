"""A packet of sound on its way: RTP, and the encryption between a client and the server."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt as _decrypt,
)
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_encrypt as _encrypt,
)
from nacl.exceptions import CryptoError

MODE = "aead_xchacha20_poly1305_rtpsize"
OPUS = 0x78
SILENCE = b"\xf8\xff\xfe"
"""Opus for 20 ms of nothing: never end-to-end encrypted."""
FRAME_SECONDS = 0.02
FRAME_SAMPLES = 960

# One element as a server adds it, a level, and nothing behind it; its four bytes of preamble are
# readable for everybody, its body is encrypted with the sound.
_EXTENSION = b"\xbe\xde\x00\x01"
_LEVEL = b"\x10\xff\x00\x00"
_SHORTEST = 12 + 16 + 4


@dataclass(frozen=True, slots=True)
class Frame:
    """What one packet carries, as it is between two clients."""

    ssrc: int
    sequence: int
    timestamp: int
    payload: bytes = field(repr=False)
    """End-to-end encrypted, where the call is."""
    kind: int = OPUS
    padding: int = 0
    """So many bytes behind the payload, the last of which says how many they are."""
    spoiled: bool = False
    """To be encrypted by a key that its receiver does not have."""


class Undecryptable(ValueError):
    """Not from who holds the key, or no RTP at all."""


def seal(key: bytes, counter: int, frame: Frame) -> bytes:
    """The packet for one receiver; the counter may never come twice for a key."""
    if frame.spoiled:
        key = bytes(byte ^ 0x5A for byte in key)
    padded = frame.padding > 0
    head = _head(frame, 0xB0 if padded else 0x90) + _EXTENSION
    body = _LEVEL + frame.payload
    if padded:
        body += bytes(frame.padding - 1) + bytes((frame.padding,))
    tail = struct.pack(">I", counter & 0xFFFFFFFF)
    return head + _encrypt(body, head, tail + bytes(20), key) + tail


def unseal(key: bytes, packet: bytes) -> Frame:
    """What a client has sent; Undecryptable where it was not sent with this key."""
    if len(packet) < _SHORTEST or packet[0] >> 6 != 2:
        raise Undecryptable("this is no RTP")
    first, kind, sequence, timestamp, ssrc = struct.unpack_from(">BBHII", packet)
    end = 12 + 4 * (first & 0x0F)
    extended = 0
    if first & 0x10:
        (extended,) = struct.unpack_from(">H", packet, end + 2)
        end += 4
    try:
        body = _decrypt(packet[end:-4], packet[:end], packet[-4:] + bytes(20), key)
    except CryptoError:
        raise Undecryptable("another key") from None
    body = body[4 * extended :]
    if first & 0x20 and body:
        body = body[: -body[-1]] if body[-1] else body
    return Frame(ssrc, sequence, timestamp, body, kind & 0x7F)


def _head(frame: Frame, first: int) -> bytes:
    return struct.pack(
        ">BBHII", first, frame.kind, frame.sequence & 0xFFFF, frame.timestamp, frame.ssrc
    )
