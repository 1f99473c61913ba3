"""Telling a character's listeners what happens to it; where nobody listens it costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.events import EventType
from core.flow.after import After
from core.flow.cast import Part
from core.flow.presence import entity_id
from core.flow.work import Work
from core.ids import turn_of
from core.messages import Delivery, DeliveryKind, Kind

_OF_KIND = {
    Kind.MESSAGE: EventType.MESSAGE_RECEIVED,
    Kind.EDIT: EventType.MESSAGE_UPDATED,
    Kind.REACTION: EventType.REACTION_RECEIVED,
    Kind.WORLD: EventType.WORLD_CONNECTED,
}
_ENDS = {
    "completed": EventType.RUN_COMPLETED,
    "error": EventType.RUN_FAILED,
    "timeout": EventType.RUN_TIMEOUT,
}


class Telling:
    """One run is one try of a turn: begun once, ended once, on every way out (RT-13)."""

    def __init__(self, after: After) -> None:
        self._after = after

    def begun(self, work: Work) -> None:
        self._of_work(work, EventType.RUN_STARTED, {"status": "started"})
        event = _OF_KIND.get(work.lead.kind)
        if event is not None:
            self._of_work(work, event)
        lead = work.lead
        for who in lead.joined:
            person = entity_id(work.part.id, lead.address, who.id)
            about = {"entityId": person, "name": who.name, "action": "joined"}
            self._of_work(work, EventType.ENTITY_JOINED, about)
        for who in lead.parted:
            person = entity_id(work.part.id, lead.address, who.id)
            about = {"entityId": person, "name": who.name, "action": "left"}
            self._of_work(work, EventType.ENTITY_LEFT, about)
        if lead.kind is Kind.WORLD and lead.joined:
            self._of_work(work, EventType.WORLD_JOINED)
        if lead.left:
            self._of_work(work, EventType.WORLD_LEFT)

    def ended(self, work: Work | None, status: str, error: str = "") -> None:
        """`status` is completed, error, timeout, replaced or postponed."""
        if work is None:
            return
        more = {"status": status, "rule": work.rule, **({"error": error} if error else {})}
        self._of_work(work, EventType.RUN_ENDED, more)
        if status in _ENDS:
            self._of_work(work, _ENDS[status], more)

    def acted(self, work: Work, event: str, payload: Mapping[str, Any]) -> None:
        """Of an action: ACTION_STARTED, ACTION_COMPLETED, ACTION_FAILED."""
        self._of_work(work, event, payload)

    def sent(self, part: Part, delivery: Delivery, message: str) -> None:
        """The platform has it: once for each part (EV-02, EV-03)."""
        if delivery.kind not in (DeliveryKind.SEND, DeliveryKind.EDIT):
            return
        events = part.gear.events
        if events.wanted(EventType.MESSAGE_SENT):
            address = delivery.address
            payload = {
                "messageId": message,
                "transport": address.platform,
                "agentId": part.id,
                "channelId": address.room,
                "threadId": address.thread,
                "runId": delivery.turn,
                "step": delivery.step,
                "part": delivery.ordinal,
                "source": address.platform,
            }
            self._after.tell(events, EventType.MESSAGE_SENT, payload)

    def _of_work(self, work: Work, event: str, more: Mapping[str, Any] | None = None) -> None:
        events = work.part.gear.events
        if not events.wanted(event):
            return
        lead = work.lead
        payload = {
            "runId": turn_of(lead.id),
            "message": work.heard[-1] if work.heard else None,
            "messageId": work.heard[-1].id if work.heard else None,
            "roomId": work.spot.room,
            "worldId": work.spot.world,
            "entityId": work.person,
            "agentId": work.part.id,
            "source": lead.address.platform,
            "startTime": int(work.began.timestamp() * 1000),
            **(more or {}),
        }
        self._after.tell(events, event, payload)
