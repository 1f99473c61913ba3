"""What people may ask about themselves, and what goes with time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.ids import CharacterId, EntityId
from core.ports.persons import Forgotten, Traced
from core.store import tables
from core.store.erasing import erase
from core.store.exporting import exported
from core.store.traces import Traces, parts
from core.store.values import read

_E, _M, _R = tables.entities, tables.memories, tables.rooms
_TALK = ("messages", "action_results")
"""What grows old; facts, documents, knowledge and plugins' own tables do not."""
_PEOPLE = sa.select(_E).order_by(_E.c.character_id, _E.c.id)
_OLDEST = (
    sa.select(_M.c.created_at)
    .where(_M.c.room_id == _R.c.id, _M.c.type == sa.bindparam("kind"))
    .order_by(_M.c.seq)
    .limit(1)
    .scalar_subquery()
)
# One look at the oldest row of each room: memories have no index by time, and what was said first
# was written down first, but for what was brought in later, which goes when it is met.
_AGEING = sa.select(_R.c.id).where(
    _R.c.character_id == sa.bindparam("who"), _OLDEST.op("<")(sa.bindparam("before"))
)
_OLD = (
    sa.select(_M.c.seq)
    .where(
        _M.c.room_id == sa.bindparam("room"),
        _M.c.type == sa.bindparam("kind"),
        _M.c.character_id == sa.bindparam("who"),
        _M.c.created_at < sa.bindparam("before"),
    )
    .order_by(_M.c.seq)
    .limit(sa.bindparam("most"))
)
_LORE = _M.c.type != sa.literal_column("'messages'")  # as in its index
_FACTS = sa.and_(_M.c.character_id == sa.bindparam("who"), _LORE, _M.c.type == "facts")
_CROWDED = (
    sa.select(_M.c.room_id)
    .where(_FACTS)
    .group_by(_M.c.room_id)
    .having(sa.func.count() > sa.bindparam("most"))
)
_FACTS_OF = sa.select(_M.c.seq, _M.c.metadata).where(_FACTS, _M.c.room_id == sa.bindparam("room"))
_DROP = sa.delete(_M).where(_M.c.seq.in_(sa.bindparam("ids", expanding=True)))


class PersonRows:
    """core.ports.Persons over one connection."""

    def __init__(
        self, connection: sa.Connection, settings: Callable[[str], Mapping[str, str | None]]
    ) -> None:
        """`settings` gives what somebody has set, unsealed."""
        self._db = connection
        self._settings = settings

    def traced(self, character: CharacterId, entity: EntityId) -> Traced:
        return Traces(self._db, character, entity).traced()

    def forget(
        self,
        character: CharacterId,
        entity: EntityId,
        now: datetime,
        traced: Traced | None = None,
    ) -> Forgotten:
        return erase(self._db, character, entity, now, traced)

    def export(self, character: CharacterId, entity: EntityId) -> Mapping[str, Any]:
        return exported(self._db, character, entity, self._settings)

    def named(
        self, name: str, character: CharacterId | None = None, *, limit: int = 20
    ) -> Sequence[tuple[CharacterId, EntityId, str]]:
        # Compared here: SQLite knows the cases of ASCII letters only.
        wanted = name.strip().removeprefix("@").casefold()
        found: list[tuple[CharacterId, EntityId, str]] = []
        query = _PEOPLE if character is None else _PEOPLE.where(_E.c.character_id == character)
        for row in self._db.execute(query):
            if len(found) == limit:
                break
            names = [str(one) for one in read(row.names) or ()]
            known = {row.id, *names, *_ids(read(row.metadata) or {})}
            if wanted and wanted in {one.casefold() for one in known}:
                shown = names[0] if names else ""
                found.append((CharacterId(row.character_id), EntityId(row.id), shown))
        return found

    def expire(
        self, character: CharacterId, before: datetime, *, facts: int, limit: int = 1000
    ) -> int:
        seqs: list[int] = []
        for one in (*self._old(character, before, limit), *self._least(character, facts)):
            if len(seqs) == limit:
                break
            seqs.append(one)
        return sum(self._db.execute(_DROP, {"ids": some}).rowcount for some in parts(seqs))

    def _old(self, character: CharacterId, before: datetime, limit: int) -> Iterator[int]:
        asked: dict[str, Any] = {"who": character, "before": before, "most": limit}
        for kind in _TALK:
            rooms = self._db.execute(_AGEING, {**asked, "kind": kind}).scalars()
            for room in list(rooms):
                found = self._db.execute(_OLD, {**asked, "kind": kind, "room": room})
                yield from list(found.scalars())

    def _least(self, character: CharacterId, most: int) -> Iterator[int]:
        """Facts that a room has too many of: the least sure and oldest first."""
        rooms = self._db.execute(_CROWDED, {"who": character, "most": most}).scalars()
        for room in list(rooms):
            rows = list(self._db.execute(_FACTS_OF, {"who": character, "room": room}))
            rows.sort(key=lambda row: (_sureness(row.metadata), row.seq))
            yield from (row.seq for row in rows[: len(rows) - most])


def _ids(metadata: Mapping[str, Any]) -> Iterator[str]:
    """What platforms call somebody."""
    for one in metadata.values():
        if isinstance(one, Mapping):
            yield from (str(one[name]) for name in ("id", "userName") if one.get(name))


def _sureness(metadata: str) -> float:
    """A fact that says nothing of it is as sure as one can be."""
    told = (read(metadata) or {}).get("confidence")
    return float(told) if isinstance(told, int | float) else 1.0
