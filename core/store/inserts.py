"""Insert, unless it is there: the one statement that SQLite and PostgreSQL share and SQL lacks.

SQLAlchemy has it once for each dialect; either would load the other database's half of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement, SyntaxExtension
from sqlalchemy.sql.visitors import InternalTraversal

EMPTY = "{}"


class _OnConflict(SyntaxExtension, ClauseElement):
    """Leave the row that is there as it is, or take these columns over."""

    _traverse_internals = [  # noqa: RUF012  (as SQLAlchemy wants it: part of the cache key)
        ("table", InternalTraversal.dp_string),
        ("keys", InternalTraversal.dp_string_list),
        ("changed", InternalTraversal.dp_string_list),
        ("filled", InternalTraversal.dp_string_list),
        ("owner", InternalTraversal.dp_string),
    ]

    def __init__(
        self, table: str, keys: list[str], changed: list[str], filled: list[str], owner: str
    ) -> None:
        self.table = table
        self.keys = keys
        self.changed = changed
        self.filled = filled
        self.owner = owner

    def apply_to_insert(self, insert_stmt: sa.Insert) -> None:
        insert_stmt.apply_syntax_extension_point(self.append_replacing_same_type, "post_values")


@compiles(_OnConflict)
def _written(clause: _OnConflict, compiler: Any, **how: Any) -> str:
    if not clause.keys:
        return "ON CONFLICT DO NOTHING"
    quoted = compiler.preparer.quote
    table = quoted(clause.table)
    keys = ", ".join(map(quoted, clause.keys))
    changes = [f"{quoted(one)} = excluded.{quoted(one)}" for one in clause.changed]
    changes += [
        f"{one} = CASE {table}.{one} WHEN '{EMPTY}' THEN excluded.{one} ELSE {table}.{one} END"
        for one in map(quoted, clause.filled)
    ]
    text = f"ON CONFLICT ({keys}) DO UPDATE SET {', '.join(changes)}"
    if clause.owner:
        owner = quoted(clause.owner)
        text += f" WHERE {table}.{owner} = excluded.{owner}"
    return text


def add(table: sa.Table) -> sa.Insert:
    """A row that is there already, by any unique key, is left as it is."""
    return sa.insert(table).ext(_OnConflict(table.name, [], [], [], ""))


def put(
    table: sa.Table,
    keys: list[str],
    changed: list[str],
    *,
    filled: Sequence[str] = (),
    owner: str = "",
) -> sa.Insert:
    """A row with the same keys takes over what has changed, and what it holds no JSON of yet.

    With an `owner`, a column, only from a row of the same owner; else it stays as it is.
    """
    return sa.insert(table).ext(_OnConflict(table.name, keys, changed, list(filled), owner))
