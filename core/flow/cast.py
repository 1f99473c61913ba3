"""Who plays on which account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from core.character import Character
from core.events import Events
from core.flow.door import OPEN, Door, door_of
from core.flow.etiquette import Manners
from core.flow.habits import Habits, habits_of
from core.flow.outbox import Outbox
from core.ids import Account, CharacterId
from core.messages import Address
from core.plugins.records import Repertoire
from core.ports import Platform
from core.prompting.custom import templates_of
from core.settings.layers import Settings

R = TypeVar("R")


class Gear(Protocol):
    """What a character has to act with: everything it can do, and what of it is alive."""

    @property
    def repertoire(self) -> Repertoire: ...
    @property
    def events(self) -> Events: ...
    @property
    def runtime(self) -> Any:
        """Its AgentRuntime; nobody of ours uses it."""
        ...

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What its services say that they are for."""
        ...

    def use(self, kind: type[R]) -> R:
        """A resource or service of a plugin; raises LookupError."""
        ...


@dataclass(frozen=True, slots=True)
class Bare:
    """Nothing but what is built in."""

    repertoire: Repertoire = field(default_factory=Repertoire)
    events: Events = field(default_factory=Events)
    runtime: Any = None
    capabilities: tuple[str, ...] = ()

    def use(self, kind: type[R]) -> R:
        raise LookupError(f"no plugin has brought a {kind.__name__}")


@dataclass(frozen=True, slots=True)
class Policy:
    """What one character's settings say about a turn, read once and not at every message."""

    manners: Manners
    keeps: bool
    """Every message gets an answer of its own (BASIC_CAPABILITIES_KEEP_RESP)."""
    remembers: bool
    """False with DISABLE_MEMORY_CREATION."""
    sources: frozenset[str]
    """ALLOW_MEMORY_SOURCE_IDS; empty means every source."""
    history: int
    patience: float
    """Seconds for a whole turn."""
    apology: str
    """Said when a turn fails; empty for silence."""
    calls: int = 6
    """Most model calls of one turn."""
    asks: bool = False
    """A template of its own decides by a small model what to answer in groups (R-37)."""
    habits: Habits | None = None
    """When she may speak first; None for never."""
    seen: str = ""
    """Put on a message that takes a while to answer; empty for nothing (TROUPE_SEEN)."""
    threads: int = 0
    """Exchanges with one person in a channel after which she goes on in a thread, where the platform
    has such threads; 0: never."""
    door: Door = OPEN
    """Who may talk to her on the platform that she plays on."""


@dataclass(frozen=True, slots=True)
class Part:
    """One character on one account."""

    id: CharacterId
    character: Character
    settings: Settings
    platform: Platform
    outbox: Outbox
    policy: Policy
    gear: Gear = field(default_factory=Bare)


@dataclass(slots=True)
class Cast:
    """Everyone who has logged in at least once; a part outlives a lost connection."""

    _parts: dict[Account, Part] = field(default_factory=dict)

    def enter(self, part: Part) -> None:
        self._parts[part.platform.account] = part

    def leave(self, account: Account) -> None:
        self._parts.pop(account, None)

    def on(self, account: Account) -> Part | None:
        return self._parts.get(account)

    def keeps(self, address: Address) -> bool:
        part = self._parts.get(address.account)
        return part is not None and part.policy.keeps

    def is_colleague(self, platform: str, author: str) -> bool:
        """Whether a platform's user is one of our own characters."""
        return Account(f"{platform}:{author}") in self._parts

    def called(self, name: str, among: Iterable[Account]) -> Account | None:
        """Whom a name means, or a handle with or without its @."""
        wanted = name.strip().lstrip("@").casefold()
        for account in among if wanted else ():
            other = self._parts.get(account)
            if other is not None and wanted in (
                other.character.name.casefold(),
                other.platform.handle.lstrip("@").casefold(),
            ):
                return account
        return None

    def __iter__(self) -> Iterator[Part]:
        return iter(self._parts.values())


def policy_of(character: Character, settings: Settings, platform: str = "") -> Policy:
    """Raises BadInput for a setting that cannot be read."""
    return Policy(
        manners=Manners(
            names=tuple(dict.fromkeys(filter(None, (character.name, character.username)))),
            bypass_types=frozenset(
                one.lower() for one in settings.csv("SHOULD_RESPOND_BYPASS_TYPES")
            ),
            bypass_sources=tuple(
                one.lower() for one in settings.csv("SHOULD_RESPOND_BYPASS_SOURCES")
            ),
            answer_bots=settings.flag("TROUPE_ANSWER_BOTS"),
            hops=int(settings.number("TROUPE_HOPS", 3)),
            pair_exchanges=int(settings.number("TROUPE_PAIR_EXCHANGES", 20)),
            joins=settings.number("TROUPE_JOINS_IN"),
            stale_group=settings.number("TROUPE_STALE_GROUP", 900),
            stale_direct=settings.number("TROUPE_STALE_DIRECT", 86_400),
        ),
        keeps=settings.flag("BASIC_CAPABILITIES_KEEP_RESP"),
        remembers=not settings.flag("DISABLE_MEMORY_CREATION"),
        sources=frozenset(settings.csv("ALLOW_MEMORY_SOURCE_IDS")),
        history=int(settings.number("CONVERSATION_LENGTH", 32)),
        patience=settings.number("RESPONSE_TIMEOUT", 3_600_000) / 1000,
        apology=settings.text("TROUPE_APOLOGY"),
        calls=int(settings.number("TROUPE_MODEL_CALLS", 6)),
        asks=any(
            name.lower().endswith("shouldrespondtemplate") for name in templates_of(character)
        ),
        habits=habits_of(settings),
        seen=_emoji(settings.text("TROUPE_SEEN")),
        threads=max(0, int(settings.number("DISCORD_THREADS", 0))),
        door=door_of(settings, platform),
    )


def _emoji(text: str) -> str:
    text = text.strip()
    return "" if text.isascii() else text  # "none", "off", "false": whatever is no emoji
