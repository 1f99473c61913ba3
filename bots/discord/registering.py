"""Tells Discord of a bot's commands, only where they have changed, and beside everything else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import aiohttp
import discord
import orjson

from bots.discord.quota import Quota, TooManyRefusals
from bots.discord.slash import BY_PEOPLE, BY_SERVERS, Command, listed, same
from core.clock import Clock
from core.errors import Throttled
from core.ids import Account
from core.ports import Offer, Offering

log = logging.getLogger(__name__)

_LOOK_EVERY = 60.0
"""Seconds between two looks at what is on offer; a reload may have changed it."""
_TOO_MANY_TODAY = 30034
_A_WHILE = 3_600.0
_PATIENCE = 60.0
_TRIES = 3
_DOUBLES = 100


class Slash:
    """Keeps the commands of one bot as what its character offers now.

    All stand for every place at once. One that another program has told of for a single server is
    there twice, then: it is taken away once somebody has given it, as to look for such ones every
    server would have to be asked.
    """

    def __init__(
        self,
        client: discord.Client,
        quota: Quota,
        account: Account,
        offering: Offering,
        clock: Clock,
    ) -> None:
        self._client = client
        self._quota = quota
        self._account = account
        self._offering = offering
        self._clock = clock
        self._said: set[str] = set()
        self._doubles: set[tuple[int, int]] = set()

    def given_in(self, server: int, command: int) -> None:
        """Somebody has given a command that stands for this server, and for every place as well."""
        if len(self._doubles) < _DOUBLES:
            self._doubles.add((server, command))

    async def keep(self, after: float) -> None:
        """Until cancelled, beginning in so many seconds. What is refused is a line in the log, and
        the next change or start tries again; what is put off is done later."""
        await self._clock.sleep(after)
        known: Sequence[Offer] = ()
        while True:
            now, wait = self._offering.now(), _LOOK_EVERY
            if now and now != known:
                try:
                    async with asyncio.timeout(_PATIENCE):
                        await self._offer(now)
                    known = now
                except Throttled as error:
                    wait = max(error.seconds, 1.0)
                except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                    self._say(f"cannot offer its commands now ({type(error).__name__})")
                except Exception:  # the wall: a menu is no reason to hear nobody
                    log.exception("%s: its commands cannot be made out", self._account)
                    known = now
            await self._clock.sleep(wait)
            await self._clear()

    async def _clear(self) -> None:
        while self._doubles and not self._quota.silence:
            server, command = self._doubles.pop()
            application = self._client.application_id or 0
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._client.http.delete_guild_command(application, server, command)
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                self._say(
                    f"cannot take away a command that is there twice ({type(error).__name__})"
                )
            else:
                log.info("%s: a command of server %s was there twice", self._account, server)

    async def _offer(self, offers: Sequence[Offer]) -> None:
        """Raises Throttled where it has to wait, and whatever may go by itself."""
        if silence := self._quota.silence:
            raise Throttled(silence)
        told = listed(offers, self._name, self._ways())
        for one in told.left_out:
            self._say(f"leaves out {one}")
        mark = _mark(told.commands)
        application = self._client.application_id
        if application is None:
            return
        http = self._client.http
        try:
            if await self._offering.mark() == mark:
                there: Any = await http.get_global_commands(application)
                if same(told.commands, there):
                    return
            if await self._put(application, list(told.commands)):
                await self._offering.keep(mark)
        except discord.RateLimited as error:
            if error.retry_after > _LOOK_EVERY:
                self._say(f"may change its commands in {error.retry_after:.0f} s only")
            raise Throttled(error.retry_after) from None
        except TooManyRefusals as error:
            raise Throttled(error.seconds) from None
        except discord.HTTPException as error:
            if error.code == _TOO_MANY_TODAY:
                self._say("may change no more commands today; trying again every hour")
                raise Throttled(_A_WHILE) from None
            if error.status == 429 or error.status >= 500:
                raise Throttled(_LOOK_EVERY) from None
            self._say(f"may not offer its commands ({error.code or error.status})")

    async def _put(self, application: int, commands: list[Command]) -> bool:
        """One that Discord does not take is left out, so that the others are there all the same."""
        for _ in range(_TRIES):
            try:
                await self._client.http.bulk_upsert_global_commands(application, commands)
                return True
            except discord.HTTPException as error:
                wrong = _refused(error, len(commands))
                if not wrong:
                    raise
                for number in sorted(wrong):
                    self._say(f"leaves out {commands[number]['name']!r}: Discord does not take it")
                commands = [one for at, one in enumerate(commands) if at not in wrong]
        return False

    @property
    def _name(self) -> str:
        return self._client.user.display_name if self._client.user else ""

    def _ways(self) -> tuple[int, ...]:
        """How the bot may be brought along; else Discord refuses all for one that says more."""
        shown = self._client.application
        if shown is None or shown.user_integration_config is None:
            return (BY_SERVERS,)
        by_servers = shown.guild_integration_config is not None
        return (BY_SERVERS, BY_PEOPLE) if by_servers else (BY_PEOPLE,)

    def _say(self, what: str) -> None:
        """Once each: it is looked at every minute."""
        if what in self._said:
            return
        self._said.add(what)
        log.warning("%s %s", self._account, what)


def _refused(error: discord.HTTPException, number: int) -> set[int]:
    """Which of so many commands Discord has found something wrong with."""
    wrong = getattr(error, "_errors", None)
    if error.status != 400 or not isinstance(wrong, dict):
        return set()
    return {int(key) for key in wrong if key.isdecimal() and int(key) < number}


def _mark(commands: Sequence[Command]) -> str:
    return blake2b(orjson.dumps(commands), digest_size=16).hexdigest()
