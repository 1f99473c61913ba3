"""The world on disk: one fact a line, read again at the next start."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import orjson

log = logging.getLogger(__name__)


class Chronicle:
    """Appends facts and gives them back; a last line torn by a crash is cut off."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def open(self, apply: Callable[[dict[str, Any]], object]) -> None:
        """Replay what is there, then stand ready to append."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Tokens are in it, so it is for its owner alone.
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        self._file = os.fdopen(handle, "r+b", buffering=0)
        whole = 0
        with self._path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                apply(orjson.loads(line))
                whole += len(line)
        if whole != self._path.stat().st_size:
            log.warning("the last line of %s was torn and is left out", self._path.name)
            self._file.truncate(whole)
        self._file.seek(whole)

    def write(self, fact: dict[str, Any]) -> None:
        """Put a fact into the file before anyone hears of it: the kernel has it when this returns."""
        assert self._file is not None
        self._file.write(orjson.dumps(fact) + b"\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
