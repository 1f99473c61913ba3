"""How much Discord bears: requests a second, and refusals in ten minutes before it bans a host."""

from __future__ import annotations

import asyncio
from collections import deque
from types import SimpleNamespace

import aiohttp
import yarl

from core.clock import Clock

_REFUSALS = frozenset({401, 403, 429})
_OWN_TOKEN = frozenset({"webhooks", "interactions"})
_WINDOW = 600.0
_SHUT = 60.0
_LITTLE = 10
"""Requests a second that leave enough for what nobody waits for."""


class TooManyRefusals(aiohttp.ClientError):
    """Nothing was asked: one more refusal would be one too many, for so many `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__("Discord has refused too much")
        self.seconds = seconds


class TokenRefused(aiohttp.ClientError):
    """Nothing was asked: Discord has refused the token, and each further try is a refusal more."""


class Quota:
    """One account's. Discord bans a host at 10,000 refusals in ten minutes, all bots together.

    Without `limited` only refusals are counted, for a server that has no rates.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        limited: bool = True,
        refusals: int = 90,
        requests: int = 48,
        per: float = 1.02,
    ) -> None:
        self._clock = clock
        self._limited = limited
        self._most = refusals
        self._refused: deque[float] = deque()
        self._revoked = False
        self._flying = 0
        self._landed = asyncio.Event()
        self._requests = requests
        self._counting = 0
        """Of those under way, what Discord counts for the whole bot."""
        self._counted: deque[float] = deque()
        """When such ones were answered."""
        self._per = per
        self._turn = asyncio.Lock()

    @property
    def silence(self) -> float:
        """Seconds for which nothing may be asked; 0 when all is well."""
        now = self._clock.monotonic()
        while self._refused and self._refused[0] + _WINDOW <= now:
            self._refused.popleft()
        if len(self._refused) < self._most:
            return 0.0
        return self._refused[0] + _WINDOW - now

    @property
    def at_leisure(self) -> bool:
        """So little is being asked that what nobody waits for may be asked as well."""
        return not self.silence and self._counting + self._lately < _LITTLE

    @property
    def _lately(self) -> int:
        now = self._clock.monotonic()
        while self._counted and self._counted[0] + self._per <= now:
            self._counted.popleft()
        return len(self._counted)

    def trace(self) -> aiohttp.TraceConfig:
        """To be hung into the client's session, where every request passes and every answer.

        Those too that discord.py repeats by itself, or has held back for the sake of a route.
        """
        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._asking)
        config.on_request_end.append(self._answered)
        config.on_request_exception.append(self._failed)
        return config

    async def _asking(
        self,
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        start: aiohttp.TraceRequestStartParams,
    ) -> None:
        """Wait until one more request stays under Discord's rate for a whole bot (50 a second).

        What goes by a token of its own, a webhook's or an interaction's, is not counted there.
        Raises TooManyRefusals; what is under way counts as refused until it is known. Raises
        TokenRefused from the first 401 on.
        """
        counts = self._counts(start.url)
        if counts:
            async with self._turn:
                await self._room_for_one()
                self._counting += 1
        try:
            await self._may_be_refused()
        except BaseException:
            self._counting -= counts
            raise
        self._flying += 1

    async def _room_for_one(self) -> None:
        """A request reaches Discord somewhere between its asking and its answer, so that it counts
        until some time after that: what was held up on the way may arrive in one heap."""
        while self._counting + self._lately >= self._requests:
            if self._counted:
                await self._clock.sleep(self._counted[0] + self._per - self._clock.monotonic())
            else:
                self._landed.clear()
                await self._landed.wait()

    async def _may_be_refused(self) -> None:
        while True:
            if self._revoked:
                raise TokenRefused
            if silence := self.silence:
                raise TooManyRefusals(silence)
            if len(self._refused) + self._flying < self._most:
                return
            self._landed.clear()
            await self._landed.wait()

    async def _answered(
        self,
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        end: aiohttp.TraceRequestEndParams,
    ) -> None:
        answer = end.response
        # An interaction's own token may have run out; that says nothing of the bot's.
        if answer.status == 401 and not has_own_token(end.url):
            self._revoked = True
        self._land(end.url)
        if answer.status not in _REFUSALS:
            return
        if answer.headers.get("X-RateLimit-Scope") == "shared":
            return  # somebody else's doing; Discord does not count it
        self._refused.append(self._clock.monotonic())

    async def _failed(
        self,
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        end: aiohttp.TraceRequestExceptionParams,
    ) -> None:
        self._land(end.url)

    def _counts(self, url: yarl.URL) -> bool:
        return self._limited and not has_own_token(url)

    def _land(self, url: yarl.URL) -> None:
        self._flying -= 1
        if self._counts(url):
            self._counting -= 1
            self._counted.append(self._clock.monotonic())
        self._landed.set()


def has_own_token(url: yarl.URL) -> bool:
    """Whether a request is let in by a webhook's or an interaction's token instead of the bot's.

    As in /webhooks/1/token; but /channels/1/webhooks is the bot's, and so is /webhooks/1.
    """
    parts = url.parts
    return any(part in _OWN_TOKEN and at + 2 < len(parts) for at, part in enumerate(parts))


class ShutRooms:
    """Where we have just been refused: asking again at once would use up refusals for nothing.

    So one room that is shut to us does not silence us everywhere, however often we are called.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[int, tuple[float, str]] = {}

    def note(self, room: int, reason: str) -> None:
        now = self._clock.monotonic()
        self._until = {key: one for key, one in self._until.items() if one[0] > now}
        self._until[room] = now + _SHUT, reason

    def reason(self, room: int) -> str:
        """Why it is not asked now; empty where it may be."""
        until, reason = self._until.get(room, (0.0, ""))
        return reason if until > self._clock.monotonic() else ""
