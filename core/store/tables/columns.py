"""What the columns of all tables share: their names, their moments, their numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Integer

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
        return milliseconds(value)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else moment_of(value)


def milliseconds(moment: datetime | None) -> int | None:
    """As a column holds it."""
    return None if moment is None else round(moment.timestamp() * 1000)


def moment_of(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def milliseconds_of(column: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """The column as it is, for thousands of rows that are only compared."""
    return sa.type_coerce(column, BigInteger)


Serial = BigInteger().with_variant(Integer, "sqlite")
"""An INTEGER primary key is SQLite's own rowid; elsewhere the ledgers may outgrow 32 bits."""
