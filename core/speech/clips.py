"""Voice messages that were made before: kept on disk for a week, by what was said and how."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

from core.clock import Clock
from core.errors import ModelError
from core.ports.speech import Clip

log = logging.getLogger(__name__)

Make = Callable[[], Awaitable[Clip]]

_OLDEST = 7 * 24 * 3600.0
_MOST_BYTES = 200 * 1024 * 1024
_SWEEP_EVERY = 3600.0
_HEAD = struct.Struct("<4sdH")
"""Whose file it is, seconds, bytes of the waveform."""
_OURS = b"TRC1"


def key_of(mark: str, text: str) -> str:
    """Names a clip, and tells nobody what is said in it."""
    return hashlib.sha256(f"{len(mark)} {mark}{text}".encode(errors="replace")).hexdigest()


class _Making:
    """Whoever asks for the same meanwhile waits here."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self.clip: Clip | None = None
        self.error: ModelError | None = None


class Clips:
    """One file for each; without a folder nothing is kept, and what is asked at once made once."""

    def __init__(
        self,
        folder: Path | None,
        clock: Clock,
        *,
        oldest: float = _OLDEST,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._oldest = oldest
        self._most_bytes = most_bytes
        self._making: dict[str, _Making] = {}
        self._swept = float("-inf")

    async def once(self, key: str, make: Make) -> Clip:
        """What `make` gives: for all who ask for the same meanwhile. It keeps what is to be kept.

        Whoever makes it may be cancelled: then the next of them does it. Raises ModelError.
        """
        while (making := self._making.get(key)) is not None:
            await making.done.wait()
            if making.clip is not None:
                return making.clip
            if making.error is not None:
                raise making.error
        making = self._making[key] = _Making()
        try:
            making.clip = await make()
            return making.clip
        except ModelError as error:
            making.error = error
            raise
        finally:
            del self._making[key]
            making.done.set()

    async def find(self, key: str) -> Clip | None:
        return await asyncio.to_thread(self._read, key)

    async def keep(self, key: str, clip: Clip) -> None:
        """A disk that is full or read-only costs a call more, and nothing else."""
        try:
            await asyncio.to_thread(self._write, key, clip)
        except OSError as error:
            log.warning("a clip could not be kept (%s)", type(error).__name__)
            return
        if self._clock.monotonic() - self._swept >= _SWEEP_EVERY:
            await self.sweep()

    async def sweep(self) -> int:
        """Drop what nobody has asked for in a week, and the oldest of what is too much; how many."""
        self._swept = self._clock.monotonic()
        return await asyncio.to_thread(self._sweep, self._clock.now().timestamp())

    # --- on a thread ---------------------------------------------------------------------------

    def _read(self, key: str) -> Clip | None:
        if self._folder is None:
            return None
        path = self._folder / f"{key}.clip"
        try:
            data = path.read_bytes()
            now = self._clock.now().timestamp()
            os.utime(path, (now, now))
        except OSError:
            return None
        if len(data) <= _HEAD.size:
            return None
        whose, seconds, levels = _HEAD.unpack_from(data)
        body = data[_HEAD.size + levels :]
        if whose != _OURS or not body.startswith(b"OggS"):
            return None  # damaged: it is made anew, and written over
        return Clip(body, seconds, data[_HEAD.size : _HEAD.size + levels])

    def _write(self, key: str, clip: Clip) -> None:
        if self._folder is None:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self._folder / f"{uuid4().hex}.part"
        now = self._clock.now().timestamp()
        try:
            head = _HEAD.pack(_OURS, clip.seconds, len(clip.waveform))
            with part.open("xb") as file:
                file.write(head + clip.waveform + clip.data)
            os.utime(part, (now, now))
            part.replace(self._folder / f"{key}.clip")
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def _sweep(self, now: float) -> int:
        if self._folder is None or not self._folder.is_dir():
            return 0
        found: list[tuple[float, int, Path]] = []
        for path in (*self._folder.glob("*.clip"), *self._folder.glob("*.part")):
            try:
                told = path.stat()
            except OSError:
                continue
            # Half a file is left behind only by a process that was killed.
            found.append((told.st_mtime, told.st_size, path))
        found.sort(reverse=True)
        dropped = size = 0
        for asked, bytes_, path in found:
            size += bytes_
            half = path.suffix == ".part" and now - asked > _SWEEP_EVERY
            if half or now - asked > self._oldest or size > self._most_bytes:
                path.unlink(missing_ok=True)
                dropped += 1
        return dropped
