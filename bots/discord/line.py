"""The line on which a bot hears: dial, RESUME what was cut, and say when it stays away.

discord.py's own loop (`Client.connect`) tries for ever with waits up to 17 minutes, falls over when
its first try is refused, and forgets the session when it is stopped. So it is not used: its socket
is (`DiscordWebSocket`), and the session is kept here, where the next `follow` takes it up again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket, ReconnectWebSocket

from bots.discord.errors import link_failure
from bots.discord.heard import Heard
from bots.discord.quota import Quota
from bots.discord.walls import Walls
from core.clock import Clock
from core.errors import LinkLost, LinkRejected
from core.ids import Account

log = logging.getLogger(__name__)

Lost = LinkLost | LinkRejected

_DIALLING = 20.0
"""Seconds for each step of coming in: the budget, HELLO, READY."""
_SPARED = 20
"""IDENTIFYs left for the rest of the day; at none Discord resets the token."""
_STEADY = 5.0
"""A line that breaks sooner is tried again later and later."""
_CLOSING = 2.0
_PRIVILEGED = ("message_content", "members")
_LACKS = {
    "message_content": "in servers it hears only what mentions it (Message Content Intent is off)",
    "members": "it does not notice who comes and goes (Server Members Intent is off)",
}
_SWITCHES = {
    "message_content": "Message Content Intent (without it, it hears in servers only what mentions it)",
    "members": "Server Members Intent (without it, it does not notice who comes and goes)",
}
# One message that discord.py stumbles over; anything else may have broken its unpacking.
_ODD = (KeyError, TypeError, AttributeError, IndexError, ValueError)


@dataclass(frozen=True, slots=True)
class _Session:
    id: str
    sequence: int
    gateway: yarl.URL


class Line:
    """One bot's gateway, over all its connections."""

    def __init__(
        self,
        client: discord.Client,
        walls: Walls,
        heard: Heard,
        quota: Quota,
        account: Account,
        clock: Clock,
        chance: random.Random,
        *,
        patience: float = 5.0,
    ) -> None:
        self._client = client
        self._walls = walls
        self._heard = heard
        self._quota = quota
        self._account = account
        self._clock = clock
        self._chance = chance
        self._patience = patience
        self._session: _Session | None = None
        self._privileged = set(_PRIVILEGED)
        self._up = asyncio.Event()
        self._fresh: Callable[[], None] = lambda: None
        self._begun: Callable[[], None] = lambda: None

    @property
    def lacks(self) -> str:
        """What was not granted, for the operator."""
        return "; ".join(_LACKS[one] for one in _PRIVILEGED if one not in self._privileged)

    def on_fresh(self, call: Callable[[], None]) -> None:
        """To be called when a session begins, before anything of it is heard."""
        self._fresh = call

    async def follow(self, begun: Callable[[], None] = lambda: None) -> Lost:
        """Hear until the line stays away; the failure is returned, to leave a task group unwrapped.

        `begun` is called whenever a session stands.
        """
        self._begun = begun
        away_since, tries = self._clock.monotonic(), 0
        while True:
            if self._heard.is_full:
                log.warning("%s: too much waits to be stored; hearing again later", self._account)
                await self._heard.relieved()
                away_since = self._clock.monotonic()
            started = self._clock.monotonic()
            failure = await self._hold()
            now = self._clock.monotonic()
            if self._up.is_set():
                away_since = now
                tries = 0 if now - started > _STEADY else tries
            if isinstance(failure, LinkRejected) or failure.pause:
                return failure
            if now - away_since > self._patience:
                return failure
            if tries:
                most = min(0.25 * 2.0 ** min(tries, 10), self._patience)
                await self._clock.sleep(self._chance.uniform(most / 2, most))
            tries += 1

    async def _hold(self) -> Lost:
        """One connection, from dialling to its end."""
        self._up.clear()
        socket: DiscordWebSocket | None = None
        resuming = self._session
        try:
            if resuming is None:
                await self._afford()
            async with asyncio.timeout(_DIALLING):
                socket = await self._dial(resuming)
            return await self._listen(socket)
        except ReconnectWebSocket as again:
            return await self._again(again, socket, resuming)
        except discord.ConnectionClosed as closed:
            self._remember(socket)
            return self._without_intents(closed) or link_failure(closed)
        except (LinkLost, LinkRejected) as failure:
            self._remember(socket)
            return failure
        except (discord.DiscordException, OSError, aiohttp.ClientError) as error:
            self._remember(socket)
            return link_failure(error)
        except Exception as error:  # the wall round one connection
            self._remember(socket)
            log.exception("%s: the gateway's client failed", self._account)
            return LinkLost(f"the gateway's client failed ({type(error).__name__})")
        finally:
            await self._hang_up(socket)

    async def _afford(self) -> None:
        """A fresh IDENTIFY only where enough of the day's are left: the last one costs the token."""
        if silence := self._quota.silence:
            raise LinkLost("Discord has refused too much", pause=silence)
        try:
            async with asyncio.timeout(_DIALLING):
                _, _, limit = await self._client.http.get_bot_gateway()
            remaining, reset = int(limit["remaining"]), int(limit["reset_after"]) / 1000
        except (KeyError, TypeError, ValueError):
            raise LinkLost("Discord's answer makes no sense (gateway/bot)") from None
        if remaining < _SPARED:
            raise LinkLost("the day's logins are used up", pause=max(reset, 60.0))

    async def _dial(self, session: _Session | None) -> DiscordWebSocket:
        known: dict[str, Any] = {}
        if session is not None:
            known = {
                "resume": True,
                "session": session.id,
                "sequence": session.sequence,
                "gateway": session.gateway,
            }
        # discord.py waits five seconds before every IDENTIFY that is not initial; we wait where
        # Discord asks for it.
        socket = await DiscordWebSocket.from_client(self._client, initial=True, **known)
        self._client.ws = socket
        return socket

    async def _listen(self, socket: DiscordWebSocket) -> Lost:
        try:
            async with asyncio.timeout(_DIALLING):
                while not self._up.is_set():
                    await self._poll(socket)
        except TimeoutError:
            self._session = None
            return LinkLost("Discord does not say that we are in")
        while not self._heard.is_full:
            await self._poll(socket)
        self._remember(socket)
        return LinkLost("too much waits to be stored")

    async def _poll(self, socket: DiscordWebSocket) -> None:
        """One message; one that discord.py stumbles over costs nobody the line."""
        try:
            await socket.poll_event()
        except UnicodeDecodeError:
            raise LinkLost("Discord's packing makes no sense") from None
        except _ODD as error:
            self._walls.failed("message of the gateway", error)
            if not socket.open:
                raise LinkLost("the line to Discord broke") from None

    def ready(self) -> None:
        """A new session has begun."""
        self._fresh()
        self._up.set()
        self._begun()

    def resumed(self) -> None:
        self._up.set()
        self._begun()

    async def _again(
        self,
        asked: ReconnectWebSocket,
        socket: DiscordWebSocket | None,
        resuming: _Session | None,
    ) -> Lost:
        if asked.resume:
            self._remember(socket)
            return LinkLost("the line to Discord broke")
        self._session = None
        if resuming is None and not self._up.is_set():
            return LinkLost("Discord refuses to begin a session", pause=5.0)
        log.info("%s: the session is gone; a new one begins", self._account)
        await self._clock.sleep(self._chance.uniform(1.0, 5.0))  # as Discord asks
        self._up.set()  # it has spoken with us
        return LinkLost("the session is gone")

    def _remember(self, socket: DiscordWebSocket | None) -> None:
        """Where to RESUME; a line that never came up leaves what was known before."""
        if socket is not None and self._up.is_set() and socket.session_id and socket.sequence:
            self._session = _Session(socket.session_id, socket.sequence, socket.gateway)

    def _without_intents(self, closed: discord.ConnectionClosed) -> Lost | None:
        """Go on without what was not granted, and say once how it is granted."""
        if closed.code not in (4013, 4014):
            return None
        if not self._privileged:
            return LinkRejected("Discord refuses what the bot wants to hear")
        state = self._client._connection
        flags = state.application_flags
        granted = {
            "message_content": flags.gateway_message_content
            or flags.gateway_message_content_limited,
            "members": flags.gateway_guild_members or flags.gateway_guild_members_limited,
        }
        missing = {one for one in self._privileged if not granted[one]} or set(self._privileged)
        self._privileged -= missing
        state._intents = discord.Intents(
            **{name: on for name, on in state._intents if name not in missing}
        )
        for one in sorted(missing):
            log.warning(
                "%s may not hear all it could. Switch on %s at "
                "https://discord.com/developers/applications, on the page Bot of the application",
                self._account,
                _SWITCHES[one],
            )
        return LinkLost("an intent is not granted")

    async def _hang_up(self, socket: DiscordWebSocket | None) -> None:
        """Resumably, unless nobody will come back for it."""
        if socket is None or not socket.open:
            return
        leaving = (task := asyncio.current_task()) is not None and task.cancelling()
        if leaving:
            self._session = None
        with contextlib.suppress(OSError, RuntimeError, aiohttp.ClientError):
            async with asyncio.timeout(_CLOSING):
                await socket.close(1000 if leaving else 4000)
