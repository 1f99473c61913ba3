"""What goes out, from what a character wants said to a row of the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from core.ids import TurnId
from core.messages.incoming import Address, Attachment


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press below a message."""

    label: str
    press: str = ""
    """What comes back when it is pressed: at most 60 bytes; empty where it leads to a `url`."""
    url: str = ""
    copy: str = ""
    """Pressing it copies this text."""
    app: str = ""
    """The https address of a page that opens within the platform."""
    row: int | None = None
    """Buttons of the same number stand beside one another; None: as there is room."""


@dataclass(frozen=True, slots=True)
class Menu:
    """Something to choose from, below a message."""

    press: str
    """What comes back when something is chosen, with what it was: see Button.press."""
    options: tuple[tuple[str, str], ...]
    """Value and label of each, 1 to 25."""
    placeholder: str = ""
    most: int = 1
    """So many may be chosen at once."""


@dataclass(frozen=True, slots=True)
class Embed:
    """A card; where a platform has none it is shown as text."""

    title: str = ""
    text: str = ""
    """Markdown."""
    url: str = ""
    fields: tuple[tuple[str, str, bool], ...] = ()
    """Name, value, and whether it stands beside the next one; at most 25."""
    colour: int | None = None
    """0xRRGGBB."""
    footer: str = ""
    at: str = ""
    """A time in ISO 8601."""


@dataclass(frozen=True, slots=True)
class Poll:
    question: str
    options: tuple[str, ...]
    """2 to 10."""
    several: bool = False
    """People may choose more than one."""
    anonymous: bool = True


@dataclass(frozen=True, slots=True)
class Location:
    latitude: float
    longitude: float
    title: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a character wants said; the text is Markdown."""

    text: str
    reply_to: str | None = None
    """The platform's id of the message that it answers."""
    buttons: tuple[Button, ...] = ()
    """Below the last part."""
    attachments: tuple[Attachment, ...] = ()
    """Files of ours ("file:<name>") that go with it."""
    via: str = field(default="", repr=False)
    """As Inbound.via, where it answers such a message."""
    quote: str = ""
    """The words of the answered message that it answers to."""
    keyboard: tuple[tuple[str, ...], ...] = ()
    """Rows of ready answers in place of people's own keyboard."""
    silent: bool = False
    """Nobody's telephone rings."""
    only_for: str = ""
    """The platform's id of the one person who sees it, where the platform can do that."""
    voice: bool = False
    """It is spoken: a voice message, and its text where that cannot be. Nothing else goes with it."""
    poll: Poll | None = None
    location: Location | None = None
    sticker: str = ""
    """The platform's id of one."""
    embeds: tuple[Embed, ...] = ()
    menus: tuple[Menu, ...] = ()
    """Below the last part, above its buttons."""
    thread: str = ""
    """A name: it is said in a thread that hangs from `reply_to`, which is opened where there is none
    yet; where a platform cannot do that, in the room itself."""


class DeliveryKind(StrEnum):
    SEND = "send"
    EDIT = "edit"
    DELETE = "delete"
    REACT = "react"


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    GROWING = "growing"
    """A part of the answer is on show; the turn that makes it will finish the row."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the ledger of what goes out, as the platform sees it."""

    address: Address
    kind: DeliveryKind
    payload: bytes = field(repr=False)
    """JSON, already rendered and cut to the platform's limits: one row is one message."""
    nonce: str
    turn: TurnId
    step: int = 0
    ordinal: int = 0
    target: str | None = None
    """The message to edit, delete or react to."""
    direct: bool = False
    private: bool = False
    """Its words are not kept once it has arrived (DISABLE_MEMORY_CREATION)."""
    attempt: int = 0
    not_before: float = 0.0
    """Unix time."""
    created_at: float = 0.0
    """Unix time."""
    status: DeliveryStatus = DeliveryStatus.PENDING
    seq: int = 0
    """The ledger row; 0 until it is stored."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform has it."""

    message: str | None


@dataclass(frozen=True, slots=True)
class Live:
    """What is shown while an answer is made: typing, or the text so far. Never ledgered."""

    address: Address
    draft: int
    """Stays the same for one answer, so that its drafts replace one another; never 0."""
    text: str = ""
    """Empty: only that somebody is typing."""
    message: str = ""
    """The message that is edited into this text; empty for a draft, which is no message yet."""
    reaction: str | None = None
    """In place of a text: the emoji that is put on `message`, empty to take it away again."""
    via: str = field(default="", repr=False)
    """As Reply.via, of the answer whose `message` is edited."""
