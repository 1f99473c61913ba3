"""What a character says, before it is written down: the memory of it, and its rows of the ledger."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.flow.cast import Part
from core.flow.presence import memory_id
from core.ids import EntityId, MemoryId, RoomId, TurnId, WorldId
from core.messages import (
    Address,
    Button,
    Content,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Memory,
    Reply,
)

PARTS = 100
"""Rows that one thing said may become; the next thing of the same step begins behind them."""
ASIDE = 1_000_000
"""The step of what is said outside of any action, by a provider or an evaluator."""
_MOST_BUTTONS = 24
_MOST_ATTACHED = 10


@dataclass(frozen=True, slots=True)
class Where:
    """A room to say something in."""

    address: Address
    room: RoomId
    world: WorldId
    direct: bool


@dataclass(frozen=True, slots=True)
class Spoken:
    """One thing that is said. Turn, step and number make it the same when a turn is replayed."""

    where: Where
    say: Reply
    content: Content
    key: str
    """What its memory's id is made of."""
    turn: TurnId
    step: int = 0
    number: int = 0
    private: bool = False
    recalled: tuple[Mapping[str, Any], ...] = ()
    """What it was said in the light of."""
    told: tuple[str, ...] = ()
    """The names of the providers that had something to tell."""

    def memory(self, part: Part, now: datetime) -> Memory:
        where = self.where
        return Memory(
            id=memory_id(part.id, where.address, self.key),
            character=part.id,
            room=where.room,
            author=EntityId(part.id),
            content=self.content,
            created_at=now,
            world=where.world,
            metadata={
                "type": "message",
                "source": where.address.platform,
                "sourceId": where.address.room,
                "entityName": part.character.name,
                "turn": self.turn,
                **({"recalled": list(self.recalled)} if self.recalled else {}),
                **({"told": list(self.told)} if self.told else {}),
            },
        )

    def rows(self, part: Part, nonce: str) -> list[Delivery]:
        """`nonce` names what is said; of its parts each gets its own from it."""
        first = self.number * PARTS
        return [
            Delivery(
                address=self.where.address,
                kind=DeliveryKind.SEND,
                payload=payload,
                nonce=_nonce(f"{self.where.address.account} {nonce} {ordinal}"),
                turn=self.turn,
                step=self.step,
                ordinal=ordinal,
                direct=self.where.direct,
                private=self.private,
            )
            for ordinal, payload in enumerate(part.platform.render(self.say)[:PARTS], first)
        ]


def going_out(row: Delivery) -> Delivery:
    """Marked as being sent already, because its place is kept."""
    uncertain = row.status is DeliveryStatus.UNCERTAIN
    return replace(row, status=row.status if uncertain else DeliveryStatus.SENDING, attempt=1)


def _nonce(text: str) -> str:
    """The same for every attempt of one part; 25 characters, Discord's most."""
    return b32encode(hashlib.sha256(text.encode()).digest()).decode()[:25]


# --- elizaOS' content, as actions say it -----------------------------------------------------------


def content_of(
    content: str | Mapping[str, Any],
    *,
    source: str,
    channel: str,
    in_reply_to: MemoryId | None,
    action: str = "",
) -> Content:
    """Of a text or of elizaOS' mapping, camelCase or snake_case; what is not known is kept."""
    if isinstance(content, str):
        content = {"text": content}
    given = dict(content)

    def take(*names: str) -> Any:
        return next((found for name in names if (found := given.pop(name, None)) is not None), None)

    actions = _words(take("actions", "action"))
    name = take("action_name", "actionName")
    return Content(
        text=str(take("text") or ""),
        thought=str(take("thought") or ""),
        actions=actions or tuple(filter(None, (str(name or action),))),
        source=str(take("source") or source),
        in_reply_to=MemoryId(str(take("inReplyTo", "in_reply_to") or "")) or in_reply_to,
        channel_type=str(take("channelType", "channel_type") or channel),
        providers=_words(take("providers")),
        url=str(take("url") or ""),
        attachments=tuple(
            {str(key): value for key, value in one.items()}
            for one in _listed(take("attachments"))[:_MOST_ATTACHED]
            if isinstance(one, Mapping)
        ),
        extra={str(key): value for key, value in given.items() if key not in ("buttons", "simple")},
    )


def buttons_of(content: str | Mapping[str, Any]) -> tuple[Button, ...]:
    """{label | text, press | data, url} each."""
    if isinstance(content, str):
        return ()
    found = []
    for one in _listed(content.get("buttons"))[:_MOST_BUTTONS]:
        if isinstance(one, Button):
            found.append(one)
        elif isinstance(one, Mapping) and (label := one.get("label") or one.get("text")):
            press = one.get("press") or one.get("data") or ""
            found.append(Button(str(label), str(press), str(one.get("url") or "")))
    return tuple(found)


def _words(value: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in _listed(value) if one)


def _listed(value: Any) -> Sequence[Any]:
    if isinstance(value, list | tuple):
        return value
    return () if value is None else (value,)
