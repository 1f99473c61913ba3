"""Answer or stay silent: rules first, each with a name that is written down."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache

from core.messages import ChannelType, Inbound, Kind


class Choice(Enum):
    ANSWER = "answer"
    UNSURE = "unsure"
    """The model may decide for silence, within the same call."""
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Verdict:
    choice: Choice
    rule: str


@dataclass(frozen=True, slots=True)
class Manners:
    """One character's settings about when to speak, read once."""

    names: tuple[str, ...]
    bypass_types: frozenset[str] = frozenset()
    """Channel types in lower case, beside the built-in DM, VOICE_DM, SELF, API (R-32, R-34)."""
    bypass_sources: tuple[str, ...] = ()
    """Platforms, by substring, in lower case, beside the built-in client_chat (R-33, X-02)."""
    answer_bots: bool = False
    pair_exchanges: int = 20
    """How many messages a minute two bots may exchange in a room (G39)."""
    hops: int = 3
    """How often characters may answer one another before a person has to speak again."""
    joins: float | None = None
    """How often an hour she may join in where nobody has called her, in each room (TROUPE_JOINS_IN);
    None: where her own template, or having been told to follow, makes her."""
    stale_group: float = 900.0
    stale_direct: float = 86_400.0
    """Seconds after which a message is remembered, but no longer answered."""


class Word(Enum):
    """Whether somebody has named who speaks next."""

    FREE = "free"
    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the rules look at beside the message itself."""

    now: datetime
    muted: bool = False
    """This character is to be quiet in this room."""
    followed: bool = False
    """It joins in here without being called (FOLLOW_ROOM)."""
    colleague: bool = False
    """The author is another character of ours."""
    hops: int = 0
    """How many messages of bots stand at the end of the talk."""
    follow_up: bool = False
    """The author has just been answered by us, and nobody spoke between."""
    others: tuple[str, ...] = ()
    """What those of ours are called who are here as well, as far as it makes a difference."""
    hers: bool = False
    """The thread was opened by her: whoever speaks in it speaks to her."""
    word: Word = Word.FREE
    missed: str = ""
    """Why what was spoken cannot be answered aloud any more, as a rule; empty where it can."""


_DIRECT_TYPES = frozenset({ChannelType.DM, ChannelType.VOICE_DM, ChannelType.SELF, ChannelType.API})
_DIRECT_SOURCES = ("client_chat",)


def decide(inbound: Inbound, manners: Manners, at: Circumstances) -> Verdict:
    """The first rule that applies; the order is the policy."""
    if inbound.kind is not Kind.MESSAGE:
        return _silent("not-a-message")
    if inbound.author.is_bot and not at.colleague and not manners.answer_bots:
        return _silent("bot")
    if at.colleague and at.hops > manners.hops:
        return _silent("hops")
    if not inbound.text and not inbound.attachments:
        return _silent("empty")

    direct = inbound.is_direct or inbound.place.channel in _DIRECT_TYPES
    age = (at.now - inbound.sent_at).total_seconds()
    # What is still being typed has no time of its own.
    if not inbound.fleeting and age > (manners.stale_direct if direct else manners.stale_group):
        return _silent("stale")

    if inbound.spoken and at.missed:
        return _silent(at.missed)

    named = is_named(inbound.text, manners.names)
    if at.muted and not (named or inbound.mentions_us):
        return _silent("muted")
    if at.colleague and at.word is Word.OURS:
        return _answer("given-the-word")
    if at.colleague and at.word is Word.THEIRS and not inbound.mentions_us:
        return _silent("word-is-anothers")
    if direct:
        return _answer("direct")
    if inbound.place.channel.value.lower() in manners.bypass_types:
        return _answer("bypass-type")
    if inbound.spoken and not inbound.company and not inbound.author.is_bot:
        return _answer("spoken-to-us")
    source = inbound.address.platform.lower()
    if any(one in source for one in (*_DIRECT_SOURCES, *manners.bypass_sources)):
        return _answer("bypass-source")
    if inbound.mentions_us:
        return _answer("mentioned")
    if inbound.replies_to_us and not at.colleague:
        return _answer("reply")
    if named:
        return _answer("named")
    if inbound.replies_to_us:
        # It has answered us, which alone is no reason to go on and on.
        return _silent("answered-by-colleague")
    if inbound.mentions_others or inbound.reply_to is not None:
        return _silent("addressed-to-another")
    if at.hers and not inbound.author.is_bot:
        return _answer("her-thread")
    if is_called(inbound.text, at.others):
        return _silent("addressed-to-another")
    if at.follow_up and not inbound.author.is_bot:
        return Verdict(Choice.UNSURE, "follow-up")
    if at.followed and not inbound.author.is_bot:
        return Verdict(Choice.UNSURE, "followed")
    return _silent("not-addressed")


def is_named(text: str, names: tuple[str, ...]) -> bool:
    """Whether one of the names stands in the text as a word of its own: Bob, not Bobby (MH-11)."""
    return bool(names) and _pattern(names).search(text) is not None


def is_called(text: str, names: tuple[str, ...]) -> bool:
    """Whether it begins or ends by calling somebody: "Bob, ..." or "..., Bob?"."""
    return bool(names) and _calling(names).search(text) is not None


@lru_cache(maxsize=256)
def _calling(names: tuple[str, ...]) -> re.Pattern[str]:
    words = "|".join(re.escape(name) for name in names)
    return re.compile(
        rf"\A\W*(?:(?:hey|hi|hello|ok|okay|so|and)\W+)?(?:{words})\s*(?:[,:;!?\u2013\u2014-]|\Z)"
        rf"|,\s*(?:{words})\W*\Z",
        re.IGNORECASE,
    )


@lru_cache(maxsize=256)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    words = "|".join(re.escape(name) for name in names)
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)


def _answer(rule: str) -> Verdict:
    return Verdict(Choice.ANSWER, rule)


def _silent(rule: str) -> Verdict:
    return Verdict(Choice.SILENT, rule)
