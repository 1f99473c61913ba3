"""Pictures and documents: what the server makes of them, where their bytes lie, and how bots get them."""

import mimetypes
from typing import Any
from uuid import uuid4

from bots.sandbox import media
from bots.sandbox.asked import Asked, Refused, Upload, bad
from bots.sandbox.desks import Desk
from bots.sandbox.world import World

Json = dict[str, Any]
_LARGEST_PHOTO, _LARGEST = 10 * 1024 * 1024, 50 * 1024 * 1024
LARGEST_FETCHED = 20 * 1024 * 1024
"""Bytes of a file that a bot may fetch."""
_FOLDER = "documents/"
_WIDEST, _LONGEST = 10_000, 20
_PNG = b"\x89PNG\r\n\x1a\n"
_PICTURES = (b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM")
_KINDS = ("photo", "animation", "audio", "video", "video_note", "voice", "sticker", "document")
_SOUNDS = (b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3")
_STICKERS = (b"RIFF", b"\x1f\x8b", b"\x1aE\xdf\xa3")
_OPUS_RATE = 48_000


def photo(upload: Upload) -> Json:
    """A picture as the server keeps it; one that it cannot show is refused."""
    _check(upload, _LARGEST_PHOTO)
    width, height = _measured(upload.data)
    if not width or not height:
        raise bad("IMAGE_PROCESS_FAILED")
    if width + height > _WIDEST or max(width, height) > _LONGEST * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return {**_kept(upload), "width": width, "height": height}


def received(kind: str, upload: Upload) -> tuple[Json, dict[str, tuple[str, bytes]]]:
    """What a bot hands over, as the fields of its message and as files to be kept.

    What is no sound is no voice message, and what is no picture no sticker: those are documents.
    """
    if kind == "photo":
        shape = photo(upload)
        mime = mimetypes.guess_type(upload.name)[0] or "image/jpeg"
        return {"photo": shape}, {shape["file_id"]: (mime, upload.data)}
    _check(upload, _LARGEST)
    made = _made(kind, upload)
    return made.fields, made.files


def _made(kind: str, upload: Upload) -> media.Medium:
    data, name = upload.data, upload.name
    match kind:
        case "voice" if data.startswith(_SOUNDS) or data[4:8] == b"ftyp":
            return media.voice(data, seconds=_seconds(data))
        case "audio":
            return media.audio(data, seconds=0, title="", performer="", name=name)
        case "video":
            return media.video(data, seconds=0, name=name)
        case "animation":
            return media.animation(data, seconds=0, name=name)
        case "video_note":
            return media.video_note(data, seconds=0)
        case "sticker" if data.startswith(_STICKERS):
            packed, film = data[:2] == b"\x1f\x8b", data[:1] == b"\x1a"
            return media.sticker(data, animated=packed, video=film)
    return media.document(data, name=name)


def _seconds(data: bytes) -> int:
    """How long a sound in an Ogg file is: its last page says so."""
    last = data.rfind(b"OggS")
    if last < 0 or len(data) < last + 14:
        return 0
    return round(int.from_bytes(data[last + 6 : last + 14], "little") / _OPUS_RATE)


def seen(world: World, number: str) -> tuple[str, Json] | None:
    """A file by its id, as it was sent before: its kind and the fields it came in."""
    for room in world.chats.values():
        if room.platform != "telegram":
            continue
        for said in room.messages.values():
            found = _among(said.more, number)
            if found is not None:
                return found
    return None


def _among(more: Json, number: str) -> tuple[str, Json] | None:
    for kind in _KINDS:
        shape = more.get(kind)
        sizes = shape if isinstance(shape, list) else [shape] if shape else []
        if any(size.get("file_id") == number for size in sizes):
            names = (kind, "document") if kind == "animation" else (kind,)
            return kind, {name: more[name] for name in names}
        if any((size.get("thumbnail") or {}).get("file_id") == number for size in sizes):
            return "thumbnail", {}
    return None


def described(upload: Upload) -> Json:
    """A document as messages show it; people may send larger ones than bots."""
    kind = mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
    return {**_kept(upload), "file_name": upload.name, "mime_type": kind}


def shelve(world: World, shape: Json, upload: Upload) -> None:
    """Keep the bytes for the page, as long as this process lives."""
    kind = mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
    world.files[shape["file_id"]] = (kind, upload.data)


def found_file(world: World, desk: Desk, asked: Asked) -> Json:
    """Where a bot may fetch a file: the answer to getFile."""
    number = asked.text("file_id") or ""
    if not number:
        raise bad("file_id isn't specified")
    if number not in world.files:
        raise bad("wrong file_id or the file is temporarily unavailable")
    kind, data = world.files[number]
    if len(data) > LARGEST_FETCHED:
        raise bad("file is too big")
    ending = mimetypes.guess_extension(kind) or ""
    shape = {"file_id": number, "file_unique_id": number[1:13], "file_size": len(data)}
    return {**shape, "file_path": f"{_FOLDER}{number}{ending}"}


def at(world: World, path: str) -> tuple[str, bytes] | None:
    """What lies at a path that `found` has given: its kind and its bytes."""
    number = path.removeprefix(_FOLDER).partition(".")[0]
    return world.files.get(number) if path.startswith(_FOLDER) else None


def _check(upload: Upload, most: int) -> None:
    if not upload.data:
        raise bad("file must be non-empty")
    if len(upload.data) > most:
        raise Refused(413, "Request Entity Too Large")


def _measured(data: bytes) -> tuple[int, int]:
    """As a PNG says it; of other pictures nobody here asks. Nothing of what is no picture."""
    if not data.startswith(_PNG):
        return (100, 100) if data.startswith(_PICTURES) else (0, 0)
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _kept(upload: Upload) -> Json:
    number = uuid4().hex
    return {
        "file_id": f"F{number}",
        "file_unique_id": number[:12],
        "file_size": len(upload.data),
    }
