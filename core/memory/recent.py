"""What was said lately in a room, kept in memory so that a turn reads no rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta

from core.ids import CharacterId, EntityId, RoomId
from core.messages import Memory
from core.messages.hanging import words_of_kept
from core.ports import Store
from core.state import Line

_BUDGET = 12_000_000
"""Bytes for all rooms together; the room that has been silent longest goes first."""
_LINE = 400
"""Bytes that a line costs beside its text: measured, with its ids and times."""
_SAME = timedelta(milliseconds=1)
"""What databases may round away of a time."""
_TRIM = 0.75
"""A full window drops a quarter at once, so that prompts keep a stable beginning for long."""


class Recent:
    """The newest lines of each room, oldest first; written through, bounded in bytes."""

    def __init__(self, store: Store, budget: int = _BUDGET) -> None:
        self._store = store
        self._budget = budget
        self._rooms: OrderedDict[tuple[CharacterId, RoomId], list[Line]] = OrderedDict()
        self._whole: set[tuple[CharacterId, RoomId]] = set()
        self._new: set[tuple[CharacterId, RoomId]] = set()
        self._spent = 0

    async def lines(self, character: CharacterId, room: RoomId, limit: int) -> Sequence[Line]:
        """At most `limit`; reads the database only for a room that nobody spoke in lately."""
        key = (character, room)
        found = self._rooms.get(key)
        if found is None:
            stored = await self._store.read(
                lambda unit: unit.memories.recent(character, room, limit)
            )
            found = [line for line in map(line_of, stored) if line.text]
            self._rooms[key] = found
            if len(stored) < limit:
                self._whole.add(key)
            self._spent += sum(map(_size, found))
            self._shrink()
        else:
            self._rooms.move_to_end(key)
        return found[-limit:] if limit else ()

    def add(self, character: CharacterId, room: RoomId, lines: Sequence[Line], limit: int) -> None:
        """What has just been committed; a room that is not held is read when it is asked for."""
        key = (character, room)
        held = self._rooms.get(key)
        if held is None:
            return
        self._new.discard(key)
        held.extend(lines)
        self._spent += sum(map(_size, lines))
        if len(held) > limit:
            keep = max(1, int(limit * _TRIM))
            self._spent -= sum(map(_size, held[:-keep]))
            del held[:-keep]
            self._whole.discard(key)
        self._shrink()

    def mend(self, character: CharacterId, room: RoomId, line: Line) -> None:
        """A line as it reads from now on, where it is held: the one of that author and time."""
        held = self._rooms.get((character, room), [])
        for at, one in enumerate(held):
            if one.author == line.author and abs(one.at - line.at) < _SAME:
                self._spent += _size(line) - _size(one)
                held[at] = line

    def begin(self, character: CharacterId, room: RoomId) -> None:
        """A room without a past: nothing to read."""
        if (character, room) not in self._rooms:
            self._rooms[character, room] = []
            self._whole.add((character, room))
            self._new.add((character, room))

    def whole(self, character: CharacterId, room: RoomId) -> bool:
        """Whether everything that was ever said there is held, so that there is nothing older."""
        return (character, room) in self._whole

    def new(self, character: CharacterId, room: RoomId) -> bool:
        """Whether nothing was ever said there, as far as is known without looking."""
        return (character, room) in self._new

    def forget(self, character: CharacterId, room: RoomId) -> None:
        """Read it anew next time."""
        gone = self._rooms.pop((character, room), None)
        self._whole.discard((character, room))
        self._new.discard((character, room))
        if gone is not None:
            self._spent -= sum(map(_size, gone))

    def forget_all(self, character: CharacterId) -> None:
        """Read every room of a character anew next time."""
        for whose, room in [key for key in self._rooms if key[0] == character]:
            self.forget(whose, room)

    def _shrink(self) -> None:
        while self._spent > self._budget and len(self._rooms) > 1:
            key, gone = self._rooms.popitem(last=False)
            self._whole.discard(key)
            self._new.discard(key)
            self._spent -= sum(map(_size, gone))


def line_of(memory: Memory) -> Line:
    """A memory as the prompt shows it."""
    ours = memory.author == EntityId(memory.character)
    return Line(
        author=memory.author,
        name=str(memory.metadata.get("entityName", "")),
        # Remarks on what she has sent would be taken for her own way of talking.
        text=memory.content.text if ours else words_of_kept(memory.content),
        at=memory.created_at,
        ours=ours,
    )


def _size(line: Line) -> int:
    return _LINE + len(line.text)
