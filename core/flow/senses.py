"""By which sense something that hangs on a message can be perceived, and what a picture says of itself.

Nothing is decoded here: a picture's first bytes tell its kind and its size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from core.messages import Attachment

MOST_PICTURE = 5 << 20
"""Bytes; services refuse larger ones."""
_MOST_POINTS = 50_000_000
_LONGEST_SIDE = 16_000
_MOST_SEGMENTS = 1_000
"""Of a JPEG, before the one that tells its size."""
_FRAMES = frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), 0xCD, 0xCE, 0xCF})
_MOVES = frozenset({"video", "animation", "live photo"})
SPOKEN = frozenset({"voice", "video note"})
"""What people say instead of writing it."""
_WORDLESS = frozenset(
    {
        "application/x-tgsticker", "application/zip", "application/x-zip-compressed",
        "application/gzip", "application/x-tar", "application/x-7z-compressed",
        "application/vnd.rar", "application/x-rar-compressed", "application/java-archive",
        "application/vnd.android.package-archive", "application/x-msdownload",
        "application/x-iso9660-image",
    }
)  # fmt: skip


class Sense(StrEnum):
    SIGHT = "looked at"
    HEARING = "listened to"
    READING = "read"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to perceive it: this file, by this sense."""

    sense: Sense
    file: Attachment
    still: bool = False
    """It is only a small or a standing picture of the thing."""


@dataclass(frozen=True, slots=True)
class Picture:
    mime: str
    width: int
    height: int

    @property
    def fault(self) -> str:
        """Why it is not shown to anybody; empty for nothing."""
        if not self.width or not self.height:
            return "the picture is damaged"
        points = self.width * self.height
        if points > _MOST_POINTS or max(self.width, self.height) > _LONGEST_SIDE:
            return f"the picture has {self.width} x {self.height} points, which is too much"
        return ""


def ways(one: Attachment) -> tuple[Way, ...]:
    """The best first; none for what has no bytes or no sense for it."""
    return tuple(_ways(one)) if one.ref else ()


def _ways(one: Attachment) -> Iterator[Way]:
    mime = one.mime.lower()
    family = mime.partition("/")[0]
    if one.kind == "video note":
        yield Way(Sense.HEARING, one)  # somebody speaks, and shows their face
        yield from _preview(one)
    elif one.kind in _MOVES or family == "video" or mime == "application/x-tgsticker":
        if mime == "image/gif" and not one.preview:
            yield Way(Sense.SIGHT, one)
        yield from _preview(one)
    elif one.kind in ("photo", "picture") or (family == "image" and mime != "image/svg+xml"):
        # Of what moves a service looks at the first picture alone, and may refuse the others.
        itself = Way(Sense.SIGHT, one)
        small = tuple(_preview(one))
        better = one.size > MOST_PICTURE or mime == "image/gif"
        yield from (*small, itself) if better else (itself, *small)
    elif one.kind in ("voice", "audio") or family == "audio":
        yield Way(Sense.HEARING, one)
    elif one.kind in ("", "document", "file") and mime not in _WORDLESS:
        yield Way(Sense.READING, one)


def _preview(one: Attachment) -> Iterator[Way]:
    if one.preview:
        yield Way(Sense.SIGHT, Attachment(one.preview, "image/jpeg", kind="photo"), still=True)


def picture_of(data: bytes) -> Picture | None:
    """None for what is no picture of a kind that services look at."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Picture("image/png", _big(data, 16, 4), _big(data, 20, 4))
    if data.startswith(b"GIF8"):
        return Picture("image/gif", _little(data, 6, 2), _little(data, 8, 2))
    if data.startswith(b"\xff\xd8\xff"):
        return Picture("image/jpeg", *_jpeg(data))
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return Picture("image/webp", *_webp(data))
    return None


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        if data[at : at + 1] != b"\xff" or at + 9 > len(data):
            break
        mark = data[at + 1]
        if mark in _FRAMES:
            return _big(data, at + 7, 2), _big(data, at + 5, 2)
        at += 1 if mark == 0xFF else 2 + _big(data, at + 2, 2)
    return 0, 0


def _webp(data: bytes) -> tuple[int, int]:
    match data[12:16]:
        case b"VP8X":
            return _little(data, 24, 3) + 1, _little(data, 27, 3) + 1
        case b"VP8L" if data[20:21] == b"\x2f":
            sides = _little(data, 21, 4)
            return (sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1
        case b"VP8 " if data[23:26] == b"\x9d\x01\x2a":
            return _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF
        case _:
            return 0, 0


def _big(data: bytes, at: int, size: int) -> int:
    """0 where there is not so much of it."""
    return int.from_bytes(data[at : at + size], "big") if at + size <= len(data) else 0


def _little(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little") if at + size <= len(data) else 0
