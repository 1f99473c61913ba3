"""`troupe import`: character cards to character files, and what of them has no place there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.cards import CardFile, card_from, character_file, holds_card, read_card_file, report_on
from core.cards.bounds import CardRefused
from core.cards.places import put, stem_of, there_already
from core.cards.shapes import SPECS
from core.cards.writing import without_card
from core.casting import load_character
from core.casting.parsing import parsed
from core.character import Character, read_character
from core.errors import BadInput, Finding
from core.lore import read_books

_TOLD_OF = (".json", ".yaml", ".yml", ".png", ".apng", ".charx", ".jpg", ".jpeg")
_FILES = (".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one file, in lines for people."""

    lines: tuple[str, ...]
    failed: bool = False


def imported(
    named: Sequence[Path], out: Path, *, force: bool = False, trust: bool = False
) -> Iterator[Told]:
    """Each file's report as soon as it is done; a bad one stops nothing."""
    for path in named:
        if not path.is_dir():
            yield _imported(path, out, force=force, trust=trust)
            continue
        there = [one for one in sorted(path.iterdir()) if _is_meant(one)]
        if not there:
            yield Told((f"{path.as_posix()}: holds no cards",), failed=True)
        for one in there:
            yield _imported(one, out, force=force, trust=trust)


def _is_meant(path: Path) -> bool:
    """Of a folder: whatever may be a card, but not every picture."""
    kind = path.suffix.lower()
    if not path.is_file() or kind not in _TOLD_OF or path.name.endswith(".schema.json"):
        return False
    return holds_card(path) if kind in (".png", ".apng") else kind not in (".jpg", ".jpeg")


def _imported(path: Path, out: Path, *, force: bool, trust: bool) -> Told:
    try:
        there = _read(path)
    except BadInput as bad:
        if _plays_already(path):
            name = path.as_posix()
            return Told((f"{name}: is a character file; it needs no importing",))
        return Told(tuple(map(str, bad.findings)), failed=True)
    try:
        return Told(tuple(_taken_in(path, there, out, force=force, trust=trust)))
    except BadInput as bad:
        return Told(tuple(map(str, bad.findings)), failed=True)


def _read(path: Path) -> CardFile:
    if path.suffix.lower() not in (".yaml", ".yml"):
        return read_card_file(path)
    # text-generation-webui writes its characters as YAML.
    where = path.as_posix()
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise BadInput(Finding(where, "cannot be read")) from None
    data = parsed(text, where, is_yaml=True).data
    return CardFile(card_from(data if isinstance(data, dict) else {}, where))


def _plays_already(path: Path) -> bool:
    if path.suffix.lower() not in _FILES:
        return False
    try:
        load_character(path)
    except BadInput:
        return False
    return True


def _taken_in(path: Path, there: CardFile, out: Path, *, force: bool, trust: bool) -> list[str]:
    made = character_file(there.card, name=path.name.partition(".")[0], trusted=trust)
    reading = read_character(made.file, where=path.as_posix())
    if reading.character is None:
        raise BadInput(*reading.findings)
    stem = stem_of(reading.character.handle)
    place = out / stem
    targets = _targets(path, there, place, force=force)
    files, bad = _unpacked(there, place, force=force)
    file = made.file
    if files:
        about = {"spec": SPECS["v3"][0], **file.get("card", {})}
        file = {**file, "card": {**about, "files": files}}
    if targets.picture:
        put(targets.picture, without_card(there.picture), force=force)
    schema = targets.text.with_name("character.schema.json")
    if schema.is_file():
        file = {"$schema": f"./{schema.name}", **file}
    # Last of all: once it is there, so is all that belongs to it.
    put(targets.text, json.dumps(file, ensure_ascii=False, indent=2).encode() + b"\n", force=force)
    written = [one.as_posix() for one in (targets.text, targets.picture) if one]
    if files:
        written.append(f"{place.as_posix()}/ (files: {len(files)})")
    report = report_on(there.card, made)
    if path.stem not in (stem, f"{stem}.card") and _same(path.parent, out):
        bad.append(f"{path.as_posix()} lies there as well and would play, too: move it away")
    start = stem if out == Path("characters") else targets.text.as_posix()
    return [
        f"{path.as_posix()} -> {', '.join(written)}",
        *(f"  {line}" for line in (*report.lines(), *bad)),
        *(f"  lorebook: {note}" for note in _book_notes(reading.character)),
        *(f"  {note}" for note in reading.notes),
        f"  start: troupe run --character {start}",
    ]


@dataclass(frozen=True, slots=True)
class _Targets:
    text: Path
    picture: Path | None


def _targets(path: Path, there: CardFile, place: Path, *, force: bool) -> _Targets:
    """What will be written; raises BadInput where anything is in the way, before anything is."""
    text, picture = place.with_name(f"{place.name}.json"), place.with_name(f"{place.name}.png")
    # A card that lies there already stays as it is: beside a file of its name it does not play.
    has_picture = bool(there.picture) and not _same(picture, path)
    files = bool(there.archive and there.archive.files)
    wanted = [text, *([picture] if has_picture else []), *([place] if files else [])]
    in_the_way = [one for one in wanted if one.exists() and not force]
    if in_the_way or _same(text, path):
        raise BadInput(*map(there_already, in_the_way or [text]))
    return _Targets(text, picture if has_picture else None)


def _unpacked(there: CardFile, place: Path, *, force: bool) -> tuple[list[str], list[str]]:
    """The names of the files that are now beside hers, and what is wrong with the others."""
    if there.archive is None:
        return [], []
    written, bad = [], []
    for name in there.archive.files:
        try:
            content = there.archive.content(name)
        except CardRefused as refused:
            bad.append(f"the archive {refused}; it is left out")
            continue
        put(place / name, content, force=force)
        written.append(name)
    return written, bad


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _book_notes(character: Character) -> Iterator[str]:
    for book in read_books(character.lorebook):
        yield from book.notes
