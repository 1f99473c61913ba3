"""The Bot API over the process's one aiohttp session, for an unmodified telegram.Bot."""

from __future__ import annotations

import json
from datetime import timedelta
from http import HTTPStatus
from io import BytesIO
from typing import Any

import aiohttp
import orjson
from telegram.error import NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

_UNTOLD_SILENCE = 60  # where a 429 names no time, as a balancer's does not
_JSON = {"Content-Type": "application/json"}


class NotSent(NetworkError):
    """No connection came about, so the request surely has not arrived."""


class TokenRefused(TelegramError):
    """401. PTB's own exception for it puts the token into its text."""


class Flooded(RetryAfter):
    """429. Making PTB's own exception sets off a warning of PTB's about itself."""

    __slots__ = ()

    def __init__(self, seconds: float) -> None:
        self._retry_after = timedelta(seconds=seconds)
        TelegramError.__init__(self, f"silence asked for, {seconds:g} s")

    @property
    def seconds(self) -> float:
        return self._retry_after.total_seconds()


class UnclearAnswer(TelegramError):
    """Something answered that is not the Bot API; whether it did what we asked is unknown."""


class AiohttpRequest(BaseRequest):
    """Lends a session, and never closes it.

    httpx, which PTB brings, costs about eighteen times as much per call. Failures carry texts of
    ours only: a Bot API address holds the token, and aiohttp's own texts hold the address.
    """

    __slots__ = ("_connect", "_read", "_session", "_timeout", "_write")

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        connect: float = 10.0,
        read: float = 30.0,
        write: float = 30.0,
    ) -> None:
        self._session = session
        self._connect, self._read, self._write = connect, read, write
        self._timeout = self._limits(connect, read, write)

    @property
    def read_timeout(self) -> float | None:
        return self._read

    async def initialize(self) -> None:
        """Nothing to open: the session is there already."""

    async def shutdown(self) -> None:
        """The session belongs to whoever lent it."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        try:
            answer = orjson.loads(payload)
        except ValueError:
            try:
                # Half an emoji as an escape is JSON to the standard library and to Telegram, but
                # not to orjson; one such message must not hide its ninety-nine neighbours.
                answer = json.loads(payload)
            except (ValueError, RecursionError):
                raise UnclearAnswer("the answer is not JSON") from None
        if not isinstance(answer, dict) or ("result" not in answer and "description" not in answer):
            raise UnclearAnswer("the answer is not the Bot API's")
        return answer

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        body, headers = _body(request_data)
        timeout = self._timeout_of(read_timeout, write_timeout, connect_timeout)
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                status, content = answer.status, await answer.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise NotSent("no connection") from None
        except aiohttp.InvalidURL:
            raise NotSent("the address of the Bot API is not one") from None
        except TimeoutError:
            raise TimedOut("no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(f"the connection broke ({type(error).__name__})") from None
        if status == HTTPStatus.UNAUTHORIZED:
            raise TokenRefused("the token was refused")
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise Flooded(_silence(content))
        return status, content

    def _timeout_of(self, read: Any, write: Any, connect: Any) -> aiohttp.ClientTimeout:
        default = BaseRequest.DEFAULT_NONE
        if read is default and write is default and connect is default:
            return self._timeout
        return self._limits(
            self._connect if connect is default else connect,
            self._read if read is default else read,
            self._write if write is default else write,
        )

    @staticmethod
    def _limits(
        connect: float | None, read: float | None, write: float | None
    ) -> aiohttp.ClientTimeout:
        # aiohttp has no limit for writing alone; the whole call is bounded instead, which also
        # ends an answer that trickles.
        bounded = connect is not None and read is not None and write is not None
        total = connect + read + write if bounded else None  # type: ignore[operator] # bounded
        return aiohttp.ClientTimeout(total=total, sock_connect=connect, sock_read=read)


def _silence(content: bytes) -> float:
    """The seconds of a 429."""
    try:
        seconds = orjson.loads(content)["parameters"]["retry_after"]
    except (ValueError, KeyError, TypeError):
        return _UNTOLD_SILENCE
    return float(seconds) if isinstance(seconds, int) and seconds > 0 else _UNTOLD_SILENCE


def _body(
    request_data: RequestData | None,
) -> tuple[bytes | aiohttp.FormData | None, dict[str, str] | None]:
    if request_data is None:
        return None, None
    if not request_data.contains_files:
        return _dumps(request_data.parameters), _JSON
    form = aiohttp.FormData()
    for name, text in request_data.json_parameters.items():
        form.add_field(name, text)
    for name, (filename, content, mime) in request_data.multipart_data.items():
        if isinstance(content, bytes):
            content = BytesIO(content)  # aiohttp writes it piece by piece
        form.add_field(name, content, filename=filename, content_type=mime)
    return form, None


def _dumps(parameters: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(parameters)
    except TypeError:
        return json.dumps(parameters).encode()
