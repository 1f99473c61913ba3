"""What model calls have cost, and how it adds up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from core.ids import CharacterId, EntityId, RoomId
from core.kept import Spending
from core.store import tables

_T = tables.spendings
_ADD = sa.insert(_T)
_DAY = 86_400_000
_BY: dict[str, sa.ColumnElement[Any]] = {
    "character": _T.c.character_id,
    "person": _T.c.entity_id,
    "room": _T.c.room_id,
    "model": _T.c.model,
    "kind": _T.c.kind,
    # Both databases divide whole numbers to whole numbers.
    "day": sa.type_coerce(_T.c.spent_at, sa.BigInteger).op("/")(sa.literal_column(str(_DAY))),
}
_SUMS = {
    name: sa.func.sum(_T.c[name]).label(name)
    for name in ("prompt_tokens", "completion_tokens", "cached_tokens", "units", "cost")
}
_FORGET = sa.delete(_T).where(_T.c.spent_at < sa.bindparam("before"))


class SpendingRows:
    """core.ports.Spendings over one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def add(self, spendings: Sequence[Spending], now: datetime) -> None:
        if not spendings:
            return
        self._db.execute(
            _ADD,
            [
                {
                    "character_id": one.character,
                    "model": one.model,
                    "kind": one.kind,
                    "prompt_tokens": one.prompt_tokens,
                    "completion_tokens": one.completion_tokens,
                    "cached_tokens": one.cached_tokens,
                    "units": one.units,
                    "cost": one.cost,
                    "turn_id": one.turn,
                    "room_id": one.room,
                    "entity_id": one.entity,
                    "spent_at": one.at or now,
                }
                for one in spendings
            ],
        )

    def total(
        self,
        by: Literal["character", "person", "room", "model", "kind", "day"] = "character",
        *,
        character: CharacterId | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        priced: bool | None = None,
    ) -> list[tuple[str, Spending, int]]:
        whose = _BY[by].label("whose")
        query = sa.select(whose, *_SUMS.values(), sa.func.count().label("calls"))
        if character is not None:
            query = query.where(_T.c.character_id == character)
        if since is not None:
            query = query.where(_T.c.spent_at >= since)
        if until is not None:
            query = query.where(_T.c.spent_at < until)
        if priced is not None:
            query = query.where(_T.c.cost.is_not(None) if priced else _T.c.cost.is_(None))
        query = query.group_by(whose).order_by(
            sa.func.coalesce(_SUMS["cost"].element, 0).desc(),
            (_SUMS["prompt_tokens"].element + _SUMS["completion_tokens"].element).desc(),
            whose,
        )
        return [
            (key := _key(by, row.whose), _sum(by, key, character, row), row.calls)
            for row in self._db.execute(query)
        ]

    def forget(self, before: datetime) -> int:
        return self._db.execute(_FORGET, {"before": before}).rowcount


def _key(by: str, whose: Any) -> str:
    if by == "day":
        return datetime.fromtimestamp(whose * _DAY / 1000, UTC).date().isoformat()
    return whose or ""


def _sum(by: str, key: str, character: CharacterId | None, row: Any) -> Spending:
    """What the calls have not in common stays empty."""
    return Spending(
        character=CharacterId(key) if by == "character" else character or CharacterId(""),
        model=key if by == "model" else "",
        kind=key if by == "kind" else "",
        prompt_tokens=int(row.prompt_tokens),
        completion_tokens=int(row.completion_tokens),
        cached_tokens=int(row.cached_tokens),
        units=float(row.units),
        cost=row.cost,
        room=RoomId(key) if by == "room" and key else None,
        entity=EntityId(key) if by == "person" and key else None,
    )
