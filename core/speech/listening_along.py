"""A line to whoever writes down what somebody says while they say it: held, fed, and let go.

Vendors differ in the messages on it, which is what stands in their own modules.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from core.errors import ModelError, ModelRejected, ModelTooSlow, ModelUnavailable
from core.ports import Spent, Usage
from core.ports.speech import HEARD_RATE
from core.speech.calling import Patience, Refused
from core.speech.resting import Rest

log = logging.getLogger(__name__)

KEPT = 15.0
"""Seconds for which a line is held on which nobody speaks: a handshake takes three ways there."""
_PATIENCE = 3.0
"""Seconds for the words of somebody who is done; the whole of it is sooner written down then."""
_MOST_AT_ONCE = HEARD_RATE * 2
"""Bytes of one message: a second."""
_MOST_WAITING = 120 * HEARD_RATE * 2
_HEARTBEAT = 5.0
_FAREWELL = 0.5
_LONGEST_MESSAGE = 1 << 20
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_FOR_NOW = 3600.0
"""Seconds until a server that listens to nobody is asked again."""


@dataclass(frozen=True, slots=True)
class Where:
    """A model of an account, and how a line to it is opened."""

    vendor: str
    model: str
    url: str = field(repr=False)
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    paid: str = ""
    """Whose prices hold, where it is not the vendor's."""
    absent: frozenset[int] = frozenset()
    """With what a server answers that has no such thing, and will not have it soon."""
    slower: float = 0.0
    """Seconds that it may take longer for each second of what was said."""

    @property
    def name(self) -> str:
        return f"{self.vendor}:{self.model}"


@dataclass(frozen=True, slots=True)
class Written:
    """What was said in the utterance of that number on a line; the first is 0."""

    number: int
    text: str = field(repr=False)
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Unwritten:
    """Why that one was not written down; the line goes on."""

    number: int
    why: ModelError


class ListensToNobody(ModelUnavailable):
    """A server has no such ear, and will not have one soon: the whole is to be written down."""


class Line(ABC):
    """core.ports.LiveEar."""

    def __init__(
        self,
        where: Where,
        session: aiohttp.ClientSession,
        rest: Rest,
        patience: Patience,
        *,
        kept: float = KEPT,
    ) -> None:
        self.where = where
        self.name = where.name
        self.patience = min(_PATIENCE, patience.stall)
        self.waiting = 0
        """Bytes that are still to be sent."""
        self._connects_in = patience.first
        self._kept = kept
        self._session = session
        self._rest = rest
        self._out: deque[tuple[bytes, bool]] = deque()
        """Sound, and whether an utterance ends with it."""
        self._bell = asyncio.Event()
        self._fed = 0
        self._ended = 0
        self._sent = 0
        """How many ends are on their way; words come for nothing else."""
        self._asked: dict[int, asyncio.Future[Written]] = {}
        self._over: ModelError | None = None

    # --- a vendor's own words ----------------------------------------------------------------------

    def _greeting(self) -> Iterable[Mapping[str, Any]]:
        """What is sent first of all."""
        return ()

    @abstractmethod
    def _welcomes(self, told: Mapping[str, Any]) -> bool:
        """Whether this is its word that it listens."""

    @abstractmethod
    def _telling(self, pcm: bytes, *, ends: bool) -> Iterable[Mapping[str, Any]]:
        """How it is told what was said; it may be nothing but the end of it."""

    @abstractmethod
    def _told(self, told: Mapping[str, Any]) -> Written | Unwritten | None:
        """What it says; None for what is of no use. Raises ModelError where the line is spoilt."""

    # --- for whoever listens along -----------------------------------------------------------------

    def feed(self, pcm: bytes) -> None:
        """See `core.ports.LiveEar`."""
        self._fed += len(pcm)
        if self.waiting + len(pcm) > _MOST_WAITING:
            self.fail(ModelTooSlow(f"{self.name} takes nothing"))
        self._put(pcm, ends=False)

    def end(self) -> Words:
        """See `core.ports.LiveEar`."""
        asked: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        words = Words(self, asked, self._fed / (2 * HEARD_RATE))
        self._fed = 0
        if self._over is not None:
            _disappoint(asked, self._over)
            return words
        self._asked[self._ended] = asked
        self._ended += 1
        self._put(b"", ends=True)
        return words

    async def run(self) -> None:
        """See `core.ports.LiveEar`."""
        try:
            self._rest.check()
        except ModelError as error:
            self._shut(error)
            return
        try:
            async with self._connected() as wire, asyncio.TaskGroup() as group:
                group.create_task(self._send(wire))
                await self._receive(wire)
        except* ModelError as errors:
            # Both halves may have seen it break; the first has seen why.
            first = errors.exceptions[0]
            self.fail(first if isinstance(first, ModelError) else ModelUnavailable(self.name))
        finally:
            self._shut(ModelUnavailable(f"{self.name} is not listening any more"))

    async def greet(self) -> None:
        """Ask whether it would listen, and say nothing; raises ModelError where it would not."""
        try:
            async with self._connected() as wire, asyncio.timeout(self._connects_in):
                for message in self._greeting():
                    await self._hand(wire, message)
                async for answer in wire:
                    told = self._read(answer)
                    self._told(told)
                    if self._welcomes(told):
                        return
        except TimeoutError:
            raise ModelTooSlow(f"{self.name} came to a halt") from None
        raise self._broke(f"code {wire.close_code}")

    def answered(self) -> None:
        """It has written something down."""
        self._rest.answered()

    def fail(self, error: ModelError) -> None:
        """Let it go: what was said is to be written down otherwise."""
        if self._over is None:
            self._shut(error)
            self._note(error)

    # --- the line ----------------------------------------------------------------------------------

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        failed: ModelError
        async with aiohttp.ClientSession(
            connector=self._session.connector,
            connector_owner=False,
            middlewares=(_no_redirects,),
        ) as session:
            try:
                async with asyncio.timeout(self._connects_in):
                    wire = await session.ws_connect(
                        self.where.url,
                        params=self.where.query,
                        headers={**self.where.headers, "User-Agent": "troupe"},
                        heartbeat=_HEARTBEAT,
                        max_msg_size=_LONGEST_MESSAGE,
                        timeout=aiohttp.ClientWSTimeout(ws_close=_FAREWELL),
                    )
            except TimeoutError:
                failed = ModelTooSlow(f"{self.name} did not begin in time")
            except aiohttp.WSServerHandshakeError as error:
                failed = self._refused(error.status)
            except aiohttp.InvalidURL:
                failed = ModelRejected(f"{self.name} has no usable address")
            except (aiohttp.ClientError, OSError, ValueError) as error:
                # Its text may hold the address, and that a password.
                failed = ModelUnavailable(f"{self.name} is unreachable ({type(error).__name__})")
            else:
                async with wire:
                    yield wire
                return
            raise failed from None

    def _refused(self, status: int) -> ModelError:
        if status in self.where.absent:
            what = f"{self.name} has no ear that listens along (HTTP {status})"
            return ListensToNobody(what, retry_after=_NOT_FOR_NOW)
        return Refused(status, {}).as_error(self.name)

    async def _send(self, wire: aiohttp.ClientWebSocketResponse) -> None:
        for message in self._greeting():
            await self._hand(wire, message)
        while await self._something():
            pcm, ends = self._next()
            self._sent += ends
            for message in self._telling(pcm, ends=ends):
                await self._hand(wire, message)
        self._shut(ModelUnavailable(f"{self.name}: nobody has spoken for a while"))
        await wire.close()

    async def _hand(
        self, wire: aiohttp.ClientWebSocketResponse, message: Mapping[str, Any]
    ) -> None:
        try:
            async with asyncio.timeout(self.patience):
                await wire.send_frame(orjson.dumps(message), aiohttp.WSMsgType.TEXT)
        except TimeoutError:
            raise ModelTooSlow(f"{self.name} came to a halt") from None
        except (aiohttp.ClientError, OSError) as error:
            raise self._broke(type(error).__name__) from None

    async def _something(self) -> bool:
        """Wait for something to be sent; False where nothing more will be."""
        while not self._out and self._over is None:
            self._bell.clear()
            try:
                # Who speaks is never silent for so long, nor is anybody waited for so long.
                async with asyncio.timeout(self._kept):
                    await self._bell.wait()
            except TimeoutError:
                return False
        return self._over is None

    async def _receive(self, wire: aiohttp.ClientWebSocketResponse) -> None:
        async for message in wire:
            match self._told(self._read(message)):
                case Written(number) as written:
                    asked = self._awaited(number)
                    if not asked.done():
                        asked.set_result(written)
                case Unwritten(number, why):
                    _disappoint(self._awaited(number), why)
                    self._note(why)
        if self._over is None and (self._asked or self._fed):
            raise self._broke(f"code {wire.close_code}")
        self._shut(ModelUnavailable(f"{self.name} has ended the line"))

    def _read(self, message: aiohttp.WSMessage) -> dict[str, Any]:
        if message.type is aiohttp.WSMsgType.ERROR:
            raise self._broke("error")
        if message.type is aiohttp.WSMsgType.TEXT:
            try:
                told = orjson.loads(message.data)
            except orjson.JSONDecodeError:
                told = None
            if isinstance(told, dict):
                return told
        raise ModelUnavailable(f"{self.name} sent what is no message of its protocol")

    def _awaited(self, number: int) -> asyncio.Future[Written]:
        asked = self._asked.pop(number, None) if number < self._sent else None
        if asked is None:
            raise ModelUnavailable(f"{self.name} wrote down what nobody said")
        return asked

    def _broke(self, how: str) -> ModelError:
        return ModelUnavailable(f"{self.name} broke off ({how})")

    def _note(self, error: ModelError) -> None:
        log.warning("ear %s failed: %s", self.name, error)
        self._rest.failed(error)

    # --- what waits to be sent ---------------------------------------------------------------------

    def _put(self, pcm: bytes, *, ends: bool) -> None:
        if self._over is None:
            self._out.append((pcm, ends))
            self.waiting += len(pcm)
            self._bell.set()

    def _next(self) -> tuple[bytes, bool]:
        """As much as goes into one message."""
        pieces: list[bytes] = []
        size, ends = 0, False
        while self._out and not ends and size < _MOST_AT_ONCE:
            pcm, ends = self._out.popleft()
            pieces.append(pcm)
            size += len(pcm)
        self.waiting -= size
        return b"".join(pieces), ends

    def _shut(self, why: ModelError) -> None:
        if self._over is None:
            self._over = why
            self._out.clear()
            self.waiting = 0
            self._bell.set()
            for asked in self._asked.values():
                _disappoint(asked, why)
            self._asked.clear()


class Words:
    """core.ports.LiveWords."""

    def __init__(self, line: Line, asked: asyncio.Future[Written], seconds: float) -> None:
        self._line = line
        self._asked = asked
        self._seconds = seconds

    async def text(self, spent: Spent) -> str:
        """See `core.ports.LiveWords`."""
        line, where = self._line, self._line.where
        try:
            async with asyncio.timeout(line.patience + where.slower * self._seconds):
                written = await asyncio.shield(self._asked)
        except TimeoutError:
            failed = ModelTooSlow(f"{line.name} came to a halt")
            line.fail(failed)
            raise failed from None
        line.answered()
        spent.add(
            Usage(
                where.model,
                written.prompt_tokens,
                written.completion_tokens,
                provider=where.paid or where.vendor,
                units=self._seconds,
            )
        )
        return written.text


async def _no_redirects(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """The key is not for whoever they point at."""
    response = await handler(request)
    if response.status in _REDIRECTS:
        response.close()
        raise aiohttp.ClientConnectionError("redirected")
    return response


def _disappoint(asked: asyncio.Future[Written], why: ModelError) -> None:
    if not asked.done():
        asked.set_exception(why)
        asked.exception()  # nobody may ever ask
