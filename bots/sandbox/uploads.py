"""Pictures and documents that bots send: what the server makes of them, and where their bytes lie."""

import mimetypes
from typing import Any
from uuid import uuid4

from bots.sandbox.asked import Refused, Upload, bad
from bots.sandbox.world import World

Json = dict[str, Any]
_LARGEST_PHOTO, _LARGEST = 10 * 1024 * 1024, 50 * 1024 * 1024
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
    kind = mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
    return {**_kept(upload), "file_name": upload.name, "mime_type": kind}


def shelve(world: World, shape: Json, upload: Upload) -> None:
    """Keep the bytes for the page, as long as this process lives."""
    kind = mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
    world.files[shape["file_id"]] = (kind, upload.data)


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
