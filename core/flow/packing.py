"""Files that go with what is said: their bytes are kept first, and named by what is written down."""

from __future__ import annotations

import binascii
import logging
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote_to_bytes

from core.errors import FetchFailed
from core.files import MOST, Files, Kept, TooLarge
from core.messages import Attachment, Content

log = logging.getLogger(__name__)

_MOST = 10
_LONGEST = 2 * MOST
_DATA = re.compile(r"data:[^,;]*(?:;[^,;]*)*?(;base64)?,", re.I)
_SIGNS = re.compile(r"[^a-z0-9]+")
_ENDING = re.compile(r"\.[a-z0-9]{1,5}")
_LONGEST_NAME = 40
_ENDINGS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "application/pdf": ".pdf",
}
_CALLED = frozenset({"photo", "voice", "audio", "video", "animation", "document"})


@dataclass(frozen=True, slots=True)
class Packed:
    """Something said, as it is remembered and as it goes out."""

    content: Content
    """Its attachments name files; none of them holds any bytes."""
    text: str
    """With the addresses of what is attached and lies elsewhere."""
    files: tuple[Attachment, ...]


async def packed(
    files: Files,
    content: Content,
    attachments: Sequence[Attachment] = (),
    *,
    key: str,
    private: bool = False,
) -> Packed:
    """`key` is the same when it is said again after a crash. Raises TooLarge, OSError."""
    media: list[Mapping[str, Any]] = []
    going: list[Attachment] = []
    there = {"", *(str(one.get("url") or "") for one in content.attachments)}
    more = (one for one in attachments if one.ref not in there)  # often they are handed in twice
    listed = [*content.attachments, *map(_media_of, more)]
    for place, one in enumerate(listed[:_MOST]):
        kept = await _kept(files, one, f"{key} {place}", private)
        if kept is None:
            media.append(_without_bytes(one))
            continue
        title = str(one.get("title") or "")
        name = _name(title, kept)
        going.append(Attachment(kept.ref, kept.mime, kept.size, name, _called(one)))
        media.append({**_without_bytes(one), "url": kept.ref, "contentType": kept.mime})
    shown = "\n".join(filter(None, (content.text, *_addresses(media))))
    return Packed(replace(content, attachments=tuple(media)), shown, tuple(going))


async def _kept(files: Files, one: Mapping[str, Any], key: str, private: bool) -> Kept | None:
    """The file that it is, kept; None for what lies elsewhere or is not there."""
    data, url = one.get("data"), one.get("url")
    if data is None and isinstance(url, str) and url.startswith("file:"):
        kept = await files.find(url)
        if kept is None:
            log.warning("an attachment names a file that is not kept here; it is left out")
        return kept
    if data is None and isinstance(url, str | bytes):
        data = url
    if isinstance(data, str) and data.lower().startswith(("http://", "https://")):
        return await _brought(files, data, key, private)
    found = _bytes_in(data)
    return await files.keep(found, key=key, private=private) if found else None


async def _brought(files: Files, url: str, key: str, private: bool) -> Kept | None:
    """No platform is made to fetch it, so that nobody learns by it what a character was told."""
    try:
        return await files.bring(url, key=key, private=private)
    except FetchFailed as error:
        log.warning("an attachment is named by its address instead: %s", error)
        return None


def _bytes_in(data: Any) -> bytes:
    """Of bytes, or of a data: address."""
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    head = _DATA.match(data) if isinstance(data, str) else None
    if head is None:
        return b""
    if len(data) > _LONGEST:  # taking it apart would stop the loop for nothing
        raise TooLarge("a data: address of more than what can be sent")
    body = unquote_to_bytes(data[head.end() :])
    try:
        return b64decode(body) if head[1] else body
    except binascii.Error:
        return b""


def _without_bytes(one: Mapping[str, Any]) -> Mapping[str, Any]:
    """As a memory keeps it: JSON, and short."""
    long = isinstance(url := one.get("url"), bytes) or (isinstance(url, str) and _DATA.match(url))
    left_out = {"data", "url"} if long else {"data"}
    return {name: value for name, value in one.items() if name not in left_out}


def _called(one: Mapping[str, Any]) -> str:
    """What whoever attaches it calls it; empty where its bytes tell."""
    kind = str(one.get("kind") or one.get("type") or "").lower()
    return kind if kind in _CALLED else ""


def _media_of(one: Attachment) -> Mapping[str, Any]:
    return {
        "url": one.ref,
        "contentType": one.mime,
        "title": one.name,
        **({"kind": one.kind} if one.kind else {}),
    }


def _addresses(media: Sequence[Mapping[str, Any]]) -> list[str]:
    urls = [str(one.get("url") or "") for one in media]
    return list(dict.fromkeys(url for url in urls if url.startswith(("http://", "https://"))))


def _name(title: str, kept: Kept) -> str:
    """What people see of it: letters that no platform changes, and never twice the same."""
    given = PurePosixPath(title.lower())
    ending = _ENDINGS.get(kept.mime) or (_ENDING.fullmatch(given.suffix) or [".bin"])[0]
    stem = given.stem if _ENDING.fullmatch(given.suffix) else given.name
    plain = _SIGNS.sub("-", stem)[:_LONGEST_NAME].strip("-") or "file"
    mark = kept.ref.removeprefix("file:").removeprefix("p")[:8]
    return f"{plain}-{mark}{ending}"
