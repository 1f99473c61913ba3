"""The tables of talk: both ledgers, who and where, what was said, settings."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, Table

from core.store.tables.columns import Moment, Serial, metadata
from core.store.texts import Text

inbox = Table(
    "inbox",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
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
    Column("seq", Serial, primary_key=True, autoincrement=True),
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
Index(
    "ix_deliveries_platform_message_id",
    deliveries.c.platform_message_id,
    sqlite_where=deliveries.c.platform_message_id.is_not(None),
)

worlds = Table(
    "worlds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("character_id", Text, nullable=False),
    Column("server_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("metadata", Text, nullable=False, server_default="{}"),
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
Index("ix_rooms_world_id", rooms.c.world_id)

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
Index("ix_participants_entity_id", participants.c.entity_id)

memories = Table(
    "memories",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
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
# Facts and documents are looked for wherever they were learned. Messages are not in it: those are
# many, and what is said must not get dearer to write down.
Index(
    "ix_memories_lore",
    memories.c.character_id,
    memories.c.type,
    memories.c.seq,
    sqlite_where=memories.c.type != "messages",
)

settings = Table(
    "settings",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text),
)
