"""From what was named on the command line to the characters who play, one bad file or not."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from core.character import Character, Reading, read_character
from core.errors import BadInput, Finding
from core.ids import CharacterId
from core.secrets import Secret
from core.settings.values import shell_name

_SUFFIXES = (".json", ".yaml", ".yml")
_LARGEST = 4_000_000  # bytes; a character is a few thousand, this is somebody's database

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
    path: Path | None = None
    """None of the built-in character."""

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


def resolve_paths(
    arguments: Sequence[str | Path], folder: Path = Path("characters")
) -> tuple[Path, ...]:
    """Files meant by names and paths, split at spaces and commas; each once (CH-20).

    Without arguments every character of the folder. A file that is not there is returned as
    named: loading it says so.
    """
    words = [word for argument in arguments for word in _words(argument)]
    if not words:
        return tuple(
            sorted(
                path
                for path in folder.glob("*")
                if path.suffix in _SUFFIXES and not path.name.endswith(".schema.json")
            )
        )
    paths = (_locate(word, folder) for word in words)
    return tuple({path.absolute(): path for path in paths}.values())


def load_character(path: Path) -> LoadedCharacter:
    """Raises BadInput with everything that is wrong with the file."""
    where = path.as_posix()
    reading = read_character(_parsed(path, where), where=where)
    return _loaded(reading, path)


def load_characters(paths: Iterable[Path]) -> Roster:
    """Whoever can be loaded; the built-in Eliza where nobody can (CH-21)."""
    loaded: list[LoadedCharacter] = []
    findings: list[Finding] = []
    for path in paths:
        try:
            loaded.append(load_character(path))
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
    return _loaded(read_character(content, where=str(content.get("name", "a character"))), None)


def default_character() -> LoadedCharacter:
    return _loaded(read_character(DEFAULT, where="the built-in character"), None)


def _loaded(reading: Reading, path: Path | None) -> LoadedCharacter:
    if reading.character is None:
        raise BadInput(*reading.findings)
    return LoadedCharacter(
        reading.character, reading.secrets, reading.settings, reading.notes, path
    )


def _words(argument: str | Path) -> list[str]:
    # A path that is there may hold spaces and commas of its own.
    if isinstance(argument, Path) or Path(argument.strip()).is_file():
        return [str(argument).strip()]
    return [word for word in re.split(r"[\s,]+", argument) if word]


def _locate(word: str, folder: Path) -> Path:
    given = Path(word)
    if re.match(r"[a-z][a-z0-9+.-]+://", word, re.IGNORECASE):
        return given
    named = [given] if given.suffix in _SUFFIXES else [Path(word + end) for end in _SUFFIXES]
    places = [place for name in named for place in (name, folder / name)]
    return next((place for place in places if place.is_file()), places[0])


def _parsed(path: Path, where: str) -> object:
    if re.match(r"[a-z][a-z0-9+.-]+:/", where, re.IGNORECASE):
        raise BadInput(
            Finding(where, "characters are read from files, not from addresses", "Download it")
        )
    if path.suffix not in _SUFFIXES:
        raise BadInput(Finding(where, "is neither JSON nor YAML", "Name it .json or .yaml"))
    try:
        if path.stat().st_size > _LARGEST:
            raise BadInput(Finding(where, "is too large for a character"))
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise BadInput(Finding(where, "does not exist", _nearest(path))) from None
    except OSError as error:
        raise BadInput(Finding(where, f"cannot be read ({type(error).__name__})")) from None
    except UnicodeDecodeError:
        raise BadInput(Finding(where, "is not UTF-8 text", "Save it as UTF-8")) from None
    try:
        # The parsers' own words are left out where they quote the file: it may hold secrets.
        return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}:{error.colno}"
        mend = "Often a comma too many or a missing quotation mark just before"
        raise BadInput(Finding(place, f"is not JSON: {error.msg}", mend)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        mend = "Often a wrong indentation, or a text with a colon that wants quotation marks"
        raise BadInput(Finding(place, "is not YAML", mend)) from None
    except (ValueError, RecursionError, yaml.YAMLError):
        raise BadInput(Finding(where, "cannot be understood")) from None


def _nearest(path: Path) -> str:
    there = [one.name for one in path.absolute().parent.glob("*") if one.suffix in _SUFFIXES]
    near = difflib.get_close_matches(path.name, there, n=1)
    return f"Did you mean {near[0]}?" if near else ""


def _alike(loaded: Sequence[LoadedCharacter]) -> dict[int, Finding]:
    """By position: the later one of two that nobody could tell apart."""
    seen: dict[str, LoadedCharacter] = {}
    refused: dict[int, Finding] = {}
    for index, one in enumerate(loaded):
        for mark in (f"id {one.id}", f"variables CHARACTER__{shell_name(one.name)}__..."):
            other = seen.setdefault(mark, one)
            if other is not one and index not in refused:
                what = f"{one.name} has the same {mark} as {other.name} in {_place(other)}"
                refused[index] = Finding(_place(one), what, "Give one of them another name")
    return refused


def _place(one: LoadedCharacter) -> str:
    return one.path.as_posix() if one.path else "the built-in character"
