"""`troupe import` and `troupe export`: character cards to character files, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.cards import CardFile, card_from, character_file, holds_card, read_card_file, report_on
from core.cards.bounds import CardRefused
from core.cards.convert import OURS, card_json
from core.cards.drawing import plain_picture
from core.cards.places import put, stem_of, there_already
from core.cards.png import is_png
from core.cards.shapes import SPECS, Spec
from core.cards.writing import in_charx, in_json, in_png, main_icon, without_card
from core.casting import LoadedCharacter, load_character, sources_of
from core.casting.parsing import parsed
from core.character import Character, read_character
from core.errors import BadInput, Finding
from core.lore import read_books

_TOLD_OF = (".json", ".yaml", ".yml", ".png", ".apng", ".charx", ".jpg", ".jpeg")
_FILES = (".json", ".yaml", ".yml")
_PRIVATE = ("settings", "plugins", "knowledge", "documents")
"""What one may not want to give away with a character."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one file, in lines for people."""

    lines: tuple[str, ...]
    failed: bool = False


# --- in ------------------------------------------------------------------------------------------


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
        written.append(f"{place.as_posix()}/ ({len(files)} files)")
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


# --- out -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Export:
    """What is asked for."""

    character: str
    to: Path
    spec: Spec | None = None
    picture: Path | None = None
    bare: bool = False
    """Without what only programs of ours can use."""
    force: bool = False


def exported(asked: Export, *, now: int) -> list[str]:
    """Write the card, and say what it holds; raises BadInput."""
    kind = asked.to.suffix.lower()
    if kind not in (".png", ".json", ".charx"):
        raise BadInput(
            Finding(asked.to.as_posix(), "is no kind of card", "A .png, .json or .charx")
        )
    sources = sources_of([asked.character])
    if len(sources) != 1:
        raise BadInput(Finding(asked.character, "names several characters", "Export one at a time"))
    loaded = load_character(sources[0])
    card = card_json(loaded.character, spec=asked.spec or "v3", now=now, bare=asked.bare)
    about = loaded.character.card
    files, missing = _files(loaded, about.get("files") or ())
    try:
        if kind == ".json":
            content = in_json(card)
        elif kind == ".png":
            picture = _picture(asked, loaded, card) or plain_picture(loaded.name)
            content = in_png(card, picture)
        else:
            icon = b"" if main_icon(card) else _picture(asked, loaded, card)
            content = in_charx(card, files, icon)
    except CardRefused as refused:
        raise BadInput(Finding((asked.picture or asked.to).as_posix(), str(refused))) from None
    put(asked.to, content, force=asked.force)
    return [f"{loaded.place} -> {asked.to.as_posix()}", *_told(card, kind, files, missing)]


def _files(loaded: LoadedCharacter, names: Sequence[str]) -> tuple[dict[str, Path], list[str]]:
    """Files that came with her card, as far as they are still beside her."""
    if loaded.path is None:
        return {}, list(names)
    folder = loaded.path.with_suffix("")
    there = {name: folder / name for name in names if _within(folder, folder / name)}
    return there, [name for name in names if name not in there]


def _within(folder: Path, path: Path) -> bool:
    return path.is_file() and path.resolve().is_relative_to(folder.resolve())


def _picture(asked: Export, loaded: LoadedCharacter, card: dict[str, Any]) -> bytes:
    """The one that was asked for, else the one beside her file, else her card's icon."""
    if asked.picture:
        picture = _png(asked.picture)
        if not picture:
            raise BadInput(Finding(asked.picture.as_posix(), "is no PNG", "Cards need a PNG"))
        return picture
    if loaded.path is None:
        return b""
    beside = [loaded.path, loaded.path.with_suffix(".png")]
    icon = main_icon(card)
    folder = loaded.path.with_suffix("")
    if icon and _within(folder, folder / icon):
        beside.append(folder / icon)
    return next((picture for path in beside if (picture := _png(path))), b"")


def _png(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError:
        return b""
    return data if is_png(data) else b""


def _told(
    card: dict[str, Any], kind: str, files: dict[str, Path], missing: Sequence[str]
) -> Iterator[str]:
    title = "Character Card V3" if card["spec"] == SPECS["v3"][0] else "Character Card V2"
    beside = ", with a V2 card beside it for older programs"
    yield f"  {title}{beside if kind == '.png' and title.endswith('V3') else ''}"
    ours = card["data"]["extensions"].get(OURS, {}).get("character", {})
    if ours:
        yield f"  extensions.{OURS}: {', '.join(sorted(ours))} (--bare leaves it out)"
    private = [name for name in _PRIVATE if ours.get(name)]
    if private:
        yield f"  look before you share it: {', '.join(private)} are in it"
    if files and kind != ".charx":
        yield f"  {len(files)} files of hers are not in it; a .charx holds them"
    if missing:
        yield f"  {len(missing)} files that came with her card are gone: {missing[0]} ..."
