"""The webhooks of one bot: one in each channel in which a face of it speaks, found or made once."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import discord

from bots.discord.asking import Asking
from bots.discord.calls import Calls
from bots.discord.envelope import snowflake
from bots.discord.errors import NO_RIGHT
from bots.discord.face_speaking import Speaking
from bots.discord.people import listed
from bots.discord.quota import Quota
from bots.discord.rights import Rights
from bots.discord.threads import Threads
from core.clock import Clock
from core.ids import Account
from core.ports import Platform
from core.secrets import Secret

log = logging.getLogger(__name__)

_NAME = "Characters"
_FULL = 30007
_NO_HOOKS = frozenset({50003, 50024})
"""This kind of channel has none."""
_THREADS = (10, 11, 12)
_ROOMS = 5_000
_REFUSED_FOR = 300.0
"""Seconds for which a channel that refused one is not asked again."""
_NO_RIGHT = "Manage Webhooks is not granted there"


class NoHook(Exception):
    """She cannot speak there by a name of her own; the reason is for the operator."""


@dataclass(frozen=True, slots=True)
class Hook:
    id: int
    token: Secret


@dataclass(frozen=True, slots=True)
class Spot:
    """Webhooks are a channel's, and speak in its threads."""

    channel: int
    thread: int | None = None


class Hooks:
    def __init__(
        self, client: discord.Client, asking: Asking, rights: Rights, clock: Clock
    ) -> None:
        self._client = client
        self._asking = asking
        self._rights = rights
        self._clock = clock
        self._known: dict[int, Hook] = {}
        self._spots: OrderedDict[int, Spot] = OrderedDict()
        self._refused: dict[int, tuple[float, str]] = {}
        self._one = asyncio.Lock()
        self._told: set[int] = set()

    async def spot(self, room: int) -> Spot:
        """Raises what discord.py does."""
        channel = self._client.get_channel(room)
        if isinstance(channel, discord.Thread):
            return Spot(channel.parent_id, room)
        if channel is not None:
            return Spot(room)
        if (known := self._spots.get(room)) is not None:
            return known
        self._asking.allowed()
        shown: Any = await self._client.http.get_channel(room)  # a thread that sleeps, perhaps
        within = snowflake(shown.get("parent_id")) if shown.get("type") in _THREADS else ""
        found = self._spots[room] = Spot(int(within), room) if within else Spot(room)
        if len(self._spots) > _ROOMS:
            self._spots.popitem(last=False)
        return found

    async def of(self, channel: int) -> Hook:
        """Raises NoHook, and what discord.py does."""
        if (known := self._known.get(channel)) is not None:
            return known
        if self._rights.may(channel, "manage_webhooks") is False:
            raise NoHook(_NO_RIGHT)
        async with self._one:  # two at once would make two
            if (known := self._known.get(channel)) is not None:
                return known
            until, reason = self._refused.get(channel, (0.0, ""))
            if until > self._clock.monotonic():
                raise NoHook(reason)
            try:
                hook = await self._found(channel) or await self._made(channel)
            except discord.HTTPException as error:
                raise self._none(channel, error) from None
            self._known[channel] = hook
            return hook

    def forget(self, channel: int, hook: Hook) -> None:
        """Somebody has deleted it."""
        if self._known.get(channel) == hook:
            del self._known[channel]

    def tell(self, channel: int, name: str, reason: str) -> None:
        """Once for each channel."""
        if channel not in self._told:
            self._told.add(channel)
            log.warning("%s speaks by the bot's own name in channel %d: %s", name, channel, reason)

    def closed(self) -> Iterator[str]:
        """The servers in which nobody has granted us webhooks."""
        for guild in self._client.guilds:
            us = guild.get_member(self._client.user.id) if self._client.user else None
            if us is not None and not us.guild_permissions.manage_webhooks:
                yield guild.name

    async def _found(self, channel: int) -> Hook | None:
        self._asking.allowed()
        shown: Any = await self._client.http.channel_webhooks(channel)
        ours = str(self._client.application_id)
        return next(
            (
                hook
                for one in listed(shown)
                if one.get("application_id") == ours and (hook := _hook(one)) is not None
            ),
            None,
        )

    async def _made(self, channel: int) -> Hook:
        self._asking.allowed()
        made: Any = await self._client.http.create_webhook(channel, name=_NAME)
        hook = _hook(made)
        if hook is None:
            raise NoHook("Discord's answer makes no sense")
        return hook

    def _none(self, channel: int, error: discord.HTTPException) -> Exception:
        """NoHook where asking again would not help; else the error as it is."""
        if error.code == _FULL:
            reason = "the channel has 15 webhooks already, which is all that Discord allows"
        elif error.code in _NO_HOOKS:
            reason = "this kind of channel has no webhooks"
        elif error.code == NO_RIGHT:
            reason = _NO_RIGHT
        else:
            return error
        now = self._clock.monotonic()
        self._refused = {key: one for key, one in self._refused.items() if one[0] > now}
        self._refused[channel] = now + _REFUSED_FOR, reason
        return NoHook(reason)


@dataclass(frozen=True, slots=True)
class Host:
    """A bot that has logged in, as its faces use it."""

    account: Account
    link: Platform
    client: discord.Client
    calls: Calls
    asking: Asking
    threads: Threads
    speaking: Speaking
    hooks: Hooks

    @classmethod
    def of(
        cls, link: Platform, client: discord.Client, quota: Quota, calls: Calls, clock: Clock
    ) -> Self:
        asking = Asking(client, quota, clock)
        rights = Rights(client)
        threads = Threads(asking, rights)
        hooks = Hooks(client, asking, rights, clock)
        speaking = Speaking(client, asking, clock)
        return cls(link.account, link, client, calls, asking, threads, speaking, hooks)


def _hook(shown: Any) -> Hook | None:
    whole = shown if isinstance(shown, dict) else {}
    number, token = snowflake(whole.get("id")), whole.get("token")
    if not number or not isinstance(token, str) or not token:
        return None
    return Hook(int(number), Secret(token))
