"""What comes in, from the raw update to an event in our words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple

from core.ids import Account


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
    DELETE = "delete"
    """What was said has been taken back."""
    STOP = "stop"
    """Whoever asked wants no more of the answer that is being made."""
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
    payload: bytes = field(repr=False)
    """JSON."""
    keep: bool | None = None
    """elizaOS' keepExistingResponses of whoever hands it in: True gives it an answer of its own
    whatever its author says next. None: the character's setting decides (MH-02, MH-05)."""
    rests: float = 0.0
    """Seconds for which its author may still be sending the rest of it, at most 1.5; a row that is
    taken up again after a restart has none."""
    unsays: tuple[str, ...] = ()
    """Of a DELETE, the event keys of what was taken back, if the platform tells it so; a row that
    is taken up again after a restart has none."""
    aloud: bool = False
    """It was said in a voice channel: its answer takes as long as it is heard, and what is written
    in the same room does not wait for that. A row that is taken up again has none."""
    id: int = 0
    """The inbox row; 0 until it is stored."""


@dataclass(frozen=True, slots=True)
class Author:
    id: str
    name: str
    username: str = ""
    is_bot: bool = False
    roles: tuple[str, ...] = ()
    """The platform's ids of what they are in this server, as far as it came with what they did."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the platform tells about where it happened."""

    channel: ChannelType
    name: str = ""
    world: str = ""
    """The platform's id of the server or group; a direct chat is a world of its own."""
    world_name: str = ""
    handle: str = ""
    """Its public name, without the @; empty where it has none, and of a direct chat."""
    is_first_name: bool = False
    """So the room was called when it was opened, if that is known; it may be renamed since."""
    within: str = ""
    """Of a thread or post, the platform's id of the channel that it hangs from."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A pointer; the bytes come through the platform. Never a URL with a token in it."""

    ref: str
    """Empty for what has no bytes: a place, a poll, somebody's number."""
    mime: str = ""
    size: int = 0
    name: str = ""
    kind: str = ""
    """What people call it: photo, voice, audio, video, video note, animation, sticker, document,
    location, contact, poll, dice; empty where only `mime` tells."""
    about: str = ""
    """What can be said of it, in words: a sticker's emoji, where a place is. Of a photo, a voice
    message, a document only what somebody has perceived in it: empty, a character says that she
    cannot see, hear or has not read it."""
    preview: str = ""
    """The ref of a still picture of it."""
    seconds: float = 0.0
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that somebody answers to."""

    message: str
    author: Author | None = None
    text: str = ""
    exact: bool = False
    """Somebody has chosen these words of it."""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class MadeBot:
    """A bot that its maker has given to one of ours to look after."""

    id: str
    name: str
    username: str = ""


@dataclass(frozen=True, slots=True)
class RoomSeen:
    """A room that exists, whether or not anybody has spoken in it."""

    id: str
    name: str
    channel: ChannelType
    thread: str = ""


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
    parted: tuple[Author, ...] = ()
    """Of a MEMBER, who has gone."""
    ranked: tuple[tuple[Author, Rank], ...] = ()
    """Of a MEMBER, who is now what: promoted, or no admin any more."""
    left: bool = False
    """Of a MEMBER, we are not there any more, or may not write there."""
    world: WorldSeen | None = None
    """Of a WORLD."""
    press: str = ""
    """Of a PRESS, the button's; `message` is the one that it stands below."""
    cue: str = ""
    """Of a CUE, why the character may speak, in words for its model."""
    made: MadeBot | None = None
    """A bot that somebody has made for us, or whose token is another one now."""
    gone: tuple[str, ...] = ()
    """Of a DELETE, the platform's ids of what was taken back."""
    forwarded: str = ""
    """Whose words these are, where they are passed on."""
    bundle: str = ""
    """The same in all pieces of one message: an album, a text that the platform has cut."""
    goes_on: str | None = None
    """Its author was cut off here by the platform: what they say next belongs to it, behind this.
    None: it is whole."""
    via: str = field(default="", repr=False)
    """How an answer has to go back, where it is no ordinary message there: words of the platform's
    own, which the Reply bears."""
    fleeting: bool = False
    """Somebody is still typing it somewhere else: nothing of it is remembered."""
    language: str = ""
    """The author's, as the platform tells it ("de", "pt-br")."""
    spoken: bool = False
    """It was said aloud where the answer will be spoken too; what is typed in a voice channel's chat
    is not."""
    company: int = 0
    """Of what was spoken, how many heard it besides its author: people, and other characters of
    ours; other bots do not count."""
    recording: str = ""
    """Of what was spoken, its sound as it was kept, where that is wished: "file:<name>"."""
    waits: bool = False
    """Its author sees that it is being worked on until an answer comes, so that there has to be one,
    if only to say why there is none."""
    given: Mapping[str, str] = field(default_factory=dict)
    """Of a COMMAND that is a form, its options as they were filled in; of a PRESS of a menu or a
    form, what was chosen or written, by the names of its fields ("" for a menu's only one, lines
    for several choices)."""


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
