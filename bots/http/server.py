"""/live, /ready, /metrics, and whatever page the gateway shows; one listener for the process."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from typing import Any

import orjson
from aiohttp import web

from bots.http.doorstep import Doorstep
from core.errors import BadInput, Finding

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_BACKLOG = 1024
"""Who may wait at the door: a crowd of slow strangers must not keep Telegram out (G30)."""
_KEEP_IDLE = 75.0
"""Seconds; longer than a proxy before us keeps its own end open."""
_LINGER = 0.5
"""Seconds for which the rest of a body is let come that nobody wants."""


@contextlib.asynccontextmanager
async def serve(
    host: str,
    port: int,
    *,
    ready: Callable[[], dict[str, Any]],
    metrics: Callable[[], bytes],
    routes: Iterable[web.AbstractRouteDef] = (),
    plugins: Iterable[web.AbstractRouteDef] = (),
    hooks: Iterable[web.RouteDef] = (),
) -> AsyncIterator[int]:
    """Serve until the end of the block; the port that it got, for `port` 0.

    Raises BadInput when the port is taken. `ready()` returns {"status": ..., ...}; any status but
    "ok" and "degraded" is a 503. None of these ever asks a model or a platform. `hooks` are asked
    from outside, by whatever name, and know for themselves who may.
    """
    from_outside = list(hooks)
    app = web.Application(
        middlewares=[_only_our_names(host, {one.handler for one in from_outside})]
    )
    app.router.add_get("/live", _live)
    app.router.add_get("/ready", _ready(ready))
    app.router.add_get("/metrics", _metrics(metrics))
    own = list(routes)
    app.router.add_routes([*from_outside, *(own or [web.get("/", _front)]), *plugins])
    runner = Doorstep(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=1.0,
        keepalive_timeout=_KEEP_IDLE,
        lingering_time=_LINGER,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, backlog=_BACKLOG)
        try:
            await site.start()
        except OSError as error:
            raise _taken(host, port, error) from None
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _live(request: web.Request) -> web.Response:
    return web.json_response({"status": "live"})


def _ready(ready: Callable[[], dict[str, Any]]) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        report = ready()
        status = 200 if report["status"] in ("ok", "degraded") else 503
        return web.Response(
            body=orjson.dumps(report), status=status, content_type="application/json"
        )

    return handler


def _metrics(metrics: Callable[[], bytes]) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(
            body=metrics(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    return handler


async def _front(request: web.Request) -> web.Response:
    return web.Response(text="Troupe runs. See /ready, /live and /metrics.\n")


def _only_our_names(host: str, from_outside: Collection[Any]) -> Any:
    """Refuse a foreign Host: another site's script that rebinds its name to us (G41)."""
    names = {"localhost", "127.0.0.1", "[::1]", "::1", host}
    anywhere = host in ("0.0.0.0", "::")

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.handler in from_outside:
            return await handler(request)
        name = request.host.rsplit(":", 1)[0] if request.host.count(":") == 1 else request.host
        if not anywhere and name.split("]")[0].strip("[") not in {one.strip("[]") for one in names}:
            return web.Response(status=403, text="This name is not ours.\n")
        return await handler(request)

    return check


def _taken(host: str, port: int, error: OSError) -> BadInput:
    if error.errno == errno.EADDRINUSE:
        return BadInput(
            Finding(
                "SERVER_PORT",
                f"port {port} on {host} is in use",
                f"Stop what uses it, or set SERVER_PORT={port + 1}",
            )
        )
    return BadInput(
        Finding(
            "SERVER_HOST", f"cannot listen on {host}:{port} ({error.strerror})", "Set another one"
        )
    )
