"""Any file that may be a card, read: PNG, APNG, JSON, CHARX, a JPEG with an archive behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.cards import charx, png
from core.cards.bounds import MOST_FILE, CardRefused
from core.cards.encoded import parsed, unpacked
from core.cards.kinds import Card, card_of
from core.errors import BadInput, Finding

_UNSAID = ("creator_notes", "extensions", "character_book", "character_version")
"""What a V2 card beside a V3 card may have otherwise: it is written for programs that know less."""


@dataclass(frozen=True, slots=True)
class CardFile:
    """A card, and what else its file holds."""

    card: Card
    picture: bytes = b""
    """The PNG it was in, as it is."""
    archive: charx.Archive | None = None


def holds_card(path: Path) -> bool:
    """Whether a PNG is more than a picture; quick, and False for whatever cannot be read."""
    try:
        with path.open("rb") as file:
            return png.holds_card(file)
    except OSError:
        return False


def read_card_file(path: Path) -> CardFile:
    """Raises BadInput with one sentence that says why it is none."""
    where = path.as_posix()
    try:
        if path.stat().st_size > MOST_FILE:
            raise BadInput(Finding(where, "is too large for a card"))
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadInput(Finding(where, "does not exist")) from None
    except (OSError, ValueError) as error:
        raise BadInput(Finding(where, f"cannot be read ({type(error).__name__})")) from None
    return read_card(data, where)


def card_from(data: Mapping[str, Any], where: str) -> Card:
    """Of data that somebody else has read; raises BadInput."""
    try:
        return card_of(data).telling(place="a JSON file")
    except CardRefused as refused:
        raise BadInput(Finding(where, str(refused))) from None


def read_card(data: bytes, where: str) -> CardFile:
    """Whatever its name says, what is in it counts; raises BadInput."""
    try:
        if png.is_png(data):
            return CardFile(_from_png(data), picture=data)
        if charx.is_archive(data):
            archive = charx.opened(data)
            raw, said = parsed(archive.text)
            place = "card.json of a CHARX" if data[:2] == b"PK" else "a CHARX behind a JPEG"
            card = card_of(raw).telling(*said, *archive.told, place=place)
            return CardFile(card, archive=archive)
        if kind := _picture(data):
            raise CardRefused(f"is a {kind} without a card; cards are in PNG files and CHARX")
        raw, said = parsed(data)
        return CardFile(card_of(raw).telling(*said, place="a JSON file"))
    except CardRefused as refused:
        raise BadInput(Finding(where, str(refused))) from None


def _from_png(picture: bytes) -> Card:
    parts, broken = png.chunks(picture)
    said = [broken] if broken else []
    found: list[tuple[png.Note, dict[str, Any], list[str]]] = []
    bad: list[str] = []
    for note in png.notes(picture, parts, png.CARD_WORDS):
        try:
            raw, about = unpacked(note.text)
        except CardRefused as refused:
            bad.append(str(refused))
            continue
        if not note.whole:
            about.append(f"the check sum of the chunk {note.word} is wrong; look the texts over")
        found.append((note, raw, about))
    if not found:
        raise CardRefused(bad[0] if bad else broken or "is a picture without a card")
    # The newer one counts, and of two of a kind the first, as other programs have it.
    found.sort(key=lambda one: png.CARD_WORDS.index(one[0].word))
    note, raw, about = found[0]
    said += about
    if bad:
        said.append(f"another card in it cannot be read: it {bad[0]}")
    card = card_of(raw)
    for other, it, _ in found[1:]:
        said += _disagreeing(card, other, it)
    assets = sum(word.startswith(png.ASSET_WORD) for word in png.words(picture, parts))
    if assets:
        said.append(f"assets that stay inside the picture: {assets}")
    return card.telling(*said, place=f"chunk {note.word} ({note.kind}) of a PNG")


def _disagreeing(card: Card, other: png.Note, raw: Mapping[str, Any]) -> list[str]:
    try:
        there = card_of(raw).data
    except CardRefused:
        return []
    unlike = [
        name
        for name, one in there.items()
        if name not in _UNSAID and name in card.data and card.data[name] != one
    ]
    if not unlike:
        return []
    return [f"the chunk {other.word} says otherwise and does not count: {', '.join(unlike)}"]


def _picture(data: bytes) -> str:
    if data[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    return "GIF" if data[:4] == b"GIF8" else ""
