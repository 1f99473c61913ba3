"""Which character is on which platform, by whose token; the same token twice is refused."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from core.casting import LoadedCharacter, Roster
from core.errors import Finding
from core.ids import Account
from core.secrets import Secret
from core.settings import schema
from core.settings.layers import Environment, Settings, prefixes

_TELEGRAM = re.compile(r"(\d+):[A-Za-z0-9_-]{35}")
_ANY_BOT = re.compile(r"(\d+):\S+")


@dataclass(frozen=True, slots=True)
class PlatformKeys:
    """The settings that give a character her place on a platform."""

    token: str
    root: str = ""
    """The setting that leads to another server, where tokens may look otherwise."""
    example: str = "123456:ABC..."


TELEGRAM = PlatformKeys("TELEGRAM_BOT_TOKEN", root="TELEGRAM_API_ROOT")
PLATFORMS: Mapping[str, PlatformKeys] = MappingProxyType({"telegram": TELEGRAM})


class Bot(Protocol):
    @property
    def token(self) -> str: ...


class Stage(Protocol):
    """Where bots are made without anybody's token."""

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


@dataclass(frozen=True, slots=True)
class Plan:
    links: tuple[PlannedLink, ...]
    off: tuple[Off, ...] = ()
    findings: tuple[Finding, ...] = ()


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
    stage: Stage | None = None,
) -> Plan:
    """Who logs in where. On a stage every character gets a bot of its own, whatever is set."""
    links: list[PlannedLink] = []
    off: list[Off] = []
    findings: list[Finding] = []
    for one, settings in settings_of(roster, environment):
        for platform, keys in platforms.items():
            if stage is not None:
                token: Secret | None = Secret(stage.bot(one.name).token)
            else:
                token = settings.secret(keys.token)
            if token is None:
                line = line_to_add(one, keys)
                off.append(Off(one, platform, f"{keys.token} is not set", line))
                continue
            number = _number(token, lenient=stage is not None or _elsewhere(settings, keys))
            if number is None:
                where = f"{keys.token} of {one.name}, in {settings.where(keys.token)}"
                what = "is not a bot token"
                mend = "It looks like 123456789:ABC..., with 35 characters after the colon"
                findings.append(Finding(where, what, mend))
                off.append(Off(one, platform, f"{keys.token} {what}", line_to_add(one, keys)))
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
    return Plan(good, tuple(off), tuple(findings))


def line_to_add(one: LoadedCharacter, keys: PlatformKeys) -> str:
    """What to write for a character without a token."""
    # A name that a .env file cannot hold is replaced by the id.
    name = one.name if re.fullmatch(r"[\w .-]+", one.name) else one.id
    return f"{prefixes(name)[0]}{keys.token}={keys.example}   # in .env"


def _number(token: Secret, *, lenient: bool) -> str | None:
    """The bot's id, which is public, out of its token."""
    match = (_ANY_BOT if lenient else _TELEGRAM).fullmatch(token.reveal())
    return match[1] if match else None


def _elsewhere(settings: Settings, keys: PlatformKeys) -> bool:
    key = schema.find(keys.root)
    return key is not None and settings.text(keys.root).rstrip("/") != key.default


def _shared(links: list[PlannedLink]) -> dict[Account, list[PlannedLink]]:
    """Bots that more than one character would log in as: two readers of one bot only fight."""
    by_account: dict[Account, list[PlannedLink]] = defaultdict(list)
    for link in links:
        by_account[link.account].append(link)
    return {account: several for account, several in by_account.items() if len(several) > 1}
