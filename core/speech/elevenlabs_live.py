"""ElevenLabs' ear that listens along: what somebody says goes there while they still say it.

Its own client speaks to `wss` addresses only, and over a library of its own.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

from core.errors import ModelError, ModelRejected, ModelTooSlow, ModelUnavailable
from core.ports import Spent, Usage
from core.ports.speech import HEARD_RATE
from core.speech.accounts import Account
from core.speech.calling import Patience, Refused, RequestRejected
from core.speech.elevenlabs import VENDOR, words_in
from core.speech.resting import Rest

log = logging.getLogger(__name__)

_KEPT = 15.0
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
_TROUBLES: dict[str, tuple[type[ModelError], str]] = {
    "auth_error": (ModelRejected, "refused the key"),
    "quota_exceeded": (ModelRejected, "the account's quota is used up"),
    "unaccepted_terms": (ModelRejected, "its terms are to be accepted first"),
    "invalid_request": (ModelRejected, "refused the request"),
    "input_error": (RequestRejected, "refused the sound"),
    "chunk_size_exceeded": (RequestRejected, "refused the sound"),
    "commit_throttled": (RequestRejected, "found it too short"),
    "insufficient_audio_activity": (RequestRejected, "found nothing said in it"),
    "rate_limited": (ModelUnavailable, "asks for fewer calls"),
    "queue_overflow": (ModelUnavailable, "is overrun"),
    "resource_exhausted": (ModelUnavailable, "is overrun"),
    "session_time_limit_exceeded": (ModelUnavailable, "has ended the line"),
    "transcriber_error": (ModelUnavailable, "failed"),
    "error": (ModelUnavailable, "failed"),
}


class ElevenLabsLine:
    """core.ports.LiveEar."""

    def __init__(
        self,
        account: Account,
        model: str,
        session: aiohttp.ClientSession,
        rest: Rest,
        patience: Patience,
        *,
        kept: float = _KEPT,
    ) -> None:
        """Raises ModelRejected where its address cannot be used."""
        self.name = f"{VENDOR}:{model}"
        self.model = model
        self.patience = min(_PATIENCE, patience.stall)
        self._connects_in = patience.first
        self._kept = kept
        self._session = session
        self._rest = rest
        self._headers = {"xi-api-key": account.revealed(), "User-Agent": "troupe"}
        self._url = f"{account.base_url.removesuffix('/v1')}/v1/speech-to-text/realtime"
        self._out: deque[tuple[bytes, bool]] = deque()
        """Sound, and whether an utterance ends with it."""
        self.waiting = 0
        """Bytes that are still to be sent."""
        self._bell = asyncio.Event()
        self._fed = 0
        self._asked: deque[asyncio.Future[str]] = deque()
        self._sent = 0
        """How many ends are on their way; words come for nothing else."""
        self._over: ModelError | None = None

    # --- for whoever listens along ---------------------------------------------------------------

    def feed(self, pcm: bytes) -> None:
        """See `core.ports.LiveEar`."""
        self._fed += len(pcm)
        if self.waiting + len(pcm) > _MOST_WAITING:
            self.fail(ModelTooSlow(f"{self.name} takes nothing"))
        self._put(pcm, ends=False)

    def end(self) -> Words:
        """See `core.ports.LiveEar`."""
        asked: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        words = Words(self, asked, self._fed / (2 * HEARD_RATE))
        self._fed = 0
        if self._over is not None:
            _tell(asked, self._over)
            return words
        self._asked.append(asked)
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
            async with self._connected() as line, asyncio.TaskGroup() as group:
                group.create_task(self._send(line))
                await self._receive(line)
        except* ModelError as errors:
            # Both halves may have seen it break; the first has seen why.
            first = errors.exceptions[0]
            self.fail(first if isinstance(first, ModelError) else ModelUnavailable(self.name))
        finally:
            self._shut(ModelUnavailable(f"{self.name} is not listening any more"))

    def answered(self) -> None:
        """It has written something down."""
        self._rest.answered()

    def fail(self, error: ModelError) -> None:
        """Let it go: what was said is to be written down otherwise."""
        if self._over is None:
            log.warning("ear %s failed: %s", self.name, error)
            self._shut(error)
            self._rest.failed(error)

    # --- the line --------------------------------------------------------------------------------

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
                    line = await session.ws_connect(
                        self._url,
                        params={
                            "model_id": self.model,
                            "audio_format": f"pcm_{HEARD_RATE}",
                            "commit_strategy": "manual",
                        },
                        headers=self._headers,
                        heartbeat=_HEARTBEAT,
                        max_msg_size=_LONGEST_MESSAGE,
                        timeout=aiohttp.ClientWSTimeout(ws_close=_FAREWELL),
                    )
            except TimeoutError:
                failed = ModelTooSlow(f"{self.name} did not begin in time")
            except aiohttp.WSServerHandshakeError as error:
                failed = Refused(error.status, {}).as_error(self.name)
            except aiohttp.InvalidURL:
                failed = ModelRejected(f"{self.name} has no usable address")
            except (aiohttp.ClientError, OSError, ValueError) as error:
                # Its text may hold the address, and that a password.
                failed = ModelUnavailable(f"{self.name} is unreachable ({type(error).__name__})")
            else:
                async with line:
                    yield line
                return
            raise failed from None

    async def _send(self, line: aiohttp.ClientWebSocketResponse) -> None:
        while await self._something():
            pcm, ends = self._next()
            self._sent += ends
            message = {
                "message_type": "input_audio_chunk",
                "audio_base_64": base64.b64encode(pcm).decode(),
                "commit": ends,
                "sample_rate": HEARD_RATE,
            }
            try:
                async with asyncio.timeout(self.patience):
                    await line.send_frame(orjson.dumps(message), aiohttp.WSMsgType.TEXT)
            except TimeoutError:
                raise ModelTooSlow(f"{self.name} came to a halt") from None
            except (aiohttp.ClientError, OSError) as error:
                raise self._broke(type(error).__name__) from None
        self._shut(ModelUnavailable(f"{self.name}: nobody has spoken for a while"))
        await line.close()

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

    async def _receive(self, line: aiohttp.ClientWebSocketResponse) -> None:
        async for message in line:
            if message.type is aiohttp.WSMsgType.ERROR:
                raise self._broke("error")
            told = _object(message)
            if told is None:
                raise ModelUnavailable(f"{self.name} sent what is no message of its protocol")
            kind, text = told.get("message_type"), told.get("text")
            if kind == "committed_transcript" and isinstance(text, str):
                if not self._sent or not self._asked:
                    raise ModelUnavailable(f"{self.name} wrote down what nobody said")
                self._sent -= 1
                asked = self._asked.popleft()
                if not asked.done():
                    asked.set_result(text)
            elif isinstance(kind, str) and (kind in _TROUBLES or "error" in told):
                error, why = _TROUBLES.get(kind, _TROUBLES["error"])
                raise error(f"{self.name} {why}")
        if self._over is None and (self._asked or self._fed):
            raise self._broke(f"code {line.close_code}")
        self._shut(ModelUnavailable(f"{self.name} has ended the line"))

    def _broke(self, how: str) -> ModelError:
        return ModelUnavailable(f"{self.name} broke off ({how})")

    # --- what waits to be sent -------------------------------------------------------------------

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
            for asked in self._asked:
                _tell(asked, why)
            self._asked.clear()


class Words:
    """core.ports.LiveWords."""

    def __init__(self, line: ElevenLabsLine, asked: asyncio.Future[str], seconds: float) -> None:
        self._line = line
        self._asked = asked
        self._seconds = seconds

    async def text(self, spent: Spent) -> str:
        """See `core.ports.LiveWords`."""
        line = self._line
        try:
            async with asyncio.timeout(line.patience):
                text = await asyncio.shield(self._asked)
        except TimeoutError:
            failed = ModelTooSlow(f"{line.name} came to a halt")
            line.fail(failed)
            raise failed from None
        line.answered()
        spent.add(Usage(line.model, provider=VENDOR, units=self._seconds))
        return words_in(text)


async def _no_redirects(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """The key is not for whoever they point at."""
    response = await handler(request)
    if response.status in _REDIRECTS:
        response.close()
        raise aiohttp.ClientConnectionError("redirected")
    return response


def _object(message: aiohttp.WSMessage) -> dict[str, Any] | None:
    if message.type is not aiohttp.WSMsgType.TEXT:
        return None
    try:
        told = orjson.loads(message.data)
    except orjson.JSONDecodeError:
        return None
    return told if isinstance(told, dict) else None


def _tell(asked: asyncio.Future[str], why: ModelError) -> None:
    if not asked.done():
        asked.set_exception(why)
        asked.exception()  # nobody may ever ask
