"""What is read back names nobody's roles: asked for where a character talks to some roles alone."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import aiohttp
import discord

from bots.discord.envelope import snowflake
from bots.discord.errors import link_failure
from bots.discord.quota import Quota
from core.errors import LinkRejected

_PATIENCE = 10.0
_MOST = 1_000
_AT_ONCE = 100
"""Who is asked for of one room; whoever else has spoken there counts as one without roles."""


class Members:
    """Asked in the order in which they spoke last, and remembered for a look round or two."""

    def __init__(self, client: discord.Client, quota: Quota) -> None:
        self._client = client
        self._quota = quota
        self._known: OrderedDict[tuple[int, int], dict[str, Any]] = OrderedDict()

    def forget(self) -> None:
        """A look round begins: roles may have been given and taken since the last."""
        self._known.clear()

    async def add(self, guild: object, said: Iterable[dict[str, Any]]) -> None:
        """Put its author's membership into each message that has none; raises LinkRejected."""
        server = int(snowflake(guild) or 0)
        if not server:
            return
        asked: set[int] = set()
        for one in said:
            author = one.get("author")
            person = int(snowflake(author.get("id")) or 0) if isinstance(author, dict) else 0
            if not person or "member" in one or snowflake(one.get("webhook_id")):
                continue
            if (server, person) not in self._known and len(asked) >= _AT_ONCE:
                continue
            asked.add(person)
            if (member := await self._member(server, person)) is not None:
                one["member"] = member

    async def _member(self, server: int, person: int) -> dict[str, Any] | None:
        """None where nobody tells: then they are let in by no role."""
        if (known := self._known.get((server, person))) is not None:
            return known
        if self._quota.silence:
            return None
        try:
            async with asyncio.timeout(_PATIENCE):
                told: Any = await self._client.http.get_member(server, person)
        except discord.NotFound:
            told = {}
        except (discord.DiscordException, OSError, aiohttp.ClientError) as error:
            if isinstance(failure := link_failure(error), LinkRejected):
                raise failure from None
            return None
        if not isinstance(told, dict):
            return None
        self._known[server, person] = told
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return told
