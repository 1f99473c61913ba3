"""`troupe knowledge`: what characters know of documents; give them more, take some away."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bots.bars import bar, one_line
from bots.lock import hold
from core.casting import LoadedCharacter, Roster, load_characters, sources_of
from core.errors import AlreadyRunning, BadInput, Finding
from core.ids import CharacterId
from core.knowledge.documents import (
    FROM_FILE,
    FROM_SHEET,
    SHARED,
    Document,
    content_hash,
    listed,
)
from core.knowledge.sources import SUFFIXES, forget_notes, shelf_names
from core.knowledge.wire import LARGEST
from core.ports import Unit
from core.settings.layers import Environment, Settings
from core.store.looking import looking

EVERYBODY = "everybody"
PATIENCE = 60.0
"""Seconds for which a running gateway is watched while it takes something in."""
_LOOK = 0.5
_SHORT = 8
"""Letters of an id that tell documents apart."""


@dataclass(frozen=True, slots=True)
class House:
    """Where everything lies, and who there is."""

    environment: Environment
    data: Path
    """Of the gateway: where its lock is."""
    roster: Roster
    on_stage: bool = False

    @classmethod
    def at(
        cls, environment: Environment, *, on_stage: bool = False, folder: Path = Path("characters")
    ) -> House:
        data = Path(Settings(environment).text("TROUPE_DATA_DIR", "data"))
        roster = load_characters(sources_of([], environment, folder))
        return cls(environment, data, roster, on_stage)

    @property
    def own(self) -> Path:
        """The folder of the database: the stage has one for itself."""
        return self.data / "stage" if self.on_stage else self.data

    @property
    def url(self) -> str | None:
        return Settings(self.environment).text("DATABASE_URL") or None

    @property
    def names(self) -> Mapping[CharacterId, str]:
        return {one.id: one.name for one in self.roster.loaded} | {SHARED: EVERYBODY}

    def character(self, name: str) -> LoadedCharacter:
        """By name, handle or id; raises BadInput."""
        for one in self.roster.loaded:
            spelt = (one.name.casefold(), one.character.handle.casefold(), one.id)
            if name.strip().casefold() in spelt:
                return one
        there = ", ".join(sorted(one.name for one in self.roster.loaded))
        raise BadInput(Finding("--character", f"nobody here is called {name}", f"There is {there}"))

    def shelf(self, owner: CharacterId) -> Path:
        """The folder into which an owner's files are put."""
        shelves = self.own / "knowledge"
        if owner == SHARED:
            return shelves / "shared"
        return shelves / shelf_names(self.roster.loaded)[owner]

    def documents(self, owners: Sequence[CharacterId] = ()) -> list[Document]:
        """As they are written down, whether or not a gateway runs; raises BadInput."""
        with looking(self.url, self.own) as unit:
            return _listed(unit, owners or tuple(self.names))


# --- list ------------------------------------------------------------------------------------------


def told(house: House, name: str = "") -> list[str]:
    """The table of all documents, or of those of one character."""
    owners = (house.character(name).id,) if name else tuple(house.names)
    found = house.documents(owners)
    if not found:
        return ["No documents are known."]
    rows = [("whose", "id", "pieces", "title", "from")]
    rows += [
        (
            house.names[one.owner],
            one.id[:_SHORT],
            str(one.pieces) if one.whole else "...",
            one_line(one.title),
            _origin(one),
        )
        for one in found
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _origin(one: Document) -> str:
    if one.source == FROM_FILE:
        return one_line(one.path)
    return "the character's file" if one.source == FROM_SHEET else f"sent on {one_line(one.source)}"


# --- add -------------------------------------------------------------------------------------------


def added(house: House, files: Sequence[Path], name: str, console: Console) -> list[str]:
    """Put them on the character's shelf, or without a name on everybody's, and see them read.

    Raises BadInput before anything is copied.
    """
    _judge(files)
    owner = house.character(name).id if name else SHARED
    shelf = house.shelf(owner)
    shelf.mkdir(parents=True, exist_ok=True)
    hashes = {}
    for file in files:
        place = _copied(file, shelf)
        hashes[place.name] = content_hash(place.read_bytes())

    def known() -> set[str]:
        """Of the same content: what was there before under that name is not meant."""
        return {one.name for one in _there(house, owner) if hashes.get(one.name) == one.hash
                and one.whole}  # fmt: skip

    missing = _seen_through(house, owner, console, known, set(hashes), "Reading")
    lines = [f"{one} was not taken in so far; the log says why." for one in sorted(missing)]
    for one in _there(house, owner):
        if hashes.get(one.name) == one.hash and one.name not in missing:
            lines.append(f"{house.names[owner]} knows {one_line(one.title)} ({_size(one)}).")
    return lines


def _size(one: Document) -> str:
    return "1 piece" if one.pieces == 1 else f"{one.pieces:,} pieces"


def _judge(files: Sequence[Path]) -> None:
    wrong = []
    for file in files:
        if not file.is_file():
            wrong.append(Finding(str(file), "is no file", "Name files, one by one"))
        elif file.name.startswith(".") or file.suffix.lower() not in SUFFIXES:
            wrong.append(Finding(str(file), "is no kind of document that is read"))
        elif file.stat().st_size > LARGEST:
            wrong.append(Finding(str(file), f"is larger than {LARGEST >> 20} MB"))
    if wrong:
        raise BadInput(*wrong)


def _copied(file: Path, shelf: Path) -> Path:
    """In one step, so that nobody reads half of it."""
    place = shelf / file.name
    part = shelf / f".{file.name}.part"
    try:
        shutil.copyfile(file, part)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
    return place


# --- remove ----------------------------------------------------------------------------------------


def removed(house: House, wanted: str, name: str, console: Console) -> list[str]:
    """Take a document away, named by its title, its file or the beginning of its id.

    Raises BadInput where that is nobody's, several, or belongs to a file that lies elsewhere.
    """
    owners = (house.character(name).id,) if name else tuple(house.names)
    one = _meant(house, house.documents(owners), wanted)
    shelf = house.shelf(one.owner)
    if one.source == FROM_SHEET:
        what = "stands in the character's file"
        raise BadInput(Finding(one_line(one.title), what, "Take it out there"))
    if one.source == FROM_FILE:
        if not Path(one.path).is_relative_to(os.path.abspath(shelf)):
            mend = "Take it out of the character's file, or delete it there"
            raise BadInput(Finding(one_line(one.title), f"lies in {one_line(one.path)}", mend))
        Path(one.path).unlink(missing_ok=True)
    else:
        notes = forget_notes(house.own)
        notes.mkdir(parents=True, exist_ok=True)
        (notes / one.id).touch()

    def gone() -> set[str]:
        return {str(one.id)} - {str(left.id) for left in _there(house, one.owner)}

    missing = _seen_through(house, one.owner, console, gone, {str(one.id)}, "Forgetting")
    if missing:
        return [f"{one_line(one.title)} is going to be forgotten; the gateway has not done it yet."]
    return [f"{house.names[one.owner]} has forgotten {one_line(one.title)}."]


def _meant(house: House, documents: Sequence[Document], wanted: str) -> Document:
    asked = wanted.strip().casefold()
    found = [one for one in documents if asked in (one.title.casefold(), one.name.casefold())]
    if not found and len(asked) >= _SHORT:
        found = [one for one in documents if one.id.startswith(asked)]
    if len(found) == 1:
        return found[0]
    if not found:
        mend = "troupe knowledge list names them"
        raise BadInput(Finding(wanted, "there is no such document", mend))
    several = ", ".join(f"{one.id[:_SHORT]} ({house.names[one.owner]})" for one in found)
    raise BadInput(Finding(wanted, "there are several", f"Name one by its id: {several}"))


# --- seeing it through -----------------------------------------------------------------------------


def _seen_through(
    house: House,
    owner: CharacterId,
    console: Console,
    done: Callable[[], set[str]],
    wanted: set[str],
    title: str,
) -> set[str]:
    """A running gateway does it while we watch; else it is done here. What is still missing."""
    try:
        with hold(house.data):
            from bots.taking_in import take_in  # heavy, and mostly a gateway runs

            asyncio.run(take_in(house, owner, console, title))
            return wanted - done()
    except AlreadyRunning:
        pass
    until = time.monotonic() + PATIENCE
    with bar(console, f"{title}, by the running gateway", len(wanted)) as show:
        while (left := wanted - done()) and time.monotonic() < until:
            show(len(wanted) - len(left), len(wanted), "")
            time.sleep(_LOOK)
    return left


def _there(house: House, owner: CharacterId) -> list[Document]:
    """Nothing where there is no database yet."""
    try:
        return house.documents((owner,))
    except BadInput:
        return []


def _listed(unit: Unit, owners: Sequence[CharacterId]) -> list[Document]:
    return [one for owner in owners for one in listed(unit, owner)]
