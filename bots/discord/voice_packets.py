"""Opus -> what goes over the wire: end-to-end encrypted, then numbered, then encrypted for the way."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field
from typing import Final, Protocol

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt

from bots.discord.mixing import FRAME

MODE: Final = "aead_xchacha20_poly1305_rtpsize"
"""Every voice server of Discord knows it."""
_HEAD = struct.Struct(">BBHII")
_NONCE = struct.Struct(">I")
_VERSION, _OPUS = 0x80, 0x78
_REST = bytes(20)


class EndToEnd(Protocol):
    """davey's session."""

    def encrypt_opus(self, packet: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Way:
    """By which sound goes out now."""

    socket: socket.socket
    ssrc: int
    key: bytes = field(repr=False)
    dave: EndToEnd | None = field(repr=False)
    """None where a call is not end-to-end encrypted."""


class Packets:
    """Counts on over all connections of one channel: no nonce may come twice under one key."""

    def __init__(self) -> None:
        self._sequence = self._timestamp = self._nonce = 0

    def skip(self, frames: int) -> None:
        """So much time has passed in which nothing went out."""
        self._timestamp = (self._timestamp + frames * FRAME) & 0xFFFF_FFFF

    def seal(self, way: Way, opus: bytes) -> bytes:
        """The next one; raises what davey does, and then it is not counted."""
        body = opus if way.dave is None else way.dave.encrypt_opus(opus)
        head = _HEAD.pack(_VERSION, _OPUS, self._sequence, self._timestamp, way.ssrc)
        count = _NONCE.pack(self._nonce)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._nonce = (self._nonce + 1) & 0xFFFF_FFFF
        self.skip(1)
        sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(body, head, count + _REST, way.key)
        return head + sealed + count
