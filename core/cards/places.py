"""What the files of an imported character are called, and how they come to be there."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

from core.cards.charx import safe_name
from core.errors import BadInput, Finding

_LONGEST = 60


def stem_of(handle: str) -> str:
    """A character's short name as one of a file, on any system."""
    plain = re.sub(r"[^\w-]+", "_", unicodedata.normalize("NFC", handle))
    plain = re.sub(r"__+", "_", plain)[:_LONGEST].strip("_-.")
    while len(plain.encode()) > 200:
        plain = plain[:-1]
    return plain if plain and safe_name(plain) else f"character_{plain}".rstrip("_")


def put(path: Path, content: bytes, *, force: bool = False) -> None:
    """All of it or nothing; what is there already stays, unless forced. Raises BadInput."""
    if not force and (path.exists() or path.is_symlink()):
        raise BadInput(there_already(path))
    part = path.with_name(f".{path.name[:100]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        what = f"cannot be written ({type(error).__name__})"
        raise BadInput(Finding(path.as_posix(), what)) from None


def there_already(path: Path) -> Finding:
    return Finding(path.as_posix(), "is there already", "--force writes over it")
