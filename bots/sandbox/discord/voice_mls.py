"""What the voice server writes and reads of MLS: proposals it signs, commits it takes apart."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_VERSION, _PUBLIC, _WELCOME = 1, 1, 3
_MEMBER, _EXTERNAL = 1, 2
_PROPOSAL, _COMMIT = 2, 3
_ADD, _REMOVE = 1, 3
_BASIC: Final = 1
_FROM_KEY_PACKAGE, _FROM_COMMIT = 1, 3


class Unreadable(ValueError):
    """It is not the message that it should be."""


def vector(body: bytes) -> bytes:
    """Bytes behind their length, as RFC 9420 writes vectors of any length."""
    size = len(body)
    if size < 1 << 6:
        return bytes((size,)) + body
    if size < 1 << 14:
        return struct.pack(">H", size | 0x4000) + body
    return struct.pack(">I", size | 0x80000000) + body


class Sender:
    """The voice server as a party outside the group: its key, and the proposals it signs."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        self.package: Final = vector(point) + struct.pack(">H", _BASIC) + vector(b"stage")
        """What op 25 carries."""

    def add(self, group: int, epoch: int, key_package: bytes) -> bytes:
        """Take somebody in, by the key package that they sent."""
        return self._propose(group, epoch, struct.pack(">H", _ADD) + key_package)

    def remove(self, group: int, epoch: int, leaf: int) -> bytes:
        return self._propose(group, epoch, struct.pack(">HI", _REMOVE, leaf))

    def _propose(self, group: int, epoch: int, proposal: bytes) -> bytes:
        content = b"".join(
            (
                vector(struct.pack(">Q", group)),
                struct.pack(">QBI", epoch, _EXTERNAL, 0),
                vector(b""),
                bytes((_PROPOSAL,)),
                proposal,
            )
        )
        message = struct.pack(">HH", _VERSION, _PUBLIC) + content
        # Nobody outside a group knows its context: only what a member signs would hold it.
        signed = vector(b"MLS 1.0 FramedContentTBS") + vector(message)
        return message + vector(self._key.sign(signed, ec.ECDSA(hashes.SHA256())))


@dataclass(frozen=True, slots=True)
class Commit:
    """Op 28, taken apart."""

    group: int
    epoch: int
    """In which it was made; it leads to the next."""
    committer: int
    """A leaf's number."""
    commit: bytes
    welcome: bytes
    """Empty where it adds nobody."""

    @classmethod
    def read(cls, given: bytes) -> Self:
        """Split them: nothing but the commit's own grammar says where the welcome begins."""
        read = _Reader(given)
        read.expect("HH", (_VERSION, _PUBLIC))
        group = read.vector()
        epoch, kind = read.numbers("QB")
        if len(group) != 8 or kind != _MEMBER:
            raise Unreadable("no member of a call has made this commit")
        (committer,) = read.numbers("I")
        read.vector()
        read.expect("B", (_COMMIT,))
        read.vector()
        (has_path,) = read.numbers("B")
        if has_path:
            _pass_leaf(read)
            read.vector()
        for _ in ("signature", "confirmation", "membership"):
            read.vector()
        whole, welcome = given[: read.at], given[read.at :]
        return cls(int.from_bytes(group), epoch, committer, whole, welcome)


def _pass_leaf(read: _Reader) -> None:
    for _ in ("encryption key", "signature key"):
        read.vector()
    read.expect("H", (_BASIC,))
    read.vector()
    for _ in ("versions", "ciphersuites", "extensions", "proposals", "credentials"):
        read.vector()
    (source,) = read.numbers("B")
    if source == _FROM_KEY_PACKAGE:
        read.numbers("QQ")
    elif source == _FROM_COMMIT:
        read.vector()
    for _ in ("extensions", "signature"):
        read.vector()


class _Reader:
    """Goes through bytes once; Unreadable where they end too early."""

    def __init__(self, given: bytes) -> None:
        self._given = given
        self.at = 0

    def numbers(self, shape: str) -> tuple[int, ...]:
        try:
            found = struct.unpack_from(f">{shape}", self._given, self.at)
        except struct.error:
            raise Unreadable("it ends within a number") from None
        self.at += struct.calcsize(f">{shape}")
        return found

    def expect(self, shape: str, wanted: tuple[int, ...]) -> None:
        if self.numbers(shape) != wanted:
            raise Unreadable("it is another kind of message")

    def vector(self) -> bytes:
        (first,) = self.numbers("B")
        width = 1 << (first >> 6)
        if width == 8:
            raise Unreadable("there is no such length")
        start = self.at - 1 + width
        size = int.from_bytes(self._given[self.at - 1 : start]) & ((1 << (8 * width - 2)) - 1)
        self.at = start + size
        if self.at > len(self._given):
            raise Unreadable("it ends within a field")
        return self._given[start : self.at]
