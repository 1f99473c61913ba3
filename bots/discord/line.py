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
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket, ReconnectWebSocket

from bots.discord.endpoints import always_at
from bots.discord.entrance import Entrance
from bots.discord.errors import link_failure
from bots.discord.granted import REFUSALS, Granted
from bots.discord.heard import Heard
from bots.discord.presence import Socket
from bots.discord.sharded import Sharded
from bots.discord.walls import Walls
from core.clock import Clock
from core.errors import LinkLost, LinkRejected
from core.ids import Account

log = logging.getLogger(__name__)

Lost = LinkLost | LinkRejected

_STEADY = 5.0
"""A line that breaks sooner is tried again later and later."""
_CLOSING = 2.0
_UNANSWERED = 2.5
"""Heartbeats without an answer after which nobody is there: what still comes may be old."""
_SESSION_GONE = frozenset({4003, 4007, 4009})
"""Codes after which a session cannot be taken up again."""
_TOO_FEW = 4011
# One message that discord.py stumbles over; anything else may have broken its unpacking.
_ODD = (KeyError, TypeError, AttributeError, IndexError, ValueError)


class TooFewLines(LinkRejected):
    """The bot is in too many servers for as few lines as it has come with."""


@dataclass(frozen=True, slots=True)
class _Session:
    id: str
    sequence: int
    gateway: yarl.URL


class Line:
    """One line to the gateway, over all its connections; a large bot has several, a shard each."""

    def __init__(
        self,
        client: Sharded,
        walls: Walls,
        heard: Heard,
        entrance: Entrance,
        granted: Granted,
        account: Account,
        clock: Clock,
        chance: random.Random,
        fresh: Callable[[int], None],
        *,
        shard: int = 0,
        patience: float = 5.0,
        dialling: float = 20.0,
    ) -> None:
        """`fresh` is called with the shard when a session begins, before anything of it is heard;
        `dialling` is the time for each step of coming in: HELLO, READY."""
        self._client = client
        self._walls = walls
        self._heard = heard
        self._entrance = entrance
        self._granted = granted
        self._account = account
        self._clock = clock
        self._chance = chance
        self._fresh = fresh
        self.shard = shard
        self._patience = patience
        self._dialling = dialling
        self._session: _Session | None = None
        self._up = asyncio.Event()
        self._rests = False
        self._begun: Callable[[], None] = lambda: None

    def rest(self) -> None:
        """When it is cancelled, it is to come back: the session is not ended by that."""
        self._rests = True

    async def follow(self, begun: Callable[[], None] = lambda: None) -> Lost:
        """Hear until the line stays away; the failure is returned, to leave a task group unwrapped.

        `begun` is called whenever a session stands.
        """
        self._begun, self._rests = begun, False
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
        resuming, asked = self._session, self._granted.asked
        socket: DiscordWebSocket | None = None
        try:
            if resuming is not None:
                socket = await self._dial(resuming)
            else:
                async with self._entrance.turn(self.shard):
                    asked = self._granted.asked
                    socket = await self._dial(None)
            return await self._listen(socket)
        except ReconnectWebSocket as again:
            return await self._again(again, socket, resuming)
        except discord.ConnectionClosed as closed:
            self._remember(socket)
            return await self._refused(closed, asked)
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
            # One that has not said HELLO was never handed to us.
            await self._hang_up(socket or self._client.socket(self.shard))

    async def _dial(self, session: _Session | None) -> DiscordWebSocket:
        known: dict[str, Any] = {}
        if session is not None:
            known = {
                "resume": True,
                "session": session.id,
                "sequence": session.sequence,
                "gateway": always_at() or session.gateway,
            }
        # discord.py waits five seconds before every IDENTIFY that is not initial; we wait where
        # Discord asks for it.
        async with asyncio.timeout(self._dialling):
            socket = await Socket.from_client(
                self._client, initial=True, shard_id=self.shard, **known
            )
        if (beats := socket._keep_alive) is not None and beats.interval is not None:
            # Whoever answers each heartbeat is never silent for so long.
            socket._max_heartbeat_timeout = min(
                socket._max_heartbeat_timeout, _UNANSWERED * beats.interval
            )
        socket._discord_parsers = self._walls.parsers(self.shard, self._ready, self._resumed)
        self._client.ws = socket
        return socket

    async def _listen(self, socket: DiscordWebSocket) -> Lost:
        try:
            async with asyncio.timeout(self._dialling):
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
        beats = socket._keep_alive
        if beats is not None and beats.interval is not None:
            unanswered = time.perf_counter() - beats._last_ack
            if unanswered > _UNANSWERED * beats.interval:
                raise LinkLost("Discord does not answer our heartbeats")

    def _ready(self) -> None:
        """A new session has begun."""
        self._fresh(self.shard)
        self._up.set()
        self._begun()

    def _resumed(self) -> None:
        self._up.set()
        self._begun()

    async def _again(
        self,
        asked: ReconnectWebSocket,
        socket: DiscordWebSocket | None,
        resuming: _Session | None,
    ) -> Lost:
        code = socket.socket.close_code if socket is not None else None
        if asked.resume and code in _SESSION_GONE:
            self._session = None
            return LinkLost(f"Discord has ended the session ({code})")
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

    async def _refused(self, closed: discord.ConnectionClosed, asked: int) -> Lost:
        """By a code that discord.py takes for the last."""
        if closed.code in REFUSALS:
            self._session = None
            return await self._granted.refused(closed.code, asked)
        if closed.code == _TOO_FEW:
            self._session = None
            return TooFewLines("the bot is in too many servers for so few connections")
        return link_failure(closed)

    async def _hang_up(self, socket: DiscordWebSocket | None) -> None:
        """Resumably, unless nobody will come back for it."""
        if socket is None or not socket.open:
            return
        task = asyncio.current_task()
        leaving = task is not None and task.cancelling() and not self._rests
        if leaving:
            self._session = None
        with contextlib.suppress(OSError, RuntimeError, aiohttp.ClientError):
            async with asyncio.timeout(_CLOSING):
                await socket.close(1000 if leaving else 4000)
