"""The two ledgers: what came in, and what goes out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.ids import Account, TurnId
from core.messages import (
    Address,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    InboundStatus,
    Kind,
    Outcome,
    Received,
)
from core.ports import Waiting
from core.store import inserts, tables
from core.store.naming import names
from core.store.texts import Text

_INBOX = tables.inbox
_OUT = tables.deliveries
_OPEN = tables.OPEN
_NUMBERS = ("message_id", "id")
"""What platforms call the number of a message; a person of that number does no harm."""


_ADD_INBOX = inserts.add(_INBOX).returning(_INBOX.c.id, _INBOX.c.account, _INBOX.c.event_key)
_LOAD = sa.select(_INBOX).where(
    _INBOX.c.id.in_(sa.bindparam("ids", expanding=True)), _INBOX.c.status == "new"
)
_WAITING = (
    sa.select(
        _INBOX.c.id,
        _INBOX.c.platform,
        _INBOX.c.account,
        _INBOX.c.room,
        _INBOX.c.thread,
        _INBOX.c.author,
        _INBOX.c.kind,
        _INBOX.c.keep,
    )
    .where(_INBOX.c.status == "new", _INBOX.c.account == sa.bindparam("whose"))
    .order_by(_INBOX.c.id)
)
_LAST = sa.select(sa.func.max(_INBOX.c.id))
_NEWEST = (
    sa.select(
        sa.case((_INBOX.c.kind == "world", ""), else_=_INBOX.c.room).label("where"),
        sa.func.max(_INBOX.c.seq).label("seq"),
    )
    .where(
        _INBOX.c.account == sa.bindparam("whose"),
        _INBOX.c.kind.in_(("message", "command", "world")),
    )
    .group_by("where")
)
_CLOSE = (
    sa.update(_INBOX)
    .where(_INBOX.c.id == sa.bindparam("row"))
    .values(
        status=sa.bindparam("to"),
        rule=sa.bindparam("why"),
        successor=sa.bindparam("by"),
        closed_at=sa.bindparam("at"),
        payload=sa.case((sa.bindparam("blank", type_=sa.Boolean), ""), else_=_INBOX.c.payload),
    )
)
# The key narrows it within an index that begins with the account.
_CUES = (
    sa.select(_INBOX.c.closed_at)
    .where(
        _INBOX.c.account == sa.bindparam("whose"),
        _INBOX.c.event_key.like("cue:%"),
        _INBOX.c.room == sa.bindparam("where"),
        _INBOX.c.thread == sa.bindparam("topic"),
        _INBOX.c.kind == "cue",
        _INBOX.c.status == "answered",
    )
    .order_by(_INBOX.c.closed_at)
)
_SAID_HERE = sa.select(_INBOX.c.id, _INBOX.c.payload).where(
    _INBOX.c.closed_at >= sa.bindparam("since"),
    _INBOX.c.account == sa.bindparam("whose"),
    _INBOX.c.room == sa.bindparam("where"),
    _INBOX.c.thread == sa.bindparam("topic"),
)
_BLANK_INBOX = (
    sa.update(_INBOX).where(_INBOX.c.id.in_(sa.bindparam("ids", expanding=True))).values(payload="")
)
_FORGET_INBOX = sa.delete(_INBOX).where(_INBOX.c.closed_at < sa.bindparam("before"))

_ADD_OUT = inserts.add(_OUT).returning(_OUT.c.seq, _OUT.c.turn_id, _OUT.c.step, _OUT.c.ordinal)
_OPEN_OUT = sa.select(_OUT).where(_OUT.c.status.in_(_OPEN)).order_by(_OUT.c.seq)
_START = (
    sa.update(_OUT)
    .where(_OUT.c.seq == sa.bindparam("row"))
    .values(status="sending", attempt=_OUT.c.attempt + 1)
)
_SETTLE = (
    sa.update(_OUT)
    .where(_OUT.c.seq == sa.bindparam("row"))
    .values(
        status=sa.bindparam("to"),
        platform_message_id=sa.func.coalesce(
            sa.bindparam("message", type_=Text), _OUT.c.platform_message_id
        ),
        reason=sa.bindparam("why"),
        not_before=sa.bindparam("later"),
        settled_at=sa.bindparam("at"),
        payload=sa.case(
            (sa.and_(_OUT.c.private, sa.bindparam("finished", type_=sa.Boolean)), ""),
            else_=_OUT.c.payload,
        ),
    )
)
_SHOWN = (
    sa.update(_OUT)
    .where(_OUT.c.seq == sa.bindparam("row"))
    .values(target_message_id=sa.bindparam("message"), platform_message_id=sa.bindparam("message"))
)
_FINISH = (
    sa.update(_OUT)
    .where(_OUT.c.seq == sa.bindparam("row"))
    .values(
        kind=sa.bindparam("what"),
        target_message_id=sa.bindparam("target"),
        payload=sa.bindparam("words"),
        status=sa.bindparam("to"),
        attempt=sa.bindparam("tries"),
        not_before=sa.bindparam("later"),
    )
)
_MOVE = (
    sa.update(_OUT)
    .where(
        _OUT.c.account == sa.bindparam("whose"),
        _OUT.c.room == sa.bindparam("old"),
        _OUT.c.status.in_(_OPEN),
    )
    .values(room=sa.bindparam("new"))
)
_BLANK_OUT = (
    sa.update(_OUT)
    .where(
        _OUT.c.turn_id.in_(sa.bindparam("turns", expanding=True)),
        _OUT.c.status.in_(("sent", "failed")),
    )
    .values(payload="")
)
_FORGET_OUT = sa.delete(_OUT).where(
    sa.or_(
        _OUT.c.settled_at < sa.bindparam("before"),
        # Its turn ended in another way long ago.
        sa.and_(_OUT.c.status == "growing", _OUT.c.created_at < sa.bindparam("before")),
    )
)


class InboxRows:
    """core.ports.Inbox over one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def add(self, received: Sequence[Received], now: datetime) -> list[int | None]:
        if not received:
            return []
        rows = [
            {
                **({"id": one.id} if one.id else {}),
                "account": one.address.account,
                "event_key": one.event_key,
                "platform": one.address.platform,
                "room": one.address.room,
                "thread": one.address.thread,
                "author": one.author,
                "seq": one.seq,
                "kind": one.kind.value,
                "payload": one.payload.decode("utf-8", "replace"),
                "keep": one.keep,
                "status": "new",
                "rule": "",
                "received_at": now,
            }
            for one in received
        ]
        stored = self._db.execute(_ADD_INBOX, rows)
        ids = {(row.account, row.event_key): row.id for row in stored}
        # pop: the second of two alike in one batch is a double as well
        return [ids.pop((one.address.account, one.event_key), None) for one in received]

    def load(self, ids: Iterable[int]) -> list[Received]:
        rows = self._db.execute(_LOAD.order_by(_INBOX.c.id), {"ids": list(ids)})
        return [
            Received(
                address=_address(row),
                event_key=row.event_key,
                author=row.author,
                seq=row.seq,
                kind=Kind(row.kind),
                payload=row.payload.encode(),
                keep=row.keep,
                id=row.id,
            )
            for row in rows
        ]

    def newest(self, account: Account) -> dict[str, int]:
        return {row.where: row.seq for row in self._db.execute(_NEWEST, {"whose": account})}

    def last(self) -> int:
        return self._db.execute(_LAST).scalar() or 0

    def cues(self, address: Address) -> list[datetime]:
        asked = {"whose": address.account, "where": address.room, "topic": address.thread}
        return list(self._db.execute(_CUES, asked).scalars())

    def waiting(self, account: Account) -> list[Waiting]:
        return [
            Waiting(row.id, _address(row), row.author, Kind(row.kind), row.keep)
            for row in self._db.execute(_WAITING, {"whose": account})
        ]

    def close(
        self, ids: Iterable[int], outcome: Outcome, now: datetime, *, private: bool = False
    ) -> None:
        at = None if outcome.status is InboundStatus.NEW else now
        self._db.execute(
            _CLOSE,
            [
                {
                    "row": row,
                    "to": outcome.status.value,
                    "why": outcome.rule,
                    "by": outcome.successor,
                    "at": at,
                    "blank": private,
                }
                for row in ids
            ],
        )

    def unsay(self, address: Address, messages: Collection[str], since: datetime) -> None:
        asked = {"whose": address.account, "where": address.room, "topic": address.thread}
        rows = self._db.execute(_SAID_HERE, {**asked, "since": since})
        ids = [row.id for row in rows if names(row.payload, messages, _NUMBERS)]
        if ids:
            self._db.execute(_BLANK_INBOX, {"ids": ids})

    def forget(self, before: datetime) -> int:
        return self._db.execute(_FORGET_INBOX, {"before": before}).rowcount


class DeliveryRows:
    """core.ports.Deliveries over one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def add(self, deliveries: Sequence[Delivery], now: datetime) -> list[Delivery]:
        if not deliveries:
            return []
        rows = [
            {
                "account": one.address.account,
                "platform": one.address.platform,
                "room": one.address.room,
                "thread": one.address.thread,
                "kind": one.kind.value,
                "target_message_id": one.target,
                "payload": one.payload.decode(),
                "direct": one.direct,
                "private": one.private,
                "nonce": one.nonce,
                "status": one.status.value,
                "attempt": one.attempt,
                "not_before": one.not_before,
                "reason": "",
                "turn_id": one.turn,
                "step": one.step,
                "ordinal": one.ordinal,
                "created_at": now,
            }
            for one in deliveries
        ]
        stored = self._db.execute(_ADD_OUT, rows)
        seqs = {(row.turn_id, row.step, row.ordinal): row.seq for row in stored}
        at = now.timestamp()
        return [
            replace(one, seq=seqs[key], created_at=at)
            for one in deliveries
            if (key := (one.turn, one.step, one.ordinal)) in seqs
        ]

    def open(self, account: Account | None = None) -> list[Delivery]:
        query = _OPEN_OUT if account is None else _OPEN_OUT.where(_OUT.c.account == account)
        return [
            Delivery(
                address=_address(row),
                kind=DeliveryKind(row.kind),
                payload=row.payload.encode(),
                nonce=row.nonce,
                turn=TurnId(row.turn_id),
                step=row.step,
                ordinal=row.ordinal,
                target=row.target_message_id,
                direct=row.direct,
                private=row.private,
                attempt=row.attempt,
                not_before=row.not_before,
                created_at=row.created_at.timestamp(),
                status=DeliveryStatus(row.status),
                seq=row.seq,
            )
            for row in self._db.execute(query)
        ]

    def start(self, seqs: Iterable[int]) -> None:
        self._db.execute(_START, [{"row": seq} for seq in seqs])

    def settle(
        self,
        seq: int,
        status: DeliveryStatus,
        now: datetime,
        *,
        message: str | None = None,
        reason: str = "",
        not_before: float = 0.0,
    ) -> None:
        finished = status in (DeliveryStatus.SENT, DeliveryStatus.FAILED)
        self._db.execute(
            _SETTLE,
            {
                "row": seq,
                "to": status.value,
                "message": message,
                "why": reason,
                "later": not_before,
                "at": now if finished else None,
                "finished": finished,
            },
        )

    def shown(self, seq: int, message: str) -> None:
        self._db.execute(_SHOWN, {"row": seq, "message": message})

    def finish(self, growing: Delivery) -> None:
        self._db.execute(
            _FINISH,
            {
                "row": growing.seq,
                "what": growing.kind.value,
                "target": growing.target,
                "words": growing.payload.decode(),
                "to": growing.status.value,
                "tries": growing.attempt,
                "later": growing.not_before,
            },
        )

    def unsay(self, turns: Collection[TurnId]) -> None:
        self._db.execute(_BLANK_OUT, {"turns": list(turns)})

    def move(self, account: Account, old_room: str, new_room: str) -> int:
        return self._db.execute(
            _MOVE, {"whose": account, "old": old_room, "new": new_room}
        ).rowcount

    def forget(self, before: datetime) -> int:
        return self._db.execute(_FORGET_OUT, {"before": before}).rowcount


def _address(row: Any) -> Address:
    return Address(row.platform, Account(row.account), row.room, row.thread)
