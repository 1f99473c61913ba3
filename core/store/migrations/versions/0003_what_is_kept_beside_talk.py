"""What is kept beside talk: plans, tasks, components, relationships, costs, a cache."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("worlds", sa.Column("metadata", sa.Text(), nullable=False, server_default="{}"))
    op.create_index("ix_rooms_world_id", "rooms", ["world_id"])
    op.create_index("ix_participants_entity_id", "participants", ["entity_id"])
    _partial("ix_memories_lore", "memories", ["character_id", "type", "seq"], "type != 'messages'")
    _partial(
        "ix_steps_open", "steps", ["started_at", "turn_id"], "ordinal = 0 AND status = 'started'"
    )
    op.create_index("ix_steps_started_at", "steps", ["started_at"])

    op.create_table(
        "tasks",
        sa.Column("seq", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("character_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=True),
        sa.Column("world_id", sa.Text(), nullable=True),
        sa.Column("entity_id", sa.Text(), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("interval", sa.Float(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_tasks"),
        sa.UniqueConstraint("id", name="uq_tasks_id"),
    )
    op.create_index("ix_tasks_character_id_room_id", "tasks", ["character_id", "room_id"])

    op.create_table(
        "components",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("character_id", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=True),
        sa.Column("world_id", sa.Text(), nullable=True),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_components"),
    )
    op.create_index("ix_components_entity_id_type", "components", ["entity_id", "type"])

    op.create_table(
        "relationships",
        sa.Column("character_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("character_id", "source_id", "target_id", name="pk_relationships"),
    )
    op.create_index("ix_relationships_target_id", "relationships", ["target_id"])

    op.create_table(
        "spendings",
        sa.Column("seq", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("character_id", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=False),
        sa.Column("completion_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cached_tokens", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.Float(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=True),
        sa.Column("turn_id", sa.Text(), nullable=True),
        sa.Column("room_id", sa.Text(), nullable=True),
        sa.Column("entity_id", sa.Text(), nullable=True),
        sa.Column("spent_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_spendings"),
    )
    op.create_index("ix_spendings_spent_at", "spendings", ["spent_at"])

    op.create_table(
        "cache",
        sa.Column("character_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("character_id", "key", name="pk_cache"),
    )
    _partial("ix_cache_expires_at", "cache", ["expires_at"], "expires_at IS NOT NULL")


def _partial(name: str, table: str, columns: list[str], rows: str) -> None:
    op.create_index(
        name, table, columns, sqlite_where=sa.text(rows), postgresql_where=sa.text(rows)
    )
