"""The tables by which memories are found: their words, their vectors, how far both have come."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table

from core.store.tables.columns import Moment, Serial, metadata
from core.store.texts import Text

markers = Table(
    "markers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

# Numbers of their own that are never given twice, for memories.seq is where the newest is deleted;
# whose words have changed gets a new one, and so comes up again behind everything else.
passages = Table(
    "passages",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("seq", BigInteger, ForeignKey("memories.seq", ondelete="CASCADE"), nullable=False),
    Column("owner", BigInteger, nullable=False),
    Column("shelf", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("entity", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("words", Text, nullable=False),
    sa.UniqueConstraint("seq"),
    sqlite_autoincrement=True,
)
Index("ix_passages_owner_id", passages.c.owner, passages.c.id)

vector_models = Table(
    "vector_models",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
    Column("width", Integer, nullable=False),
)

embeddings = Table(
    "embeddings",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("seq", BigInteger, ForeignKey("memories.seq", ondelete="CASCADE"), nullable=False),
    Column("model", BigInteger, ForeignKey("vector_models.id"), nullable=False),
    Column("owner", BigInteger, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("entity", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    sa.UniqueConstraint("seq", "model"),
    sqlite_autoincrement=True,
)
Index("ix_embeddings_owner_model", embeddings.c.owner, embeddings.c.model)
Index("ix_embeddings_place_id", embeddings.c.place, embeddings.c.id)


def _terms(row: str) -> str:
    """What the full-text index holds of a row: every word with its place, `shelf_word_room`.

    So a room's occurrences of a word are one list, those of all rooms of a character neighbours.
    A list of a word alone would be everybody's, and each search would walk over all of it. The
    empty word is in every passage.
    """
    return (
        f"{row}shelf || '__' || {row}room || ' ' || {row}shelf || '_' || replace({row}words, ' ',"
        f" '_' || {row}room || ' ' || {row}shelf || '_') || '_' || {row}room"
    )


SQLITE = (
    f"CREATE VIEW passages_terms AS SELECT id, {_terms('')} AS terms FROM passages",
    # Where in a text a word stands, and how long the text is, nobody asks.
    "CREATE VIRTUAL TABLE passages_fts USING fts5(terms, content='passages_terms',"
    " content_rowid='id', detail=none, columnsize=0, tokenize=\"ascii tokenchars '_'\")",
    "CREATE VIRTUAL TABLE passages_counts USING fts5vocab('passages_fts', 'row')",
    "CREATE VIRTUAL TABLE passages_lists USING fts5vocab('passages_fts', 'instance')",
    "CREATE TRIGGER passages_in AFTER INSERT ON passages BEGIN"
    f" INSERT INTO passages_fts(rowid, terms) VALUES (new.id, {_terms('new.')}); END",
    "CREATE TRIGGER passages_out AFTER DELETE ON passages BEGIN INSERT INTO"
    f" passages_fts(passages_fts, rowid, terms) VALUES ('delete', old.id, {_terms('old.')}); END",
    # The number of a deleted newest row is given again: it must not count as looked at.
    "CREATE TRIGGER memories_out AFTER DELETE ON memories BEGIN UPDATE markers"
    " SET seq = (SELECT coalesce(max(seq), 0) FROM memories) WHERE name = 'passages'"
    " AND seq > (SELECT coalesce(max(seq), 0) FROM memories); END",
)
TERMS = f"array_to_tsvector(string_to_array({_terms('')}, ' '))"
POSTGRES = (
    # Without the list of what is not sorted in yet: it is walked by every search.
    f"CREATE INDEX ix_passages_terms ON passages USING gin (({TERMS})) WITH (fastupdate = off)",
    # Half the size of "vector", as in a file; where the server has none of it, bytes stay bytes.
    "DO $$ BEGIN CREATE EXTENSION IF NOT EXISTS vector; ALTER TABLE embeddings"
    " ALTER COLUMN vector TYPE halfvec USING NULL::halfvec; EXCEPTION WHEN OTHERS THEN NULL;"
    " END $$",
)


for _dialect, _statements in (("sqlite", SQLITE), ("postgresql", POSTGRES)):
    for _statement in _statements:
        # As it stands: a % in it would be one of DDL's own.
        _made = sa.DDL(  # type: ignore[no-untyped-call]  # SQLAlchemy left it so
            _statement.replace("%", "%%")
        ).execute_if(dialect=_dialect)
        sa.event.listen(metadata, "after_create", _made)
