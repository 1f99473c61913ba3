"""A card as a character file, and a character as a card: nothing of either is lost on the way.

A file's `card` holds what has no place elsewhere, and what a field was on the card wherever our
own field would not give back the very same. It counts as long as nobody has changed that field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.cards.books import without_decorators
from core.cards.kinds import Card
from core.cards.mapping import GROUPS, MAPPED, called, card_fields, file_parts
from core.cards.shapes import SPECS, Spec, put_right
from core.character import Character

OURS = "troupe"
"""Under this name the extensions of a card hold what only a character of ours has."""
_PARTS = frozenset(part for _, part in GROUPS)
_HARMLESS = frozenset(
    {
        *_PARTS,
        *("username", "lore", "topics", "adjectives", "style", "postExamples", "people"),
    }
)
"""What a stranger's card may say of itself; plugins, settings, files and ids it may not."""
_NEWER = (
    "assets",
    "nickname",
    "creator_notes_multilingual",
    "source",
    "group_only_greetings",
    "creation_date",
    "modification_date",
)
_BACKFILLED = (
    "This is a Character Card V3, shown here as a V2 card. Programs that know V3 show all of it."
)


@dataclass(frozen=True, slots=True)
class Converted:
    file: dict[str, Any]
    """A character file, in the order in which people read one."""
    ours: tuple[str, ...] = ()
    """Fields that no card has, of a character who was written here."""
    withheld: tuple[str, ...] = ()
    """What a character of ours had and a card may not bring along; it stays in `card`."""


def character_file(card: Card, *, name: str = "", trusted: bool = False) -> Converted:
    """The character that a card describes; `name` is for cards that have none.

    A trusted card, one that was written here, brings its plugins, settings and knowledge along.
    """
    data, theirs, spec = _opened(card)
    if not called(data):
        data = {**data, "name": name.strip() or "Nobody"}
    parts = file_parts(data)
    withheld: dict[str, Any] = {}
    if theirs:
        allowed = {one: it for one, it in theirs.items() if trusted or one in _HARMLESS}
        withheld = {one: it for one, it in theirs.items() if one not in allowed}
        parts = _theirs(parts, data, allowed, spec)
    kept = _kept(data, parts, spec)
    if withheld:
        extensions = kept.get("extensions", {})
        ours = {**_object(extensions, OURS), "character": withheld}
        kept["extensions"] = {**extensions, OURS: ours}
    beside = dict(card.beside)
    mirrored = [one for one in beside if one in data and beside[one] == data[one]]
    for one in mirrored:
        del beside[one]
    about = {"data": kept, "beside": beside, "mirrored": mirrored}
    about = {one: it for one, it in about.items() if it}
    if card.spec != "v1" and (about or not theirs):
        about = {"spec": SPECS[spec][0], **about}
        if card.version and card.version != SPECS[card.spec][1]:
            about["spec_version"] = card.version
    file = {**parts, "card": about} if about else parts
    only_ours = [name for name in parts if theirs and name not in _PARTS]
    return Converted(file, tuple(sorted(only_ours)), tuple(sorted(withheld)))


def card_json(
    character: Character, *, spec: Spec | None = None, now: int | None = None, bare: bool = False
) -> dict[str, Any]:
    """The whole card of a character, in the version it came in, else V3.

    `now` dates it, as Unix has it. A bare one leaves out what only programs of ours could use.
    """
    file = character.to_file()
    # An editor's matter, and what is written even when there is none.
    file = {name: one for name, one in file.items() if name != "$schema" and one != {}}
    about = file.pop("card", {})
    origin: Spec = "v2" if about.get("spec") == SPECS["v2"][0] else "v3"
    spec = spec or origin
    data = _data(file, about, spec)
    if not bare and (not about or file_parts(data) != file):
        extensions = data["extensions"]
        ours = {**_object(extensions, OURS)}
        ours["character"] = {**_object(ours, "character"), **file}
        data = {**data, "extensions": {**extensions, OURS: ours}}
    elif bare:
        data["extensions"] = {one: it for one, it in data["extensions"].items() if one != OURS}
    if spec == "v2" and origin == "v3":
        data = _older(data)
    if spec == "v3" and now is not None:
        # Nought means that its author does not want it known.
        data.setdefault("creation_date", now)
        if data.get("modification_date") != 0:
            data["modification_date"] = now
    name, version = SPECS[spec]
    if spec == origin:
        version = about.get("spec_version", version)
    beside = {
        **_object(about, "beside"),
        **{one: data.get(one) for one in about.get("mirrored", ())},
    }
    return {**beside, "spec": name, "spec_version": version, "data": data}


def backfilled(card: Mapping[str, Any]) -> dict[str, Any]:
    """The V2 card that stands beside a V3 card in a picture, for programs that know no other."""
    data = {name: one for name, one in card["data"].items() if name not in _NEWER}
    if data.get("character_book"):
        data["character_book"] = without_decorators(data["character_book"])
    data["creator_notes"] = f"{_BACKFILLED}\n\n{data.get('creator_notes', '')}".strip()
    data["extensions"] = {one: it for one, it in data["extensions"].items() if one != OURS}
    name, version = SPECS["v2"]
    return {**card, "spec": name, "spec_version": version, "data": data}


def _opened(card: Card) -> tuple[dict[str, Any], dict[str, Any], Spec]:
    """Its data without what we had put into its extensions, that, and its version before."""
    data: dict[str, Any] = dict(card.data)
    spec: Spec = "v2" if card.spec == "v1" else card.spec
    ours = dict(_object(data["extensions"], OURS))
    if not ours:
        return data, {}, spec
    newer = ours.pop("v3", None)
    if spec == "v2" and isinstance(newer, Mapping):
        book = newer.get("character_book")
        if book and without_decorators(book) != without_decorators(
            data.get("character_book") or {}
        ):
            newer = {name: one for name, one in newer.items() if name != "character_book"}
        data, spec = put_right({**data, **newer}, "v3")[0], "v3"
    theirs = ours.pop("character", None)
    extensions = {name: one for name, one in data["extensions"].items() if name != OURS}
    data["extensions"] = {**extensions, OURS: ours} if ours else extensions
    return data, dict(theirs) if isinstance(theirs, Mapping) else {}, spec


def _theirs(
    parts: dict[str, Any], data: Mapping[str, Any], theirs: dict[str, Any], spec: Spec
) -> dict[str, Any]:
    """Our own fields, but for those that somebody has changed on the card since."""
    was = card_fields(theirs, spec)
    made = {name: one for name, one in theirs.items() if name not in ("card", "$schema")}
    for names, part in GROUPS:
        if any(was.get(name) != data.get(name) for name in names if name in was or name in data):
            made.pop(part, None)
            if part in parts:
                made[part] = parts[part]
            for colour in _COLOUR.get(part, ()):
                made.pop(colour, None)  # it is in the text already
    return made


_COLOUR: Mapping[str, tuple[str, ...]] = {
    "bio": ("lore", "topics", "style"),
    "personality": ("adjectives",),
}


def _kept(data: Mapping[str, Any], parts: Mapping[str, Any], spec: Spec) -> dict[str, Any]:
    """Fields of the card that its character's file alone would not give back."""
    made = _usual(spec) | card_fields(parts, spec)
    return {name: one for name, one in data.items() if name not in made or made[name] != one}


def _data(file: Mapping[str, Any], about: Mapping[str, Any], spec: Spec) -> dict[str, Any]:
    data = _usual(spec) | card_fields(file, spec)
    kept = _object(about, "data")
    for names, part in GROUPS:
        there = {name: kept[name] for name in names if name in kept}
        coloured = any(file.get(colour) for colour in _COLOUR.get(part, ()))
        if there and not coloured and file_parts({**data, **there}).get(part) == file.get(part):
            data.update(there)
    data.update((name, one) for name, one in kept.items() if name not in MAPPED)
    return put_right(data, spec)[0]


def _older(data: Mapping[str, Any]) -> dict[str, Any]:
    """As V2 has it; what V2 cannot say goes into the extensions."""
    newer = {name: data[name] for name in _NEWER if name in data}
    made = {name: one for name, one in data.items() if name not in newer}
    book = data.get("character_book")
    if book and without_decorators(book) != book:
        newer["character_book"], made["character_book"] = book, without_decorators(book)
    if newer.get("group_only_greetings") == []:
        del newer["group_only_greetings"]
    ours = {**_object(made["extensions"], OURS), "v3": newer}
    return {**made, "extensions": {**made["extensions"], OURS: ours}} if newer else made


def _usual(spec: Spec) -> dict[str, Any]:
    return put_right({}, spec)[0]


def _object(there: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    one = there.get(name)
    return one if isinstance(one, Mapping) else {}
