"""One request to a vendor of voices, cut when it stalls; refusals become our errors, in our words.

ElevenLabs' own client needs 3.1 ms of CPU for a sentence where this needs 0.6, and has no limit of
time between two pieces of sound; so it is asked over the session that the models use.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import orjson

from core.errors import ModelError, ModelRejected, ModelTooSlow, ModelUnavailable

_NO_LIMIT = aiohttp.ClientTimeout(total=None, sock_connect=10)
_MOST_OF_AN_ERROR = 256 * 1024
_MOST_SOUND = 96 * 1024 * 1024
"""Bytes of one answer: a quarter of an hour at 48 kHz."""
_NO_SOUND = ("json", "html", "text/plain", "xml")
_OUT_OF_MONEY = frozenset({"quota_exceeded", "insufficient_quota", "billing_hard_limit_reached"})
_LATER = frozenset({408, 409, 425, 429})
_REASONS = {
    400: "refused the request",
    401: "refused the key",
    402: "asks for payment",
    403: "denies access with this key",
    404: "does not know the voice, the model or the address",
    413: "finds the request too long",
    422: "refused the request",
    429: "asks for fewer calls",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to the first of the sound, between two pieces of it, and for what is written down."""

    first: float = 10.0
    stall: float = 5.0
    written: float = 120.0


@dataclass(frozen=True, slots=True)
class Refused:
    """What a vendor has answered instead of sound."""

    status: int
    error: Mapping[str, Any] = field(repr=False)
    retry_after: float | None = None

    @property
    def codes(self) -> frozenset[str]:
        """Its own words for what is wrong: "quota_exceeded", "output_format_not_allowed" ..."""
        named = (self.error.get(name) for name in ("status", "code", "type"))
        return frozenset(one for one in named if isinstance(one, str))

    def as_error(self, who: str) -> ModelError:
        if self.codes & _OUT_OF_MONEY:
            return ModelRejected(f"{who}: the account's quota is used up")
        reason = f"{who} {_REASONS.get(self.status, 'failed')} (HTTP {self.status})"
        if self.status in _LATER or self.status >= 500:
            return ModelUnavailable(reason, retry_after=self.retry_after)
        return (RequestRejected if self.status in (400, 413, 422) else ModelRejected)(reason)


class RequestRejected(ModelRejected):
    """What was asked is refused, not who asks: something else may be taken."""


class Refusal(Exception):
    """Raised to be looked at by the vendor's own module, which makes a ModelError of it."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(f"HTTP {refused.status}")
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Calling:
    """One account at one address; `who` names it in errors and logs."""

    session: aiohttp.ClientSession
    base_url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    who: str
    patience: Patience = Patience()

    async def sound(
        self, path: str, query: Mapping[str, str], body: Mapping[str, Any]
    ) -> AsyncGenerator[bytes, None]:
        """The sound as it comes; the connection is cut as soon as nobody reads on.

        Raises Refusal, ModelUnavailable, ModelRejected.
        """
        clock = asyncio.get_running_loop().time
        first_by = clock() + self.patience.first
        response = await self._post(path, query, orjson.dumps(body), first_by)
        size = 0
        try:
            kind = response.content_type
            if any(part in kind for part in _NO_SOUND):
                raise ModelUnavailable(f"{self.who} sent {kind} in place of sound")
            # No asyncio.timeout may stand around a yield: it would go off in the caller's code.
            while piece := await self._read(
                response, clock() + self.patience.stall if size else first_by
            ):
                if not size and _is_text(piece):
                    raise ModelUnavailable(f"{self.who} sent a text in place of sound")
                size += len(piece)
                if size > _MOST_SOUND:
                    raise ModelUnavailable(f"{self.who} sent sound without an end")
                yield piece
        finally:
            # What has come to its end gives its connection back; any other is cut at once.
            response.release() if response.content.at_eof() else response.close()
        if not size:
            raise ModelUnavailable(f"{self.who} sent no sound")

    async def asked(
        self, path: str, query: Mapping[str, str], form: aiohttp.FormData, *, within: float
    ) -> dict[str, Any]:
        """The object that answers a form. Raises Refusal, ModelUnavailable, ModelRejected."""
        deadline = asyncio.get_running_loop().time() + min(within, self.patience.written)
        response = await self._post(path, query, form, deadline)
        body = bytearray()
        try:
            while piece := await self._read(response, deadline):
                body += piece
                if len(body) > _MOST_SOUND:
                    raise ModelUnavailable(f"{self.who} sent an endless body")
        finally:
            response.release() if response.content.at_eof() else response.close()
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise ModelUnavailable(f"{self.who} sent no JSON") from None
        if not isinstance(answer, dict):
            raise ModelUnavailable(f"{self.who} sent no object")
        return answer

    async def _post(
        self,
        path: str,
        query: Mapping[str, str],
        data: bytes | aiohttp.FormData,
        deadline: float,
    ) -> aiohttp.ClientResponse:
        json = {"Content-Type": "application/json"} if isinstance(data, bytes) else {}
        failed: ModelError
        try:
            async with asyncio.timeout_at(deadline):
                response = await self.session.post(
                    f"{self.base_url}/{path}",
                    params=query,
                    data=data,
                    headers={**self.headers, **json},
                    timeout=_NO_LIMIT,
                    allow_redirects=False,  # the key is not for whoever they point at
                )
        except TimeoutError:
            failed = ModelTooSlow(f"{self.who} did not begin in time")
        except aiohttp.InvalidURL:
            failed = ModelRejected(f"{self.who} has no usable address")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Its text may hold the address, and that a password.
            failed = ModelUnavailable(f"{self.who} is unreachable ({type(error).__name__})")
        else:
            if response.status == 200:
                return response
            raise Refusal(await _refused(response, deadline))
        raise failed from None

    async def _read(self, response: aiohttp.ClientResponse, deadline: float) -> bytes:
        try:
            async with asyncio.timeout_at(deadline):
                return await response.content.readany()
        except TimeoutError:
            raise ModelTooSlow(f"{self.who} came to a halt") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ModelUnavailable(f"{self.who} broke off ({type(error).__name__})") from None


async def whole(pieces: AsyncGenerator[bytes, None]) -> bytes:
    """All of it, closed behind us."""
    async with aclosing(pieces):
        return b"".join([piece async for piece in pieces])


async def _refused(response: aiohttp.ClientResponse, deadline: float) -> Refused:
    after = _retry_after(response.headers)
    try:
        async with asyncio.timeout_at(deadline):
            body = await response.content.read(_MOST_OF_AN_ERROR)
        return Refused(response.status, _error_in(body), after)
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
        return Refused(response.status, {}, after)  # the status says enough
    finally:
        response.release() if response.content.at_eof() else response.close()


def _error_in(body: bytes) -> Mapping[str, Any]:
    """ElevenLabs has its error in "detail", OpenAI in "error"."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(content, dict):
        return {}
    error = content.get("detail", content.get("error"))
    if isinstance(error, dict):
        return error
    return {"message": error} if isinstance(error, str) else {}


def _retry_after(headers: Mapping[str, str]) -> float | None:
    named = headers.get("Retry-After", "").strip()
    if not named:
        return None
    try:
        if named.replace(".", "", 1).isdigit():
            return float(named)
        # Both dates are the server's, so its clock may be wrong.
        until = parsedate_to_datetime(named) - parsedate_to_datetime(headers["Date"])
        return max(0.0, until.total_seconds())
    except (ValueError, TypeError, KeyError):
        return None


def _is_text(piece: bytes) -> bool:
    """Whether a page or an error was sent as if it were sound."""
    begins = piece[:64].lstrip().lower()
    return begins.startswith((b"<!doctype", b"<html", b"<?xml", b'{"'))
