"""The tables of what is kept beside talk: steps, tasks, bonds, what was spent, the cache."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Float, Index, Integer, Table

from core.store.tables.columns import Moment, Serial, metadata
from core.store.texts import Text

steps = Table(
    "steps",
    metadata,
    Column("turn_id", Text, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("action", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("result", Text),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
)
# Plans of turns that are not over: at most as many as turns run at once.
Index(
    "ix_steps_open",
    steps.c.started_at,
    steps.c.turn_id,
    sqlite_where=sa.and_(steps.c.ordinal == 0, steps.c.status == "started"),
)
Index("ix_steps_started_at", steps.c.started_at)

tasks = Table(
    "tasks",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("character_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("room_id", Text),
    Column("world_id", Text),
    Column("entity_id", Text),
    Column("metadata", Text, nullable=False),
    Column("interval", Float, nullable=False),
    Column("due_at", Moment),
    Column("updated_at", Moment),
    Column("failures", Integer, nullable=False),
)
Index("ix_tasks_character_id_room_id", tasks.c.character_id, tasks.c.room_id)

components = Table(
    "components",
    metadata,
    Column("id", Text, primary_key=True),
    Column("character_id", Text, nullable=False),
    Column("entity_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("room_id", Text),
    Column("world_id", Text),
    Column("source_id", Text),
)
Index("ix_components_entity_id_type", components.c.entity_id, components.c.type)

relationships = Table(
    "relationships",
    metadata,
    # The pair is the key, and not the id: whoever asks for a pair has no id at hand.
    Column("character_id", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("target_id", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("created_at", Moment),
)
Index("ix_relationships_target_id", relationships.c.target_id)

spendings = Table(
    "spendings",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("character_id", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("units", Float, nullable=False),
    Column("cost", Float),
    Column("turn_id", Text),
    Column("room_id", Text),
    Column("entity_id", Text),
    Column("spent_at", Moment, nullable=False),
)
Index("ix_spendings_spent_at", spendings.c.spent_at)

cache = Table(
    "cache",
    metadata,
    Column("character_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("expires_at", Moment),
)
Index(
    "ix_cache_expires_at",
    cache.c.expires_at,
    sqlite_where=cache.c.expires_at.is_not(None),
)
