"""A plain picture for a card whose character has none: her colour, and her initial on it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from zlib import crc32

from core.cards.png import drawn

_GLYPHS = {
    "A": "0E11111F111111", "B": "1E11111E11111E", "C": "0E11101010110E", "D": "1E11111111111E",
    "E": "1F10101E10101F", "F": "1F10101E101010", "G": "0E11101711110F", "H": "1111111F111111",
    "I": "0E04040404040E", "J": "0702020202120C", "K": "11121418141211", "L": "1010101010101F",
    "M": "111B1515111111", "N": "11111915131111", "O": "0E11111111110E", "P": "1E11111E101010",
    "Q": "0E11111115120D", "R": "1E11111E141211", "S": "0F10100E01011E", "T": "1F040404040404",
    "U": "1111111111110E", "V": "11111111110A04", "W": "1111111515150A", "X": "11110A040A1111",
    "Y": "11110A04040404", "Z": "1F01020408101F", "0": "0E11131519110E", "1": "040C040404040E",
    "2": "0E11010204081F", "3": "1F02040201110E", "4": "02060A121F0202", "5": "1F101E0101110E",
    "6": "0608101E11110E", "7": "1F010204080808", "8": "0E11110E11110E", "9": "0E11110F01020C",
}  # fmt: skip
"""Seven rows of five dots each."""
_DISC = "0E1F1F1F1F1F0E"
"""For scripts that have no place in forty letters."""
_DOT = 36
_SIDE = 512
_COLOURS = ("2f6f8f", "7a4e9e", "9e4e5f", "4e7d4a", "a8672f", "3f5fa8", "8a6d3b", "43757a")


def plain_picture(name: str) -> bytes:
    """A PNG; the same name always looks the same."""
    colour = bytes.fromhex(_COLOURS[crc32(name.encode(errors="replace")) % len(_COLOURS)])
    return drawn(_rows(_glyph(name), colour), _SIDE)


def _rows(glyph: bytes, colour: bytes) -> Iterator[bytes]:
    left, top = (_SIDE - 5 * _DOT) // 2, (_SIDE - 7 * _DOT) // 2
    blank = colour * _SIDE
    yield from [blank] * top
    for bits in glyph:
        dots = b"".join(
            (b"\xff\xff\xff" if bits >> at & 1 else colour) * _DOT for at in range(4, -1, -1)
        )
        yield from [colour * left + dots + colour * (_SIDE - left - 5 * _DOT)] * _DOT
    yield from [blank] * (_SIDE - top - 7 * _DOT)


def _glyph(name: str) -> bytes:
    letters = unicodedata.normalize("NFKD", name).upper()
    first = next((char for char in letters if char.isalnum()), "")
    return bytes.fromhex(_GLYPHS.get(first, _DISC))
