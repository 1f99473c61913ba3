"""A port of this machine that can be shut and opened again, as a network is that goes away."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Port:
    """One HTTP server; 0 takes a free port, which stays the same from then on."""

    def __init__(self, host: str, number: int) -> None:
        self._host = host
        self._number = number
        self._server: web.Server | None = None
        self._site: asyncio.Server | None = None
        self._held: socket.socket | None = None
        """While it is shut: refuses everybody, and keeps others from taking the port."""

    @property
    def where(self) -> str:
        """As in a URL: host and port; known once it is open."""
        return f"{self._host}:{self._number}"

    async def open(self, handler: Handler) -> None:
        self._server = web.Server(handler, access_log=None)
        await self.back()

    async def back(self) -> None:
        """Let people in again."""
        if self._site is None:
            assert self._server is not None
            self._site = await asyncio.get_running_loop().create_server(
                self._server, self._host, self._number, reuse_address=True, backlog=1024
            )
            self._number = self._site.sockets[0].getsockname()[1]
        self._let_go()

    async def cut_off(self) -> None:
        """Nobody reaches the server: open connections are cut and new ones refused."""
        self.shut()
        assert self._server is not None
        for connection in self._server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    @contextlib.asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        """Inside, nobody reaches the server."""
        await self.cut_off()
        try:
            yield
        finally:
            await self.back()

    def shut(self) -> None:
        """Let nobody new in."""
        if self._site is not None:
            self._site.close()
            self._site = None
            self._held = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET)
            self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._held.bind((self._host, self._number))

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    async def end(self) -> None:
        """Give those who are in a second to leave."""
        self._let_go()
        if self._server is not None:
            await self._server.shutdown(1.0)
