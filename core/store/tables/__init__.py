"""The tables, as SQLAlchemy Core sees them; rows never leave the store."""

from core.store.tables.columns import Moment, metadata, milliseconds, milliseconds_of, moment_of
from core.store.tables.found import TERMS, embeddings, markers, passages, vector_models
from core.store.tables.kept import cache, components, relationships, spendings, steps, tasks
from core.store.tables.talk import (
    OPEN,
    deliveries,
    entities,
    inbox,
    memories,
    participants,
    rooms,
    settings,
    worlds,
)

__all__ = [
    "OPEN",
    "TERMS",
    "Moment",
    "cache",
    "components",
    "deliveries",
    "embeddings",
    "entities",
    "inbox",
    "markers",
    "memories",
    "metadata",
    "milliseconds",
    "milliseconds_of",
    "moment_of",
    "participants",
    "passages",
    "relationships",
    "rooms",
    "settings",
    "spendings",
    "steps",
    "tasks",
    "vector_models",
    "worlds",
]
