"""The books of the characters who play, made ready once, beside the loop where that takes a while."""

from __future__ import annotations

import asyncio

from core.character import Character
from core.lore.book import read_books
from core.lore.matching import Reader
from core.lore.note import authors_note

_MOST = 512

_made: dict[int, tuple[Character, tuple[Reader, ...]]] = {}
# By identity: a character that is loaded anew is another object. It is held, so that its id cannot
# be given to another meanwhile.


def readers_at_hand(character: Character) -> tuple[Reader, ...] | None:
    """None where they are still to be made."""
    if not character.lorebook and not character.card:
        return ()
    known = _made.get(id(character))
    return known[1] if known is not None else None


def readers_of(character: Character) -> tuple[Reader, ...]:
    """Made at once, where they are not yet: call it beside the loop."""
    known = readers_at_hand(character)
    if known is not None:
        return known
    books = [*read_books(character.lorebook), *read_books(authors_note(character))]
    readers = tuple(Reader(book, character.name) for book in books)
    while len(_made) >= _MOST:
        del _made[next(iter(_made))]
    _made[id(character)] = (character, readers)
    return readers


async def made_ready(character: Character) -> tuple[Reader, ...]:
    known = readers_at_hand(character)
    return known if known is not None else await asyncio.to_thread(readers_of, character)


def notes_on(character: Character) -> tuple[str, ...]:
    """What of her lorebook has no effect here, in sentences; call it beside the loop."""
    readers = readers_of(character)
    wrong = sum(one.invalid for one in readers)
    keys = "a key is" if wrong == 1 else f"{wrong} keys are"
    found = [note for one in readers for note in one.book.notes]
    if wrong:
        found.append(f"{keys} no valid pattern, or too large, and never found")
    return tuple(found)
