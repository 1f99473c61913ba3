"""Documents and their pieces, as they lie among a character's memories."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from core.clock import Clock
from core.ids import Account, CharacterId, EntityId, MemoryId, RoomId, WorldId, string_to_uuid
from core.knowledge.chunks import Piece
from core.messages import Address, ChannelType, Content, Memory, Room, World
from core.ports import Store, Unit

SHARED = CharacterId(string_to_uuid("troupe:what everybody knows"))
"""The house itself, to whom belongs what all characters may know."""
DOCUMENTS, PIECES = "documents", "knowledge"
"""elizaOS' tables: what was read, and what of it can be found."""
FROM_FILE, FROM_SHEET = "file", "character"
"""Sources of what is kept up to date; everything else was sent by somebody, and stays."""
LARGEST_TEXT = 2_000_000
"""Bytes of a document that are kept as its text."""

_STEP = 200
"""Rows of one write: whoever answers meanwhile waits for no more than this."""
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Document:
    """What is known of a document beside its text."""

    id: MemoryId
    owner: CharacterId
    """A character, or SHARED."""
    room: RoomId
    """Where it was sent; the owner's own for what comes from files."""
    title: str
    name: str
    """Of the file; made of the title for a text."""
    hash: str
    """SHA-256 of the whole content."""
    kind: str
    size: int
    source: str
    """FROM_FILE, FROM_SHEET, or the platform on which it was sent."""
    path: str = ""
    by: EntityId | None = None
    """Who sent it."""
    world: WorldId | None = None
    shared_by: str = ""
    """Of a SHARED one the character whose file names it; empty where the house has it."""
    recipe: str = ""
    """How it was cut up: another one cuts it anew."""
    pieces: int = 0
    truncated: bool = False
    """It was too long; only its beginning is known."""
    whole: bool = False
    """All pieces are there; one that is not whole is what a crash has left."""
    added: datetime | None = None

    @property
    def is_tended(self) -> bool:
        """It comes from a file or a character's sheet, and goes with it. What plugins put there
        themselves, under whatever source, has no recipe."""
        return self.source in (FROM_FILE, FROM_SHEET) and bool(self.recipe)


def home(owner: CharacterId) -> RoomId:
    """The room of its own in which an owner keeps what was not sent anywhere."""
    return RoomId(owner)


def content_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def document_id(
    owner: CharacterId, room: RoomId, content_hash: str, name: str, kind: str
) -> MemoryId:
    """The same content of the same name is the same document, for one owner in one room (KN-04).

    The hash is that of the whole content. elizaOS takes the first 2,000 characters only, so of two
    contracts that begin with the same page and bear the same name the second is taken for the first
    and never learned. The room is in it, because what was sent in one room is not known in another.
    """
    return MemoryId(string_to_uuid(f"document:{owner}:{room}:{content_hash}:{kind}:{name}"))


class Shelf:
    """Puts documents there and takes them away, in steps that hold nobody up.

    A document is `whole` from the last step on. What a crash leaves half done is not, and `mend`
    drops it before anybody is asked anything.
    """

    def __init__(self, store: Store, clock: Clock, half: set[MemoryId] | None = None) -> None:
        """`half` are those that are being put there or taken away just now: whoever searches leaves
        them out (KN-09)."""
        self._store = store
        self._clock = clock
        self._half: set[MemoryId] = set() if half is None else half

    async def put(
        self,
        document: Document,
        text: str,
        pieces: Sequence[Piece],
        contexts: Sequence[str] = (),
    ) -> tuple[Document, bool]:
        """The record, and whether it is new: one that is there and whole stays as it is.

        `contexts` are words on what each piece is about: searched with it, shown to nobody.
        """
        document = replace(document, pieces=len(pieces), whole=False, added=self._clock.now())
        there = await self._store.write(partial(_begin, document=document))
        if there is not None:
            return there, False
        self._half.add(document.id)
        for start in range(0, len(pieces), _STEP):
            some = [
                _piece(document, index, piece, contexts[index] if contexts else "")
                for index, piece in enumerate(pieces[start : start + _STEP], start)
            ]
            await self._store.write(partial(_add, some=some))
        document = replace(document, whole=True)
        if not await self._store.write(partial(_end, document=document, text=text)):
            await self.remove([document])  # somebody had it forgotten meanwhile
        self._half.discard(document.id)
        return document, True

    async def remove(self, documents: Iterable[Document]) -> None:
        for one in documents:
            self._half.add(one.id)
            first = True
            for ids in _in_steps(one):
                await self._store.write(partial(_drop, document=one, ids=ids, first=first))
                first = False
            await self._store.write(partial(_drop_last, document=one))
            self._half.discard(one.id)

    async def mend(self, owners: Iterable[CharacterId]) -> list[Document]:
        """All documents of these owners, those that are whole; the others are dropped."""
        asked = tuple(owners)

        def look(unit: Unit) -> list[Document]:
            return [one for owner in asked for one in listed(unit, owner)]

        found = await self._store.read(look)
        await self.remove(one for one in found if not one.whole)
        return [one for one in found if one.whole]


def listed(unit: Unit, owner: CharacterId) -> list[Document]:
    """An owner's documents, the newest first, without their texts."""
    return [_document(one) for one in unit.memories.outlines(owner, table=DOCUMENTS, limit=_MOST)]


def is_whole(unit: Unit, document: Document) -> Document | None:
    """The record of one that is there and can be found."""
    found = next(
        (
            one
            for one in unit.memories.outlines(
                document.owner, table=DOCUMENTS, rooms=[document.room]
            )
            if one.id == document.id
        ),
        None,
    )
    since = unit.rooms.forgotten_before(document.owner, document.room)
    if found is None or (since is not None and found.created_at < since):
        return None
    there = _document(found)
    return there if there.whole else None


def shown(piece: Memory) -> str:
    """A piece as it stands in its document."""
    size = piece.metadata.get("context")
    text = piece.content.text
    return text[size:] if isinstance(size, int) and 0 < size < len(text) else text


def place_of(piece: Memory) -> str:
    """In which document a piece stands, and below which of its headings."""
    about = piece.metadata
    return " > ".join(filter(None, (str(about.get("title") or ""), str(about.get("under") or ""))))


# --- steps -----------------------------------------------------------------------------------------


def _begin(unit: Unit, document: Document) -> Document | None:
    there = _there(unit, document)
    if there is not None and there.whole:
        return there
    if document.room == home(document.owner) and not unit.rooms.get(
        document.owner, [document.room]
    ):
        unit.rooms.ensure(*_own_place(document.owner))
    unit.memories.add([_memory(document, "")])
    return None


def _there(unit: Unit, document: Document) -> Document | None:
    """As it is kept; one from before the room's fresh start is as good as gone."""
    found = next(iter(unit.memories.get(document.owner, [document.id])), None)
    if found is None:
        return None
    there = _document(found)
    since = unit.rooms.forgotten_before(document.owner, document.room)
    if since is not None and found.created_at < since:
        for ids in _in_steps(there):
            unit.memories.drop(there.owner, ids)
        unit.memories.drop(there.owner, [there.id])
        return None
    return there


def _add(unit: Unit, some: Sequence[Memory]) -> None:
    unit.memories.add(some)


def _end(unit: Unit, document: Document, text: str) -> bool:
    return unit.memories.put(_memory(document, text))


def _drop(unit: Unit, document: Document, ids: Sequence[MemoryId], first: bool) -> None:
    if first:  # a crash from here on leaves something that is seen to be half
        unit.memories.put(_memory(replace(document, whole=False), ""))
    unit.memories.drop(document.owner, ids)


def _drop_last(unit: Unit, document: Document) -> None:
    unit.memories.drop(document.owner, [document.id])


def _in_steps(document: Document) -> Iterator[list[MemoryId]]:
    for start in range(0, document.pieces, _STEP):
        end = min(start + _STEP, document.pieces)
        yield [_piece_id(document, index) for index in range(start, end)]


def _own_place(owner: CharacterId) -> tuple[list[World], list[Room]]:
    """As elizaOS' SELF: a world and a room in it that bear the owner's id (X-06)."""
    world = World(WorldId(owner), owner, "self", owner)
    address = Address("self", Account(f"self:{owner}"), owner)
    return [world], [Room(home(owner), owner, world.id, address, ChannelType.SELF, "self", "self")]


# --- rows ------------------------------------------------------------------------------------------


def _memory(document: Document, text: str) -> Memory:
    assert document.added is not None
    return Memory(
        id=document.id,
        character=document.owner,
        room=document.room,
        author=document.by or EntityId(document.owner),
        content=Content(_capped(text), source=document.source),
        created_at=document.added,
        world=document.world,
        table=DOCUMENTS,
        metadata={
            "type": "document",
            "source": document.source,
            "sourceId": document.path or document.room,
            "title": document.title,
            "filename": document.name,
            "path": document.path,
            "hash": document.hash,
            "contentType": document.kind,
            "fileSize": document.size,
            "chunks": document.pieces,
            "sentBy": document.by or "",
            "sharedBy": document.shared_by,
            "recipe": document.recipe,
            "truncated": document.truncated,
            "state": "whole" if document.whole else "part",
        },
    )


def _piece(document: Document, index: int, piece: Piece, context: str) -> Memory:
    assert document.added is not None
    before = "\n".join(filter(None, (piece.under, context)))
    before = f"{before}\n\n" if before else ""
    about: dict[str, Any] = {
        "type": "fragment",
        "source": document.source,
        "sourceId": document.path or document.room,
        "documentId": document.id,
        "index": index,
        "position": piece.start,
        "title": document.title,
    }
    if piece.under:
        about["under"] = piece.under
    if document.path:
        about["path"] = document.path
    if document.by:
        about["sentBy"] = document.by
    if before:
        about["context"] = len(before)
    return Memory(
        id=_piece_id(document, index),
        character=document.owner,
        room=document.room,
        author=document.by or EntityId(document.owner),
        content=Content(before + piece.text, source=document.source),
        created_at=document.added,
        world=document.world,
        table=PIECES,
        metadata=about,
    )


def _piece_id(document: Document, index: int) -> MemoryId:
    return MemoryId(string_to_uuid(f"{document.id}:piece:{index}"))


def _document(memory: Memory) -> Document:
    """Also of one that a plugin has made in its own way."""
    about: Mapping[str, Any] = memory.metadata
    sent_by = str(about.get("sentBy") or "")
    count = about.get("chunks")
    return Document(
        id=memory.id,
        owner=memory.character,
        room=memory.room,
        title=str(about.get("title") or about.get("filename") or memory.id),
        name=str(about.get("filename") or ""),
        hash=str(about.get("hash") or ""),
        kind=str(about.get("contentType") or ""),
        size=int(about.get("fileSize") or 0),
        source=str(about.get("source") or ""),
        path=str(about.get("path") or ""),
        by=EntityId(sent_by) if sent_by else None,
        world=memory.world,
        shared_by=str(about.get("sharedBy") or ""),
        recipe=str(about.get("recipe") or ""),
        truncated=about.get("truncated") is True,
        pieces=count if isinstance(count, int) else 0,
        # Only ours have a state at all.
        whole=about.get("state") != "part",
        added=memory.created_at,
    )


def _capped(text: str) -> str:
    if len(text) * 4 <= LARGEST_TEXT:
        return text
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= LARGEST_TEXT else raw[:LARGEST_TEXT].decode("utf-8", "ignore")
