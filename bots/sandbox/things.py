"""What the local world is made of: accounts, servers, rooms, messages, and the change of one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

Fact = dict[str, Any]
Entity = dict[str, Any]
PRESENT = frozenset({"creator", "administrator", "member", "restricted"})
# People get ids of Discord as if they had come one a second, one after the other.
_PEOPLE_SINCE_MS = 200_000_000_000


class Timed(Protocol):
    """A world that knows how late it is."""

    now: Callable[[], float]


@dataclass(slots=True, eq=False)
class Account:
    """Someone who can speak: a person, who is on every platform, or a bot, which is on one."""

    world: Timed = field(repr=False)
    id: int
    name: str
    username: str | None = None
    is_bot: bool = False
    platform: str = ""
    language: str = "en"
    # What its owner has switched on for a bot: topics, new_topics, guests, inline, feedback, business.
    able: set[str] = field(default_factory=set, repr=False)

    @property
    def snowflake(self) -> int:
        """Who this is on Discord."""
        if self.platform == "discord":
            return self.id
        return (_PEOPLE_SINCE_MS + self.id * 1000) << 22


@dataclass(slots=True, eq=False)
class Role:
    """A role of a Discord server."""

    id: int
    name: str
    permissions: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True)
class VoiceState:
    """Somebody in a voice channel of Discord, and the session by which this one is there."""

    chat: Chat = field(repr=False)
    session: str
    self_mute: bool = False
    self_deaf: bool = False
    self_video: bool = False
    suppress: bool = False
    """In the audience of a stage channel, where one speaks only when bidden; or without Speak."""
    asked: str = ""
    """When this one has asked to be let up; empty where it has not."""


@dataclass(slots=True, eq=False)
class Guild:
    """A Discord server; the role that everyone has carries the server's own id."""

    id: int
    name: str
    owner: Account = field(repr=False)
    roles: dict[int, Role] = field(default_factory=dict, repr=False)
    members: dict[Account, set[int]] = field(default_factory=dict, repr=False)
    joined: dict[Account, float] = field(default_factory=dict, repr=False)
    channels: dict[int, Chat] = field(default_factory=dict, repr=False)
    nicks: dict[Account, str] = field(default_factory=dict, repr=False)
    # Until when somebody may not speak.
    timeouts: dict[Account, float] = field(default_factory=dict, repr=False)
    banned: set[Account] = field(default_factory=set, repr=False)
    # By id: name, emoji and who made it.
    stickers: dict[int, dict[str, Any]] = field(default_factory=dict, repr=False)
    # Who is in which of its voice channels, and speaks there; whom it lets nobody hear, and who
    # may hear nobody; by which code those in a channel see that nobody else hears them.
    voices: dict[Account, VoiceState] = field(default_factory=dict, repr=False)
    speaking: set[Account] = field(default_factory=set, repr=False)
    hushed: set[Account] = field(default_factory=set, repr=False)
    deafened: set[Account] = field(default_factory=set, repr=False)
    codes: dict[Chat, str] = field(default_factory=dict, repr=False)
    # Whether Discord has lost it for now.
    down: bool = False


@dataclass(slots=True, eq=False)
class Hook:
    """A webhook of a Discord channel: whoever knows its token speaks there under any name."""

    id: int
    chat: Chat = field(repr=False)
    name: str
    token: str = field(repr=False)
    owner: Account = field(repr=False)


@dataclass(frozen=True, slots=True)
class Overwrite:
    """What a channel of Discord allows and denies a role or one member."""

    of_member: bool
    allow: int
    deny: int


@dataclass(slots=True, eq=False)
class Chat:
    """A room with its members and everything said in it.

    On Telegram `kind` is private, group, supergroup, forum, channel or business, which is a chat of
    a business (its `owner`) with a customer, whom a bot may stand in for; on Discord text, announcement,
    voice and stage (for the chat beside the talk), thread, private_thread, board and media (what
    Discord calls a forum, and one of pictures), post (a thread of a board), category, direct or
    direct_group. `members` are those who see it; `joined` those who follow a Discord thread.
    """

    key: str
    id: int
    kind: str
    title: str
    members: dict[Account, str] = field(default_factory=dict, repr=False)
    topics: dict[int, str] = field(default_factory=dict, repr=False)
    messages: dict[int, Message] = field(default_factory=dict, repr=False)
    last_id: int = 0
    moved_to: Chat | None = field(default=None, repr=False)
    platform: str = "telegram"
    guild: Guild | None = field(default=None, repr=False)
    parent: Chat | None = field(default=None, repr=False)
    owner: Account | None = field(default=None, repr=False)
    closed_to: set[Account] = field(default_factory=set, repr=False)
    muted: set[Account] = field(default_factory=set, repr=False)
    joined: dict[Account, float] = field(default_factory=dict, repr=False)
    # What is allowed and denied here beyond the roles, by the id of a role or of somebody on Discord.
    overwrites: dict[int, Overwrite] = field(default_factory=dict, repr=False)
    # What only one platform knows of a room: on Discord its topic, tags, slow mode, whether it is
    # archived; on Telegram what is pinned, closed, linked, and as whom somebody speaks.
    more: dict[str, Any] = field(default_factory=dict, repr=False)

    def people(self) -> list[Account]:
        return [who for who, status in self.members.items() if not who.is_bot and status in PRESENT]

    def bots(self) -> list[Account]:
        return [who for who, status in self.members.items() if who.is_bot and status in PRESENT]

    @property
    def is_super(self) -> bool:
        return self.kind in {"supergroup", "forum"}

    @property
    def counts_alone(self) -> bool:
        """Whether its messages are numbered from 1, and not with those of all chats of its bots."""
        return self.is_super or self.kind in {"channel", "business"}


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it stands now; an edit makes a new value.

    On Discord the text is Markdown as it was written and `more` holds the rest of the message;
    there somebody may react more than once: `more["reactions"]` has, for each emoji, the ids of
    the accounts that gave it, and `reactions` the last one of each. On Telegram `more` holds the
    picture or document that the text is the caption of.
    """

    chat: Chat = field(repr=False)
    id: int
    sender: Account = field(repr=False)
    date: float
    text: str
    entities: tuple[Entity, ...] = ()
    topic: int | None = None
    thread: int | None = None
    reply_to: int | None = None
    edited: float | None = None
    deleted: bool = False
    reactions: dict[int, str] = field(default_factory=dict)
    markup: dict[str, Any] | None = None
    service: dict[str, Any] | None = None
    origin: dict[str, Any] | None = None
    draft: int | None = None
    more: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def spoken_as(self) -> str:
        """Under whose name it stands: a webhook's of Discord may be another with each message."""
        face = self.more.get("face")
        return str(face["name"]) if face else self.sender.name


@dataclass(frozen=True, slots=True)
class Change:
    """What one fact did; `before` is the message as it was."""

    kind: str
    fact: Fact
    chat: Chat | None = None
    message: Message | None = None
    before: Message | None = None
    guild: Guild | None = None
