"""What a turn has set out to do, and how far it came."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.ids import CharacterId, TurnId, turn_of
from core.kept import Step, StepStatus
from core.store import inserts, tables
from core.store.texts import Text
from core.store.values import read, written

_T = tables.steps
_IN, _R = tables.inbox, tables.rooms
# Spelled out as in the index, so that the few rows in it are all that is looked at.
_IS_OPEN = sa.and_(
    _T.c.ordinal == sa.literal_column("0"), _T.c.status == sa.literal_column("'started'")
)
_OPEN = sa.select(_T.c.turn_id).where(_IS_OPEN).order_by(_T.c.started_at, _T.c.turn_id)
_OF_CHARACTER = sa.select(_IN.c.id).where(
    _IN.c.id.in_(sa.bindparam("ids", expanding=True)),
    sa.exists().where(_R.c.account == _IN.c.account, _R.c.character_id == sa.bindparam("who")),
)
_OF = sa.select(_T).where(_T.c.turn_id == sa.bindparam("turn")).order_by(_T.c.ordinal)
_BEGIN = inserts.add(_T).returning(_T.c.ordinal)
_END = (
    sa.update(_T)
    .where(_T.c.turn_id == sa.bindparam("turn"), _T.c.ordinal == sa.bindparam("nth"))
    .values(
        status=sa.bindparam("to"),
        result=sa.bindparam("came", type_=Text),
        finished_at=sa.bindparam("at"),
    )
)
_PLAN = _T.alias("plan")
_FORGET = sa.delete(_T).where(
    _T.c.started_at < sa.bindparam("before"),
    _T.c.turn_id.not_in(
        sa.select(_PLAN.c.turn_id).where(
            _PLAN.c.ordinal == sa.literal_column("0"),
            _PLAN.c.status == sa.literal_column("'started'"),
        )
    ),
)


class StepRows:
    """core.ports.Steps over one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def open(self, character: CharacterId | None = None) -> list[TurnId]:
        turns = [TurnId(turn) for turn in self._db.execute(_OPEN).scalars()]
        if character is None or not turns:
            return turns
        # A turn bears the number of the inbox row that it answers; whose rooms that account speaks
        # in tells who is to answer.
        ids = [int(turn[1:]) for turn in turns if turn[1:].isdecimal()]
        hers = self._db.execute(_OF_CHARACTER, {"ids": ids, "who": character}).scalars()
        known = {turn_of(one) for one in hers}
        return [turn for turn in turns if turn in known]

    def of(self, turn: TurnId) -> list[Step]:
        return [
            Step(
                turn=TurnId(row.turn_id),
                ordinal=row.ordinal,
                action=row.action,
                status=StepStatus(row.status),
                result=read(row.result) or {},
            )
            for row in self._db.execute(_OF, {"turn": turn})
        ]

    def begin(self, step: Step, now: datetime) -> bool:
        done = self._db.execute(
            _BEGIN,
            {
                "turn_id": step.turn,
                "ordinal": step.ordinal,
                "action": step.action,
                "status": step.status.value,
                "result": written(step.result),
                "started_at": now,
            },
        )
        return done.scalar() is not None

    def end(
        self,
        turn: TurnId,
        ordinal: int,
        status: StepStatus,
        result: Mapping[str, Any],
        now: datetime,
    ) -> None:
        self._db.execute(
            _END,
            {
                "turn": turn,
                "nth": ordinal,
                "to": status.value,
                "came": written(result),
                "at": now,
            },
        )

    def forget(self, before: datetime) -> int:
        return self._db.execute(_FORGET, {"before": before}).rowcount
