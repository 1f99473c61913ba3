"""Lorebooks that a character's file names: read from her own folder, and put in its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.casting.parsing import Parsed, parsed
from core.character.books import paths_in
from core.character.plain import one_line
from core.errors import BadInput, Finding

_SUFFIXES = (".json", ".yaml", ".yml")
_LARGEST = 4_000_000
_MOST = 20
_WITHIN = "Put the book beside the character's file"


def with_books(data: Any, folder: Path | None, where: str) -> Parsed:
    """The data with the books that it names; raises BadInput for one that cannot be had.

    `folder` is None for a character who comes from no file, and so has no files of hers.
    """
    book = data.get("lorebook") if isinstance(data, Mapping) else None
    named = paths_in(book)
    if not named or not isinstance(book, Mapping):
        return Parsed(data)
    if data.get("card") and "entries" in book:
        # A stranger's card names no files of whoever plays it.
        kept = {key: value for key, value in book.items() if key != "path"}
        return Parsed({**data, "lorebook": kept}, ("lorebook.path of a card is not used",))
    place = f"{where}: lorebook.path"
    if folder is None:
        raise BadInput(Finding(place, "has no folder to be in", "Write the book itself here"))
    if len(named) > _MOST:
        raise BadInput(Finding(place, f"names more than {_MOST} books"))
    read = [_read(name, folder, place) for name in named]
    own = {key: value for key, value in book.items() if key != "path"}
    others = own.get("books")
    books = [*(others if isinstance(others, list) else ()), *(one.data for one in read)]
    merged = books[0] if not own and len(books) == 1 else {**own, "books": books}
    notes = tuple(note for one in read for note in one.notes)
    return Parsed({**data, "lorebook": merged}, notes)


def _read(name: str, folder: Path, place: str) -> Parsed:
    shown = one_line(name)
    try:
        home = folder.resolve()
        path = (home / name).resolve()
        if Path(name).is_absolute() or not path.is_relative_to(home):
            raise BadInput(
                Finding(place, f"{shown} lies outside of the character's folder", _WITHIN)
            )
        if path.suffix not in _SUFFIXES:
            raise BadInput(Finding(place, f"{shown} is no JSON or YAML"))
        if path.stat().st_size > _LARGEST:
            raise BadInput(Finding(place, f"{shown} is too large for a lorebook"))
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise BadInput(Finding(place, f"{shown} does not exist", _WITHIN)) from None
    except UnicodeDecodeError:
        raise BadInput(Finding(place, f"{shown} is not UTF-8 text", "Save it as UTF-8")) from None
    except (OSError, ValueError, RuntimeError) as error:
        what = f"{shown} cannot be read ({type(error).__name__})"
        raise BadInput(Finding(place, what)) from None
    book = parsed(text, shown, is_yaml=path.suffix != ".json")
    if not isinstance(book.data, Mapping):
        raise BadInput(Finding(place, f"{shown} is no lorebook, but something else"))
    return Parsed({key: one for key, one in book.data.items() if key != "path"}, book.notes)
