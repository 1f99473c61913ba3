"""What plugins answer over HTTP, each under its own name: /<plugin>/<path>."""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from traceback import extract_tb
from typing import Any

import orjson
from aiohttp import web

from core.plugins.records import Route
from core.secrets import Secret

log = logging.getLogger(__name__)

OURS = frozenset({"live", "ready", "metrics", "stage", "api"})
"""First parts of paths that are no plugin's."""
_PARAMETER = re.compile(r":([A-Za-z_]\w{0,40})|\{([A-Za-z_]\w{0,40})\}")


@dataclass(frozen=True, slots=True)
class Answering:
    """One character's routes; `?agentId=` or `?agent=` picks her where several have the plugin."""

    agent: str
    name: str
    routes: tuple[Route, ...]
    runtime: Callable[[], Any]


def plugin_routes(
    answering: Callable[[], Iterable[Answering]], key: Callable[[], Secret | None]
) -> list[web.RouteDef]:
    """One door for all of them; plugins come and go while the server runs.

    Those that are not public are asked with ELIZA_SERVER_AUTH_TOKEN in X-API-KEY, where it is set
    (R-222). A handler that fails answers 500 without a word of what went wrong.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        plugin, path = request.match_info["plugin"], "/" + request.match_info["tail"]
        if plugin in OURS:
            raise web.HTTPNotFound
        found = [
            (who, route)
            for who in answering()
            if _is_asked(who, request.query)
            for route in who.routes
            if route.plugin == plugin and _fits(route, request.method, path) is not None
        ]
        if not found:
            raise web.HTTPNotFound
        who, route = found[0]
        if request.method != "OPTIONS" and not route.public and not _may(request, key()):
            raise web.HTTPUnauthorized(text="X-API-KEY is missing or wrong.\n")
        if route.method == "STATIC":
            return _file(Path(route.folder), path.removeprefix(route.path.rstrip("/")))
        request.match_info.update(_fits(route, request.method, path) or {})
        assert route.handler is not None
        try:
            return _response(await route.handler(request, who.runtime()))
        except web.HTTPException:
            raise
        except Exception as error:  # noqa: BLE001 - the wall around one plugin's answer
            frames = extract_tb(error.__traceback__)
            where = (
                f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
            )
            log.warning(
                "%s of the plugin %s failed: %s at %s", path, plugin, type(error).__name__, where
            )
            raise web.HTTPInternalServerError(text="The plugin failed.\n") from None

    return [web.route("*", "/{plugin}/{tail:.*}", answer)]


def _is_asked(who: Answering, query: Mapping[str, str]) -> bool:
    wanted = query.get("agentId") or query.get("agent")
    return not wanted or wanted in (who.agent, who.name)


def _may(request: web.Request, key: Secret | None) -> bool:
    if key is None:
        return True
    given = request.headers.get("X-API-KEY", "")
    bearer = request.headers.get("Authorization", "")
    given = given or bearer.removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), key.reveal().encode())


def _fits(route: Route, method: str, path: str) -> dict[str, str] | None:
    """The path's parameters; None where it is another route's."""
    if route.method == "STATIC":
        root = route.path.rstrip("/") + "/"
        return {} if method in ("GET", "HEAD") and path.startswith(root) else None
    if method not in (route.method, "OPTIONS") and (method, route.method) != ("HEAD", "GET"):
        return None
    match = _pattern(route.path).fullmatch(path)
    return match.groupdict() if match else None


@lru_cache(maxsize=512)
def _pattern(path: str) -> re.Pattern[str]:
    """elizaOS writes `/things/:id`, aiohttp `/things/{id}`."""
    parts, at = [], 0
    for found in _PARAMETER.finditer(path):
        parts += [re.escape(path[at : found.start()]), f"(?P<{found[1] or found[2]}>[^/]+)"]
        at = found.end()
    return re.compile("".join((*parts, re.escape(path[at:]))))


def _file(folder: Path, name: str) -> web.StreamResponse:
    """A file below the folder, and nothing beside it."""
    root = folder.resolve()
    try:
        file = (root / name.lstrip("/")).resolve()
    except (OSError, ValueError):
        raise web.HTTPNotFound from None
    if not file.is_relative_to(root) or not file.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(file)


def _response(answer: Any) -> web.StreamResponse:
    if isinstance(answer, web.StreamResponse):
        return answer
    if answer is None:
        return web.Response(status=204)
    if isinstance(answer, str):
        return web.Response(text=answer)
    return web.Response(body=orjson.dumps(answer, default=str), content_type="application/json")
