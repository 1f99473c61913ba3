"""A plugin's own tables: made when they are missing, and used through our transactions."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateColumn
from sqlalchemy.sql import visitors

from core.errors import BadInput, Finding
from core.store import tables

log = logging.getLogger(__name__)

_LONGEST = 63
"""Letters of a name; PostgreSQL cuts what is longer."""
_TAKEN = {"sqlite", "pg", "alembic", "troupe"}
_CONSTANT = re.compile(r"-?[0-9.]+|'[^']*'|true|false|null", re.IGNORECASE)
_USED = (sa.Select, sa.CompoundSelect, sa.Insert, sa.Update, sa.Delete)
_WORDS = ("is_literal", "_prefixes", "_suffixes", "_hints", "_statement_hints")
"""Where a statement of SQLAlchemy's may hold SQL as it was written."""


def prefix(owner: str) -> str:
    """How the names of an owner's tables begin; raises BadInput for an owner without a name.

    "@acme/plugin-todo" has tables like acme_plugin_todo_items.
    """
    name = re.sub(r"[^a-z0-9]+", "_", owner.lower()).strip("_")
    if not name or name in _TAKEN or name in tables.metadata.tables:
        raise BadInput(Finding(owner, "no name under which a plugin can have tables"))
    return f"{name}_"


class OwnTables:
    """core.ports.Own over one connection.

    It keeps a plugin from a mistake; one that means harm lives in our process anyway.
    """

    def __init__(self, connection: sa.Connection, owner: str) -> None:
        self._db = connection
        self._owner = owner
        self._prefix = prefix(owner)

    def rows(self, statement: Any, values: Any = None) -> list[Mapping[str, Any]]:
        return [dict(row) for row in self._checked(statement, values).mappings()]

    def execute(self, statement: Any, values: Any = None) -> int:
        if isinstance(values, Sequence) and not values:
            return 0
        return self._checked(statement, values).rowcount

    def _checked(self, statement: Any, values: Any) -> sa.CursorResult[Any]:
        if not isinstance(statement, _USED):
            raise self._refusal("select, insert, update and delete are possible here")
        for part in _parts(statement):
            if isinstance(part, sa.TextClause) or any(getattr(part, one, ()) for one in _WORDS):
                raise self._refusal("SQL in words cannot be checked: build it from tables")
            if isinstance(part, sa.TableClause) and not self._is_own(part):
                raise self._refusal(f"the table {part.name} is not one of {self._prefix}...")
        return self._db.execute(statement, values, execution_options={"preserve_rowcount": True})

    def _is_own(self, table: sa.TableClause) -> bool:
        return table.name.startswith(self._prefix) and table.schema is None

    def _refusal(self, what: str) -> BadInput:
        return BadInput(Finding(self._owner, what))


def _parts(statement: Any) -> Iterator[Any]:
    """Everything in a statement, also where several rows stand in it."""
    yield from visitors.iterate(statement)
    for rows in getattr(statement, "_multi_values", ()):
        for row in rows:
            for value in row.values() if isinstance(row, Mapping) else row:
                if isinstance(value, sa.ClauseElement):
                    yield from visitors.iterate(value)


def extend(connection: sa.Connection, owner: str, schema: Any) -> None:
    """See core.ports.Store.extend."""
    findings = list(_faults(owner, schema))
    if findings:
        raise BadInput(*findings)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")  # an index takes its time
    there = set(sa.inspect(connection).get_table_names())
    missing = [table for table in schema.sorted_tables if table.name not in there]
    try:
        for table in schema.sorted_tables:
            if table.name in there:
                _complete(connection, owner, table)
        schema.create_all(connection, tables=missing)
    except sa.exc.CompileError:
        what = "its tables have a type that this database has not"
        raise BadInput(
            Finding(owner, what, "Use types of SQLAlchemy that every database has")
        ) from None
    except sa.exc.IntegrityError:
        what = "a new unique index does not fit the rows that are there"
        raise BadInput(Finding(owner, what)) from None
    if missing:
        log.info("tables of %s made: %s", owner, ", ".join(table.name for table in missing))


def _faults(owner: str, schema: Any) -> Iterator[Finding]:
    """What speaks against a schema, whatever the database holds."""
    if not isinstance(schema, sa.MetaData):
        yield Finding(owner, "its schema is no SQLAlchemy MetaData")
        return
    begins = prefix(owner)
    rename = f"Begin it with {begins}"
    for table in schema.tables.values():
        where = f"{owner}, table {table.fullname}"
        if table.schema is not None or not table.name.startswith(begins):
            yield Finding(where, "not a name for a table of this plugin", rename)
        # Rows of ours come and go, and nothing of a plugin's may stand in the way of that.
        for key in table.foreign_keys:
            if key.target_fullname.rpartition(".")[0] not in schema.tables:
                yield Finding(where, f"{key.target_fullname} is not in a table of this plugin")
        names = [str(index.name) for index in table.indexes]
        for name in names:
            # SQLite knows them all by one name, whatever the table.
            if begins not in name:
                what = f"not a name for an index of this plugin: {name}"
                yield Finding(where, what, f"Put {begins} into it")
        for name in (table.name, *names, *(column.name for column in table.columns)):
            if len(name) > _LONGEST:
                yield Finding(where, f"the name {name} is longer than {_LONGEST} letters")


def _complete(connection: sa.Connection, owner: str, table: sa.Table) -> None:
    """Give a table that is there the columns and indexes that it lacks."""
    inspector = sa.inspect(connection)
    known = {column["name"] for column in inspector.get_columns(table.name)}
    new = [column for column in table.columns if column.name not in known]
    findings = [
        Finding(f"{owner}, column {table.name}.{column.name}", what, "Make a new table instead")
        for column in new
        if (what := _obstacle(column))
    ]
    if findings:
        raise BadInput(*findings)
    quoted = connection.dialect.identifier_preparer
    for column in new:
        text = str(CreateColumn(column).compile(dialect=connection.dialect))
        for key in column.foreign_keys:
            target = key.column
            text += f" REFERENCES {quoted.format_table(target.table)}"
            text += f" ({quoted.format_column(target)})"
            text += f" ON DELETE {key.ondelete}" if key.ondelete else ""
        connection.exec_driver_sql(f"ALTER TABLE {quoted.format_table(table)} ADD COLUMN {text}")
        log.info("column %s.%s made for %s", table.name, column.name, owner)
    indexed = {index["name"] for index in inspector.get_indexes(table.name)}
    for index in table.indexes:
        if index.name not in indexed:
            index.create(connection)


def _obstacle(column: sa.Column[Any]) -> str:
    """Why it cannot be added to rows that are there; empty where it can."""
    if column.primary_key or column.unique or column.computed or column.identity:
        return "a key, unique or computed column cannot be added to a table that is there"
    default = column.server_default
    if default is None:
        return "" if column.nullable else "a new column needs nullable=True or a server_default"
    arg = getattr(default, "arg", None)
    if isinstance(arg, str) or _CONSTANT.fullmatch(str(arg)):
        return ""
    return "the server_default of a new column must be a constant"
