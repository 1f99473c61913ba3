"""Vectors in memory, room by room as they are searched; every one of a scope is compared."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.ids import CharacterId, RoomId
from core.numbers import NDArray, np

_SPARE = 64
"""Places kept free behind a matrix that has begun to grow, and an eighth of it."""


_TWO_BYTES = np.dtype("<f2")


class Place(NamedTuple):
    """A table of a room by one model: what lies together in memory."""

    number: int
    character: CharacterId
    room: RoomId


class Kept(NamedTuple):
    """A vector as the database holds it: of length 1, two bytes a number."""

    id: int
    place: int
    entity: int
    at: int
    """Milliseconds since 1970."""
    vector: bytes


@dataclass(frozen=True, slots=True)
class Bounds:
    since: int | None = None
    before: int | None = None
    entity: int | None = None


Load = Callable[[Sequence[int], int], Iterable[Kept]]
"""Everything of some places whose number is greater."""


class _Block:
    """What is known of one place; filled by one thread at a time, read by any number."""

    def __init__(self, width: int) -> None:
        self._vectors: NDArray[np.float32] = np.empty((0, width), np.float32)
        self._facts: NDArray[np.int64] = np.empty((3, 0), np.int64)
        self._size = 0

    @property
    def bytes(self) -> int:
        return self._vectors.nbytes + self._facts.nbytes

    def add(self, rows: Sequence[Kept]) -> None:
        width = self._vectors.shape[1]
        end = self._size + len(rows)
        if end > len(self._vectors):
            # What a search holds meanwhile stays as it was.
            room = end + (_SPARE + end // 8 if self._size else 0)
            vectors = np.empty((room, width), np.float32)
            facts = np.empty((3, room), np.int64)
            vectors[: self._size] = self._vectors[: self._size]
            facts[:, : self._size] = self._facts[:, : self._size]
            self._vectors, self._facts = vectors, facts
        packed = np.frombuffer(b"".join(row.vector for row in rows), _TWO_BYTES)
        new = self._vectors[self._size : end]
        new[:] = packed.reshape(len(rows), width)
        # Rounded to two bytes a number they are not quite of length 1 any more.
        new /= np.sqrt(np.einsum("ij,ij->i", new, new))[:, None]
        self._facts[:, self._size : end] = [
            [row.id for row in rows],
            [row.at for row in rows],
            [row.entity for row in rows],
        ]
        self._size = end

    def now(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        return self._vectors[: self._size], self._facts[:, : self._size]


class Exact:
    """Matrices of the rooms that were searched lately, within a bound of memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._blocks: OrderedDict[Place, _Block] = OrderedDict()
        self._checked: dict[Place, int] = {}
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        with self._lock:
            return sum(block.bytes for block in self._blocks.values())

    def nearest(
        self,
        places: Mapping[Place, Bounds],
        vector: Sequence[float],
        limit: int,
        newest: int,
        load: Load,
    ) -> list[tuple[float, int, Place]]:
        """Cosines and numbers, the nearest first; `newest` is the greatest number there is.

        Runs in the thread and within the transaction of whoever asks.
        """
        asked = np.asarray(vector, np.float32)
        asked = asked / np.linalg.norm(asked)
        self._catch_up(list(places), newest, load)
        found: list[tuple[float, int, Place]] = []
        for place, bounds in places.items():
            # One by one: together they may be more than there is room for.
            vectors, facts = self._block(place, len(asked), newest, load)
            if len(vectors):
                near = _nearest(vectors, facts, asked, bounds, limit)
                found += [(score, number, place) for score, number in near]
        found.sort(reverse=True)
        return found[:limit]

    def forget(self, place: Place) -> None:
        """Something of it has vanished; it is loaded anew when it is asked for."""
        with self._lock:
            self._drop(place)

    def evict(self, character: CharacterId, room: RoomId | None = None) -> None:
        """Keep nothing of a room, or of a character, in memory."""
        with self._lock:
            for place in list(self._blocks):
                if place.character == character and room in (None, place.room):
                    self._drop(place)

    def _catch_up(self, places: list[Place], newest: int, load: Load) -> None:
        with self._lock:
            behind = [
                place for place in places if place in self._blocks and self._checked[place] < newest
            ]
            if not behind:
                return
            after = min(self._checked[place] for place in behind)
        rows: dict[int, list[Kept]] = {}
        for row in load([place.number for place in behind], after):
            rows.setdefault(row.place, []).append(row)
        with self._lock:
            for place in behind:
                if (block := self._blocks.get(place)) is None:
                    continue
                # Another thread may have been here first.
                checked = self._checked[place]
                if new := [row for row in rows.get(place.number, ()) if row.id > checked]:
                    block.add(new)
                self._checked[place] = max(newest, checked, *(row.id for row in new))

    def _block(
        self, place: Place, width: int, newest: int, load: Load
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        with self._lock:
            if (block := self._blocks.get(place)) is not None:
                self._blocks.move_to_end(place)
                return block.now()
        block = _Block(width)
        rows = list(load([place.number], 0))
        if rows:
            block.add(rows)
        with self._lock:
            self._blocks[place] = block
            self._blocks.move_to_end(place)
            self._checked[place] = max(newest, *(row.id for row in rows), 0)
            self._make_room()
            return block.now()

    def _make_room(self) -> None:
        held = sum(block.bytes for block in self._blocks.values())
        while held > self._most and self._blocks:
            place = next(iter(self._blocks))
            held -= self._blocks[place].bytes
            self._drop(place)

    def _drop(self, place: Place) -> None:
        self._blocks.pop(place, None)
        self._checked.pop(place, None)


def _nearest(
    vectors: NDArray[np.float32],
    facts: NDArray[np.int64],
    asked: NDArray[np.float32],
    bounds: Bounds,
    limit: int,
) -> list[tuple[float, int]]:
    ids, at, entities = facts
    # Row by row in this thread: a product by all cores waits for each of them, and took eight
    # times as long on a busy machine.
    scores = np.vecdot(vectors, asked)
    chosen = np.arange(len(scores))
    if bounds.before is not None:
        chosen = chosen[at[chosen] < bounds.before]
    if bounds.since is not None:
        chosen = chosen[at[chosen] >= bounds.since]
    if bounds.entity is not None:
        chosen = chosen[entities[chosen] == bounds.entity]
    if len(chosen) > limit:
        chosen = chosen[np.argpartition(scores[chosen], -limit)[-limit:]]
    return list(zip(scores[chosen].tolist(), ids[chosen].tolist(), strict=True))
