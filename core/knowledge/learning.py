"""From a document to pieces that can be found: read, cut up, put into context, written down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from core.clock import Clock
from core.ids import CharacterId, EntityId, MemoryId, RoomId, WorldId
from core.knowledge import chunks
from core.knowledge.documents import (
    DOCUMENTS,
    PIECES,
    Document,
    Shelf,
    content_hash,
    document_id,
    is_whole,
)
from core.knowledge.enriching import Enricher, ModelsOf
from core.knowledge.reading import Reader, Text
from core.knowledge.sources import SUFFIXES
from core.ports import Store, Unit
from core.settings.layers import Settings

log = logging.getLogger(__name__)

MOST_SENT = 20 * 1024 * 1024
"""Bytes of a document that somebody sends."""
_MOST_IN_A_ROOM = 100
PLAIN = "text/plain"
_KINDS = {
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".htm": "text/html",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".xml": "application/xml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}

Told = Callable[[CharacterId, RoomId, str], object]
Wake = Callable[[CharacterId, Settings], object]


class TooMany(Exception):
    """So much was sent in a room that no more of it is kept."""

    def __init__(self) -> None:
        super().__init__(f"{_MOST_IN_A_ROOM} documents are known in this room already")


class Learning:
    """The same way for what lies in folders and for what is sent."""

    def __init__(
        self,
        store: Store,
        reader: Reader,
        clock: Clock,
        models_of: ModelsOf,
        process: Settings,
        *,
        told: Told = lambda character, room, table: None,
        wake: Wake = lambda character, settings: None,
        half: set[MemoryId] | None = None,
    ) -> None:
        """`told` and `wake` hear of new pieces: core.memory's Recall and Embedder. See Shelf for
        `half`."""
        self.shelf = Shelf(store, clock, half)
        self._store = store
        self._reader = reader
        self._clock = clock
        self._enricher = Enricher(store, models_of, clock, process)
        self._told = told
        self.wake = wake
        """An owner may have pieces that have no vectors yet."""

    async def learn(
        self,
        document: Document,
        content: bytes | str | Path,
        settings: Settings,
        *,
        before: Document | None = None,
    ) -> tuple[Document, bool]:
        """Its record, and whether it is new. A path is read where it lies, a text is as it is.

        `before` is the same, cut up otherwise; it goes once this one is ready.

        Raises UnreadableDocument, BadInput for sizes of pieces that make none, StoreUnavailable.
        """
        cut = chunks.cut_of(*_sizes(settings))
        text = await self._text(content, document.name)
        pieces = await asyncio.to_thread(chunks.pieces, text.text, cut, text.kind)
        contexts: Sequence[str] = ()
        enriched = document.is_tended and enriches(settings)
        if enriched:
            contexts = await self._enricher.contexts(
                document.owner, settings, document.id, text.text, text.kind, pieces
            )
        title = text.title.strip() if document.is_tended else ""
        document = replace(document, title=title or document.title, truncated=text.truncated)
        if text.truncated and document.is_tended:
            log.warning("%s is too long: only its beginning is known", document.name)
        if before is not None:
            await self.shelf.remove([before])
        kept, new = await self.shelf.put(document, text.text, pieces, contexts)
        if enriched:
            await self._enricher.forget(document.owner, document.id)
        if new:
            self._told(kept.owner, kept.room, PIECES)
            self.wake(kept.owner, settings)
        return kept, new

    async def sent(
        self,
        character: CharacterId,
        room: RoomId,
        world: WorldId,
        by: EntityId,
        platform: str,
        content: bytes | str,
        name: str,
        settings: Settings,
    ) -> tuple[Document, bool]:
        """What somebody wants remembered: for the room where it was sent, and no other.

        No model is asked about it: whoever sends it would spend the money of whoever runs this.
        Raises TooMany, and as `learn`.
        """
        raw = content.encode() if isinstance(content, str) else content
        hashed = await asyncio.to_thread(content_hash, raw)
        kind = PLAIN if isinstance(content, str) else kind_of(name)
        document = Document(
            id=document_id(character, room, hashed, name, kind),
            owner=character,
            room=room,
            title=name,
            name=name,
            hash=hashed,
            kind=kind,
            size=len(raw),
            source=platform,
            by=by,
            world=world,
            recipe=recipe(settings, tended=False),
        )

        def look(unit: Unit) -> tuple[Document | None, int]:
            there = unit.memories.outlines(
                character, table=DOCUMENTS, rooms=[room], limit=_MOST_IN_A_ROOM
            )
            return is_whole(unit, document), len(there)

        known, there = await self._store.read(look)
        if known is not None:
            return known, False
        if there >= _MOST_IN_A_ROOM:
            raise TooMany
        return await self.learn(document, content, settings)

    async def _text(self, content: bytes | str | Path, name: str) -> Text:
        if isinstance(content, str):
            return Text(content, "text")
        return await self._reader.read(content, name)


def recipe(settings: Settings, *, tended: bool = True) -> str:
    """How documents are cut up now; those that were cut otherwise are cut anew."""
    size, overlap = settings.derived(_sizes)
    return f"{size}/{overlap}" + (" in context" if tended and settings.derived(enriches) else "")


def enriches(settings: Settings) -> bool:
    return settings.flag("CTX_KNOWLEDGE_ENABLED")


def kind_of(name: str) -> str:
    """By its name alone, the same on every machine; what is really in it shows when it is read."""
    suffix = PurePath(name).suffix.lower()
    return _KINDS.get(suffix) or (PLAIN if suffix in SUFFIXES else "application/octet-stream")


def _sizes(settings: Settings) -> tuple[int, int]:
    return (
        int(settings.number("EMBEDDING_CHUNK_SIZE", chunks.TOKENS)),
        int(settings.number("EMBEDDING_OVERLAP_SIZE", chunks.OVERLAP)),
    )
