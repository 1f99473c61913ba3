"""OGG with Opus in it, taken apart and put together without touching the Opus."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.speech.opus import OpusFailed, packet_samples
from core.speech.pcm import UnreadableSound

RATE: Final = 48_000
"""Whatever an Opus stream was made of, its places are counted at this rate."""
PRE_SKIP: Final = 312
"""Samples before the first one that is meant to be heard: what libopus looks ahead."""

_PAGE = struct.Struct("<4sBBqIIIB")
_CAPTURE = b"OggS"
_CRC_AT = 22
_CONTINUED, _FIRST, _LAST = 1, 2, 4
_SEGMENT = 255
_PER_PAGE = 50
"""Packets: a second of speech."""
_LONGEST_PACKET = 64 * 1024

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Head:
    """What an Opus stream says of itself."""

    channels: int
    pre_skip: int
    gain: int = 0
    """In 256ths of a decibel."""


class Pages:
    """An OGG file in pieces of any length to the packets of its first Opus stream.

    What is no page is passed over to the next one, as a player does; the other streams of a file
    are left out.
    """

    def __init__(self) -> None:
        self.head: Head | None = None
        self.samples = 0
        """In all packets."""
        self._data = bytearray()
        self._packet = bytearray()
        self._serial: int | None = None
        self._number = 0
        self._heads = 0
        self._begin: int | None = None
        self._end = 0
        self._closed = False
        self._whole = True

    @property
    def is_whole(self) -> bool:
        """One stream and nothing else; nothing missing, broken or passed over."""
        return not self.is_spoilt and self.head is not None and not self._data and not self._packet

    @property
    def is_spoilt(self) -> bool:
        """It will not be whole any more."""
        return not self._whole

    @property
    def seconds(self) -> float:
        """What has come so far plays so long."""
        if self.head is None:
            return 0.0
        # What was cut out of a longer stream begins at a later place than 0.
        told = self._end - (self._begin or 0) if self._end > 0 else self.samples
        return max(0, min(told, self.samples) - self.head.pre_skip) / RATE

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that are whole now, without the two that only tell of the others."""
        self._data += data
        packets: list[bytes] = []
        while (page := self._next()) is not None:
            self._turn(page, packets)
        return packets

    def _next(self) -> bytes | None:
        """The next whole page, cut off from what has come."""
        data = self._data
        while True:
            start = data.find(_CAPTURE)
            if start < 0:
                start = max(0, len(data) - len(_CAPTURE) + 1)
            if start:
                self._whole = False
                del data[:start]
            if len(data) < _PAGE.size or len(data) < (table := _PAGE.size + data[_PAGE.size - 1]):
                return None
            end = table + sum(data[_PAGE.size : table])
            if len(data) < end:
                return None
            page = data[:end]
            if _is_right(page):
                del data[:end]
                return bytes(page)
            self._whole = False
            del data[: len(_CAPTURE)]

    def _turn(self, page: bytes, packets: list[bytes]) -> None:
        _, version, flags, place, serial, number, _, segments = _PAGE.unpack_from(page)
        table = page[_PAGE.size : _PAGE.size + segments]
        body = page[_PAGE.size + segments :]
        if self._serial is None and flags & _FIRST and body.startswith(b"OpusHead"):
            self._serial, self._number = serial, number
        if version or serial != self._serial or self._closed:
            self._whole = False
            return
        lost = number != self._number
        if self._packet and (lost or not flags & _CONTINUED):
            self._packet.clear()
            lost = True
        headless = bool(flags & _CONTINUED) and not self._packet
        if lost or headless:
            self._whole = False
        self._number = (number + 1) & 0xFFFFFFFF
        self._closed = bool(flags & _LAST)
        self._cut(table, body, packets, headless=headless)
        if place > 0:
            self._end = place
            if self._begin is None:
                self._begin = max(0, place - self.samples)

    def _cut(self, table: bytes, body: bytes, packets: list[bytes], *, headless: bool) -> None:
        at = 0
        for size in table:
            self._packet += body[at : at + size]
            at += size
            if len(self._packet) > _LONGEST_PACKET:
                raise UnreadableSound("one of its packets has no end")
            if size == _SEGMENT:
                continue
            if not headless:
                self._take(bytes(self._packet), packets)
            headless = False
            self._packet.clear()
        if headless:
            self._packet.clear()

    def _take(self, packet: bytes, packets: list[bytes]) -> None:
        self._heads += 1
        if self._heads == 1:
            self.head = _head(packet)
        elif self._heads > 2:  # the second says by whom it is
            try:
                self.samples += packet_samples(packet)
            except OpusFailed:
                self._whole = False
                return
            packets.append(packet)


class Writer:
    """Packets to an OGG file, in pieces that can be sent as they come."""

    def __init__(
        self, channels: int = 1, *, pre_skip: int = PRE_SKIP, rate: int = RATE, serial: int = 1
    ) -> None:
        self._serial = serial
        self._number = 0
        self._place = 0
        self._skip = pre_skip
        self._waiting: list[bytes] = []
        self._segments = 0
        self._begin = struct.pack("<8sBBHIhB", b"OpusHead", 1, channels, pre_skip, rate, 0, 0)

    def begin(self) -> bytes:
        """What stands before all packets."""
        maker = b"troupe"
        tags = struct.pack("<8sI", b"OpusTags", len(maker)) + maker + struct.pack("<I", 0)
        return self._page([self._begin], _FIRST) + self._page([tags], 0)

    def add(self, packet: bytes) -> bytes:
        """A page whenever there is a second of it; empty in between."""
        made = b""
        segments = len(packet) // _SEGMENT + 1
        if len(self._waiting) >= _PER_PAGE or self._segments + segments > 255:
            made = self._page(self._waiting, 0)
            self._waiting, self._segments = [], 0
        self._waiting.append(packet)
        self._segments += segments
        self._place += packet_samples(packet)
        return made

    def end(self, samples: int | None = None) -> bytes:
        """The last page; `samples` are meant to be heard, where the packets hold more than that."""
        if samples is not None:
            self._place = min(self._place, samples + self._skip)
        return self._page(self._waiting, _LAST)

    def _page(self, packets: list[bytes], flags: int) -> bytes:
        table = bytearray()
        for packet in packets:
            table += bytes([_SEGMENT]) * (len(packet) // _SEGMENT)
            table.append(len(packet) % _SEGMENT)
        head = _PAGE.pack(
            _CAPTURE, 0, flags, self._place, self._serial, self._number, 0, len(table)
        )
        page = bytearray(head + table + b"".join(packets))
        struct.pack_into("<I", page, _CRC_AT, _crc(page))
        self._number += 1
        return bytes(page)


def is_ogg(data: bytes) -> bool:
    return data[:4] == _CAPTURE


def packets_of(data: bytes) -> tuple[Pages, list[bytes]]:
    """A whole file; raises UnreadableSound where there is no Opus in it."""
    pages = Pages()
    packets = pages.feed(data)
    if pages.head is None:
        raise UnreadableSound("there is no Opus in it")
    return pages, packets


def put_together(
    packets: Iterable[bytes], *, samples: int | None = None, channels: int = 1
) -> bytes:
    writer = Writer(channels)
    pieces = [writer.begin(), *map(writer.add, packets), writer.end(samples)]
    return b"".join(pieces)


def _head(packet: bytes) -> Head:
    if len(packet) < 19 or packet[:8] != b"OpusHead" or packet[8] >> 4:
        raise UnreadableSound("it is OGG, but without Opus")
    channels, pre_skip, _, gain = struct.unpack_from("<BHIh", packet, 9)
    if not 1 <= channels <= 8:
        raise UnreadableSound("it is Opus without a channel")
    return Head(channels, pre_skip, gain)


def _is_right(page: bytearray) -> bool:
    (told,) = struct.unpack_from("<I", page, _CRC_AT)
    struct.pack_into("<I", page, _CRC_AT, 0)
    return bool(told == _crc(page))


def _crc(page: bytearray) -> int:
    """OGG's, by zlib's: which takes every byte, and gives its sum, with its bits turned round."""
    turned = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(turned.to_bytes(4, "little").translate(_REVERSED), "big")
