"""Whoever sees that an answer is being made hears why there is none: one sentence, for them alone."""

from __future__ import annotations

from datetime import datetime

from core.errors import Unreadable
from core.flow import reasons
from core.flow.cast import Part
from core.flow.inner import is_ours
from core.flow.speaking import Spoken, Where
from core.ids import RoomId, TurnId, WorldId, turn_of
from core.messages import (
    Content,
    Delivery,
    DeliveryKind,
    Inbound,
    InboundStatus,
    Outcome,
    Reply,
)
from core.ports import Batch, Unit

EXCUSE = -3
"""The step of it, which no answer has."""
_DONE = "Done."
_ENOUGH = 720.0
"""Seconds after which an answer is not put off any more: platforms take one for a quarter of an
hour."""


def excuse(
    part: Part, lead: Inbound, status: InboundStatus, rule: str, *, private: bool
) -> list[Delivery]:
    """What is owed to the author of `lead` if nothing else was said; empty where nobody waits."""
    if not lead.waits:
        return []
    turn = turn_of(lead.id)
    text = _DONE if status is InboundStatus.ANSWERED else reasons.excuse(rule)
    spoken = Spoken(
        # It is not remembered, so that nobody asks in which room it was.
        where=Where(lead.address, RoomId(""), WorldId(""), lead.is_direct),
        say=Reply(text, via=lead.via, only_for=lead.author.id, silent=True),
        content=Content(text=text),
        key="",
        turn=turn,
        step=EXCUSE,
        private=private,
    )
    return spoken.rows(part, f"{turn} excuse")


def waited_enough(lead: Inbound, now: datetime) -> bool:
    return lead.waits and (now - lead.sent_at).total_seconds() > _ENOUGH


def give_up(unit: Unit, part: Part, batch: Batch, code: str, now: datetime) -> list[Delivery]:
    """End as failed what could not even be written down as a turn; what is owed for it."""
    last = batch.items[-1]
    unit.inbox.close([one.id for one in batch.items], Outcome(InboundStatus.FAILED, code), now)
    try:
        lead = None if is_ours(last) else part.platform.read(last)
    except Unreadable:
        lead = None
    rows = [] if lead is None else excuse(part, lead, InboundStatus.FAILED, code, private=True)
    left = owed(unit, turn_of(last.id), rows)
    return unit.deliveries.add(left, now) if left else []


def owed(unit: Unit, turn: TurnId, rows: list[Delivery]) -> list[Delivery]:
    """These, unless the turn has said something there, be it in an earlier process."""
    if not rows:
        return []
    here, sent = rows[0].address, unit.past.sent(turn)
    said = any(one.kind is DeliveryKind.SEND and one.address == here for one in sent)
    return [] if said else rows
