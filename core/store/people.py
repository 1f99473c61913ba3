"""Whom a character knows, and who takes part in what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from core.ids import CharacterId, EntityId, RoomId
from core.messages import Entity
from core.store import handed, inserts, tables
from core.store.values import read, written

_E, _P = tables.entities, tables.participants

_MEET = inserts.add(_E).returning(_E.c.id)
_PUT = inserts.put(_E, ["id"], ["names", "metadata"], owner="character_id")
_JOIN = inserts.add(_P)
_STATE = inserts.put(_P, ["room_id", "entity_id"], ["state"], owner="character_id")
_KNOWN = sa.select(_E).where(
    _E.c.id.in_(sa.bindparam("ids", expanding=True)), _E.c.character_id == sa.bindparam("who")
)
_HERE = (
    sa.select(_E)
    .join(_P, _P.c.entity_id == _E.c.id)
    .where(
        _P.c.room_id == sa.bindparam("room"),
        _P.c.character_id == sa.bindparam("who"),
        _E.c.character_id == sa.bindparam("who"),
    )
    .order_by(_E.c.id)
    .limit(sa.bindparam("most"))
)
_CALLED = _HERE.with_only_columns(_E.c.id, _E.c.names)
_CALLED_IN_A_FILE = """
SELECT json_group_array(json_array(id, names)) FROM (
  SELECT e.id, e.names FROM entities AS e JOIN participants AS p ON p.entity_id = e.id
  WHERE p.room_id = ?1 AND p.character_id = ?2 AND e.character_id = ?2 ORDER BY e.id LIMIT ?3)"""
_ROOMS_OF = (
    sa.select(_P.c.room_id)
    .distinct()
    .where(
        _P.c.entity_id.in_(sa.bindparam("ids", expanding=True)),
        _P.c.character_id == sa.bindparam("who"),
    )
    .order_by(_P.c.room_id)
)
_ONE = sa.and_(
    _P.c.room_id == sa.bindparam("room"),
    _P.c.entity_id == sa.bindparam("entity"),
    _P.c.character_id == sa.bindparam("who"),
)
_LEAVE = sa.delete(_P).where(_ONE)
_STATE_OF = sa.select(_P.c.state).where(_ONE)


class PeopleRows:
    """core.ports.People over one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def meet(self, entities: Sequence[Entity]) -> None:
        if not entities:
            return
        newest = {one.id: one for one in entities}
        new = set(self._db.execute(_MEET, list(map(_row, newest.values()))).scalars())
        met = [one for one in newest.values() if one.id not in new]
        changed: list[Entity] = []
        for character in {one.character for one in met}:
            before = {one.id: one for one in self.known(character, [one.id for one in met])}
            for one in met:
                if (was := before.get(one.id)) is None:
                    continue
                # What others have written down about them stays, beside what a platform says.
                now = replace(one, metadata=was.metadata | one.metadata)
                if now != was:
                    changed.append(now)
        if changed:
            self._db.execute(_PUT, list(map(_row, changed)))

    def known(self, character: CharacterId, ids: Sequence[EntityId]) -> list[Entity]:
        return [_entity(row) for row in self._db.execute(_KNOWN, {"ids": ids, "who": character})]

    def join(self, character: CharacterId, room: RoomId, entities: Sequence[EntityId]) -> None:
        if entities:
            self._db.execute(
                _JOIN,
                [
                    {"room_id": room, "entity_id": one, "character_id": character, "state": ""}
                    for one in entities
                ],
            )

    def put(self, entity: Entity) -> None:
        self._db.execute(_PUT, _row(entity))

    def here(self, character: CharacterId, room: RoomId, *, limit: int = 100) -> list[Entity]:
        rows = self._db.execute(_HERE, {"room": room, "who": character, "most": limit})
        return [_entity(row) for row in rows]

    def called(
        self, character: CharacterId, room: RoomId, *, limit: int = 100
    ) -> list[tuple[EntityId, Sequence[str]]]:
        rows: Iterable[Any]
        if self._db.dialect.name == "sqlite":
            rows = handed.of_one(self._db, _CALLED_IN_A_FILE, room, character, limit)
        else:
            rows = self._db.execute(_CALLED, {"room": room, "who": character, "most": limit})
        return [(EntityId(one), read(names)) for one, names in rows]

    def rooms_of(self, character: CharacterId, entities: Sequence[EntityId]) -> list[RoomId]:
        rows = self._db.execute(_ROOMS_OF, {"ids": entities, "who": character})
        return [RoomId(room) for room in rows.scalars()]

    def leave(self, character: CharacterId, room: RoomId, entity: EntityId) -> None:
        self._db.execute(_LEAVE, {"room": room, "entity": entity, "who": character})

    def state(self, character: CharacterId, room: RoomId, entity: EntityId) -> str:
        found = self._db.execute(_STATE_OF, {"room": room, "entity": entity, "who": character})
        return found.scalar() or ""

    def set_state(self, character: CharacterId, room: RoomId, entity: EntityId, state: str) -> None:
        self._db.execute(
            _STATE,
            {"room_id": room, "entity_id": entity, "character_id": character, "state": state},
        )


def _row(entity: Entity) -> dict[str, Any]:
    return {
        "id": entity.id,
        "character_id": entity.character,
        "names": written(entity.names),
        "metadata": written(entity.metadata),
    }


def _entity(row: Any) -> Entity:
    return Entity(
        id=EntityId(row.id),
        character=CharacterId(row.character_id),
        names=tuple(read(row.names)),
        metadata=read(row.metadata),
    )
