"""What people send beside words: each thing as a message tells of it, with its real bytes."""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from bots.sandbox import samples

Json = dict[str, Any]
# The longer side of each size that Telegram makes of a photo, beside the photo itself.
_SIZES = (90, 320, 800)
_THUMB = (320, 240)
_PNG, _GIF = b"\x89PNG\r\n\x1a\n", b"GIF8"
_FRAMES = frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC)})
_FACES = {"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64}


@dataclass(frozen=True, slots=True)
class Medium:
    """One thing to send: the fields of its message, and the files that those name."""

    fields: Json
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict, repr=False)
    """The kind and the bytes of each, by its file_id."""

    @property
    def kind(self) -> str:
        return next(iter(self.fields))


def photo(
    data: bytes | None = None, *, width: int = 1280, height: int = 960, spoiler: bool = False
) -> Medium:
    """A picture in several sizes, the smallest first; the largest has the bytes as they were given."""
    wide, high = size_of(data) if data is not None else (width, height)
    if not wide or not high:
        raise ValueError("this is no picture")
    files: dict[str, tuple[str, bytes]] = {}
    sizes = []
    longest = max(wide, high)
    for side in (*(size for size in _SIZES if size < longest), longest):
        w, h = max(1, wide * side // longest), max(1, high * side // longest)
        made = data if data is not None and side == longest else samples.jpeg(w, h)
        sizes.append(_file(files, made, "image/jpeg") | {"width": w, "height": h})
    more = {"has_media_spoiler": True} if spoiler else {}
    return Medium({"photo": sizes, **more}, files)


def voice(data: bytes | None = None, *, seconds: int = 3) -> Medium:
    files: dict[str, tuple[str, bytes]] = {}
    shape = _file(files, data or samples.ogg(seconds), "audio/ogg")
    return Medium({"voice": {**shape, "duration": seconds, "mime_type": "audio/ogg"}}, files)


def audio(
    data: bytes | None = None,
    *,
    seconds: int = 4,
    title: str = "A tune",
    performer: str = "Somebody",
    name: str = "tune.mp3",
) -> Medium:
    files: dict[str, tuple[str, bytes]] = {}
    shape = _named(files, data or samples.mp3(seconds), name)
    about = {"duration": seconds, "title": title, "performer": performer}
    return Medium({"audio": {**shape, **about}}, files)


def video(
    data: bytes | None = None,
    *,
    seconds: int = 2,
    width: int = 640,
    height: int = 480,
    name: str = "film.mp4",
) -> Medium:
    files: dict[str, tuple[str, bytes]] = {}
    shape = _named(files, data or samples.mp4(width, height, seconds), name)
    about = {"width": width, "height": height, "duration": seconds, "thumbnail": _thumb(files)}
    return Medium({"video": {**shape, **about}}, files)


def animation(
    data: bytes | None = None, *, seconds: int = 1, name: str = "animation.mp4"
) -> Medium:
    """A film without sound; for old clients it is a document as well."""
    files: dict[str, tuple[str, bytes]] = {}
    shape = _named(files, data or samples.mp4(320, 240, seconds), name)
    thumb = _thumb(files)
    about = {"width": 320, "height": 240, "duration": seconds, "thumbnail": thumb}
    document = {**shape, "thumbnail": thumb}
    return Medium({"animation": {**shape, **about}, "document": document}, files)


def video_note(data: bytes | None = None, *, seconds: int = 2, length: int = 240) -> Medium:
    files: dict[str, tuple[str, bytes]] = {}
    shape = _file(files, data or samples.mp4(length, length, seconds), "video/mp4")
    about = {"length": length, "duration": seconds, "thumbnail": _thumb(files)}
    return Medium({"video_note": {**shape, **about}}, files)


def sticker(
    data: bytes | None = None,
    *,
    emoji: str = "🦉",
    pack: str = "Owls",
    animated: bool = False,
    video: bool = False,
) -> Medium:
    """A picture of a pack; the kinds that move need their `data`, or have the picture's."""
    files: dict[str, tuple[str, bytes]] = {}
    mime = "video/webm" if video else "application/x-tgsticker" if animated else "image/webp"
    shape = _file(files, data or samples.webp(), mime)
    about = {
        "type": "regular",
        "width": 512,
        "height": 512,
        "is_animated": animated,
        "is_video": video,
        "emoji": emoji,
        "set_name": pack,
        "thumbnail": _file(files, samples.webp(128, 128), "image/webp")
        | {"width": 128, "height": 128},
    }
    return Medium({"sticker": {**shape, **about}}, files)


def document(data: bytes, *, name: str) -> Medium:
    files: dict[str, tuple[str, bytes]] = {}
    return Medium({"document": _named(files, data, name.replace("/", "_") or "file")}, files)


def location(latitude: float, longitude: float, *, live: int = 0) -> Medium:
    """A place; `live`, the seconds for which it moves with whoever shares it."""
    shape: Json = {"latitude": latitude, "longitude": longitude}
    return Medium({"location": {**shape, "live_period": live} if live else shape})


def venue(latitude: float, longitude: float, title: str, address: str) -> Medium:
    """A place with a name; for old clients it is a location as well."""
    place = {"latitude": latitude, "longitude": longitude}
    shape = {"location": place, "title": title, "address": address}
    return Medium({"venue": shape, "location": place})


def contact(phone: str, first_name: str, last_name: str = "", *, user: int | None = None) -> Medium:
    shape: Json = {"phone_number": phone, "first_name": first_name}
    if last_name:
        shape["last_name"] = last_name
    if user is not None:
        shape["user_id"] = user
    return Medium({"contact": shape})


def poll(
    question: str,
    options: Sequence[str],
    *,
    several: bool = False,
    anonymous: bool = True,
    right: int | None = None,
    explanation: str = "",
) -> Medium:
    """A poll; with the number of the `right` option, a quiz."""
    if not 1 <= len(question) <= 300:
        raise ValueError("a question may have 300 characters at most")
    if not 2 <= len(options) <= 12 or not all(1 <= len(option) <= 100 for option in options):
        raise ValueError("a poll has 2 to 12 options of up to 100 characters")
    shape: Json = {
        "id": str(secrets.randbits(62)),
        "question": question,
        "options": [
            {"persistent_id": str(number), "text": option, "voter_count": 0}
            for number, option in enumerate(options)
        ],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": anonymous,
        "type": "regular" if right is None else "quiz",
        "allows_multiple_answers": several,
        "allows_revoting": right is None,
        "members_only": False,
    }
    if right is not None:
        shape |= {"correct_option_ids": [right], "explanation": explanation}
    return Medium({"poll": shape})


def dice(emoji: str = "🎲", value: int | None = None) -> Medium:
    """A throw; the value is Telegram's, so it is drawn where none is given."""
    faces = _FACES.get(emoji)
    if faces is None:
        raise ValueError(f"nobody throws {emoji}")
    return Medium({"dice": {"emoji": emoji, "value": value or 1 + secrets.randbelow(faces)}})


def other(**fields: Json) -> Medium:
    """Anything else, as the Bot API writes it: a story, a checklist, a game."""
    return Medium(fields)


def size_of(data: bytes) -> tuple[int, int]:
    """How wide and how high a picture is; nothing of what is none."""
    if data.startswith(_PNG) and len(data) >= 24:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if data.startswith(_GIF) and len(data) >= 10:
        return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return 512, 512  # one of three codings; nobody here asks
    return _size_of_jpeg(data) if data.startswith(b"\xff\xd8") else (0, 0)


def _size_of_jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        if data[at + 1] in _FRAMES:
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(
                data[at + 5 : at + 7], "big"
            )
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 0, 0


def _thumb(files: dict[str, tuple[str, bytes]]) -> Json:
    wide, high = _THUMB
    return _file(files, samples.jpeg(wide, high), "image/jpeg") | {"width": wide, "height": high}


def _named(files: dict[str, tuple[str, bytes]], data: bytes, name: str) -> Json:
    mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return {**_file(files, data, mime), "file_name": name, "mime_type": mime}


def _file(files: dict[str, tuple[str, bytes]], data: bytes, mime: str) -> Json:
    if not data:
        raise ValueError("the file is empty")
    number = uuid4().hex
    files[f"F{number}"] = (mime, data)
    return {"file_id": f"F{number}", "file_unique_id": number[:12], "file_size": len(data)}
