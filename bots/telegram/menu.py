"""The menus of commands: for each kind of chat and each language, told only where they changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import orjson
import telegram
from telegram import (
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeDefault,
)
from telegram.error import BadRequest, TelegramError

from core.clock import Clock
from core.ids import Account
from core.messages import Rank
from core.ports import Offer, Offering

log = logging.getLogger(__name__)

_MOST = 100
_LONGEST = 256
_LOOK_EVERY = 60.0
"""Seconds between two looks at what is on offer; a reload may have changed it."""

Lines = tuple[tuple[str, str], ...]


def _directly(one: Offer) -> bool:
    """Everybody is the owner of their own direct chat."""
    return one.direct and one.who <= Rank.OWNER


def _to_members(one: Offer) -> bool:
    return one.groups and one.who <= Rank.MEMBER


def _to_admins(one: Offer) -> bool:
    return one.groups and one.who <= Rank.ADMIN


# The last one is what a stranger's first look at the bot shows, and what is looked at to see
# whether somebody else has changed the menus: all others are right by the time it is.
_SCOPES: tuple[tuple[BotCommandScope, Callable[[Offer], bool]], ...] = (
    (BotCommandScopeAllChatAdministrators(), _to_admins),
    (BotCommandScopeAllGroupChats(), _to_members),
    (BotCommandScopeDefault(), _directly),
)


@dataclass(frozen=True, slots=True)
class _Page:
    """What one kind of chat shows in one language; the empty one is everybody else's."""

    scope: BotCommandScope
    language: str
    lines: Lines


class Menu:
    """Keeps the menus of one bot as what its character offers now."""

    def __init__(
        self, bot: telegram.Bot, account: Account, offering: Offering, clock: Clock
    ) -> None:
        self._bot = bot
        self._account = account
        self._offering = offering
        self._clock = clock

    async def keep(self, after: float) -> None:
        """Until cancelled, beginning in so many seconds. A menu is a courtesy: a refusal is a line
        in the log, and the next change or start tries again."""
        await self._clock.sleep(after)
        known: Sequence[Offer] = ()
        while True:
            now = self._offering.now()
            if now and now != known:
                known = now
                await self._offer(now)
            await self._clock.sleep(_LOOK_EVERY)

    async def _offer(self, offers: Sequence[Offer]) -> None:
        wanted = list(pages(offers))
        mark = _mark(wanted)
        try:
            if await self._offering.mark() == mark and await self._shows(wanted[-1]):
                return
            for page in wanted:
                await self._show(page)
        except TelegramError as error:
            log.info("%s could not offer its commands: %s", self._account, type(error).__name__)
            return
        await self._offering.keep(mark)

    async def _show(self, page: _Page) -> None:
        """One that the server does not take is left out; the others are shown all the same."""
        try:
            if not await self._shows(page):
                await self._bot.set_my_commands(
                    page.lines, scope=page.scope, language_code=page.language or None
                )
        except BadRequest as error:
            where = f"{page.scope.type} {page.language}".strip()
            log.info("%s may not offer commands (%s): %s", self._account, where, error)

    async def _shows(self, page: _Page) -> bool:
        there = await self._bot.get_my_commands(
            scope=page.scope, language_code=page.language or None
        )
        return tuple((one.command, one.description) for one in there) == page.lines


def pages(offers: Sequence[Offer]) -> Iterator[_Page]:
    """Every menu there is to be; that of a stranger last."""
    languages = sorted({language for one in offers for language in one.words})
    for scope, shown in _SCOPES:
        there = [one for one in offers if shown(one)][:_MOST]
        for language in (*languages, ""):
            lines = ((one.name, one.words.get(language, one.about)[:_LONGEST]) for one in there)
            yield _Page(scope, language, tuple(lines))


def _mark(wanted: Sequence[_Page]) -> str:
    whole = [(page.scope.type, page.language, page.lines) for page in wanted]
    return blake2b(orjson.dumps(whole), digest_size=16).hexdigest()
