"""Files that go out: kept beside the database from before their delivery is written down until it is done."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import threading
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

MOST = 8 * 1024 * 1024
"""Bytes; Discord takes 10 MB of a bot, Telegram as much of a picture."""

# Only what we have named ourselves is ever opened.
_OURS = re.compile(
    r"file:([pr]?[0-9a-f]{64}\.(?:png|jpg|gif|webp|mp3|m4a|ogg|wav|mp4|webm|pdf|json|bin))"
)
_PRIVATE = "p"
_LASTING = "r"
_MP3_FRAMES = (b"\xfb", b"\xf3", b"\xf2", b"\xfa")
_KINDS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "application/pdf": "pdf",
    "application/json": "json",
    "application/octet-stream": "bin",
}


Fetch = Callable[[str, int], Awaitable[bytes]]
"""What lies at an address of the web, at most so many bytes. Raises FetchFailed."""


class TooLarge(ValueError):
    """No platform would take it."""


@dataclass(frozen=True, slots=True)
class Kept:
    ref: str
    """As an attachment names it: "file:<name>"."""
    mime: str
    size: int


class Files:
    """Bytes on disk, each under a name of ours that tells nobody anything."""

    def __init__(self, folder: Path, fetch: Fetch | None = None) -> None:
        self._folder = folder
        self._fetch = fetch
        # Whoever keeps a file anew must not find it swept away behind their back.
        self._lock = threading.Lock()

    async def keep(
        self, data: bytes, *, key: str, private: bool = False, lasting: bool = False
    ) -> Kept:
        """Safe on disk when this returns; the same key and bytes are the same file.

        A private one goes as soon as nobody is going to send it; a lasting one, which is what
        somebody has said, stays as long as what is said does. Raises TooLarge, OSError.
        """
        if len(data) > MOST:
            raise TooLarge(f"a file of {len(data) >> 20} MB; at most {MOST >> 20} MB can be sent")
        mime = mime_of(data)
        mark = _PRIVATE if private else _LASTING if lasting else ""
        name = await asyncio.to_thread(self._keep, data, key, _KINDS[mime], mark)
        return Kept(f"file:{name}", mime, len(data))

    async def bring(self, url: str, *, key: str, private: bool = False) -> Kept | None:
        """Keep what lies at an address; None where that is a page to be read, or nothing fetches.

        Raises FetchFailed, TooLarge, OSError.
        """
        if self._fetch is None:
            return None
        data = await self._fetch(url, MOST)
        if not data or data[:200].lstrip().startswith(b"<"):
            return None
        return await self.keep(data, key=key, private=private)

    async def find(self, ref: str) -> Kept | None:
        """One that was kept before, as far as it is still there."""
        data = await self.read(ref)
        return None if data is None else Kept(ref, mime_of(data), len(data))

    async def read(self, ref: str) -> bytes | None:
        """None when it is no file of ours, or is gone."""
        path = self._path(ref)
        return None if path is None else await asyncio.to_thread(_bytes_of, path)

    async def drop(self, ref: str) -> None:
        if path := self._path(ref):
            await asyncio.to_thread(self._drop, path)

    async def sweep(
        self,
        named: Collection[str],
        *,
        before: float,
        private_before: float,
        lasting_before: float = 0.0,
    ) -> int:
        """Drop those last kept before these times (Unix) that nobody names any more; how many."""
        limits = {_PRIVATE: private_before, _LASTING: lasting_before}
        return await asyncio.to_thread(self._sweep, named, before, limits)

    # --- on a thread ---------------------------------------------------------------------------

    def _keep(self, data: bytes, key: str, ending: str, mark: str) -> str:
        digest = hashlib.sha256(f"{len(key)} {key}".encode())
        digest.update(data)
        name = f"{mark}{digest.hexdigest()}.{ending}"
        path = self._folder / name
        with self._lock:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.exists():
                os.utime(path)
                return name
            part = self._folder / f"{uuid4().hex}.part"
            try:
                with part.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
            _sync(self._folder)
        return name

    def _drop(self, path: Path) -> None:
        with self._lock:
            path.unlink(missing_ok=True)

    def _sweep(self, named: Collection[str], before: float, limits: Mapping[str, float]) -> int:
        dropped = 0
        with self._lock:
            for path in list(self._folder.glob("*.*")):
                oldest = limits.get(path.name[0], before)
                if f"file:{path.name}" not in named and path.stat().st_mtime < oldest:
                    path.unlink(missing_ok=True)
                    dropped += 1
        return dropped

    def _path(self, ref: str) -> Path | None:
        ours = _OURS.fullmatch(ref)
        return self._folder / ours[1] if ours else None


def refs_in(payload: str) -> list[str]:
    """The files of ours that a text names."""
    return [found[0] for found in _OURS.finditer(payload)]


def is_private(ref: str) -> bool:
    return ref.startswith(f"file:{_PRIVATE}")


def mime_of(data: bytes) -> str:
    """By how it begins; what anybody says of it counts for nothing."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith(b"ID3") or (data[:1] == b"\xff" and data[1:2] in _MP3_FRAMES):
        return "audio/mpeg"
    if data[4:8] == b"ftyp":
        return "audio/mp4" if data[8:11] in (b"M4A", b"M4B") else "video/mp4"
    if data.startswith(b"OggS"):
        return "audio/ogg"
    if data.startswith(b"RIFF") and data[8:12] == b"WAVE":
        return "audio/wav"
    if data.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm"
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    if data.startswith((b'{"', b"{\n")):
        return "application/json"
    return "application/octet-stream"


def _bytes_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _sync(folder: Path) -> None:
    """Where a folder can be synced, its new entry survives a power cut."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
