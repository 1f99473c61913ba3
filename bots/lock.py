"""One process for one data directory; imports nothing heavy, so a second one ends at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import AlreadyRunning


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the directory until the end of the block; raises AlreadyRunning naming the holder.

    The kernel frees the lock when the process dies, however it dies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "troupe.lock", "a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise AlreadyRunning(
                f"another troupe (process {holder}) uses {folder}; stop it, or give this one "
                f"its own TROUPE_DATA_DIR"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
