"""What listeners are told of voice channels: who has come and gone, what was said aloud."""

from __future__ import annotations

from typing import Any

from core.flow.aloud import Heard
from core.flow.cast import Part
from core.flow.presence import room_id, world_id
from core.flow.work import Work
from core.ids import turn_of
from core.messages import Address


def sent(work: Work, heard: Heard) -> dict[str, Any]:
    """For VOICE_MESSAGE_SENT: as much as was heard of a turn's answer."""
    address = work.lead.address
    return {
        "transport": address.platform,
        "source": address.platform,
        "agentId": work.part.id,
        "channelId": address.room,
        "roomId": work.spot.room,
        "worldId": work.spot.world,
        "runId": turn_of(work.lead.id),
        "text": heard.text,
        "interrupted": heard.cut,
    }


def whereabouts(part: Part, address: Address, world: str) -> dict[str, Any]:
    """For VOICE_STARTED and VOICE_ENDED."""
    return {
        "agentId": part.id,
        "source": address.platform,
        "channelId": address.room,
        "serverId": world,
        "roomId": room_id(part.id, address),
        "worldId": world_id(part.id, address, world),
    }
