"""Which character is on which platform, by whose token; the same token twice is refused."""

from __future__ import annotations

import binascii
import ipaddress
import re
from base64 import urlsafe_b64decode
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Protocol
from urllib.parse import urlsplit

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
    face_of: str = ""
    """The setting by which a character speaks through another one's bot."""
    root: str = ""
    """The setting that leads to another server, where tokens may look otherwise."""
    example: str = "123456:ABC..."
    shape: str = "It looks like 123456789:ABC..., with 35 characters after the colon"
    bot_of: BotOf = _telegram_bot


TELEGRAM = PlatformKeys("TELEGRAM_BOT_TOKEN", root="TELEGRAM_API_ROOT")
DISCORD = PlatformKeys(
    "DISCORD_API_TOKEN",
    face_of="DISCORD_FACE_OF",
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
    host: PlannedLink | None = None
    """Through whose bot she speaks, with a face of her own; the token is that one's."""


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


@dataclass(frozen=True, slots=True)
class _Face:
    character: LoadedCharacter
    platform: str
    of: str
    """As it is written: the name of the character whose bot it is."""
    settings: Settings


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
    """Who logs in where. On stages every character gets a bot of its own, whatever token is set,
    unless it speaks through another one's.

    Whatever is set for a character counts before what is `stored`. Nobody is said to be off a platform on which none of them is, unless they are on none at all.
    """
    links: list[PlannedLink] = []
    off: list[Off] = []
    findings: list[Finding] = []
    faces: list[_Face] = []
    for one, settings in settings_of(roster, environment):
        for platform, keys in platforms.items():
            named = settings.text(keys.face_of).strip() if keys.face_of else ""
            is_face = bool(named) and not is_called(one, named)
            token: Secret | None
            if stages is not None:
                if platform not in stages:
                    continue
                bot = None if is_face else stages[platform].bot(one.name)
                token = None if bot is None else Secret(bot.token)
            else:
                token = settings.secret(keys.token) or stored.get((platform, one.id))
            if token is None and is_face:
                faces.append(_Face(one, platform, named, settings))
                continue
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
    good = [link for link in links if link.account not in shared]
    for face in faces:
        planned = _face_in(face, good)
        if planned is not None:
            good.append(planned)
            continue
        lacking, finding = _without_host(face, roster, platforms[face.platform])
        off.append(lacking)
        findings.append(finding)
    used = {link.platform for link in links} | {one.platform for one in off if one.bad}
    told = tuple(one for one in off if not used or one.platform in used)
    again = partial(plan_links, roster, environment, platforms, stages)
    return Plan(tuple(good), told, tuple(findings), again)


def is_called(one: LoadedCharacter, name: str) -> bool:
    """Whether a setting that names a character means this one."""
    known = (one.name, one.id, one.character.username)
    return name.casefold() in (it.casefold() for it in known if it)


def public(avatar: str) -> str:
    """The address of a picture, if anybody can fetch it: by https, from a host with a name."""
    try:
        parts = urlsplit(avatar.strip())
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme != "https" or "." not in host or parts.username or len(avatar) > 2048:
        return ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return avatar.strip()
    return ""


def _face_in(face: _Face, links: Iterable[PlannedLink]) -> PlannedLink | None:
    """Her place with one who has a bot of her own."""
    for host in links:
        if host.platform != face.platform or host.host is not None:
            continue
        if is_called(host.character, face.of):
            account = Account(f"{host.account}/{face.character.id}")
            return PlannedLink(
                face.character, face.platform, host.token, account, face.settings, host
            )
    return None


def _without_host(face: _Face, roster: Roster, keys: PlatformKeys) -> tuple[Off, Finding]:
    """Why she has nobody to speak through, and what is wrong with her setting."""
    one = face.character
    where = f"{keys.face_of} of {one.name}, in {face.settings.where(keys.face_of)}"
    host = next((it for it in roster.loaded if is_called(it, face.of)), None)
    if host is None:
        what = f"no character here is called {face.of}"
        mend = f"There is {', '.join(it.name for it in roster.loaded)}"
    else:
        what = f"{host.name}, through whose bot {one.name} is to speak, has none that works"
        mend = f"Give {host.name} a bot, or name a character who has one"
    off = Off(one, face.platform, what, line_to_add(host or one, keys), bad=True)
    return off, Finding(where, what, mend)


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
