"""What is still known of a turn when it is over, read from the two ledgers and what was spent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.ids import Account, CharacterId, TurnId
from core.kept import Spending
from core.messages import Address, DeliveryKind, DeliveryStatus, InboundStatus, Kind
from core.ports.past import Ended, Sent
from core.store import tables

_IN, _OUT, _S = tables.inbox, tables.deliveries, tables.spendings
_LOOKED_AT = (400, 20_000)
"""Rows of all rooms that are looked through for the last one of a room, the newest first: mostly
it is among the first, and of a room in which little happens it may be further back."""
_ENDED = (
    _IN.c.id,
    _IN.c.platform,
    _IN.c.account,
    _IN.c.room,
    _IN.c.thread,
    _IN.c.author,
    _IN.c.kind,
    _IN.c.event_key,
    _IN.c.status,
    _IN.c.rule,
    _IN.c.successor,
    _IN.c.received_at,
    _IN.c.closed_at,
)
_ROW = sa.select(*_ENDED).where(_IN.c.id == sa.bindparam("row"))
_NAMED = sa.select(*_ENDED).where(
    _IN.c.account == sa.bindparam("whose"), _IN.c.event_key == sa.bindparam("name")
)
_NEWEST = (
    sa.select(*_ENDED)
    .where(_IN.c.closed_at.is_not(None))
    .order_by(_IN.c.closed_at.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
    .subquery()
)
_LAST = (
    sa.select(_NEWEST)
    .where(
        _NEWEST.c.account == sa.bindparam("whose"),
        _NEWEST.c.room == sa.bindparam("where"),
        _NEWEST.c.thread == sa.bindparam("topic"),
        _NEWEST.c.kind.in_(sa.bindparam("kinds", expanding=True)),
        sa.or_(sa.bindparam("who", type_=sa.Text) == "", _NEWEST.c.author == sa.bindparam("who")),
    )
    .order_by(_NEWEST.c.closed_at.desc(), _NEWEST.c.id.desc())
    .limit(1)
)
_SENT = (
    _OUT.c.turn_id,
    _OUT.c.platform,
    _OUT.c.account,
    _OUT.c.room,
    _OUT.c.thread,
    _OUT.c.kind,
    _OUT.c.step,
    _OUT.c.ordinal,
    _OUT.c.status,
    _OUT.c.attempt,
    _OUT.c.reason,
    _OUT.c.created_at,
    _OUT.c.settled_at,
    _OUT.c.platform_message_id,
)
_TOLD = (
    sa.select(*_SENT)
    .where(
        _OUT.c.platform_message_id == sa.bindparam("message"),
        _OUT.c.account == sa.bindparam("whose"),
        _OUT.c.room == sa.bindparam("where"),
    )
    # A later row may have edited the message; the first is the one that sent it.
    .order_by(_OUT.c.seq)
    .limit(1)
)
_HERE = (_OUT.c.account == sa.bindparam("whose"), _OUT.c.room == sa.bindparam("where"))
_OURS = sa.union(
    sa.select(_OUT.c.seq, *_SENT).where(
        _OUT.c.platform_message_id.in_(sa.bindparam("messages", expanding=True)), *_HERE
    ),
    # What is about to be taken back by us bears no number of its own yet.
    sa.select(_OUT.c.seq, *_SENT[:-1], _OUT.c.target_message_id).where(
        _OUT.c.target_message_id.in_(sa.bindparam("messages", expanding=True)),
        _OUT.c.kind == DeliveryKind.DELETE.value,
        _OUT.c.status.in_(tables.OPEN),
        *_HERE,
    ),
).order_by("seq")
_OF_TURN = (
    sa.select(*_SENT)
    .where(_OUT.c.turn_id == sa.bindparam("turn"))
    .order_by(_OUT.c.step, _OUT.c.ordinal)
)
_SUMS = [
    sa.func.sum(_S.c[name]).label(name)
    for name in ("prompt_tokens", "completion_tokens", "cached_tokens", "units", "cost")
]
_SPENT = (
    sa.select(
        _S.c.model,
        *_SUMS,
        sa.func.count().label("calls"),
        sa.func.count(_S.c.cost).label("priced"),
    )
    .where(
        # The moments narrow it within an index; the turn alone has none.
        _S.c.spent_at.between(sa.bindparam("since"), sa.bindparam("until")),
        _S.c.character_id == sa.bindparam("who"),
        _S.c.turn_id == sa.bindparam("turn"),
    )
    .group_by(_S.c.model)
    .order_by(sa.func.coalesce(sa.func.sum(_S.c.cost), 0).desc(), _S.c.model)
)


class PastRows:
    """core.ports.past.Past over one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def row(self, id: int) -> Ended | None:
        return self._one(_ROW, {"row": id})

    def named(self, account: Account, key: str) -> Ended | None:
        return self._one(_NAMED, {"whose": account, "name": key})

    def last(self, address: Address, kinds: Sequence[Kind], *, author: str = "") -> Ended | None:
        asked = {
            "whose": address.account,
            "where": address.room,
            "topic": address.thread,
            "kinds": [one.value for one in kinds],
            "who": author,
        }
        found = (self._one(_LAST, asked | {"most": most}) for most in _LOOKED_AT)
        return next(filter(None, found), None)

    def told(self, account: Account, room: str, message: str) -> Sent | None:
        asked = {"whose": account, "where": room, "message": message}
        row = self._db.execute(_TOLD, asked).first()
        return _sent(row) if row is not None else None

    def ours(self, account: Account, room: str, messages: Collection[str]) -> list[Sent]:
        asked = {"whose": account, "where": room, "messages": list(messages)}
        return [_sent(row) for row in self._db.execute(_OURS, asked)]

    def sent(self, turn: TurnId) -> list[Sent]:
        return [_sent(row) for row in self._db.execute(_OF_TURN, {"turn": turn})]

    def spent(
        self, character: CharacterId, turn: TurnId, since: datetime, until: datetime
    ) -> list[tuple[Spending, int, int]]:
        asked = {"who": character, "turn": turn, "since": since, "until": until}
        return [
            (
                Spending(
                    character,
                    row.model,
                    "",
                    int(row.prompt_tokens),
                    int(row.completion_tokens),
                    int(row.cached_tokens),
                    row.units,
                    row.cost,
                    turn,
                ),
                row.calls,
                row.calls - row.priced,
            )
            for row in self._db.execute(_SPENT, asked)
        ]

    def _one(self, query: sa.Select[Any], asked: dict[str, Any]) -> Ended | None:
        row = self._db.execute(query, asked).first()
        if row is None:
            return None
        return Ended(
            id=row.id,
            address=_address(row),
            author=row.author,
            kind=Kind(row.kind),
            key=row.event_key,
            status=InboundStatus(row.status),
            rule=row.rule,
            successor=row.successor,
            received_at=row.received_at,
            closed_at=row.closed_at,
        )


def _sent(row: Any) -> Sent:
    return Sent(
        turn=TurnId(row.turn_id),
        address=_address(row),
        kind=DeliveryKind(row.kind),
        step=row.step,
        ordinal=row.ordinal,
        status=DeliveryStatus(row.status),
        attempt=row.attempt,
        reason=row.reason,
        created_at=row.created_at,
        settled_at=row.settled_at,
        message=row.platform_message_id or "",
    )


def _address(row: Any) -> Address:
    return Address(row.platform, Account(row.account), row.room, row.thread)
