"""Stored tasks: what is to be done at a time, or once somebody has chosen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from core.ids import CharacterId, EntityId, RoomId, WorldId
from core.kept import Task
from core.store import inserts, tables
from core.store.values import read, written

_T = tables.tasks
_PUT = inserts.put(
    _T,
    ["id"],
    [one.name for one in _T.c if one.name not in ("seq", "id", "character_id")],
    owner="character_id",
)
_GET = sa.select(_T).where(
    _T.c.id == sa.bindparam("task"), _T.c.character_id == sa.bindparam("who")
)
_DROP = sa.delete(_T).where(
    _T.c.id == sa.bindparam("task"), _T.c.character_id == sa.bindparam("who")
)


class TaskRows:
    """core.ports.Tasks over one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def put(self, task: Task) -> None:
        self._db.execute(
            _PUT,
            {
                "id": task.id,
                "character_id": task.character,
                "name": task.name,
                "description": task.description,
                "tags": written(task.tags),
                "room_id": task.room,
                "world_id": task.world,
                "entity_id": task.entity,
                "metadata": written(task.metadata),
                "interval": task.interval,
                "due_at": task.due_at,
                "updated_at": task.updated_at,
                "failures": task.failures,
            },
        )

    def get(self, character: CharacterId, task: str) -> Task | None:
        row = self._db.execute(_GET, {"task": task, "who": character}).one_or_none()
        return None if row is None else _task(row)

    def find(
        self,
        character: CharacterId | None = None,
        *,
        name: str = "",
        tags: Iterable[str] = (),
        room: RoomId | None = None,
        entity: EntityId | None = None,
    ) -> list[Task]:
        query = sa.select(_T).order_by(_T.c.seq)
        if character is not None:
            query = query.where(_T.c.character_id == character)
        if name:
            query = query.where(_T.c.name == name)
        if room is not None:
            query = query.where(_T.c.room_id == room)
        if entity is not None:
            query = query.where(_T.c.entity_id == entity)
        wanted = frozenset(tags)
        for tag in sorted(wanted):
            # Only to read less: whether it bears the tag is said below.
            query = query.where(_T.c.tags.contains(written(tag), autoescape=True))
        return [task for row in self._db.execute(query) if wanted <= (task := _task(row)).tags]

    def drop(self, character: CharacterId, task: str) -> bool:
        return self._db.execute(_DROP, {"task": task, "who": character}).rowcount > 0


def _task(row: Any) -> Task:
    return Task(
        id=row.id,
        character=CharacterId(row.character_id),
        name=row.name,
        description=row.description,
        tags=frozenset(read(row.tags)),
        room=RoomId(row.room_id) if row.room_id else None,
        world=WorldId(row.world_id) if row.world_id else None,
        entity=EntityId(row.entity_id) if row.entity_id else None,
        metadata=read(row.metadata),
        interval=row.interval,
        due_at=row.due_at,
        updated_at=row.updated_at,
        failures=row.failures,
    )
