"""What is still known of a turn when it is over: what came in, what went out, what it has cost."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.ids import Account, CharacterId, TurnId
from core.kept import Spending
from core.messages import Address, DeliveryKind, DeliveryStatus, InboundStatus, Kind


@dataclass(frozen=True, slots=True)
class Ended:
    """A row of the inbox without its words; one that is open still has no end."""

    id: int
    address: Address
    author: str
    """The platform's id; empty where nobody did anything."""
    kind: Kind
    key: str
    status: InboundStatus
    rule: str
    successor: int | None
    received_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A row of the ledger of what goes out, without its words."""

    turn: TurnId
    address: Address
    kind: DeliveryKind
    step: int
    ordinal: int
    status: DeliveryStatus
    attempt: int
    reason: str
    created_at: datetime
    settled_at: datetime | None
    message: str = ""
    """The platform's id of the message that it became or changed; empty where nobody knows it."""


class Past(Protocol):
    def row(self, id: int) -> Ended | None: ...
    def named(self, account: Account, key: str) -> Ended | None:
        """By its event key; see `message_key`."""
        ...

    def last(self, address: Address, kinds: Sequence[Kind], *, author: str = "") -> Ended | None:
        """What ended last in a room, of this author alone where one is given.

        None also where it is so long ago that far too much has ended elsewhere since.
        """
        ...

    def told(self, account: Account, room: str, message: str) -> Sent | None:
        """The row by which a message of ours went out."""
        ...

    def ours(self, account: Account, room: str, messages: Collection[str]) -> list[Sent]:
        """All rows by which those of these messages that are our own came about, were changed or
        taken back, in order."""
        ...

    def sent(self, turn: TurnId) -> list[Sent]:
        """Everything that a turn has said, in order."""
        ...

    def spent(
        self, character: CharacterId, turn: TurnId, since: datetime, until: datetime
    ) -> list[tuple[Spending, int, int]]:
        """By model, the dearest first: the sum, of how many calls, and of how many nobody knows
        the price. Looked for between two moments."""
        ...


def message_key(room: str, message: str) -> str:
    """The event key of something that somebody has said, on every platform."""
    return f"m:{room}:{message}"
