"""Cards inside pictures: a PNG's chunks walked within bounds, its card chunks read and replaced."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from core.cards.bounds import MOST_TEXT, CardRefused

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CARD_WORDS = ("ccv3", "chara")
"""The newer one first: where both are there, it counts."""
ASSET_WORD = "chara-ext-asset_"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_MOST_CHUNKS = 200_000
_LONGEST_WORD = 79
_MOST_ENCODED = MOST_TEXT * 4 // 3 + 1_000_000
"""Bytes of base64, with room for line breaks."""


@dataclass(frozen=True, slots=True)
class Chunk:
    kind: bytes
    start: int
    """Where its length stands; its content follows eight bytes later."""
    end: int
    """Behind its check sum."""
    whole: bool
    """Whether the check sum is right."""

    def content(self, picture: bytes) -> memoryview:
        return memoryview(picture)[self.start + 8 : self.end - 4]


@dataclass(frozen=True, slots=True)
class Note:
    """What a text chunk holds: base64 as a rule, and nobody is to rely on it."""

    word: str
    kind: str
    text: bytes
    whole: bool


def is_png(data: bytes) -> bool:
    return data[:8] == SIGNATURE


def chunks(picture: bytes) -> tuple[list[Chunk], str]:
    """Every chunk up to the end or to where the file breaks off, and in words what is wrong."""
    if not is_png(picture):
        raise CardRefused("is no PNG")
    found: list[Chunk] = []
    at = len(SIGNATURE)
    while at + 12 <= len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        kind = picture[at + 4 : at + 8]
        end = at + 12 + length
        if not kind.isalpha() or not kind.isascii():
            return found, "the picture is damaged"
        if end > len(picture):
            return found, "the picture breaks off before its end"
        if len(found) >= _MOST_CHUNKS:
            raise CardRefused("has more parts than any picture needs")
        (told,) = struct.unpack_from(">I", picture, end - 4)
        right = zlib.crc32(memoryview(picture)[at + 4 : end - 4]) == told
        found.append(Chunk(kind, at, end, right))
        if kind == b"IEND":
            return found, ""
        at = end
    return found, "the picture breaks off before its end"


def notes(picture: bytes, parts: Iterable[Chunk], words: tuple[str, ...]) -> Iterator[Note]:
    """The texts under one of these words, in the order of the file; raises CardRefused."""
    for part in parts:
        if part.kind not in _TEXTS:
            continue
        content = part.content(picture)
        word = _word(content)
        if word.lower() in words:
            text = _text(part.kind, content[len(word) + 1 :])
            yield Note(word.lower(), part.kind.decode(), text, part.whole)


def words(picture: bytes, parts: Iterable[Chunk]) -> Iterator[str]:
    """The words of all texts; cheap, their texts stay unread."""
    return (_word(part.content(picture)) for part in parts if part.kind in _TEXTS)


def holds_card(file: BinaryIO) -> bool:
    """Whether there is a card in it, from the heads of its chunks alone; nothing is judged."""
    if file.read(8) != SIGNATURE:
        return False
    for _ in range(_MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return False
        (length,) = struct.unpack(">I", head[:4])
        if head[4:] in _TEXTS:
            beginning = file.read(min(length, _LONGEST_WORD + 1))
            if _word(memoryview(beginning)).lower() in CARD_WORDS:
                return True
            length -= len(beginning)
        file.seek(length + 4, 1)
    return False


def with_cards(picture: bytes, texts: Mapping[str, bytes]) -> bytes:
    """The same picture with these card chunks and no others; every other byte is as it was."""
    parts, broken = chunks(picture)
    if broken and not any(part.kind == b"IDAT" for part in parts):
        raise CardRefused(broken)
    made = b"".join(_chunk(b"tEXt", word.encode() + b"\0" + one) for word, one in texts.items())
    # Some programs read no further than where the image begins.
    first = next((part for part in parts if part.kind in (b"IDAT", b"fcTL", b"IEND")), None)
    pieces: list[bytes | memoryview] = [SIGNATURE]
    for part in parts:
        if part is first:
            pieces.append(made)
        if not _is_card(picture, part):
            pieces.append(memoryview(picture)[part.start : part.end])
    end = parts[-1].end if parts else len(SIGNATURE)
    return b"".join((*pieces, memoryview(picture)[end:]))


def drawn(rows: Iterable[bytes], width: int) -> bytes:
    """A PNG of these rows, three bytes a dot."""
    lines = [b"\0" + row for row in rows]
    head = struct.pack(">IIBBBBB", width, len(lines), 8, 2, 0, 0, 0)
    image = zlib.compress(b"".join(lines), 9)
    made = (_chunk(b"IHDR", head), _chunk(b"IDAT", image), _chunk(b"IEND", b""))
    return SIGNATURE + b"".join(made)


def _is_card(picture: bytes, part: Chunk) -> bool:
    return part.kind in _TEXTS and _word(part.content(picture)).lower() in CARD_WORDS


def _word(content: memoryview) -> str:
    word, end, _ = bytes(content[: _LONGEST_WORD + 1]).partition(b"\0")
    return word.decode("latin-1") if end else ""


def _text(kind: bytes, rest: memoryview) -> bytes:
    if kind == b"tEXt":
        return _bounded(rest)
    if kind == b"zTXt":
        return _inflated(rest[1:])  # one byte names the method, of which there is one
    packed = bool(rest[0]) if len(rest) else False
    # Behind the flag and the method: a language and a translated word, each up to its zero.
    _, _, behind = bytes(rest[2:]).partition(b"\0")
    _, _, text = behind.partition(b"\0")
    return _inflated(memoryview(text)) if packed else _bounded(memoryview(text))


def _bounded(text: memoryview) -> bytes:
    if len(text) > _MOST_ENCODED:
        raise CardRefused(f"holds more than {MOST_TEXT >> 20} MB of card")
    return bytes(text)


def _inflated(packed: memoryview) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(packed, _MOST_ENCODED + 1)
    except zlib.error:
        raise CardRefused("holds a compressed card that is damaged") from None
    if not unpacking.eof and len(text) <= _MOST_ENCODED:
        raise CardRefused("holds a compressed card that is damaged")
    return _bounded(memoryview(text))


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
