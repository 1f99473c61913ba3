"""Alembic's way to our tables: one revision is one transaction, so a kill leaves all or nothing."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context

from core.store.tables import metadata


def in_a_file(url: str) -> None:
    engine = sa.create_engine(url)

    @sa.event.listens_for(engine, "connect")
    def leave_transactions_to_us(connection: Any, record: object) -> None:
        connection.isolation_level = None  # sqlite3 would commit before every CREATE TABLE

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.connect() as connection:
        along(connection)
    engine.dispose()


def along(connection: sa.Connection) -> None:
    """In the transaction that is open on the connection, else in one of its own."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if (given := context.config.attributes.get("connection")) is not None:
    along(given)
else:
    in_a_file(context.config.attributes["url"])
