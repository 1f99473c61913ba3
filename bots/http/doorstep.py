"""Whoever connects has to say what they want in time, and there is room for so many of them."""

from __future__ import annotations

import asyncio
import resource
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

_PATIENCE = 10.0
"""Seconds for the head of a request, from its first byte or from the connection."""
_MOST = 1_000


class Doorstep(web.AppRunner):
    """aiohttp waits for the head of a request for ever; this runner does not.

    `most` connections are open at once. Beyond that, whoever has been waiting for longest without
    asking anything has to go, and where nobody is, the newcomer.
    """

    __slots__ = ("_most", "_patience")

    def __init__(
        self, app: web.Application, *, patience: float = _PATIENCE, most: int = _MOST, **kwargs: Any
    ) -> None:
        super().__init__(app, **kwargs)
        self._patience = patience
        self._most = min(most, _files() // 2)

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made, self._patience, self._most)


class _Server(web.Server):
    """The application's own server, with other connections."""

    def __init__(self, made: web.Server, patience: float, most: int) -> None:
        super().__init__(made.request_handler, request_factory=made.request_factory, **made._kwargs)
        self.patience = patience
        self._most = most

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)

    def make_room(self) -> None:
        if len(self._connections) <= self._most:
            return
        oldest_first = (one for one in self._connections if isinstance(one, _Connection))
        idle = next((one for one in oldest_first if one.is_idle), None)
        if idle is not None:
            idle.force_close()


class _Connection(RequestHandler):
    __slots__ = ("_deadline", "_heads", "_server")

    def __init__(self, server: _Server, **kwargs: Any) -> None:
        super().__init__(server, **kwargs)
        self._server = server
        self._heads = 0
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Nothing that it asked is still to be answered."""
        return self._heads == self._request_count and not (
            self._request_in_progress or self._messages
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._expect()
        self._server.make_room()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._request_count != self._heads:
            self._heads = self._request_count
            self._done()
        elif self._deadline is None and self.is_idle:
            self._expect()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._done()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self._deadline = self._loop.call_later(self._server.patience, self._late)

    def _done(self) -> None:
        deadline, self._deadline = self._deadline, None
        if deadline is not None:
            deadline.cancel()

    def _late(self) -> None:
        self._deadline = None
        self.force_close()


def _files() -> int:
    """How many files this process may have open; sockets count as well."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 2 * _MOST
