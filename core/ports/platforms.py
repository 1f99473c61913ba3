"""What the flow asks of a chat platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, Self, runtime_checkable

from core.ids import Account
from core.messages import (
    Address,
    Attachment,
    Delivery,
    Inbound,
    Live,
    Rank,
    Receipt,
    Received,
    Reply,
)
from core.secrets import Secret


@dataclass(frozen=True, slots=True)
class Limits:
    """What a platform can do, as data."""

    max_text: int
    """In the platform's own units (UTF-16 on Telegram)."""
    max_parts: int = 5
    idempotent_send: bool = False
    """A repeated nonce returns the first message instead of sending a second."""
    sends_in_flight: int = 8
    """Bounds how many messages may be doubled by one crash where sends are not idempotent."""
    burst: int = 3
    """Messages that may go to one chat at once, when its pace is one a second."""
    drafts: bool = False
    """Text can be shown while it is being written, in direct chats."""
    edits: bool = False
    """A growing answer is shown by editing a message, where it cannot be a draft."""
    hears_bots: bool = True
    """What one bot says in a group reaches the others; where not, our characters are told by us."""
    buttons: bool = False
    threads: bool = False
    """A talk may go on in a thread, which has the number of the message that it hangs from."""
    reactions: bool = False
    """A message can be given an emoji, and have it taken away again."""
    commands: bool = False
    """Whatever begins with a slash is a command there, those of plugins too."""
    voice_notes: bool = False
    """An answer can be a voice message."""
    voice_rooms: bool = False
    """It has voice channels: the Platform is a VoiceRooms too."""
    forms: bool = False
    """Commands are forms there: they have options, and whoever gives one waits for its answer."""


@runtime_checkable
class Prepares(Protocol):
    """A platform where something has to be made before it can be sent: the sound of a voice
    message. That takes no place of those in flight, so that no other room waits for it."""

    def takes_time(self, delivery: Delivery) -> bool:
        """Whether there is something to make for it that is not made yet; quick, often asked."""
        ...

    async def prepare(self, delivery: Delivery) -> None:
        """Make it, and keep it for `perform`, which can do without; raises nothing."""
        ...


@runtime_checkable
class MakesBots(Protocol):
    """A platform where one bot may look after others, which people make for it."""

    @property
    def may_make_bots(self) -> bool:
        """Whether this one is allowed to."""
        ...

    def where_to_make(self, name: str, username: str) -> str:
        """The address at which a person makes a bot for this one; both may be changed there."""
        ...

    async def token_of(self, bot: str) -> Secret:
        """Raises LinkLost, LinkRejected or SendFailed, as does `renew_token`."""
        ...

    async def renew_token(self, bot: str) -> Secret:
        """Another one in its place; whoever has the old one is out."""
        ...


class OptionKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    """A whole one."""
    FLAG = "flag"
    CHANNEL = "channel"
    """What comes is its id; so with the next two."""
    ROLE = "role"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Option:
    """What may be said with a command, where commands are forms; elsewhere it is the text behind
    it, in the order of the options."""

    name: str
    """1 to 32 of a-z, 0-9 and _."""
    about: str
    """In at most 100 characters."""
    kind: OptionKind = OptionKind.TEXT
    required: bool = False
    least: int | None = None
    most: int | None = None
    """Of a number its bounds, of a text those of its length."""
    choices: tuple[str, ...] = ()
    """Nothing else may be said; at most 25."""
    suggests: bool = False
    """`Offering.suggest` is asked while somebody types."""
    words: Mapping[str, str] = field(default_factory=dict)
    """`about` in other languages, by their codes ("de")."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A command that people may give, as a menu shows it."""

    name: str
    """1 to 32 of a-z, 0-9 and _."""
    about: str
    """What it does, in at most 256 characters."""
    words: Mapping[str, str] = field(default_factory=dict)
    """The same in other languages, by their codes ("de")."""
    who: Rank = Rank.STRANGER
    """The least rank of whoever gives it."""
    direct: bool = True
    groups: bool = True
    options: tuple[Option, ...] = ()
    aside: bool = False
    """Its answer is a matter of whoever gave it alone: where commands are forms, nobody else sees
    it."""


class Offering(Protocol):
    """What a character offers on one account, for its platform's menu."""

    def now(self) -> Sequence[Offer]:
        """Nothing as long as nobody plays there."""
        ...

    async def mark(self) -> str:
        """Of what the platform was shown last, as it was given to `keep`; empty for nothing."""
        ...

    async def keep(self, mark: str) -> None: ...
    def suggest(
        self, command: str, option: str, typed: str, given: Mapping[str, str]
    ) -> Sequence[str]:
        """What somebody may be about to write, at most 25; `given` are the options so far."""
        ...


class Chronicle(Protocol):
    """What was said in a server's rooms before a character came there: remembered, never answered."""

    async def planned(self, world: str) -> Mapping[str, int]:
        """By its rooms, below which number each is still to be read; 0 for one that is done."""
        ...

    async def plan(self, world: str, rooms: Mapping[str, int]) -> Mapping[str, int]:
        """As `planned`, of rooms that were not in it; written down before any is read, and with
        those done of which something was remembered before this process began."""
        ...

    async def remember(self, world: str, room: str, said: Sequence[Received]) -> int:
        """All that is remembered of a room, oldest first, and that it is done; how many of them
        are new."""
        ...

    def tell(self, done: int, every: int) -> None:
        """How many rooms are read, of all that are to be: for whoever looks on."""
        ...


class Intake(Protocol):
    async def __call__(self, received: Sequence[Received]) -> None:
        """Write down, drop doubles, wake the lanes; returns once it is safe to confirm.

        Waits while the house is full or the database is away; raises only when cancelled.
        """
        ...

    async def newest(self, account: Account) -> Mapping[str, int]:
        """The highest `seq` stored of each room's messages, for platforms that read back gaps.

        The room "" holds that of the last WORLD, which is written when a look round is complete.
        """
        ...


class Platform(Protocol):
    """One bot account on one chat platform.

    Entering logs in; `listen` reads until cancelled; sending works until exit.
    Raises LinkRejected or LinkLost on entering and listening, SendFailed from `perform`.
    """

    @property
    def name(self) -> str:
        """As in addresses: "telegram"."""
        ...

    @property
    def account(self) -> Account: ...
    @property
    def handle(self) -> str:
        """What people see and tag, as "@ada_bot"; known once entered."""
        ...

    @property
    def limits(self) -> Limits: ...
    @property
    def lacks(self) -> str:
        """What it cannot hear as it is set up, in words for its operator; empty for nothing."""
        ...

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc: object) -> None: ...
    async def listen(self, intake: Intake, begun: Callable[[], None] = lambda: None) -> None:
        """Calls `begun` as soon as what is said from then on will be heard, maybe repeatedly."""
        ...

    def read(self, received: Received) -> Inbound:
        """Pure; raises Unreadable with a reason."""
        ...

    def render(self, reply: Reply) -> tuple[bytes, ...]:
        """Payloads for deliveries, in order, each within the platform's limits; pure.

        They name the files that go with them; `perform` finds the bytes.
        """
        ...

    async def perform(self, delivery: Delivery) -> Receipt: ...
    async def rank(self, address: Address, author: str) -> Rank:
        """Who somebody is in a server or group, as the platform knows it now.

        Raises LinkLost or SendFailed where it cannot be asked; a person who is not there is a
        STRANGER.
        """
        ...

    async def leave(self, address: Address) -> None:
        """Go out of a group or server; raises LinkLost or SendFailed where that cannot be."""
        ...

    async def fetch(self, attachment: Attachment, most: int) -> bytes:
        """The bytes of what hangs on a message, at most so many; raises FetchFailed."""
        ...

    async def show(self, live: Live) -> None:
        """Best effort; raises SendFailed, which the caller may forget."""
        ...
