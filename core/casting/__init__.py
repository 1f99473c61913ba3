"""From what was named on the command line to the characters who play, one bad file or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.casting.books import with_books
from core.casting.sources import Source, read_source, sources_of
from core.character import Character, Reading, read_character
from core.errors import BadInput, Finding
from core.ids import CharacterId
from core.secrets import Secret
from core.settings.values import shell_name

__all__ = [
    "DEFAULT",
    "LoadedCharacter",
    "Roster",
    "Source",
    "default_character",
    "load_character",
    "load_characters",
    "read_loaded",
    "sources_of",
]

DEFAULT: Mapping[str, Any] = {
    "name": "Eliza",
    "bio": [
        "Eliza listens. She was made in 1966 and has never interrupted anybody.",
        "She believes that people find their own answers when somebody asks the right question.",
    ],
    "adjectives": ["patient", "curious", "gentle"],
    "topics": ["how people are", "what they mean", "what they would rather do"],
    "style": {
        "all": ["Short sentences.", "Warm, never sugary."],
        "chat": ["Ask back, one question at a time.", "Use the other's own words."],
    },
}


@dataclass(frozen=True, slots=True)
class LoadedCharacter:
    """One file, read: what may be shown, and what may not, apart."""

    character: Character
    secrets: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """With Secret values in nested places, which `character.settings` leaves out."""
    notes: tuple[str, ...] = ()
    source: Source | None = None
    """None of the built-in character."""

    @property
    def path(self) -> Path | None:
        """Her file, where she comes from one."""
        return self.source if isinstance(self.source, Path) else None

    @property
    def place(self) -> str:
        """Where she comes from, for people."""
        if self.source is None:
            return "the built-in character"
        return self.path.as_posix() if self.path else str(self.source)

    @property
    def name(self) -> str:
        return self.character.name

    @property
    def id(self) -> CharacterId:
        return self.character.agent_id


@dataclass(frozen=True, slots=True)
class Roster:
    """Who plays, in the order named; and what kept the others out."""

    loaded: tuple[LoadedCharacter, ...]
    findings: tuple[Finding, ...] = ()
    fallback: bool = False
    """Nobody could be loaded, so the built-in character plays."""


def load_character(source: Source) -> LoadedCharacter:
    """Raises BadInput with everything that is wrong with it. Call it beside the event loop."""
    where = source.as_posix() if isinstance(source, Path) else str(source)
    data, notes = read_source(source)
    folder = source.absolute().parent if isinstance(source, Path) else None
    data, more = with_books(data, folder, where)
    notes = (*notes, *more)
    loaded = _loaded(read_character(data, where=where), source)
    return replace(loaded, notes=(*notes, *loaded.notes)) if notes else loaded


def load_characters(sources: Iterable[Source]) -> Roster:
    """Whoever can be loaded; the built-in Eliza where nobody can (CH-21)."""
    loaded: list[LoadedCharacter] = []
    findings: list[Finding] = []
    for source in sources:
        try:
            loaded.append(load_character(source))
        except BadInput as bad:
            findings += bad.findings
    alike = _alike(loaded)
    findings += alike.values()
    loaded = [one for index, one in enumerate(loaded) if index not in alike]
    if loaded:
        return Roster(tuple(loaded), tuple(findings))
    return Roster((default_character(),), tuple(findings), fallback=True)


def read_loaded(content: Mapping[str, Any]) -> LoadedCharacter:
    """A character from the content of a file; raises BadInput as `load_character` does."""
    where = str(content.get("name", "a character"))
    return _loaded(read_character(with_books(content, None, where).data, where=where), None)


def default_character() -> LoadedCharacter:
    return _loaded(read_character(DEFAULT, where="the built-in character"), None)


def _loaded(reading: Reading, source: Source | None) -> LoadedCharacter:
    if reading.character is None:
        raise BadInput(*reading.findings)
    return LoadedCharacter(
        reading.character, reading.secrets, reading.settings, reading.notes, source
    )


def _alike(loaded: Sequence[LoadedCharacter]) -> dict[int, Finding]:
    """By position: the later one of two that nobody could tell apart."""
    seen: dict[str, LoadedCharacter] = {}
    refused: dict[int, Finding] = {}
    for index, one in enumerate(loaded):
        for mark in (f"id {one.id}", f"variables CHARACTER__{shell_name(one.name)}__..."):
            other = seen.setdefault(mark, one)
            if other is not one and index not in refused:
                what = f"{one.name} has the same {mark} as {other.name} in {other.place}"
                refused[index] = Finding(one.place, what, "Give one of them another name")
    return refused
