"""What a character is to know: which entries of her file are texts, files, folders, and whose."""

from __future__ import annotations

import logging
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from stat import S_ISDIR
from typing import Any

from core.casting import LoadedCharacter
from core.errors import Finding
from core.ids import CharacterId, MemoryId
from core.knowledge.documents import SHARED

log = logging.getLogger(__name__)

# fmt: off
SUFFIXES = frozenset((
    ".txt", ".text", ".log", ".md", ".markdown", ".mdx", ".rst", ".adoc", ".org", ".tex",
    ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".xml", ".yaml", ".yml", ".toml", ".ini",
    ".cfg", ".conf", ".html", ".htm", ".xhtml", ".pdf", ".docx", ".py", ".pyi", ".js", ".mjs",
    ".cjs", ".jsx", ".ts", ".tsx", ".java", ".kt", ".kts", ".scala", ".c", ".h", ".cc", ".cpp",
    ".cxx", ".hpp", ".cs", ".go", ".rs", ".rb", ".php", ".swift", ".m", ".mm", ".r", ".jl",
    ".lua", ".pl", ".pm", ".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".sql", ".graphql",
    ".proto", ".css", ".scss", ".less", ".vue", ".svelte", ".dart", ".ex", ".exs", ".erl",
    ".hs", ".clj", ".lisp", ".el", ".vim", ".tf", ".gradle", ".cmake", ".srt", ".vtt",
))
# fmt: on
_SHEETS = frozenset((".json", ".yaml", ".yml", ".py"))
"""As characters are written: beside one there are others, whose settings are nobody's business."""
_MOST_FILES = 10_000
_LONGEST_PATH = 400
_PATH_LINE = re.compile(r"path:[ \t]*(\S[^\r\n]*?)[ \t]*(?:\r?\n|$)", re.IGNORECASE)
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Written:
    """A text that stands in a character's file itself."""

    owner: CharacterId
    text: str
    title: str
    shared_by: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A file or a folder that is kept up with."""

    owner: CharacterId
    path: Path
    within: Path
    """What it must not lead out of, also through links."""
    shared_by: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that is to be known."""

    written: tuple[Written, ...] = ()
    places: tuple[Place, ...] = ()
    findings: tuple[Finding, ...] = ()
    sheets: frozenset[Path] = frozenset()
    """Files of characters, which are no documents."""
    data: Path = Path()


@dataclass(slots=True)
class Seen:
    """What lies there now."""

    files: dict[tuple[CharacterId, Path], tuple[Place, tuple[int, int]]] = field(
        default_factory=dict
    )
    """By owner and path: where it belongs, and its mtime in nanoseconds and size."""
    unseen: list[Path] = field(default_factory=list)
    """Folders that could not be looked into, of which nothing is known now."""
    skipped: Counter[str] = field(default_factory=Counter)
    """By ending, what is no document."""
    forget: dict[MemoryId, Path] = field(default_factory=dict)
    """Documents that an operator wants gone, and where that is noted."""


def shelf_names(everybody: Iterable[LoadedCharacter]) -> dict[CharacterId, str]:
    """The folder of each below <data>/knowledge/; two of one handle get folders of their own."""
    named = {one.id: _plain(one.character.handle) for one in everybody}
    often = Counter(named.values())
    return {
        who: f"{name}-{who[:8]}" if often[name] > 1 or name == "shared" else name
        for who, name in named.items()
    }


def wanted(everybody: Sequence[LoadedCharacter], data: Path, library: Path | None = None) -> Wanted:
    """Touches files, so call it beside the loop. `library` is what all may know."""
    shelves = data / "knowledge"
    names = shelf_names(everybody)
    sheets = frozenset(one.path.resolve() for one in everybody if one.path is not None)
    found = _Finding([], [], [])
    for one in everybody:
        hers = shelves / names[one.id]
        own = (one.path.parent,) if one.path is not None else ()
        allowed = (*own, *((library,) if library else ()), hers, shelves / "shared")
        folders = _Folders(own, tuple(map(_real, allowed)), _real(data))
        for at, entry in enumerate(one.character.knowledge):
            found.entry(one, folders, f"{one.place}: knowledge[{at}]", entry)
        for at, entry in enumerate(one.character.documents):
            found.entry(one, folders, f"{one.place}: documents[{at}]", entry)
        found.places.append(Place(one.id, _plainly(hers), _real(hers)))
    for path in (shelves / "shared", library):
        if path is not None:
            found.places.append(Place(SHARED, _plainly(path), _real(path)))
    return Wanted(
        tuple(dict.fromkeys(found.written)),
        tuple(dict.fromkeys(found.places)),
        tuple(found.findings),
        sheets,
        _real(data),
    )


def seen(wanted: Wanted) -> Seen:
    """One stat for each file; beside the loop."""
    now = Seen()
    for place in wanted.places:
        for path, stat in islice(_files(place.path, wanted, now), _MOST_FILES):
            now.files.setdefault((place.owner, path), (place, (stat.st_mtime_ns, stat.st_size)))
    now.forget.update(_notes(forget_notes(wanted.data)))
    return now


def forget_notes(data: Path) -> Path:
    """The folder in which a file of a document's id asks for that to be forgotten."""
    return data / "knowledge" / ".forget"


def _notes(folder: Path) -> Iterator[tuple[MemoryId, Path]]:
    try:
        with os.scandir(folder) as notes:
            yield from ((MemoryId(one.name), Path(one.path)) for one in notes)
    except OSError:
        return


def refusal(path: Path, place: Place, wanted: Wanted) -> str:
    """Why a file is not to be opened, in words; empty where it may be. Links are followed here."""
    real = _real(path)
    if not real.is_relative_to(place.within) or _is_private(real, place.within, wanted.data):
        return "it leads out of the character's folders"
    beside = any(sheet.parent == real.parent for sheet in wanted.sheets)
    if real in wanted.sheets or (beside and real.suffix.lower() in _SHEETS):
        return "it lies where characters are; put it into a folder of its own"
    return ""


# --- entries ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    path: Path
    within: Path | None
    """The folder that it is allowed in; None for one that is not allowed."""
    there: bool


@dataclass(frozen=True, slots=True)
class _Folders:
    own: tuple[Path, ...]
    """Of her file."""
    allowed: tuple[Path, ...]
    data: Path

    def find(self, name: str) -> _Found:
        """The likeliest first: beside her file, where we were started, in her other folders."""
        places = [*self.own, Path(), *self.allowed]
        found = [self._look(Path(os.path.abspath(place / name))) for place in places]
        there = [one for one in found if one.there]
        allowed = [one for one in (there or found) if one.within is not None]
        return next(iter((*allowed, *there, *found)))

    def _look(self, path: Path) -> _Found:
        real = _real(path)
        within = next((one for one in self.allowed if real.is_relative_to(one)), None)
        if within is not None and _is_private(real, within, self.data):
            within = None
        return _Found(path, within, _exists(path))


@dataclass(frozen=True, slots=True)
class _Finding:
    written: list[Written]
    places: list[Place]
    findings: list[Finding]

    def entry(self, one: LoadedCharacter, folders: _Folders, where: str, entry: Any) -> None:
        given: Mapping[str, Any] = {"text": entry} if isinstance(entry, str) else entry
        shared = given.get("shared") is True
        owner, by = (SHARED, one.id) if shared else (one.id, "")
        name = given.get("path") or given.get("directory")
        if isinstance(name, str):
            self.place(owner, by, name, folders, where)
            return
        text = str(given.get("text") or "").strip()
        if head := _PATH_LINE.match(text):
            rest = text[head.end() :].strip()
            if rest:
                self.written.append(Written(owner, rest, Path(head[1]).name or head[1], by))
            else:
                self.place(owner, by, head[1], folders, where)
            return
        found = folders.find(text) if _may_be_path(text) else None
        if found is not None and found.there:
            if found.within is not None:
                log.info("%s names the file %s, which is read", where, found.path.name)
                self.places.append(Place(owner, found.path, found.within, by))
                return
            what = "names a file outside of the character's folders; it is taken as a text"
            self.findings.append(Finding(where, what, _MEND))
        if text:
            self.written.append(Written(owner, text, _title(text), by))

    def place(self, owner: CharacterId, by: str, name: str, folders: _Folders, where: str) -> None:
        found = folders.find(name)
        if found.within is None:
            what = f"{name} lies outside of the character's folders, or is hidden; it is not read"
            self.findings.append(Finding(where, what, _MEND))
            return
        if not found.there:  # it is read once it is there
            self.findings.append(Finding(where, f"{name} does not exist"))
        self.places.append(Place(owner, found.path, found.within, by))


_MEND = "Put it beside her file, or give it to her with `troupe knowledge add`"


def _may_be_path(text: str) -> bool:
    return bool(text) and len(text) <= _LONGEST_PATH and text.isprintable() and (
        "/" in text or "\\" in text or Path(text).suffix.lower() in SUFFIXES
    )  # fmt: skip


def _title(text: str) -> str:
    """Its first words."""
    line = text.partition("\n")[0].strip("# ").strip()
    return line if len(line) <= 60 else line[:60].rpartition(" ")[0] + " …"


# --- files -----------------------------------------------------------------------------------------


def _files(path: Path, wanted: Wanted, now: Seen) -> Iterator[tuple[Path, os.stat_result]]:
    """A file itself; of a folder what is in it and below, sorted, without what is hidden."""
    try:
        stat = path.stat()
        if not S_ISDIR(stat.st_mode):
            yield path, stat
            return
        real = path.resolve()
        if real == wanted.data:
            return
        with os.scandir(path) as inside:
            entries = sorted(inside, key=lambda one: one.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, RuntimeError):
        now.unseen.append(path)
        return
    hers = any(sheet.parent == real for sheet in wanted.sheets)
    for one in entries:
        if one.name.startswith("."):
            continue
        try:
            if one.is_dir(follow_symlinks=False):
                yield from _files(path / one.name, wanted, now)
                continue
            suffix = Path(one.name).suffix.lower()
            if suffix not in SUFFIXES or (hers and suffix in _SHEETS) or not one.is_file():
                now.skipped[suffix or one.name] += 1
                continue
            yield path / one.name, one.stat()
        except FileNotFoundError:
            continue
        except OSError:
            now.unseen.append(path / one.name)


def _is_private(real: Path, within: Path, data: Path) -> bool:
    """Hidden below the folder that it is allowed in, or the gateway's own: keys, the database."""
    if any(part.startswith(".") for part in real.relative_to(within).parts):
        return True
    return real.is_relative_to(data) and not real.is_relative_to(data / "knowledge")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _plainly(path: Path) -> Path:
    return Path(os.path.abspath(path))


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path.absolute()


def _plain(handle: str) -> str:
    """A folder's name, whatever somebody calls herself."""
    return _NOT_IN_NAMES.sub("_", handle.strip().lower()).strip(".") or "nameless"
