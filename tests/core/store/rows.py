"""Short ways to the values that the store's tests put down."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from core.ids import Account, CharacterId, EntityId, MemoryId, RoomId, TurnId, WorldId
from core.messages import (
    Address,
    ChannelType,
    Content,
    Delivery,
    DeliveryKind,
    Kind,
    Memory,
    Received,
    Room,
    World,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ONE, TWO = Account("telegram:1"), Account("telegram:2")
ADA, BOB = CharacterId("ada"), CharacterId("bob")


def address(room: str = "7", account: Account = ONE, thread: str = "") -> Address:
    return Address("telegram", account, room, thread)


def received(key: str, where: Address | None = None, payload: bytes = b'{"text":"hi"}') -> Received:
    return Received(where or address(), key, "bob", 1, Kind.MESSAGE, payload)


def delivery(turn: str, ordinal: int = 0, **changes: object) -> Delivery:
    plain = Delivery(
        address=address(),
        kind=DeliveryKind.SEND,
        payload=b'{"text":"hello"}',
        nonce=f"{turn}.{ordinal}",
        turn=TurnId(turn),
        ordinal=ordinal,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # named by the tests


def world(character: CharacterId = ADA, name: str = "w") -> World:
    return World(WorldId(f"{name}-{character}"), character, "World", name)


def room(name: str = "r", character: CharacterId = ADA, where: Address | None = None) -> Room:
    return Room(
        id=RoomId(f"{name}-{character}"),
        character=character,
        world=world(character).id,
        address=where or address(name),
        channel=ChannelType.DM,
        name=name,
        source="telegram",
    )


def memory(number: int, where: Room, text: str = "", at: datetime = NOON) -> Memory:
    return Memory(
        id=MemoryId(f"m{number}"),
        character=where.character,
        room=where.id,
        author=EntityId("bob"),
        content=Content(text=text or f"words {number}"),
        created_at=at,
        world=where.world,
    )
