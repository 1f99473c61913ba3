"""Updates that Telegram brings to us: one listener for all bots, a path and a secret for each."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bots.telegram.envelope import loads
from core.bell import Bell
from core.clock import Clock
from core.secrets import Secret

log = logging.getLogger(__name__)

Receive = Callable[[dict[str, Any]], Awaitable[None]]
"""Returns once the update is written down."""

_HEADER = "X-Telegram-Bot-Api-Secret-Token"
_LARGEST = 1024 * 1024
_MOST_WAITING = 400
"""Ten bots with forty connections each; whatever comes beside them is put off at once."""
_PATIENCE = 5.0
_BODY_PATIENCE = 10.0
_SHORTEST, _LONGEST = 2, 30
"""Seconds until an update that was put off comes again; more, the longer we are behind."""
_TELL_EVERY = 60.0


@dataclass(slots=True, eq=False)
class _Hook:
    """Where one bot's updates go; one that is gone puts them off until it is back."""

    secret: bytes
    receive: Receive
    gone: Bell = field(default_factory=Bell)
    inside: int = 0
    empty: asyncio.Event = field(default_factory=asyncio.Event)


class Hooks:
    """A request is answered with 200 once its update is durable, and put off where that takes long.

    What was put off comes again, each chat in its order: Telegram keeps updates for a day. Nothing
    is ever asked of Telegram in an answer, because nobody would learn what came of it.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        most_waiting: int = _MOST_WAITING,
        patience: float = _PATIENCE,
        body_patience: float = _BODY_PATIENCE,
    ) -> None:
        """`patience` is how long an update may wait to be kept, `body_patience` its own arrival."""
        self._clock = clock
        self._body_patience = body_patience
        self._most_waiting = most_waiting
        self._patience = patience
        self._hooks: dict[str, _Hook] = {}
        self._waiting = 0
        self._complete = False
        self._behind_since: float | None = None
        self._told = float("-inf")
        self.put_off = 0
        self.refused = 0

    @property
    def routes(self) -> tuple[web.RouteDef, ...]:
        return (web.route("*", "/telegram/{path:.*}", self._answer),)

    @asynccontextmanager
    async def at(self, path: Secret, secret: Secret, receive: Receive) -> AsyncIterator[None]:
        """Hand on what comes there until the block ends; whoever is inside then is put off."""
        hook = _Hook(secret.reveal().encode(), receive)
        self._hooks[path.reveal()] = hook
        try:
            yield
        finally:
            hook.gone.ring()
            if hook.inside:
                await hook.empty.wait()

    def complete(self) -> None:
        """Everybody has had the time to come; from now on an unknown path is nobody's."""
        self._complete = True

    async def _answer(self, request: web.Request) -> web.Response:
        # All of this comes before the body is read.
        hook = self._hooks.get(request.match_info["path"])
        if hook is None:
            return self._refuse(404) if self._complete else self._later()
        given = request.headers.get(_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, hook.secret):
            return self._refuse(401)
        if request.method != "POST":
            return self._refuse(405)
        if (request.content_length or 0) > _LARGEST:
            return self._refuse(413)
        if hook.gone.rung or self._waiting >= self._most_waiting:
            return self._later()
        self._waiting += 1
        hook.inside += 1
        try:
            return await self._take(hook, request)
        finally:
            self._waiting -= 1
            hook.inside -= 1
            if not hook.inside:
                hook.empty.set()

    async def _take(self, hook: _Hook, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(self._body_patience):
                body = await request.read()
        except TimeoutError:
            return self._refuse(408)
        except web.HTTPRequestEntityTooLarge:
            return self._refuse(413)
        except web.RequestPayloadError:
            return self._refuse(400)
        try:
            update = loads(body)
        except (ValueError, RecursionError):
            return self._refuse(400)
        if not isinstance(update, dict):
            return self._refuse(400)
        try:
            async with hook.gone.interrupts(), asyncio.timeout(self._patience):
                # Where this is cut, its row may be written all the same: then it is a double when
                # Telegram brings it again, and taken up with that.
                await hook.receive(update)
                self._behind_since = None
                return web.Response()
        except TimeoutError:
            pass
        return self._later()

    def _later(self) -> web.Response:
        now = self._clock.monotonic()
        if self._behind_since is None:
            self._behind_since = now
        self.put_off += 1
        seconds = min(_LONGEST, max(_SHORTEST, int(now - self._behind_since)))
        if self._complete and now - self._told >= _TELL_EVERY:
            self._told = now
            log.warning("updates come faster than they can be kept; Telegram brings them later")
        return web.Response(status=503, headers={"Retry-After": str(seconds)})

    def _refuse(self, status: int) -> web.Response:
        """Without a word: whoever asks this way is not Telegram."""
        self.refused += 1
        return web.Response(status=status)
