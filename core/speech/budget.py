"""How much may be spoken for each character in a day: TROUPE_SPEECH_PER_DAY, never overshot.

A portion is written down before any of it is spoken, so that a crash costs a character at most that
portion, and gives her nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import orjson

from core.clock import Clock
from core.errors import ModelRejected

log = logging.getLogger(__name__)

_PORTION = 2_000
"""Characters that are written down at once."""


class Spoken:
    """Characters of text by character; a day ends at midnight UTC."""

    def __init__(self, file: Path | None, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._day = ""
        self._used: dict[str, int] = {}
        self._written: dict[str, int] = {}
        self._lock = asyncio.Lock()
        self._loaded = file is None

    async def reserve(self, character: str, characters: int, most: int) -> str:
        """The day on which these are counted; raises ModelRejected where they are too many.

        `most` 0 is without a limit, and nothing is written down.
        """
        if most <= 0:
            return ""
        async with self._lock:
            await self._load()
            day = self._clock.now().date().isoformat()
            if day != self._day:
                self._day, self._used, self._written = day, {}, {}
            used = self._used.get(character, 0) + characters
            if used > most:
                raise ModelRejected(
                    f"no more is spoken for her today: TROUPE_SPEECH_PER_DAY is {most} characters"
                )
            if used > self._written.get(character, 0):
                self._written[character] = min(most, used + _PORTION)
                await self._save(self._written)
            self._used[character] = used
            return day

    def give_back(self, character: str, characters: int, day: str) -> None:
        """None of them was spoken."""
        if day and day == self._day:
            self._used[character] = max(0, self._used.get(character, 0) - characters)

    def used(self, character: str) -> int:
        """Today, as far as this was asked for."""
        today = self._clock.now().date().isoformat()
        return self._used.get(character, 0) if self._day == today else 0

    async def close(self) -> None:
        """Write down what was really spoken."""
        async with self._lock:
            if self._day and self._used != self._written:
                await self._save(self._used)

    # --- on disk -------------------------------------------------------------------------------

    async def _load(self) -> None:
        if self._loaded or self._file is None:
            return
        self._loaded = True
        self._day, self._used = await asyncio.to_thread(_read, self._file)
        self._written = dict(self._used)

    async def _save(self, used: Mapping[str, int]) -> None:
        if self._file is None:
            return
        content = orjson.dumps({"day": self._day, "characters": dict(used)})
        try:
            await asyncio.to_thread(_write, self._file, content)
        except OSError as error:
            # The limit holds as long as we run; only a restart would forget.
            log.warning("what was spoken today cannot be kept (%s)", type(error).__name__)


def _read(file: Path) -> tuple[str, dict[str, int]]:
    try:
        content = orjson.loads(file.read_bytes())
        counts = content["characters"].items()
        used = {str(name): count for name, count in counts if isinstance(count, int)}
        return str(content["day"]), used
    except FileNotFoundError:
        return "", {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("what was spoken today cannot be read (%s)", type(error).__name__)
        return "", {}


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_name(f"{uuid4().hex}.part")
    try:
        with part.open("xb") as written:
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
