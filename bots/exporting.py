"""`troupe export`: a character as a character card, with her picture and whatever came with her."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.cards import CardFile, card_json, read_card_file
from core.cards.bounds import CardRefused
from core.cards.convert import OURS
from core.cards.drawing import plain_picture
from core.cards.places import put
from core.cards.png import is_png
from core.cards.shapes import SPECS, Spec
from core.cards.writing import embedded, in_charx, in_json, in_png, main_icon
from core.casting import LoadedCharacter, load_character, sources_of
from core.errors import BadInput, Finding

_KINDS = (".png", ".json", ".charx")
_ARCHIVES = (".charx", ".jpg", ".jpeg")
_PRIVATE = ("settings", "plugins", "knowledge", "documents")
"""What one may not want to give away with a character."""


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


@dataclass(frozen=True, slots=True)
class _Luggage:
    """What came with her card and is still there."""

    files: Mapping[str, bytes | Path]
    gone: Sequence[str] = ()

    def png(self, name: str) -> bytes:
        there = self.files.get(name, b"")
        return _png(there) if isinstance(there, Path) else there if is_png(there) else b""


def exported(asked: Export, *, now: int) -> list[str]:
    """Write the card, and say what it holds; raises BadInput."""
    kind, loaded = _understood(asked)
    card = card_json(loaded.character, spec=asked.spec or "v3", now=now, bare=asked.bare)
    luggage = _luggage(loaded)
    try:
        content = _written(kind, card, luggage, asked, loaded)
    except CardRefused as refused:
        raise BadInput(Finding((asked.picture or asked.to).as_posix(), str(refused))) from None
    put(asked.to, content, force=asked.force)
    return [f"{loaded.place} -> {asked.to.as_posix()}", *_told(card, kind, luggage)]


def _understood(asked: Export) -> tuple[str, LoadedCharacter]:
    where, kind = asked.to.as_posix(), asked.to.suffix.lower()
    if kind not in _KINDS:
        raise BadInput(Finding(where, "is no kind of card", "A .png, .json or .charx"))
    if kind == ".charx" and asked.spec == "v2":
        raise BadInput(Finding(where, "cannot be a V2 card", "V2 cards are in PNG or JSON"))
    sources = sources_of([asked.character])
    if len(sources) != 1:
        raise BadInput(Finding(asked.character, "names several characters", "Export one at a time"))
    return kind, load_character(sources[0])


def _written(
    kind: str, card: dict[str, Any], luggage: _Luggage, asked: Export, loaded: LoadedCharacter
) -> bytes:
    if kind == ".json":
        return in_json(card)
    picture = _asked_for(asked.picture) if asked.picture else _beside(loaded)
    if kind == ".png":
        icon = luggage.png(main_icon(card))
        return in_png(card, picture or icon or plain_picture(loaded.name))
    if asked.picture:
        card = _without_icon(card)
    return in_charx(card, luggage.files, b"" if main_icon(card) in luggage.files else picture)


def _asked_for(path: Path) -> bytes:
    picture = _png(path)
    if not picture:
        raise BadInput(Finding(path.as_posix(), "is no PNG", "Cards need a PNG"))
    return picture


def _beside(loaded: LoadedCharacter) -> bytes:
    """Her picture, where her file is a card in one or has one of its name beside it."""
    if loaded.path is None:
        return b""
    there = (loaded.path, loaded.path.with_suffix(".png"))
    return next((picture for path in there if (picture := _png(path))), b"")


def _png(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError:
        return b""
    return data if is_png(data) else b""


def _without_icon(card: dict[str, Any]) -> dict[str, Any]:
    """So that the picture that was asked for becomes her icon."""
    assets = [
        {**one, "uri": "ccdefault:"} if embedded(one["uri"]) == main_icon(card) else one
        for one in card["data"].get("assets", ())
    ]
    return {**card, "data": {**card["data"], "assets": assets}} if assets else card


def _luggage(loaded: LoadedCharacter) -> _Luggage:
    if loaded.path is None:
        return _Luggage({})
    if loaded.path.suffix.lower() in _ARCHIVES:
        return _unpacked(read_card_file(loaded.path), loaded.path)
    folder = loaded.path.with_suffix("")
    names = [name for name in loaded.character.card.get("files") or () if isinstance(name, str)]
    there: dict[str, bytes | Path] = {
        name: folder / name for name in names if _within(folder, folder / name)
    }
    return _Luggage(there, [name for name in names if name not in there])


def _unpacked(there: CardFile, path: Path) -> _Luggage:
    try:
        return _Luggage(dict(there.archive.contents()) if there.archive else {})
    except CardRefused as refused:
        raise BadInput(Finding(path.as_posix(), str(refused))) from None


def _within(folder: Path, path: Path) -> bool:
    return path.is_file() and path.resolve().is_relative_to(folder.resolve())


def _told(card: dict[str, Any], kind: str, luggage: _Luggage) -> Iterator[str]:
    title = "Character Card V3" if card["spec"] == SPECS["v3"][0] else "Character Card V2"
    beside = ", with a V2 card beside it for older programs"
    yield f"  {title}{beside if kind == '.png' and title.endswith('V3') else ''}"
    ours = card["data"]["extensions"].get(OURS, {}).get("character", {})
    if ours:
        yield f"  extensions.{OURS}: {', '.join(sorted(ours))} (--bare leaves it out)"
    private = [name for name in _PRIVATE if ours.get(name)]
    if private:
        yield f"  look before you share it: {', '.join(private)} are in it"
    if luggage.files and kind != ".charx":
        yield f"  files of hers that are not in it: {len(luggage.files)}; a .charx holds them"
    if luggage.gone:
        yield f"  files that came with her card and are gone: {', '.join(luggage.gone[:3])}"
