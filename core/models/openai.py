"""Chat over OpenAI's protocol, streamed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp

from core.errors import ModelUnavailable
from core.models.account import Account
from core.models.events import END, Event, Lines, Unreadable, read_event
from core.models.refusals import refusal
from core.models.wire import Patience, Wire, let_go
from core.ports import ModelRequest, Spent, Usage

_MOST_OF_A_BODY = 1024 * 1024
_LINGER = 0.05
_CHARACTERS_OF_A_TOKEN = 4


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
        self._wire = Wire(account, session)
        self._patience = patience or Patience()

    @property
    def name(self) -> str:
        return f"{self._account.preset.name}:{self._model}"

    async def stream(
        self, request: ModelRequest, spent: Spent | None = None
    ) -> AsyncGenerator[str, None]:
        # No asyncio.timeout may stand around a yield: it would go off in the caller's code.
        now = asyncio.get_running_loop().time()
        first_by, done_by = now + self._patience.first, now + self._patience.whole
        response = await self._wire.ask(
            self._model,
            "chat/completions",
            self._body(request),
            lambda refused: self._parameters(request, refused),
            min(first_by, done_by),
        )
        told, counted, finished, over = 0, False, False, False
        try:
            if "json" in response.content_type:
                yield await self._whole(request, response, done_by, spent)
                counted = True
                return
            if "html" in response.content_type:
                raise ModelUnavailable(f"{self._who} sent a page for people")
            lines = Lines()
            while not over:
                deadline = done_by if told else min(first_by, done_by)
                chunk = await self._wire.read(self._model, response, deadline)
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
                        counted = True
                if pieces:
                    piece = "".join(pieces)
                    told += len(piece)
                    yield piece
            if not over and not finished:
                raise ModelUnavailable(f"{self._who} broke off in mid-answer")
            await self._let_end(response)
        finally:
            if (told or finished or over) and not counted and spent is not None:
                # Also of an answer that was broken off: its tokens are paid for all the same.
                spent.usage = self._guessed(request, told)
            let_go(response)

    @property
    def _who(self) -> str:
        return self._wire.who(self._model)

    # --- asking --------------------------------------------------------------------------------

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
            first = self._account.limit
            second = "max_tokens" if first != "max_tokens" else "max_completion_tokens"
            extra[first if first not in refused else second] = request.max_tokens
        if request.temperature is not None:
            extra["temperature"] = request.temperature
        if request.stop:
            extra["stop"] = list(request.stop)
        if request.top_p is not None:
            extra["top_p"] = request.top_p
        if request.frequency_penalty is not None:
            extra["frequency_penalty"] = request.frequency_penalty
        if request.presence_penalty is not None:
            extra["presence_penalty"] = request.presence_penalty
        return {name: value for name, value in extra.items() if name not in refused}

    # --- reading -------------------------------------------------------------------------------

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
        self,
        request: ModelRequest,
        response: aiohttp.ClientResponse,
        deadline: float,
        spent: Spent | None,
    ) -> str:
        """The answer of a service that does not stream."""
        body = await self._wire.body(self._model, response, deadline, _MOST_OF_A_BODY)
        event = self._event(body)
        if spent is not None:
            known = event.usage is not None
            spent.usage = (
                self._usage(event.usage or {}) if known else self._guessed(request, len(event.text))
            )
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
            count(usage.get("prompt_tokens")),
            count(usage.get("completion_tokens")),
            count(cached),
            self._account.vendor,
        )

    def _guessed(self, request: ModelRequest, told: int) -> Usage:
        asked = len(request.system) + sum(len(said.text) for said in request.messages)
        return Usage(
            self._model,
            asked // _CHARACTERS_OF_A_TOKEN,
            max(1, told // _CHARACTERS_OF_A_TOKEN),
            provider=self._account.vendor,
            estimated=True,
        )


def count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
