"""Lorebooks: what an author has written to be told when its keywords are said."""

from core.character.macros import unknown_macros
from core.lore.book import Entry, Lorebook, Place, read_book, read_books
from core.lore.matching import ALWAYS, Moment, Reader, Speaking, Told, after, settled_texts
from core.lore.shelf import made_ready, notes_on, readers_at_hand, readers_of

__all__ = [
    "ALWAYS",
    "Entry",
    "Lorebook",
    "Moment",
    "Place",
    "Reader",
    "Speaking",
    "Told",
    "after",
    "made_ready",
    "notes_on",
    "read_book",
    "read_books",
    "readers_at_hand",
    "readers_of",
    "settled_texts",
    "unknown_macros",
]
