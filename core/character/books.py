"""A character's lorebook: whether it is one at all. What it says is the business of core.lore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError


def paths_in(book: object) -> tuple[str, ...]:
    """The files that a lorebook names by `path`: one, or a list of them."""
    named = book.get("path") if isinstance(book, Mapping) else None
    if isinstance(named, str):
        return (named,)
    if isinstance(named, list | tuple):
        return tuple(one for one in named if isinstance(one, str))
    return ()


def checked(book: dict[str, Any]) -> dict[str, Any]:
    """The same, where it has the shape of a lorebook; books of others differ in everything else."""
    inner = book.get("data")
    entries = inner.get("entries") if isinstance(inner, Mapping) else book.get("entries")
    if entries is not None and not isinstance(entries, Mapping | list | tuple):
        raise PydanticCustomError("entries", "has `entries` that are no list")
    if entries is not None:
        return book  # whatever else a card of another program has put there
    if "path" in book and not paths_in(book):
        raise PydanticCustomError("path", "has a `path` that names no file")
    others = book.get("books", ())
    if not isinstance(others, list | tuple) or not all(isinstance(one, Mapping) for one in others):
        raise PydanticCustomError("books", "has `books` that are no list of lorebooks")
    if book and not {"entries", "data", "path", "books"} & book.keys():
        raise PydanticCustomError("book", "is no lorebook: it has no `entries`")
    return book
