"""Several characters behind one bot: who they are, what each of them hears, and who spoke.

Discord knows the bot alone. What comes to it in servers is handed to each of its faces as well,
in the same transaction as its own, so that a face misses nothing that the bot reads back; and what
a webhook of the bot says is recognised as the words of one of ours, by every link of this process.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import orjson

from bots.discord.envelope import PLATFORM, command_in, is_direct, loads, snowflake
from bots.discord.face_hooks import Host
from bots.discord.face_past import SharedPast
from bots.discord.face_quotes import Lately, without_quote
from core.ids import Account
from core.messages import Author, Inbound, Kind, Quote, Received
from core.ports import Chronicle, Intake

_SHOWN = 80
_FORBIDDEN = re.compile(r"(?i)(c)(?=lyde)|(d)(?=iscord)")
"""Discord takes neither word in a name."""
_BY_HOOK = b'"webhook_id"'
_TALK = (Kind.MESSAGE, Kind.COMMAND)


@dataclass(frozen=True, slots=True)
class Mask:
    """One character who speaks through another one's bot."""

    account: Account
    """Of her own, so that her rooms, people and secrets are: "discord:<bot>/<character>"."""
    host: Account
    name: str
    names: tuple[str, ...] = ()
    """By which she is called."""

    @property
    def id(self) -> str:
        """As an author's."""
        return self.account.partition(":")[2]

    @property
    def shown(self) -> str:
        return shown_as(self.name)

    @property
    def prefix(self) -> str:
        """Before her words, where only the bot itself may speak."""
        return f"**{self.shown}:** "

    @property
    def author(self) -> Author:
        return Author(self.id, self.name, is_bot=True)


@lru_cache(maxsize=1024)
def shown_as(name: str) -> str:
    """A name as Discord takes it for a webhook's message."""
    plain = " ".join(name.split())
    return _FORBIDDEN.sub(lambda found: f"{found[0]}·", plain)[:_SHOWN].strip() or "Character"


class Faces:
    """Those of one process; every link of its Discord has the same."""

    def __init__(self) -> None:
        self.lately = Lately()
        self._masks: dict[Account, Mask] = {}
        self._chronicles: dict[Account, Chronicle] = {}
        self._hosts: dict[Account, Host] = {}
        self._bots: dict[str, Account] = {}
        """By their applications, which have the bot's number but for the oldest."""
        self._hearing: set[Account] = set()
        self._turned = asyncio.Event()

    # --- who is there ----------------------------------------------------------------------------

    def put_on(self, mask: Mask, chronicle: Chronicle | None = None) -> None:
        """From now on she hears what her host's bot does; `chronicle` takes what it reads back."""
        self._masks[mask.account] = mask
        if chronicle is not None:
            self._chronicles[mask.account] = chronicle

    def take_off(self, mask: Mask) -> None:
        self._masks.pop(mask.account, None)
        self._chronicles.pop(mask.account, None)

    def of(self, host: Account) -> list[Mask]:
        return [one for one in self._masks.values() if one.host == host]

    def open(self, host: Host) -> None:
        """A bot has logged in."""
        self._hosts[host.account] = host
        self._bots[str(host.client.application_id)] = host.account
        self._turn()

    def close(self, account: Account) -> None:
        self._hosts.pop(account, None)
        self.deaf(account)

    def host(self, account: Account) -> Host | None:
        return self._hosts.get(account)

    def deaf(self, account: Account) -> None:
        self._hearing.discard(account)
        self._turn()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something of what a host is: there, hearing, or neither."""
        while not true():
            await self._turned.wait()

    def is_hearing(self, account: Account) -> bool:
        return account in self._hearing

    def _turn(self) -> None:
        self._turned.set()
        self._turned = asyncio.Event()

    # --- hearing ---------------------------------------------------------------------------------

    def sharing(
        self, account: Account, intake: Intake, begun: Callable[[], None]
    ) -> tuple[Intake, Callable[[], None]]:
        """What a bot is to hand in to, for itself and its faces, and to call when it hears."""

        def hears() -> None:
            self._hearing.add(account)
            self._turn()
            begun()

        return _Sharing(self, account, intake), hears

    def remembering(self, account: Account, chronicle: Chronicle | None) -> Chronicle | None:
        """Where a bot is to write what was said before it came."""
        if chronicle is None:
            return None
        shared = partial(self.shared, account, own=True)
        return SharedPast(chronicle, shared, self._chronicles.get)

    def shared(
        self, account: Account, received: Sequence[Received], *, own: bool = False
    ) -> list[Received]:
        """What a bot has heard, as it and each of its faces is told of it; `own` is with what
        they have said themselves."""
        masks = self.of(account)
        found: list[Received] = []
        for one in received:
            if not masks and _BY_HOOK not in one.payload:
                found.append(one)
            else:
                found.extend(self._each(account, masks, one, own=own))
        return found

    def _each(
        self, account: Account, masks: Sequence[Mask], one: Received, *, own: bool
    ) -> Iterator[Received]:
        whole = _object(_loaded(one.payload))
        said, scene = _object(whole.get("d")), _object(whole.get("in"))
        if whole.get("t") == "INTERACTION_CREATE":
            # A button below her words is hers; whatever else is begun is begun with the bot.
            pressed = self.speaker(_object(said.get("message")))
            is_hers = pressed is not None and pressed.host == account
            yield _to(one, pressed) if pressed and is_hers else one
            return
        spoke = self.speaker(said)
        if spoke is not None:
            one = replace(one, author=spoke.id)
        if own or one.author != account.partition(":")[2]:
            yield one
        if not _of_server(one, whole.get("t"), said, scene):
            return
        if masks and one.kind in _TALK and not own:
            self.lately.note(said, scene, spoke.name if spoke else "")
        for mask in masks:
            if own or spoke is None or spoke.account != mask.account:
                hers = _to(one, mask)
                yield self._meant(mask, hers, whole, said) if one.kind in _TALK else hers

    def _meant(
        self, mask: Mask, one: Received, whole: dict[str, Any], said: dict[str, Any]
    ) -> Received:
        """A command to the bot is talk to her; hers answers her, or her name stands before it."""
        answered = self.speaker(_object(said.get("referenced_message")))
        content = said.get("content")
        if isinstance(content, str) and command_in(content, mask.id)[0]:
            is_hers = answered is not None and answered.account == mask.account
            return replace(one, kind=Kind.COMMAND if is_hers else Kind.MESSAGE)
        bot = mask.host.partition(":")[2]
        named = _called(bot, mask.names).match(content) if isinstance(content, str) else None
        rest = "" if named is None else named.string[named.end() :].lstrip(" ,:")
        if not command_in(rest, mask.id)[0]:
            return replace(one, kind=Kind.MESSAGE)
        told = {**whole, "d": {**said, "content": rest}}
        return replace(one, kind=Kind.COMMAND, payload=orjson.dumps(told))

    # --- recognising -----------------------------------------------------------------------------

    def speaker(self, said: Mapping[str, Any]) -> Mask | None:
        """Whose words a message of Discord's are, where one of ours has spoken by another's bot."""
        author, hook = _object(said.get("author")), snowflake(said.get("webhook_id"))
        number = snowflake(author.get("id"))
        if hook and number == hook:
            application = snowflake(said.get("application_id"))
            host = self._bots.get(application, Account(f"{PLATFORM}:{application}"))
            name = author.get("username")
            return next((it for it in self.of(host) if it.shown == name), None)
        content = said.get("content")
        if not isinstance(content, str) or not content.startswith("**"):
            return None
        masks = self.of(Account(f"{PLATFORM}:{number}"))
        return next((it for it in masks if content.startswith(it.prefix)), None)

    def words(self, said: Mapping[str, Any]) -> str:
        """What she has said in it, without what stands before it on Discord."""
        content = said.get("content")
        words = without_quote(content) if isinstance(content, str) else ""
        mask = self.speaker(said)
        return words.removeprefix(mask.prefix) if mask else words

    def seen(self, account: Account, received: Received, inbound: Inbound) -> Inbound:
        """What was read of an event, with our own in it by their names."""
        if not self._masks:
            return inbound
        said = _object(_object(_loaded(received.payload)).get("d"))
        if (spoke := self.speaker(said)) is not None:
            text = without_quote(inbound.text).removeprefix(spoke.prefix)
            inbound = replace(inbound, author=spoke.author, text=text)
        if (quote := inbound.reply_to) is not None:
            inbound = self._answering(account, inbound, quote, said)
        if received.kind in (*_TALK, Kind.EDIT):
            inbound = self._called(account, inbound, said)
        return inbound

    def _answering(
        self, account: Account, inbound: Inbound, quote: Quote, said: Mapping[str, Any]
    ) -> Inbound:
        spoke = self.speaker(_object(said.get("referenced_message")))
        if spoke is None:
            return inbound
        text = without_quote(quote.text).removeprefix(spoke.prefix)
        quote = replace(quote, author=spoke.author, text=text)
        return replace(inbound, reply_to=quote, replies_to_us=spoke.account == account)

    def _called(self, account: Account, inbound: Inbound, said: Mapping[str, Any]) -> Inbound:
        """Who marks the bot and goes on with a face's name means that face: "@Ada Bob, hello"."""
        content = said.get("content")
        if not isinstance(content, str) or not content.lstrip().startswith("<@"):
            return inbound
        bot = account.partition(":")[2].partition("/")[0]
        for mask in self.of(Account(f"{PLATFORM}:{bot}")):
            found = _called(bot, mask.names).match(content)
            at = inbound.text.casefold().find(found[1].casefold()) if found else -1
            if at < 0:
                continue
            ours = mask.account == account
            return replace(
                inbound, text=inbound.text[at:], mentions_us=ours, mentions_others=not ours
            )
        return inbound


class _Sharing:
    """Implements Intake."""

    def __init__(self, faces: Faces, account: Account, intake: Intake) -> None:
        self._faces = faces
        self._account = account
        self._intake = intake

    async def __call__(self, received: Sequence[Received]) -> None:
        await self._intake(self._faces.shared(self._account, received))

    async def newest(self, account: Account) -> Mapping[str, int]:
        return await self._intake.newest(account)


def _to(one: Received, mask: Mask) -> Received:
    return replace(one, address=one.address._replace(account=mask.account))


def _of_server(
    one: Received, event: object, said: dict[str, Any], scene: Mapping[str, Any]
) -> bool:
    if one.kind is Kind.WORLD or (isinstance(event, str) and event.startswith("GUILD_")):
        return True
    return not is_direct(said, scene.get("type"), scene.get("guild"))


@lru_cache(maxsize=256)
def _called(bot: str, names: tuple[str, ...]) -> re.Pattern[str]:
    words = "|".join(re.escape(name) for name in names) or r"(?!)"
    return re.compile(rf"\s*(?:<@!?{bot}>[\s,:]*)?({words})(?!\w)", re.IGNORECASE)


def _loaded(payload: bytes) -> object:
    try:
        return loads(payload)
    except ValueError:
        return None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
