"""Vectors that a server compares itself: PostgreSQL with the extension pgvector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from core.ports import Scope
from core.store import codes
from core.store.tables import Moment, milliseconds

_THERE = sa.text(
    "SELECT format_type(atttypid, NULL) FROM pg_attribute"
    " WHERE attrelid = to_regclass('embeddings') AND attname = 'vector'"
)
_NEAREST = sa.text(
    # Of vectors of length 1 the product is the cosine, and takes half the time.
    "SELECT e.id, -(e.vector <#> CAST(:asked AS halfvec)) AS score"
    " FROM unnest(CAST(:places AS bigint[]), CAST(:starts AS bigint[])) AS s(place, start)"
    " JOIN embeddings e ON e.place = s.place"
    " WHERE (s.start IS NULL OR e.created_at >= s.start)"
    " AND (CAST(:before AS bigint) IS NULL OR e.created_at < :before)"
    " AND (CAST(:entity AS bigint) IS NULL OR e.entity = :entity)"
    " ORDER BY e.vector <#> CAST(:asked AS halfvec), e.id DESC LIMIT :most"
).bindparams(sa.bindparam("before", type_=Moment))


class _Halves(sa.types.UserDefinedType[str]):
    """Two bytes a number."""

    cache_ok = True

    def get_col_spec(self, **how: Any) -> str:
        return "halfvec"


def there(connection: sa.Connection) -> bool:
    """Whether our column is one of pgvector's."""
    if connection.dialect.name != "postgresql":
        return False
    return bool(connection.execute(_THERE).scalar() == "halfvec")


def given(name: str) -> sa.ColumnElement[Any]:
    """A value for the column, as `written` makes it."""
    return sa.cast(sa.bindparam(name, type_=sa.Text), _Halves)


def shown(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    return sa.cast(column, sa.Text)


def written(vector: Sequence[float]) -> str:
    return orjson.dumps(vector).decode()


def read(vector: str) -> tuple[float, ...]:
    return tuple(orjson.loads(vector))


def nearest(
    connection: sa.Connection,
    scope: Scope,
    places: Mapping[int, datetime | None],
    vector: Sequence[float],
    limit: int,
) -> list[tuple[float, int, None]]:
    """Cosines and numbers, the nearest first, of a vector of length 1; each place from its start."""
    starts = [milliseconds(one) for one in places.values()]
    rows = connection.execute(
        _NEAREST,
        {
            "asked": written(list(vector)),
            "places": list(places),
            "starts": starts,
            "before": scope.before,
            "entity": None if scope.entity is None else codes.number(scope.entity),
            "most": limit,
        },
    )
    return [(row.score, row.id, None) for row in rows]
