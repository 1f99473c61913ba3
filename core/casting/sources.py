"""Where characters come from: files, Python, addresses, variables; and which of them are meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from core.casting.modules import Module, exported
from core.casting.parsing import Parsed, parsed
from core.errors import BadInput, Finding
from core.settings.layers import Environment, Settings

if TYPE_CHECKING:
    from core.cards import Card

_SUFFIXES = (".json", ".yaml", ".yml")
_CARDS = (".card.json", ".charx", ".png", ".apng", ".jpg", ".jpeg")
_PLAYING_CARDS = (".charx", ".png", ".apng")
"""Those that play when they lie in the folder. JPEGs are photographs as a rule: only when named."""
_ENDINGS = (*_SUFFIXES, *(f".character{suffix}" for suffix in _SUFFIXES), *_CARDS[:3])
_JAVASCRIPT = (".ts", ".js", ".mjs")
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_MODULE = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)")
_VARIABLES = "env:"
_LARGEST = 64_000_000
"""Bytes; a character is a few thousand, with the lorebook of a card some millions."""


@dataclass(frozen=True, slots=True)
class Address:
    """http or https; whoever starts the process names it, so it may be anywhere."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        """Without what stands before @ and after ?, which may be a password or a key."""
        try:
            parts = urlsplit(self.url)
        except ValueError:
            return f"{self.url.partition('://')[0]}://..."
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@dataclass(frozen=True, slots=True)
class Variables:
    """AGENT_NAME, AGENT_BIO and AGENT_ID."""

    environment: Environment = field(repr=False, compare=False)

    def __str__(self) -> str:
        return "AGENT_NAME, AGENT_BIO, AGENT_ID"


Source = Path | Address | Module | Variables


def sources_of(
    arguments: Sequence[str | Path],
    environment: Environment | None = None,
    folder: Path = Path("characters"),
) -> tuple[Source, ...]:
    """What is meant by names, paths and addresses, split at spaces and commas; each once (CH-20).

    Without arguments every file of the folder, cards as well, and the character of AGENT_NAME where
    that is set.
    What is not there is returned as named: loading it says so.
    """
    environment = environment or Environment()
    words = [word for argument in arguments for word in _words(argument)]
    if words:
        meant = (_meant(word, environment, folder) for word in words)
        return tuple({_key(source): source for source in meant}.values())
    there = [
        path
        for path in folder.glob("*")
        if path.suffix in _SUFFIXES and not path.name.endswith(".schema.json")
    ]
    there = [path for path in there if not _is_left_to(path, {one.name for one in there})]
    there += _cards_of(folder, {path.stem for path in there})
    hers = (Variables(environment),) if Settings(environment).text("AGENT_NAME") else ()
    return (*sorted(there), *hers)


def read_source(source: Source) -> Parsed:
    """Raises BadInput for whatever cannot be had."""
    match source:
        case Address():
            if source.url.lower().startswith(("http://", "https://")):
                from core.casting.addresses import fetched  # slow to import, and rarely needed

                there = parsed(fetched(source.url, str(source)), str(source))
                return _dealt(there, str(source), Path(urlsplit(source.url).path).stem)
            what = "is no kind of source that we know"
            raise BadInput(Finding(str(source), what, "A file, https://..., or module:name"))
        case Module():
            return Parsed(exported(source))
        case Variables():
            return Parsed(_from_variables(Settings(source.environment)))
        case Path():
            return _from_file(source)


def _from_variables(settings: Settings) -> Mapping[str, Any]:
    return {
        "name": settings.text("AGENT_NAME") or "DefaultAgent",
        "bio": settings.text("AGENT_BIO"),
        "id": settings.text("AGENT_ID") or None,
    }


def _from_file(path: Path) -> Parsed:
    where = path.as_posix()
    try:
        if path.stat().st_size > _LARGEST:
            raise BadInput(Finding(where, "is too large for a character"))
        if path.suffix == ".py":
            return Parsed(exported(path))
        if path.name.lower().endswith(_CARDS):
            return _from_card(path)
        if path.suffix not in _SUFFIXES:
            mend = "Export it as JSON" if path.suffix in _JAVASCRIPT else "Name it .json"
            raise BadInput(Finding(where, "is no JSON, YAML or Python", mend))
        text = path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise BadInput(Finding(where, "does not exist", _nearest(path))) from None
    except UnicodeDecodeError:
        raise BadInput(Finding(where, "is not UTF-8 text", "Save it as UTF-8")) from None
    except (OSError, ValueError) as error:
        raise BadInput(Finding(where, f"cannot be read ({type(error).__name__})")) from None
    try:
        there = parsed(text, where, is_yaml=path.suffix != ".json")
    except BadInput:
        if path.suffix != ".json" or '"chara_card' not in text:
            raise
        return _from_card(path)  # programs that write cards are not strict about JSON
    return _dealt(there, where, path.stem)


def _from_card(path: Path) -> Parsed:
    from core.cards import read_card_file  # rarely needed

    return _as_character(read_card_file(path).card, path.name.partition(".")[0])


def _dealt(there: Parsed, where: str, name: str) -> Parsed:
    """A character card as the character it describes; any other data as it is."""
    if not isinstance(there.data, Mapping) or "bio" in there.data:
        return there
    from core.cards import card_from, is_card

    if not is_card(there.data):
        return there
    made = _as_character(card_from(there.data, where), name)
    return Parsed(made.data, (*there.notes, *made.notes))


def _as_character(card: Card, name: str) -> Parsed:
    from core.cards import character_file, report_on

    made = character_file(card, name=name)
    report = report_on(card, made)
    notes = [*report.changed, *(f"{place} is named like a secret" for place in report.secrets)]
    if report.kept or report.withheld:
        count = len(report.kept) + len(report.withheld)
        notes.append(f"fields of the card without effect here: {count}; troupe import names them")
    return Parsed(made.file, tuple(notes))


def _is_left_to(path: Path, written: Collection[str]) -> bool:
    """Of a JSON card: whether a file of its name was made of it."""
    return path.name.endswith(_CARDS[0]) and path.name.removesuffix(_CARDS[0]) + ".json" in written


def _cards_of(folder: Path, written: Collection[str]) -> list[Path]:
    """Cards lying there, but for those that a file of the same name was made of."""
    there = [
        path
        for path in folder.glob("*")
        if path.suffix.lower() in _PLAYING_CARDS and path.stem not in written
    ]
    if not there:
        return []
    from core.cards import holds_card

    return [path for path in there if path.suffix.lower() == ".charx" or holds_card(path)]


def _nearest(path: Path) -> str:
    folder = path.absolute().parent
    kinds = (*_SUFFIXES, *_CARDS, ".py")
    there = [one.name for one in folder.glob("*") if one.suffix in kinds]
    near = difflib.get_close_matches(path.name, there, n=1)
    return f"Did you mean {near[0]}?" if near else ""


# --- which ones are meant ----------------------------------------------------------------------


def _words(argument: str | Path) -> list[str]:
    # A path that is there may hold spaces and commas of its own.
    if isinstance(argument, Path) or Path(argument.strip()).is_file():
        return [str(argument).strip()]
    return [word for word in re.split(r"[\s,]+", argument) if word]


def _meant(word: str, environment: Environment, folder: Path) -> Source:
    if _URL.match(word):
        return Address(word)
    if word == _VARIABLES:
        return Variables(environment)
    module = _MODULE.fullmatch(word)
    if module:
        return Module(module[1], module[2])
    given = Path(word)
    complete = given.suffix in (*_SUFFIXES, ".py") or given.suffix.lower() in _CARDS
    named = [given] if complete else [Path(word + end) for end in _ENDINGS]
    places = [place for name in named for place in (name, folder / name)]
    there = next((place for place in places if place.is_file()), None)
    return there or (given if given.suffix else places[0])


def _key(source: Source) -> object:
    return source.absolute() if isinstance(source, Path) else source
