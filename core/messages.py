"""The words of the house: what comes in, what is remembered, what goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple

from core.ids import Account, CharacterId, EntityId, MemoryId, RoomId, TurnId, WorldId


class Address(NamedTuple):
    """One place to talk: a chat, or one topic of it. It is the key of the room's lane.

    A named tuple, because it is hashed several times a message.
    """

    platform: str
    account: Account
    room: str
    thread: str = ""
    """The platform's topic or thread id; empty in the chat itself."""

    @property
    def key(self) -> str:
        """elizaOS' room key within the platform: "<chat>" or "<chat>-topic-<topic>" (T-20)."""
        return f"{self.room}-topic-{self.thread}" if self.thread else self.room


class Kind(StrEnum):
    """What an update is; one that we do not know yet is stored as OTHER."""

    MESSAGE = "message"
    COMMAND = "command"
    EDIT = "edit"
    REACTION = "reaction"
    PRESS = "press"
    MEMBER = "member"
    MOVED = "moved"
    WORLD = "world"
    """A server as it stands now: its name and its rooms."""
    OVERHEARD = "overheard"
    """Another character of ours has spoken where the platform does not tell bots of each other."""
    CUE = "cue"
    """Nobody has said anything: the character is to speak first."""
    OTHER = "other"


class Rank(IntEnum):
    """Who somebody is where they ask; what an action may do depends on it (G33)."""

    STRANGER = 0
    """A bot, or somebody of whom nothing is known."""
    MEMBER = 1
    ADMIN = 2
    OWNER = 3
    """Of the server or group; anybody, of their own direct chat."""
    OPERATOR = 4
    """One of TROUPE_OWNERS, everywhere: whoever runs this."""


class ChannelType(StrEnum):
    """elizaOS' channel types, with its own values (X-16)."""

    SELF = "SELF"
    DM = "DM"
    GROUP = "GROUP"
    VOICE_DM = "VOICE_DM"
    VOICE_GROUP = "VOICE_GROUP"
    FEED = "FEED"
    THREAD = "THREAD"
    WORLD = "WORLD"
    FORUM = "FORUM"
    API = "API"


@dataclass(frozen=True, slots=True)
class Received:
    """One update as the platform sent it, before anything of it is parsed."""

    address: Address
    event_key: str
    """The same for every repeat of the same event, by whichever way it comes."""
    author: str
    """The platform's id of who did it; empty where nobody did."""
    seq: int
    kind: Kind
    payload: bytes
    """JSON."""
    keep: bool | None = None
    """elizaOS' keepExistingResponses of whoever hands it in: True gives it an answer of its own
    whatever its author says next. None: the character's setting decides (MH-02, MH-05)."""
    id: int = 0
    """The inbox row; 0 until it is stored."""


@dataclass(frozen=True, slots=True)
class Author:
    id: str
    name: str
    username: str = ""
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """What the platform tells about where it happened."""

    channel: ChannelType
    name: str = ""
    world: str = ""
    """The platform's id of the server or group; a direct chat is a world of its own."""
    world_name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A pointer; the bytes come through the platform. Never a URL with a token in it."""

    ref: str
    mime: str = ""
    size: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press below a message."""

    label: str
    press: str = ""
    """What comes back when it is pressed: at most 60 bytes; empty where it leads to a `url`."""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that somebody answers to."""

    message: str
    author: Author | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class RoomSeen:
    """A room that exists, whether or not anybody has spoken in it."""

    id: str
    name: str
    channel: ChannelType


@dataclass(frozen=True, slots=True)
class WorldSeen:
    """A server with its rooms, as a platform shows it when a link comes up or it changes."""

    id: str
    name: str
    rooms: tuple[RoomSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class Inbound:
    """One event in our words, made from a Received inside the room's lane."""

    id: int
    """The inbox row."""
    address: Address
    kind: Kind
    author: Author
    place: Place
    message: str
    """The platform's message id."""
    text: str
    sent_at: datetime
    is_direct: bool = False
    mentions_us: bool = False
    mentions_others: bool = False
    """Somebody else is tagged, and we are not."""
    reply_to: Quote | None = None
    replies_to_us: bool = False
    attachments: tuple[Attachment, ...] = ()
    command: str = ""
    """Of a COMMAND, without the slash and in lower case."""
    arguments: str = ""
    moved_to: str = ""
    """Of a MOVED, the room's new id."""
    joined: tuple[Author, ...] = ()
    """Of a MEMBER, who has come."""
    left: bool = False
    """Of a MEMBER, we are not there any more."""
    world: WorldSeen | None = None
    """Of a WORLD."""
    press: str = ""
    """Of a PRESS, the button's; `message` is the one that it stands below."""
    cue: str = ""
    """Of a CUE, why the character may speak, in words for its model."""


@dataclass(frozen=True, slots=True)
class Content:
    """elizaOS' content, as far as a memory keeps it."""

    text: str
    thought: str = ""
    actions: tuple[str, ...] = ()
    source: str = ""
    in_reply_to: MemoryId | None = None
    channel_type: str = ""
    providers: tuple[str, ...] = ()
    url: str = ""
    attachments: tuple[Mapping[str, Any], ...] = ()
    """elizaOS' media objects: url, contentType, title, description, text ..."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Whatever else a plugin has put there, under the plugin's own keys."""


@dataclass(frozen=True, slots=True)
class Memory:
    """One thing that was said or decided, as one character keeps it."""

    id: MemoryId
    character: CharacterId
    room: RoomId
    author: EntityId
    content: Content
    created_at: datetime
    world: WorldId | None = None
    table: str = "messages"
    """elizaOS' table name: messages, facts, documents ..."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """Always holds type, source and sourceId (ME-03)."""

    # elizaOS' names, for plugins.

    @property
    def entity_id(self) -> EntityId:
        return self.author

    @property
    def room_id(self) -> RoomId:
        return self.room

    @property
    def agent_id(self) -> CharacterId:
        return self.character

    @property
    def world_id(self) -> WorldId | None:
        return self.world


@dataclass(frozen=True, slots=True)
class Entity:
    id: EntityId
    character: CharacterId
    names: tuple[str, ...]
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class World:
    id: WorldId
    character: CharacterId
    name: str
    server: str
    """The platform's id of it."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """elizaOS': ownership.ownerId, roles by entity, settings. Kept when a platform tells of the
    world anew without it."""


@dataclass(frozen=True, slots=True)
class Room:
    id: RoomId
    character: CharacterId
    world: WorldId
    address: Address
    channel: ChannelType
    name: str
    source: str


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
    payload: bytes
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


class InboundStatus(StrEnum):
    """How an inbound ended; every one but NEW is final."""

    NEW = "new"
    ANSWERED = "answered"
    SILENT = "silent"
    """On purpose; the rule says why."""
    SUPERSEDED = "answered-by"
    """Its author said more, and the successor's turn answered both."""
    FAILED = "failed"
    DEAD = "dead"
    """It could not be read; kept as it came, with the reason."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one inbound ended."""

    status: InboundStatus
    rule: str
    """The deciding rule, or the code of a failure."""
    successor: int | None = None
    """The inbox row whose turn answered this one too."""
