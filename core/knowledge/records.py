"""The record of a document, made of a file that lies somewhere or of a text in a character's sheet."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from core.errors import BadInput, Finding
from core.ids import MemoryId, WorldId
from core.knowledge.documents import (
    FROM_FILE,
    FROM_SHEET,
    Document,
    content_hash,
    document_id,
    home,
)
from core.knowledge.learning import PLAIN, kind_of
from core.knowledge.reading import UnreadableDocument
from core.knowledge.sources import Place, Wanted, Written, refusal
from core.knowledge.wire import LARGEST, Why


def of_file(path: Path, place: Place, stat: tuple[int, int], wanted: Wanted) -> Document:
    """Reads it through for its hash, so call it beside the loop.

    Raises BadInput for what must not be opened, UnreadableDocument for what is too large, OSError.
    """
    if refused := refusal(path, place, wanted):
        raise BadInput(Finding(path.name, f"is not read: {refused}"))
    size = stat[1]
    if size > LARGEST:
        raise UnreadableDocument(path.name, Why.TOO_LARGE)
    with path.open("rb") as file:
        hashed = hashlib.file_digest(file, "sha256").hexdigest()
    kind, owner = kind_of(path.name), place.owner
    return Document(
        id=document_id(owner, home(owner), hashed, path.name, kind),
        owner=owner,
        room=home(owner),
        title=path.name,
        name=path.name,
        hash=hashed,
        kind=kind,
        size=size,
        source=FROM_FILE,
        path=str(path),
        world=WorldId(owner),
        shared_by=place.shared_by,
    )


def of_text(written: Written) -> Document:
    raw = written.text.encode("utf-8", "replace")
    return Document(
        id=id_of(written),
        owner=written.owner,
        room=home(written.owner),
        title=written.title,
        name=written.title,
        hash=content_hash(raw),
        kind=PLAIN,
        size=len(raw),
        source=FROM_SHEET,
        world=WorldId(written.owner),
        shared_by=written.shared_by,
    )


@lru_cache(maxsize=4096)  # asked for at every look
def id_of(written: Written) -> MemoryId:
    hashed = content_hash(written.text.encode("utf-8", "replace"))
    owner = written.owner
    return document_id(owner, home(owner), hashed, written.title, PLAIN)
