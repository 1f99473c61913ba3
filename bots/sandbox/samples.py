"""Small real files made of nothing: a picture, a sound, a film, for people who have none at hand."""

import struct
import zlib

_SERIAL = 7
_RATE = 48_000
_PACKET = 960
_STEP = 90_000
# Opus' own code for twenty milliseconds in which nothing is to be heard.
_SILENCE = b"\xf8\xff\xfe"
# MPEG 1 layer 3, 128 kbit/s, 44.1 kHz, mono; a frame without a sound is all zeros behind its head.
_MP3_FRAME = b"\xff\xfb\x90\xc4" + bytes(413)
# Says within a film that each of its pictures is a JPEG (object type 0x6c).
_ES = b"\3\x15\0\1\0" + b"\4\x0d\x6c\x11" + bytes(11) + b"\6\1\2"
_MP3_SECONDS = 1152 / 44_100


def png(width: int, height: int, colour: tuple[int, int, int] = (70, 110, 160)) -> bytes:
    """A picture of one colour."""
    rows = (b"\0" + bytes(colour) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def jpeg(width: int, height: int) -> bytes:
    """A grey picture: each block says that it is as the one before, in two bits."""
    blocks = -(-width // 8) * -(-height // 8)
    bits = "00" * blocks
    bits += "1" * (-len(bits) % 8)
    scan = int("1" + bits, 2).to_bytes(len(bits) // 8 + 1, "big")[1:]
    code = bytes([1]) + bytes(15) + b"\0"  # one code of one bit, for the symbol 0
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xDB, b"\0" + b"\1" * 64),
            _segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0"),
            _segment(0xC4, b"\0" + code),
            _segment(0xC4, b"\x10" + code),
            _segment(0xDA, b"\1\1\0\0\x3f\0"),
            scan.replace(b"\xff", b"\xff\0"),
            b"\xff\xd9",
        )
    )


def _segment(kind: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, kind, len(data) + 2) + data


def webp(width: int = 512, height: int = 512) -> bytes:
    """A picture of one colour without loss: five trees with one leaf each, and no bit a pixel."""
    bits = _little(width - 1, 14) + _little(height - 1, 14) + "1" + "000"
    bits += "0" + "0" + "0"  # nothing transformed, no cache of colours, one set of trees
    for leaf in (160, 70, 110, 255, 0):  # green, red, blue, alpha, distance
        bits += "1" + "0" + "1" + _little(leaf, 8)
    data = b"\x2f" + int(bits[::-1], 2).to_bytes(-(-len(bits) // 8), "little")
    chunk = b"VP8L" + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def _little(value: int, width: int) -> str:
    return f"{value:0{width}b}"[::-1]


def mp3(seconds: float) -> bytes:
    return _MP3_FRAME * max(1, round(seconds / _MP3_SECONDS))


def ogg(seconds: float) -> bytes:
    """Opus in which nobody says anything."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, _RATE, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 5) + b"stage" + struct.pack("<I", 0)
    pages = [_page(0, 2, 0, [head]), _page(1, 0, 0, [tags])]
    packets = max(1, round(seconds * _RATE / _PACKET))
    for number, first in enumerate(range(0, packets, 50), start=2):
        count = min(50, packets - first)
        last = 4 if first + count == packets else 0
        pages.append(_page(number, last, (first + count) * _PACKET, [_SILENCE] * count))
    return b"".join(pages)


def _page(number: int, flags: int, until: int, packets: list[bytes]) -> bytes:
    body = b"".join(packets)
    lengths = bytes(len(packet) for packet in packets)
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, until, _SERIAL, number, 0, len(lengths))
    page = head + lengths + body
    return page[:22] + struct.pack("<I", _sum(page)) + page[26:]


def _sum(page: bytes) -> int:
    """Ogg's own check sum, which is not that of zlib."""
    total = 0
    for byte in page:
        total ^= byte << 24
        for _ in range(8):
            total = (total << 1) ^ (0x104C11DB7 if total & 0x80000000 else 0)
    return total


def mp4(width: int, height: int, seconds: float) -> bytes:
    """A film of two pictures a second, each of them a JPEG."""
    frame, count = jpeg(width, height), max(1, round(seconds * 2))
    kind = _box(b"ftyp", b"isom\0\0\2\0isommp41")
    where = len(kind) + 8
    media = _box(b"mdat", frame * count)
    return kind + media + _movie(width, height, count, [where, len(frame)])


def _movie(width: int, height: int, count: int, stored: list[int]) -> bytes:
    where, size = stored
    each = _STEP // 2
    long, matrix = each * count, struct.pack(">9I", 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    whole = struct.pack(">IIIII", 0, 0, 0, _STEP, long)
    sample = bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">HH", width, height)
    sample += struct.pack(">IIIH", 72 << 16, 72 << 16, 0, 1) + bytes(32) + b"\0\x18\xff\xff"
    sample += _box(b"esds", bytes(4) + _ES)
    table = _box(b"stsd", bytes(4) + struct.pack(">I", 1) + _box(b"mp4v", sample))
    table += _box(b"stts", struct.pack(">IIII", 0, 1, count, each))
    table += _box(b"stsc", struct.pack(">IIIII", 0, 1, 1, count, 1))
    table += _box(b"stsz", struct.pack(">III", 0, size, count))
    table += _box(b"stco", struct.pack(">III", 0, 1, where))
    source = _box(b"dref", struct.pack(">II", 0, 1) + _box(b"url ", b"\0\0\0\1"))
    info = _box(b"vmhd", b"\0\0\0\1" + bytes(8)) + _box(b"dinf", source) + _box(b"stbl", table)
    handler = _box(b"hdlr", bytes(8) + b"vide" + bytes(13))
    about = _box(b"mdhd", whole + b"\x55\xc4\0\0") + handler + _box(b"minf", info)
    track = struct.pack(">IIIIII", 7, 0, 0, 1, 0, long) + bytes(16) + matrix
    track += struct.pack(">II", width << 16, height << 16)
    movie = whole + struct.pack(">IH", 65536, 256) + bytes(10) + matrix + bytes(24) + b"\0\0\0\2"
    tracks = _box(b"tkhd", track) + _box(b"mdia", about)
    return _box(b"moov", _box(b"mvhd", movie) + _box(b"trak", tracks))


def _box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data) + 8, kind) + data
