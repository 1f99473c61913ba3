"""The words of the house: what comes in, what is remembered, what goes out."""

from __future__ import annotations

from core.messages.incoming import (
    Address,
    Attachment,
    Author,
    ChannelType,
    Inbound,
    InboundStatus,
    Kind,
    Outcome,
    Place,
    Quote,
    Rank,
    Received,
    RoomSeen,
    WorldSeen,
)
from core.messages.outgoing import (
    Button,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Live,
    Location,
    Poll,
    Receipt,
    Reply,
)
from core.messages.remembered import (
    Content,
    Entity,
    Memory,
    Room,
    World,
)

__all__ = [
    "Address",
    "Attachment",
    "Author",
    "Button",
    "ChannelType",
    "Content",
    "Delivery",
    "DeliveryKind",
    "DeliveryStatus",
    "Entity",
    "Inbound",
    "InboundStatus",
    "Kind",
    "Live",
    "Location",
    "Memory",
    "Outcome",
    "Place",
    "Poll",
    "Quote",
    "Rank",
    "Receipt",
    "Received",
    "Reply",
    "Room",
    "RoomSeen",
    "World",
    "WorldSeen",
]
