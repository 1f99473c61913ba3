"""Insert, unless it is there: the one statement that SQLite and PostgreSQL share and SQL lacks.

SQLAlchemy has it once for each dialect; either would load the other database's half of it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement, SyntaxExtension
from sqlalchemy.sql.visitors import InternalTraversal


class _OnConflict(SyntaxExtension, ClauseElement):
    """Leave the row that is there as it is, or take these columns over."""

    _traverse_internals = [  # noqa: RUF012  (as SQLAlchemy wants it: part of the cache key)
        ("keys", InternalTraversal.dp_string_list),
        ("changed", InternalTraversal.dp_string_list),
    ]

    def __init__(self, keys: list[str], changed: list[str]) -> None:
        self.keys = keys
        self.changed = changed

    def apply_to_insert(self, insert_stmt: sa.Insert) -> None:
        insert_stmt.apply_syntax_extension_point(self.append_replacing_same_type, "post_values")


@compiles(_OnConflict)
def _written(clause: _OnConflict, compiler: Any, **how: Any) -> str:
    if not clause.keys:
        return "ON CONFLICT DO NOTHING"
    quoted = compiler.preparer.quote
    keys = ", ".join(map(quoted, clause.keys))
    changes = ", ".join(f"{quoted(one)} = excluded.{quoted(one)}" for one in clause.changed)
    return f"ON CONFLICT ({keys}) DO UPDATE SET {changes}"


def add(table: sa.Table) -> sa.Insert:
    """A row that is there already, by any unique key, is left as it is."""
    return sa.insert(table).ext(_OnConflict([], []))


def put(table: sa.Table, keys: list[str], changed: list[str]) -> sa.Insert:
    """A row with the same keys takes over what has changed."""
    return sa.insert(table).ext(_OnConflict(keys, changed))
