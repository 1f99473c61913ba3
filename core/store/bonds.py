"""What is known about entities, and how they stand to each other."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from core.ids import CharacterId, EntityId, RoomId, WorldId
from core.kept import Component, Relationship
from core.store import inserts, tables
from core.store.values import read, written

_C, _R = tables.components, tables.relationships
_PUT_COMPONENT = inserts.put(
    _C,
    ["id"],
    ["entity_id", "type", "data", "room_id", "world_id", "source_id"],
    owner="character_id",
)
_DROP_COMPONENT = sa.delete(_C).where(
    _C.c.id == sa.bindparam("row"), _C.c.character_id == sa.bindparam("who")
)
_PUT_RELATIONSHIP = inserts.put(
    _R, ["character_id", "source_id", "target_id"], ["tags", "metadata"]
)
# Two halves, each by its own key; UNION also drops the second sight of somebody's bond to itself.
_HALVES = [
    sa.select(_R).where(
        _R.c.character_id == sa.bindparam("who"), end == sa.bindparam("entity", unique=False)
    )
    for end in (_R.c.source_id, _R.c.target_id)
]
_BOTH = sa.union(*_HALVES).subquery()
_RELATIONSHIPS = sa.select(_BOTH).order_by(
    _BOTH.c.created_at.nulls_first(), _BOTH.c.source_id, _BOTH.c.target_id
)


class BondRows:
    """core.ports.Bonds over one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def put_component(self, component: Component) -> None:
        self._db.execute(
            _PUT_COMPONENT,
            {
                "id": component.id,
                "character_id": component.character,
                "entity_id": component.entity,
                "type": component.type,
                "data": written(component.data),
                "room_id": component.room,
                "world_id": component.world,
                "source_id": component.source,
            },
        )

    def components(
        self,
        character: CharacterId,
        entity: EntityId,
        *,
        type: str = "",
        world: WorldId | None = None,
        source: EntityId | None = None,
    ) -> list[Component]:
        query = sa.select(_C).where(_C.c.entity_id == entity, _C.c.character_id == character)
        if type:
            query = query.where(_C.c.type == type)
        if world is not None:
            query = query.where(_C.c.world_id == world)
        if source is not None:
            query = query.where(_C.c.source_id == source)
        return [
            Component(
                id=row.id,
                entity=EntityId(row.entity_id),
                character=CharacterId(row.character_id),
                type=row.type,
                data=read(row.data),
                room=RoomId(row.room_id) if row.room_id else None,
                world=WorldId(row.world_id) if row.world_id else None,
                source=EntityId(row.source_id) if row.source_id else None,
            )
            for row in self._db.execute(query.order_by(_C.c.type, _C.c.id))
        ]

    def drop_component(self, character: CharacterId, component: str) -> None:
        self._db.execute(_DROP_COMPONENT, {"row": component, "who": character})

    def put_relationship(self, relationship: Relationship) -> None:
        self._db.execute(
            _PUT_RELATIONSHIP,
            {
                "character_id": relationship.character,
                "source_id": relationship.source,
                "target_id": relationship.target,
                "id": relationship.id,
                "tags": written(relationship.tags),
                "metadata": written(relationship.metadata),
                "created_at": relationship.created_at,
            },
        )

    def relationships(
        self, character: CharacterId, entity: EntityId, *, tags: Iterable[str] = ()
    ) -> list[Relationship]:
        wanted = frozenset(tags)
        rows = self._db.execute(_RELATIONSHIPS, {"who": character, "entity": entity})
        found = [
            Relationship(
                id=row.id,
                character=CharacterId(row.character_id),
                source=EntityId(row.source_id),
                target=EntityId(row.target_id),
                tags=frozenset(read(row.tags)),
                metadata=read(row.metadata),
                created_at=row.created_at,
            )
            for row in rows
        ]
        return [one for one in found if wanted <= one.tags]
