"""Chat over OpenAI's protocol, streamed: the SDK's headers, our own wire.

The SDK spends more than 2 ms of CPU on one streamed answer, mostly on objects that nobody looks at.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from core.errors import ModelUnavailable
from core.models.account import Account
from core.models.events import END, Event, Lines, Unreadable, read_event
from core.models.refusals import error_in, refusal, unwanted
from core.ports import ModelRequest, Spent, Usage

_NO_LIMIT = aiohttp.ClientTimeout(total=None, sock_connect=10)
_MOST_OF_A_BODY = 1024 * 1024
_MOST_TRIES = 5
_LINGER = 0.05


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until a model must have begun to answer, and until it must have ended."""

    first: float = 30.0
    whole: float = 120.0


class OpenAI:
    """One model of one account. Raises ModelUnavailable or ModelRejected, nothing else."""

    def __init__(
        self,
        model: str,
        account: Account,
        session: aiohttp.ClientSession,
        patience: Patience | None = None,
    ) -> None:
        self._model = model
        self._account = account
        self._session = session
        self._patience = patience or Patience()

    @property
    def name(self) -> str:
        return f"openai:{self._model}"

    async def stream(
        self, request: ModelRequest, spent: Spent | None = None
    ) -> AsyncGenerator[str, None]:
        # No asyncio.timeout may stand around a yield: it would go off in the caller's code.
        now = asyncio.get_running_loop().time()
        first_by, done_by = now + self._patience.first, now + self._patience.whole
        response = await self._ask(request, min(first_by, done_by))
        try:
            if "json" in response.content_type:
                yield await self._whole(response, done_by, spent)
                return
            if "html" in response.content_type:
                raise ModelUnavailable(f"{self._who} sent a page for people")
            lines, begun, finished, over = Lines(), False, False, False
            while not over:
                chunk = await self._read(response, done_by if begun else min(first_by, done_by))
                if not chunk:
                    break
                pieces: list[str] = []
                for line in self._feed(lines, chunk):
                    if line == END:
                        over = True
                        break
                    event = self._event(line)
                    if event.text:
                        pieces.append(event.text)
                    finished = finished or event.finished
                    if event.usage is not None and spent is not None:
                        spent.usage = self._usage(event.usage)
                if pieces:
                    begun = True
                    yield "".join(pieces)
            if not over and not finished:
                raise ModelUnavailable(f"{self._who} broke off in mid-answer")
            if spent is not None and not spent.usage.model:
                spent.usage = Usage(self._model)
            await self._let_end(response)
        finally:
            # Gives back a connection that has come to its end, and cuts any other at once.
            response.release() if response.content.at_eof() else response.close()

    @property
    def _who(self) -> str:
        return f"{self._model} at {self._account.who}"

    # --- asking --------------------------------------------------------------------------------

    async def _ask(self, request: ModelRequest, deadline: float) -> aiohttp.ClientResponse:
        """The response, its headers read; asks again without what the service does not take."""
        refused = self._account.refused(self._model)
        for _ in range(_MOST_TRIES):
            extra = self._parameters(request, refused)
            body = orjson.dumps({**self._body(request), **extra})
            status, headers, error = await self._post(body, deadline)
            if isinstance(error, aiohttp.ClientResponse):
                return error
            doubted = unwanted(error, extra) if status in (400, 422) else None
            if doubted is None:
                raise refusal(self._who, status, headers, error)
            refused.add(doubted)
        raise refusal(self._who, 400, {}, {})

    async def _post(
        self, body: bytes, deadline: float
    ) -> tuple[int, dict[str, str], dict[str, Any] | aiohttp.ClientResponse]:
        try:
            async with asyncio.timeout_at(deadline):
                headers = await self._account.headers()
                response = await self._session.post(
                    self._account.chat_url,
                    data=body,
                    headers=headers,
                    timeout=_NO_LIMIT,
                    allow_redirects=False,  # the key is not for whoever they point at
                )
                if response.status == 200:
                    return 200, {}, response
                try:
                    text = await response.content.read(_MOST_OF_A_BODY)
                finally:
                    response.release() if response.content.at_eof() else response.close()
                return response.status, dict(response.headers), error_in(text)
        except TimeoutError:
            raise ModelUnavailable(f"{self._who} did not begin to answer in time") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The vendor's text may hold the address, and that a password.
            kind = type(error).__name__
            raise ModelUnavailable(f"{self._who} is unreachable ({kind})") from None

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        messages = [{"role": said.role, "content": said.text} for said in request.messages]
        if request.system:
            messages.insert(0, {"role": "system", "content": request.system})
        return {"model": self._model, "messages": messages, "stream": True}

    def _parameters(self, request: ModelRequest, refused: set[str]) -> dict[str, Any]:
        """What may be left out when it is refused."""
        extra: dict[str, Any] = {"stream_options": {"include_usage": True}}
        if request.max_tokens is not None:
            # Newer models know one name, older services the other.
            names = ["max_completion_tokens", "max_tokens"]
            names = names if self._account.is_openai else names[::-1]
            extra.update({name: request.max_tokens for name in names if name not in refused})
            if len(extra) > 2:
                del extra[names[1]]
        if request.temperature is not None:
            extra["temperature"] = request.temperature
        if request.stop:
            extra["stop"] = list(request.stop)
        return {name: value for name, value in extra.items() if name not in refused}

    # --- reading -------------------------------------------------------------------------------

    async def _read(self, response: aiohttp.ClientResponse, deadline: float) -> bytes:
        try:
            async with asyncio.timeout_at(deadline):
                return await response.content.readany()
        except TimeoutError:
            raise ModelUnavailable(f"{self._who} took too long to answer") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            kind = type(error).__name__
            raise ModelUnavailable(f"{self._who} broke off in mid-answer ({kind})") from None

    def _feed(self, lines: Lines, chunk: bytes) -> list[bytes]:
        try:
            return lines.feed(chunk)
        except Unreadable as error:
            raise ModelUnavailable(f"{self._who} sent {error}") from None

    def _event(self, line: bytes) -> Event:
        try:
            event = read_event(line)
        except Unreadable as error:
            raise ModelUnavailable(f"{self._who} sent {error}") from None
        if event.error is not None:
            code = event.error.get("code")
            raise refusal(self._who, code if isinstance(code, int) else 500, {}, event.error)
        return event

    async def _whole(
        self, response: aiohttp.ClientResponse, deadline: float, spent: Spent | None
    ) -> str:
        """The answer of a service that does not stream."""
        body = bytearray()
        while chunk := await self._read(response, deadline):
            body += chunk
            if len(body) > _MOST_OF_A_BODY:
                raise ModelUnavailable(f"{self._who} sent an endless body")
        event = self._event(bytes(body))
        if spent is not None:
            spent.usage = self._usage(event.usage or {})
        if not event.finished and not event.text:
            raise ModelUnavailable(f"{self._who} sent no answer")
        return event.text

    async def _let_end(self, response: aiohttp.ClientResponse) -> None:
        """A connection can be used again only when its last byte was read."""
        if response.content.at_eof():
            return
        try:
            async with asyncio.timeout(_LINGER):
                await response.content.readany()
        except (TimeoutError, aiohttp.ClientError, OSError):
            return

    def _usage(self, usage: dict[str, Any]) -> Usage:
        details = usage.get("prompt_tokens_details")
        cached = details.get("cached_tokens") if isinstance(details, dict) else 0
        return Usage(
            self._model,
            _count(usage.get("prompt_tokens")),
            _count(usage.get("completion_tokens")),
            _count(cached),
        )


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
