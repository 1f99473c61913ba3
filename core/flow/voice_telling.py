"""What listeners are told of something that was said aloud."""

from __future__ import annotations

from typing import Any

from core.flow.aloud import Heard
from core.flow.work import Work
from core.ids import turn_of


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
