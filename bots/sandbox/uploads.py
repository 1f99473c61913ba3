"""Pictures and documents: what the server makes of them, where their bytes lie, and how bots get them."""

import mimetypes
from typing import Any
from uuid import uuid4

from bots.sandbox.asked import Asked, Refused, Upload, bad
from bots.sandbox.world import World

Json = dict[str, Any]
_LARGEST_PHOTO, _LARGEST = 10 * 1024 * 1024, 50 * 1024 * 1024
LARGEST_FETCHED = 20 * 1024 * 1024
"""Bytes of a file that a bot may fetch."""
_FOLDER = "documents/"
_WIDEST, _LONGEST = 10_000, 20
_PNG = b"\x89PNG\r\n\x1a\n"
_PICTURES = (b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM")


def photo(upload: Upload) -> Json:
    """A picture as the server keeps it; one that it cannot show is refused."""
    _check(upload, _LARGEST_PHOTO)
    width, height = _measured(upload.data)
    if not width or not height:
        raise bad("IMAGE_PROCESS_FAILED")
    if width + height > _WIDEST or max(width, height) > _LONGEST * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return {**_kept(upload), "width": width, "height": height}


def document(upload: Upload) -> Json:
    _check(upload, _LARGEST)
    return described(upload)


def described(upload: Upload) -> Json:
    """A document as messages show it; people may send larger ones than bots."""
    kind = mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
    return {**_kept(upload), "file_name": upload.name, "mime_type": kind}


def shelve(world: World, shape: Json, upload: Upload) -> None:
    """Keep the bytes for the page, as long as this process lives."""
    kind = mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
    world.files[shape["file_id"]] = (kind, upload.data)


def found(world: World, asked: Asked) -> Json:
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
