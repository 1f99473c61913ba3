"""One request to a service, over our own wire: bounded in time and size, never redirected.

The usual SDK spends 2 ms of CPU on a streamed answer, mostly on objects that nobody looks at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import aiohttp
import orjson

from core.errors import ModelError, ModelRejected, ModelTooSlow, ModelUnavailable
from core.models.account import Account
from core.models.refusals import error_in, refusal, unwanted

_NO_LIMIT = aiohttp.ClientTimeout(total=None, sock_connect=10)
_MOST_OF_AN_ERROR = 1024 * 1024
_MOST_TRIES = 5
_LARGE = 512 * 1024

Extra = Callable[[set[str]], Mapping[str, Any]]
"""The parameters that may be left out, without those that are refused."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until a model must have begun to answer, and until it must have ended."""

    first: float = 30.0
    whole: float = 120.0


@dataclass(slots=True)
class Wire:
    account: Account
    session: aiohttp.ClientSession

    async def ask(
        self, model: str, path: str, body: Mapping[str, Any], extra: Extra, deadline: float
    ) -> aiohttp.ClientResponse:
        """The response, its headers read; asks again without what the service does not take."""
        refused = self.account.refused(model)
        for _ in range(_MOST_TRIES):
            more = extra(refused)
            asked = orjson.dumps({**body, **more})
            response = await self._post(model, path, asked, deadline)
            if response.status == 200:
                return response
            error = await self._error(model, response, deadline)
            doubted = unwanted(error, more) if response.status in (400, 422) else None
            if doubted is None:
                raise refusal(self.who(model), response.status, response.headers, error)
            refused.add(doubted)
        raise refusal(self.who(model), 400, {}, {})

    async def send(
        self, model: str, path: str, form: aiohttp.FormData, deadline: float
    ) -> aiohttp.ClientResponse:
        """The response to a form, which goes once and as it is."""
        response = await self._post(model, path, form, deadline)
        if response.status == 200:
            return response
        error = await self._error(model, response, deadline)
        raise refusal(self.who(model), response.status, response.headers, error)

    async def body(
        self, model: str, response: aiohttp.ClientResponse, deadline: float, most: int
    ) -> bytes:
        """The whole of a response; its connection is given back, or cut where that is not due."""
        body = bytearray()
        try:
            while chunk := await self.read(model, response, deadline):
                body += chunk
                if len(body) > most:
                    raise ModelUnavailable(f"{self.who(model)} sent an endless body")
        finally:
            let_go(response)
        return bytes(body)

    async def read(self, model: str, response: aiohttp.ClientResponse, deadline: float) -> bytes:
        try:
            async with asyncio.timeout_at(deadline):
                return await response.content.readany()
        except TimeoutError:
            raise ModelTooSlow(f"{self.who(model)} took too long to answer") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            kind = type(error).__name__
            raise ModelUnavailable(f"{self.who(model)} broke off in mid-answer ({kind})") from None

    def who(self, model: str) -> str:
        return f"{model} at {self.account.who}"

    async def _post(
        self,
        model: str,
        path: str,
        data: bytes | aiohttp.FormData,
        deadline: float,
    ) -> aiohttp.ClientResponse:
        failed: ModelError
        json, account = isinstance(data, bytes), self.account
        try:
            async with asyncio.timeout_at(deadline):
                return await self.session.post(
                    account.url(path),
                    # In one piece a large body would hold up everybody else.
                    data=BytesIO(data) if isinstance(data, bytes) and len(data) > _LARGE else data,
                    headers=account.headers_of_json if json else account.headers,
                    timeout=_NO_LIMIT,
                    allow_redirects=False,  # the key is not for whoever they point at
                )
        except TimeoutError:
            failed = ModelUnavailable(f"{self.who(model)} did not begin to answer in time")
        except aiohttp.InvalidURL:
            failed = ModelRejected(f"{self.account.who} is no address of a model service")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The vendor's text may hold the address, and that a password.
            failed = ModelUnavailable(f"{self.who(model)} is unreachable ({type(error).__name__})")
        raise failed from None

    async def _error(
        self, model: str, response: aiohttp.ClientResponse, deadline: float
    ) -> dict[str, Any]:
        try:
            async with asyncio.timeout_at(deadline):
                return error_in(await response.content.read(_MOST_OF_AN_ERROR))
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            return {}  # the status says enough
        finally:
            let_go(response)


def let_go(response: aiohttp.ClientResponse) -> None:
    """Give back a connection that has come to its end, and cut any other at once."""
    response.release() if response.content.at_eof() else response.close()
