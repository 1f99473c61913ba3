"""Memories found by their words and by their meaning; what is there is taken in after the start."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "markers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_markers"),
    )
    op.create_table(
        "passages",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.BigInteger(), nullable=False),
        sa.Column("shelf", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("entity", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_passages"),
        sa.ForeignKeyConstraint(
            ["seq"], ["memories.seq"], name="fk_passages_seq", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("seq", name="uq_passages_seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_passages_owner_id", "passages", ["owner", "id"])
    op.create_table(
        "vector_models",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vector_models"),
        sa.UniqueConstraint("name", name="uq_vector_models_name"),
    )
    op.create_table(
        "embeddings",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_embeddings"),
        sa.ForeignKeyConstraint(
            ["seq"], ["memories.seq"], name="fk_embeddings_seq", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["model"], ["vector_models.id"], name="fk_embeddings_model"),
        sa.UniqueConstraint("seq", "model", name="uq_embeddings_seq_model"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_embeddings_owner_model", "embeddings", ["owner", "model"])
    op.create_index("ix_embeddings_place_id", "embeddings", ["place", "id"])
    connection = op.get_bind()
    for statement in _SQLITE if connection.dialect.name == "sqlite" else _POSTGRES:
        connection.exec_driver_sql(statement)


def _terms(row: str) -> str:
    return (
        f"{row}shelf || '__' || {row}room || ' ' || {row}shelf || '_' || replace({row}words, ' ',"
        f" '_' || {row}room || ' ' || {row}shelf || '_') || '_' || {row}room"
    )


_SQLITE = (
    f"CREATE VIEW passages_terms AS SELECT id, {_terms('')} AS terms FROM passages",
    "CREATE VIRTUAL TABLE passages_fts USING fts5(terms, content='passages_terms',"
    " content_rowid='id', detail=none, columnsize=0, tokenize=\"ascii tokenchars '_'\")",
    "CREATE VIRTUAL TABLE passages_counts USING fts5vocab('passages_fts', 'row')",
    "CREATE VIRTUAL TABLE passages_lists USING fts5vocab('passages_fts', 'instance')",
    "CREATE TRIGGER passages_in AFTER INSERT ON passages BEGIN"
    f" INSERT INTO passages_fts(rowid, terms) VALUES (new.id, {_terms('new.')}); END",
    "CREATE TRIGGER passages_out AFTER DELETE ON passages BEGIN INSERT INTO"
    f" passages_fts(passages_fts, rowid, terms) VALUES ('delete', old.id, {_terms('old.')}); END",
    "CREATE TRIGGER memories_out AFTER DELETE ON memories BEGIN UPDATE markers"
    " SET seq = (SELECT coalesce(max(seq), 0) FROM memories) WHERE name = 'passages'"
    " AND seq > (SELECT coalesce(max(seq), 0) FROM memories); END",
)
_POSTGRES = (
    "CREATE INDEX ix_passages_terms ON passages USING gin"
    f" ((array_to_tsvector(string_to_array({_terms('')}, ' ')))) WITH (fastupdate = off)",
    "DO $$ BEGIN CREATE EXTENSION IF NOT EXISTS vector; ALTER TABLE embeddings"
    " ALTER COLUMN vector TYPE halfvec USING NULL::halfvec; EXCEPTION WHEN OTHERS THEN NULL;"
    " END $$",
)
