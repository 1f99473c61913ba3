"""A key-value store of each character's own; what has run out is as if it were not there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.ids import CharacterId
from core.store import inserts, tables
from core.store.values import read, written

_T = tables.cache
_MINE = sa.and_(_T.c.key == sa.bindparam("name"), _T.c.character_id == sa.bindparam("who"))
_GET = sa.select(_T.c.value).where(
    _MINE, sa.or_(_T.c.expires_at.is_(None), _T.c.expires_at > sa.bindparam("now"))
)
_PUT = inserts.put(_T, ["character_id", "key"], ["value", "expires_at"])
_DROP = sa.delete(_T).where(_MINE)
_FORGET = sa.delete(_T).where(_T.c.expires_at <= sa.bindparam("now"))


class CacheRows:
    """core.ports.Cache over one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def get(self, character: CharacterId, key: str, now: datetime) -> Any:
        found = self._db.execute(_GET, {"name": key, "who": character, "now": now})
        return read(found.scalar())

    def put(
        self, character: CharacterId, key: str, value: Any, expires: datetime | None = None
    ) -> None:
        self._db.execute(
            _PUT,
            {
                "character_id": character,
                "key": key,
                "value": written(value),
                "expires_at": expires,
            },
        )

    def drop(self, character: CharacterId, key: str) -> bool:
        return self._db.execute(_DROP, {"name": key, "who": character}).rowcount > 0

    def forget(self, now: datetime) -> int:
        return self._db.execute(_FORGET, {"now": now}).rowcount
