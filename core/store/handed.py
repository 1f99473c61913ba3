"""Many rows handed over as one: at each row that it steps to, sqlite3 lets the other threads go
first, and in a busy process its own turn comes late."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from core.store.tables import moment_of

MEMORY = (
    "json_array(m.id, m.seq, m.character_id, m.room_id, m.world_id, m.entity_id, m.type,"
    " m.content, m.metadata, m.created_at)"
)
"""In SQLite, of memories as m: what `memory` reads."""


class MemoryRow(NamedTuple):
    """As `contents.memory` takes it."""

    id: str
    seq: int
    character_id: str
    room_id: str
    world_id: str | None
    entity_id: str
    type: str
    content: str
    metadata: str
    created_at: datetime


def memory(values: list[Any]) -> MemoryRow:
    values[-1] = moment_of(values[-1])
    return MemoryRow._make(values)


def asked(values: Collection[object]) -> str:
    """For `json_each(?)`: an IN with a placeholder for each value is another statement each time."""
    return orjson.dumps(list(values)).decode()


def of_one(connection: sa.Connection, statement: str, *values: object) -> Any:
    """What a statement of SQLite's hands over in its one row, which is JSON."""
    return orjson.loads(connection.exec_driver_sql(statement, values).scalar_one())
