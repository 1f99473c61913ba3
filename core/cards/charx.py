"""CHARX: a card and its pictures in one zip, read within bounds; also where a JPEG stands before it."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from core.cards.bounds import MOST_FILE, MOST_TEXT, CardRefused

CARD = "card.json"
_MOST_ENTRIES = 20_000
_LONGEST_NAME = 300
_DEEPEST = 12
_RATIO = 200
"""Pictures and sounds hardly shrink; what shrinks more is made to fill a disk."""
_SMALL = 1 << 20
_LOCAL = b"PK\x03\x04"
_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError)
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
)


@dataclass(frozen=True, slots=True)
class Archive:
    """What is in a CHARX: the card's text, and the files that may be written somewhere."""

    text: bytes
    files: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    _zip: zipfile.ZipFile = field(kw_only=True, repr=False)

    def content(self, name: str) -> bytes:
        """What is in one of the files; raises CardRefused where it is not what it says."""
        return _content(self._zip, name, self._zip.getinfo(name).file_size)

    def contents(self) -> Iterator[tuple[str, bytes]]:
        return ((name, self.content(name)) for name in self.files)


def opened(data: bytes) -> Archive:
    """Raises CardRefused for whatever is no archive with a card in it."""
    archive = _zip(data)
    entries = archive.infolist()
    if len(entries) > _MOST_ENTRIES:
        raise CardRefused(f"holds more than {_MOST_ENTRIES} files")
    if sum(entry.file_size for entry in entries) > MOST_FILE:
        raise CardRefused(f"would be larger than {MOST_FILE >> 20} MB unpacked")
    if CARD not in archive.namelist():
        raise CardRefused(f"is an archive without a {CARD}")
    text = _content(archive, CARD, MOST_TEXT)
    files: dict[str, str] = {}
    left_out: list[str] = []
    for entry in entries:
        if entry.is_dir() or entry.filename == CARD:
            continue
        # Two names that differ in their letters' case alone are one file on many disks.
        if _is_safe(entry) and files.setdefault(entry.filename.casefold(), entry.filename) == (
            entry.filename
        ):
            continue
        left_out.append(entry.filename)
    told: list[str] = []
    if left_out:
        first = ", ".join(repr(name[:60]) for name in left_out[:3])
        told.append(
            f"files of the archive that no disk should hold are left out: {len(left_out)}, {first}"
        )
    return Archive(text, tuple(dict.fromkeys(files.values())), tuple(told), _zip=archive)


def is_archive(data: bytes) -> bool:
    """A zip, or a JPEG with one behind it."""
    if data[:4] == _LOCAL:
        return True
    return data[:3] == b"\xff\xd8\xff" and zipfile.is_zipfile(io.BytesIO(data))


def packed(text: bytes, files: Mapping[str, bytes | Path]) -> bytes:
    """A CHARX; the same card and files give the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ((CARD, text), *files.items()):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            body = content.read_bytes() if isinstance(content, Path) else content
            archive.writestr(entry, body)
    return made.getvalue()


def safe_name(name: str) -> bool:
    """Whether a file of that name stays below the folder that it is put into, on any system."""
    if not name or len(name) > _LONGEST_NAME or "\\" in name or not name.isprintable():
        return False
    parts = PurePosixPath(name).parts
    if name.startswith("/") or len(parts) > _DEEPEST or "/".join(parts) != name:
        return False
    return all(_safe_part(part) for part in parts)


def _safe_part(part: str) -> bool:
    if part in (".", "..") or part.startswith("~") or part[-1] in ". ":
        return False
    if any(char in '<>:"|?*' for char in part) or len(part.encode(errors="replace")) > 255:
        return False
    return part.partition(".")[0].casefold() not in _RESERVED


def _is_safe(entry: zipfile.ZipInfo) -> bool:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    return kind in (0, stat.S_IFREG) and safe_name(entry.filename)


def _zip(data: bytes) -> zipfile.ZipFile:
    beginnings = [data]
    if data[:4] != _LOCAL and _LOCAL in data:
        # Some programs count from where the archive begins, others from where the picture does.
        beginnings.append(data[data.index(_LOCAL) :])
    for one in beginnings:
        try:
            return zipfile.ZipFile(io.BytesIO(one))
        except _ERRORS:
            continue
    raise CardRefused("is a damaged archive")


def _content(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    try:
        entry = archive.getinfo(name)
        if entry.flag_bits & 1:
            raise CardRefused("is locked with a password; pack it anew without one")
        if name != CARD and entry.file_size > max(_SMALL, entry.compress_size * _RATIO):
            raise CardRefused(f"holds {name!r}, which is not what it seems")
        with archive.open(entry) as file:
            content = file.read(most + 1)
    except CardRefused:
        raise
    except (*_ERRORS, RuntimeError, KeyError):
        raise CardRefused(f"holds {name!r}, which is damaged") from None
    if len(content) > most:
        raise CardRefused(f"holds {name!r}, which is too large")
    return content
