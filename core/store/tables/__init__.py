"""The tables, as SQLAlchemy Core sees them; rows never leave the store."""

from core.store.tables.columns import Moment, metadata
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
    "Moment",
    "cache",
    "components",
    "deliveries",
    "entities",
    "inbox",
    "memories",
    "metadata",
    "participants",
    "relationships",
    "rooms",
    "settings",
    "spendings",
    "steps",
    "tasks",
    "worlds",
]
