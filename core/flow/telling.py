"""Telling a character's listeners what happens to it; where nobody listens it costs nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from core.events import EventType
from core.flow.after import After
from core.flow.cast import Part
from core.flow.presence import entity_id, memory_id, places_of
from core.flow.work import Work
from core.ids import turn_of
from core.messages import ChannelType, Delivery, DeliveryKind, Inbound, Kind, Room

_OF_KIND = {
    Kind.MESSAGE: EventType.MESSAGE_RECEIVED,
    Kind.EDIT: EventType.MESSAGE_UPDATED,
    Kind.DELETE: EventType.MESSAGE_DELETED,
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
        lead = work.lead
        if lead.waits or lead.kind in (Kind.COMMAND, Kind.PRESS):
            self._of_work(work, EventType.INTERACTION_RECEIVED)
        event = EventType.VOICE_MESSAGE_RECEIVED if lead.spoken else _OF_KIND.get(lead.kind)
        if event is not None:
            self._of_work(work, event)
        for who in lead.joined:
            person = entity_id(work.part.id, lead.address, who.id)
            about = {"entityId": person, "name": who.name, "action": "joined"}
            self._of_work(work, EventType.ENTITY_JOINED, about)
        for who in lead.parted:
            person = entity_id(work.part.id, lead.address, who.id)
            about = {"entityId": person, "name": who.name, "action": "left"}
            self._of_work(work, EventType.ENTITY_LEFT, about)
        for who, rank in lead.ranked:
            person = entity_id(work.part.id, lead.address, who.id)
            about = {"entityId": person, "name": who.name, "action": "updated"}
            self._of_work(work, EventType.ENTITY_UPDATED, about | {"changes": {"role": rank.name}})
        if lead.kind is Kind.WORLD and lead.joined:
            self._of_work(work, EventType.WORLD_JOINED)
        if lead.left:
            self._of_work(work, _left(lead))

    async def met(self, work: Work, is_new: Callable[[Work], Awaitable[bool]]) -> None:
        """Of a server that has told of itself; whether for the first time is asked if it matters."""
        if work.lead.place.channel is not ChannelType.WORLD:
            return
        if work.part.gear.events.wanted(EventType.WORLD_JOINED) and await is_new(work):
            self._of_work(work, EventType.WORLD_JOINED)

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
            **_beside(work, event),
            **(more or {}),
        }
        self._after.tell(events, event, payload)


def _beside(work: Work, event: str) -> dict[str, Any]:
    """What an event tells of besides whose it is and where; asked only if somebody listens."""
    lead = work.lead
    match event:
        case EventType.INTERACTION_RECEIVED:
            # Of a command, a button, a menu or a form: what was chosen and filled in.
            told = {
                "commandName": lead.command,
                "customId": lead.press,
                "arguments": lead.arguments,
            }
            return {key: one for key, one in told.items() if one} | {"options": dict(lead.given)}
        case EventType.VOICE_MESSAGE_RECEIVED:
            return {"transcript": lead.text, "userName": lead.author.name}
        case EventType.MESSAGE_DELETED:
            ids = [memory_id(work.part.id, lead.address, one) for one in lead.gone]
            return {"deleted": ids, "messageIds": list(lead.gone)}
        case EventType.WORLD_CONNECTED | EventType.WORLD_JOINED:
            _, rooms = places_of(work.spot, lead)
            return {"world": _world(work), "rooms": [_room(one) for one in rooms]}
        case EventType.WORLD_LEFT | EventType.ROOM_LEFT:
            return {"world": _world(work)}
    return {}


def _left(lead: Inbound) -> EventType:
    """A channel or thread that is no more leaves its server standing."""
    place = lead.place
    is_all = place.channel is ChannelType.WORLD or place.world in ("", lead.address.room)
    return EventType.WORLD_LEFT if is_all else EventType.ROOM_LEFT


def _world(work: Work) -> dict[str, Any]:
    seen, place = work.lead.world, work.lead.place
    server, name = (seen.id, seen.name) if seen else (place.world, place.world_name)
    id = work.spot.world
    return {"id": id, "agentId": work.part.id, "name": name or place.name, "serverId": server}


def _room(room: Room) -> dict[str, Any]:
    return {
        "id": room.id,
        "worldId": room.world,
        "name": room.name,
        "type": room.channel.value,
        "channelId": room.address.key,
    }
