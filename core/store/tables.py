"""The tables, as SQLAlchemy Core sees them; rows never leave this package."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, Table

from core.store.texts import Text

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware datetime, kept as whole milliseconds since 1970, the same on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else round(value.timestamp() * 1000)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


# An INTEGER primary key is SQLite's own rowid; elsewhere the ledgers may outgrow 32 bits.
_Serial = BigInteger().with_variant(Integer, "sqlite")

inbox = Table(
    "inbox",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("account", Text, nullable=False),
    Column("event_key", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("keep", Boolean),
    Column("status", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("successor", BigInteger),
    Column("received_at", Moment, nullable=False),
    Column("closed_at", Moment),
    sa.UniqueConstraint("account", "event_key"),
    sqlite_autoincrement=True,
)
Index(
    "ix_inbox_open",
    inbox.c.id,
    sqlite_where=inbox.c.status == "new",
)
Index(
    "ix_inbox_closed_at",
    inbox.c.closed_at,
    sqlite_where=inbox.c.closed_at.is_not(None),
)

OPEN = ("pending", "sending", "uncertain", "growing")

deliveries = Table(
    "deliveries",
    metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),
    Column("account", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("target_message_id", Text),
    Column("payload", Text, nullable=False),
    Column("direct", Boolean, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("not_before", Float, nullable=False),
    Column("platform_message_id", Text),
    Column("reason", Text, nullable=False),
    Column("turn_id", Text, nullable=False),
    Column("step", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment),
    sa.UniqueConstraint("turn_id", "step", "ordinal"),
    sqlite_autoincrement=True,
)
Index(
    "ix_deliveries_open",
    deliveries.c.account,
    deliveries.c.seq,
    sqlite_where=deliveries.c.status.in_(OPEN),
)
Index(
    "ix_deliveries_settled_at",
    deliveries.c.settled_at,
    sqlite_where=deliveries.c.settled_at.is_not(None),
)

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

worlds = Table(
    "worlds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("character_id", Text, nullable=False),
    Column("server_id", Text, nullable=False),
    Column("name", Text, nullable=False),
)

rooms = Table(
    "rooms",
    metadata,
    Column("id", Text, primary_key=True),
    Column("character_id", Text, nullable=False),
    Column("world_id", Text, ForeignKey("worlds.id"), nullable=False),
    Column("account", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("forgotten_before", Moment),
    sa.UniqueConstraint("character_id", "account", "channel", "thread"),
)
Index("ix_rooms_account_channel", rooms.c.account, rooms.c.channel)

entities = Table(
    "entities",
    metadata,
    Column("id", Text, primary_key=True),
    Column("character_id", Text, nullable=False),
    Column("names", Text, nullable=False),
    Column("metadata", Text, nullable=False),
)

participants = Table(
    "participants",
    metadata,
    Column("room_id", Text, ForeignKey("rooms.id"), primary_key=True),
    Column("entity_id", Text, primary_key=True),
    Column("character_id", Text, nullable=False),
    Column("state", Text, nullable=False),
)

memories = Table(
    "memories",
    metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("character_id", Text, nullable=False),
    Column("room_id", Text, ForeignKey("rooms.id"), nullable=False),
    Column("world_id", Text),
    Column("entity_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)
# elizaOS' ids differ by character already, so the room alone leads; the character is checked too.
Index("ix_memories_room_id_type_seq", memories.c.room_id, memories.c.type, memories.c.seq)

settings = Table(
    "settings",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text),
)
