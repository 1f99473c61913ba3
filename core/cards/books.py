"""A card's `character_book` as a character's lorebook, and back: the shape of V3 in between."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from core.cards.shapes import Spec, put_right_book

_DECORATOR = re.compile(r"^@@@?([A-Za-z_]\w*)", re.MULTILINE)
_DECORATED = re.compile(r"\A(?:\s*@@[^\n]*(?:\n|\Z))+\s*")


_ELSEWHERE = ("path", "data", "books")
"""On a stranger's card they are nothing; in a file of ours they name other books."""


def lorebook(book: Mapping[str, Any]) -> dict[str, Any]:
    """In the shape of V3, where every entry says whether its keys are patterns.

    `book` has been put right.
    """
    entries = [
        entry if "use_regex" in entry else {**entry, "use_regex": False}
        for entry in book.get("entries", ())
    ]
    there = {name: one for name, one in book.items() if name not in _ELSEWHERE}
    return {**there, "entries": entries}


def character_book(book: Mapping[str, Any], spec: Spec) -> dict[str, Any]:
    """As a card of that version has it, with the entries of further books behind its own."""
    made = put_right_book({name: one for name, one in book.items() if name != "books"})
    for other in book.get("books", ()):
        made["entries"] = [*made["entries"], *put_right_book(other)["entries"]]
    made = lorebook(made)
    if spec == "v3":
        return made
    plain = [
        {name: one for name, one in entry.items() if name != "use_regex" or one}
        for entry in made["entries"]
    ]
    return {**made, "entries": plain}


def without_decorators(book: Mapping[str, Any]) -> dict[str, Any]:
    """For programs that know V2 alone, and would show the decorators to a model."""
    entries = [
        {**entry, "content": _DECORATED.sub("", str(entry.get("content", "")))}
        for entry in book.get("entries", ())
    ]
    return {**book, "entries": entries}


def summary(book: Mapping[str, Any]) -> str:
    """How many entries of what kind, in one line."""
    entries = list(book.get("entries", ()))
    kinds = {
        "constant": sum(bool(one.get("constant")) for one in entries),
        "switched off": sum(not one.get("enabled", True) for one in entries),
        "with patterns": sum(_has_pattern(one) for one in entries),
        "with second keys": sum(
            bool(one.get("selective") and one.get("secondary_keys")) for one in entries
        ),
    }
    told = [f"{count} {kind}" for kind, count in kinds.items() if count]
    decorators = Counter(name for one in entries for name in _decorators(one))
    if decorators:
        told.append("decorators " + ", ".join(f"@@{name}" for name in sorted(decorators)))
    for name, said in (("token_budget", "tokens at most"), ("scan_depth", "messages looked at")):
        if book.get(name) is not None:
            told.append(f"{book[name]} {said}")
    if book.get("recursive_scanning"):
        told.append("entries may call entries")
    count = f"{len(entries)} {'entry' if len(entries) == 1 else 'entries'}"
    return f"{count} ({'; '.join(told)})" if told else count


def _has_pattern(entry: Mapping[str, Any]) -> bool:
    # SillyTavern says of each of its entries that its keys are patterns; those with slashes are.
    tavern = "selectiveLogic" in entry.get("extensions", {})
    slashes = any(str(key).startswith("/") for key in entry.get("keys", ()))
    return slashes or bool(entry.get("use_regex") and not tavern)


def _decorators(entry: Mapping[str, Any]) -> Iterator[str]:
    yield from _DECORATOR.findall(str(entry.get("content", "")))
