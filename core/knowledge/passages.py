"""Pieces of documents as a model is shown them: material under the name of its document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from core.knowledge.documents import place_of, shown
from core.prompting.words import harmless, quoted
from core.state import Recollection

_LONGEST = 16_000
"""Characters of one passage, however long somebody has set them."""


def passages(found: Sequence[Recollection]) -> Iterator[str]:
    """Document by document, the one that fits best first, each in its own order; every line is
    indented, so that none of them looks like one of ours."""
    documents = list(dict.fromkeys(map(_document_of, found)))
    ordered = sorted(found, key=lambda one: (documents.index(_document_of(one)), _start(one)))
    before: Any = None
    place, end = "", 0
    for one in ordered:
        text, start = shown(one.memory), _start(one)
        same = _document_of(one) == before
        if not same or place != place_of(one.memory):
            place = place_of(one.memory)
            yield f"- {quoted(place or 'a document', most=200)}:"
        # Neighbours share some words, which need not be told twice.
        shared = end - start if same and start < end else 0
        before, end = _document_of(one), start + len(text)
        told = harmless(text[shared:].strip(), most=_LONGEST)
        yield "\n".join(f"  {line}" for line in told.splitlines() if line.strip())


def _document_of(one: Recollection) -> Any:
    return one.memory.metadata.get("documentId") or one.memory.id


def _start(one: Recollection) -> int:
    found = one.memory.metadata.get("position")
    return found if isinstance(found, int) else 0
