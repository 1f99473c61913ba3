"""Which character is on which platform, by whose token; the same token twice is refused."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Protocol

from core.casting import LoadedCharacter, Roster
from core.errors import Finding
from core.ids import Account, CharacterId
from core.secrets import Secret
from core.settings import schema
from core.settings.layers import Environment, Settings, prefixes

_TELEGRAM = re.compile(r"(\d+):[A-Za-z0-9_-]{35}")
_ANY_TELEGRAM = re.compile(r"(\d+):\S+")
_DISCORD = re.compile(r"([A-Za-z0-9_-]{22,28})\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,45}")
_ANY_DISCORD = re.compile(r"([A-Za-z0-9_-]{4,28})\.[^.\s]+\.[^.\s]+")


def _telegram_bot(token: str, *, lenient: bool) -> str | None:
    match = (_ANY_TELEGRAM if lenient else _TELEGRAM).fullmatch(token)
    return match[1] if match else None


def _discord_bot(token: str, *, lenient: bool) -> str | None:
    """Discord's tokens begin with the bot's user id in base64."""
    match = (_ANY_DISCORD if lenient else _DISCORD).fullmatch(token)
    if match is None:
        return None
    try:
        number = urlsafe_b64decode(match[1] + "=" * (-len(match[1]) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return number if number.isdecimal() else None


class BotOf(Protocol):
    def __call__(self, token: str, *, lenient: bool) -> str | None:
        """The bot's id, which is public, out of its token; None for what is no token."""
        ...


@dataclass(frozen=True, slots=True)
class PlatformKeys:
    """The settings that give a character her place on a platform."""

    token: str
    root: str = ""
    """The setting that leads to another server, where tokens may look otherwise."""
    example: str = "123456:ABC..."
    shape: str = "It looks like 123456789:ABC..., with 35 characters after the colon"
    bot_of: BotOf = _telegram_bot


TELEGRAM = PlatformKeys("TELEGRAM_BOT_TOKEN", root="TELEGRAM_API_ROOT")
DISCORD = PlatformKeys(
    "DISCORD_API_TOKEN",
    root="DISCORD_API_ROOT",
    example="MTIz...",
    shape="It has three parts with dots between them: MTIz....G....; copy it whole from the "
    "page Bot of the application, not its id, secret or public key",
    bot_of=_discord_bot,
)
PLATFORMS: Mapping[str, PlatformKeys] = MappingProxyType({"telegram": TELEGRAM, "discord": DISCORD})


class Bot(Protocol):
    @property
    def token(self) -> str: ...


class Stage(Protocol):
    """One platform of the local stage, where bots are made without anybody's token."""

    def bot(self, name: str) -> Bot: ...


@dataclass(frozen=True, slots=True)
class PlannedLink:
    character: LoadedCharacter
    platform: str
    token: Secret
    account: Account
    settings: Settings


@dataclass(frozen=True, slots=True)
class Off:
    """A character who is not on a platform, and what would bring her there."""

    character: LoadedCharacter
    platform: str
    reason: str
    line_to_add: str
    bad: bool = False
    """There is a token, and it is no good."""
    free: bool = False
    """Nothing is set: a bot may be made for her."""


Stored = Mapping[tuple[str, CharacterId], Secret]
"""Tokens of bots that were made while running, by platform and character."""


@dataclass(frozen=True, slots=True)
class Plan:
    links: tuple[PlannedLink, ...]
    off: tuple[Off, ...] = ()
    findings: tuple[Finding, ...] = ()
    again: Callable[[Stored], Plan] | None = field(default=None, repr=False, compare=False)

    def completed(self, stored: Stored) -> Plan:
        """The same with these tokens, for those for whom none is set."""
        return self.again(stored) if stored and self.again else self


def settings_of(
    roster: Roster, environment: Environment
) -> Iterator[tuple[LoadedCharacter, Settings]]:
    """Each character with her settings, in the roster's order; the first owns unscoped tokens."""
    for index, one in enumerate(roster.loaded):
        yield (
            one,
            Settings(environment, one.name, one.id, one.secrets, one.settings, first=index == 0),
        )


def plan_links(
    roster: Roster,
    environment: Environment,
    platforms: Mapping[str, PlatformKeys] = PLATFORMS,
    stages: Mapping[str, Stage] | None = None,
    stored: Stored = MappingProxyType({}),
) -> Plan:
    """Who logs in where. On stages every character gets a bot of its own, whatever is set.

    Whatever is set for a character counts before what is `stored`. Nobody is said to be off a platform on which none of them is, unless they are on none at all.
    """
    links: list[PlannedLink] = []
    off: list[Off] = []
    findings: list[Finding] = []
    for one, settings in settings_of(roster, environment):
        for platform, keys in platforms.items():
            if stages is not None:
                if platform not in stages:
                    continue
                token: Secret | None = Secret(stages[platform].bot(one.name).token)
            else:
                token = settings.secret(keys.token) or stored.get((platform, one.id))
            if token is None:
                line = line_to_add(one, keys)
                off.append(Off(one, platform, f"{keys.token} is not set", line, free=True))
                continue
            lenient = stages is not None or _elsewhere(settings, keys)
            number = keys.bot_of(token.reveal(), lenient=lenient)
            if number is None:
                where = f"{keys.token} of {one.name}, in {settings.where(keys.token)}"
                what = "is not a bot token"
                findings.append(Finding(where, what, keys.shape))
                line = line_to_add(one, keys)
                off.append(Off(one, platform, f"{keys.token} {what}", line, bad=True))
                continue
            account = Account(f"{platform}:{number}")
            links.append(PlannedLink(one, platform, token, account, settings))
    shared = _shared(links)
    for account, several in shared.items():
        names = " and ".join(link.character.name for link in several)
        platform = several[0].platform
        what = f"{names} have the same bot ({account.partition(':')[2]})"
        mend = "Make a bot for each of them and give each her own line"
        findings.append(Finding(platforms[platform].token, what, mend))
        off += [
            Off(link.character, platform, what, line_to_add(link.character, platforms[platform]))
            for link in several
        ]
    good = tuple(link for link in links if link.account not in shared)
    used = {link.platform for link in links} | {one.platform for one in off if one.bad}
    told = tuple(one for one in off if not used or one.platform in used)
    again = partial(plan_links, roster, environment, platforms, stages)
    return Plan(good, told, tuple(findings), again)


def line_to_add(one: LoadedCharacter, keys: PlatformKeys) -> str:
    """What to write for a character without a token."""
    # A name that a .env file cannot hold is replaced by the id.
    name = one.name if re.fullmatch(r"[\w .-]+", one.name) else one.id
    return f"{prefixes(name)[0]}{keys.token}={keys.example}   # in .env"


def _elsewhere(settings: Settings, keys: PlatformKeys) -> bool:
    key = schema.find(keys.root)
    return key is not None and settings.text(keys.root).rstrip("/") != key.default


def _shared(links: list[PlannedLink]) -> dict[Account, list[PlannedLink]]:
    """Bots that more than one character would log in as: two readers of one bot only fight."""
    by_account: dict[Account, list[PlannedLink]] = defaultdict(list)
    for link in links:
        by_account[link.account].append(link)
    return {account: several for account, several in by_account.items() if len(several) > 1}
