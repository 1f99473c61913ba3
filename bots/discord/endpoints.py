"""Where Discord is: the one file that sets discord.py's process-wide endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import yarl
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import HTTPClient, Route

from core.errors import LinkRejected

_WSS = "wss"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """An empty one is Discord's own."""

    api_root: str = ""
    """With the version, as "https://discord.com/api/v10"."""
    gateway_url: str = ""
    cdn_root: str = ""
    voice_scheme: str = ""
    """discord.py dials voice by wss only; a server on this machine may have no certificate."""


DISCORD = Endpoints(
    api_root=Route.BASE,
    gateway_url=str(DiscordWebSocket.DEFAULT_GATEWAY),
    cdn_root=Asset.BASE,
    voice_scheme=_WSS,
)

_now = DISCORD
_living = 0


def set_endpoints(endpoints: Endpoints = DISCORD) -> None:
    """Lead all clients of this process there; LinkRejected while others are led elsewhere."""
    global _now
    whole = _completed(endpoints)
    if whole == _now:
        return
    if _living:
        raise LinkRejected(
            f"{whole.api_root} is asked for while other bots of this process are at "
            f"{_now.api_root}; one process can only be at one Discord"
        )
    Route.BASE = whole.api_root
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(whole.gateway_url)
    Asset.BASE = whole.cdn_root
    _now = whole


@contextmanager
def living_at(endpoints: Endpoints) -> Iterator[None]:
    """Inside, a client lives, and nobody may lead it elsewhere."""
    global _living
    set_endpoints(endpoints)
    _living += 1
    try:
        yield
    finally:
        _living -= 1


def always_at() -> yarl.URL | None:
    """Where the gateway is whatever Discord says of it; None where Discord may choose.

    Who leads us to a gateway of their own does not want a RESUME to pass it by.
    """
    if _now.gateway_url == DISCORD.gateway_url:
        return None
    return yarl.URL(_now.gateway_url)


def lead_voice(http: HTTPClient) -> None:
    """Let a client dial voice by another scheme than wss."""
    if _now.voice_scheme == _WSS:
        return
    dial, scheme = http.ws_connect, _now.voice_scheme

    async def ws_connect(url: str, *, compress: int = 0) -> aiohttp.ClientWebSocketResponse:
        if compress:  # discord.py asks for it for voice only; the gateway packs by itself
            url = str(yarl.URL(url).with_scheme(scheme))
        return await dial(url, compress=compress)

    whole: Any = http  # a method of one object is replaced, not of its class
    whole.ws_connect = ws_connect


def _completed(endpoints: Endpoints) -> Endpoints:
    return replace(
        endpoints,
        api_root=(endpoints.api_root or DISCORD.api_root).rstrip("/"),
        gateway_url=endpoints.gateway_url or DISCORD.gateway_url,
        cdn_root=(endpoints.cdn_root or DISCORD.cdn_root).rstrip("/"),
        voice_scheme=endpoints.voice_scheme or DISCORD.voice_scheme,
    )
