"""Bytes from an address that somebody else has written: from the public internet, or not at all."""

from __future__ import annotations

import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import aiohttp

from core.errors import FetchFailed

_REDIRECTS = 5
_CONNECT, _SILENT, _WHOLE = 5.0, 10.0, 30.0
_STEP = 1 << 16
_LONGEST = 2000
# What is carried inside of these goes to an IPv4 address that we would not see.
_TUNNELS = tuple(
    IPv6Network(net)
    for net in (
        "::/96",  # IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "fec0::/10",  # site-local of old
    )
)

Address = tuple[str, int]


class Guarded:
    """Asks public servers alone, whatever name, notation or redirect leads elsewhere.

    Every connection is checked where its socket is made, behind the last look at any name.
    """

    def __init__(self, known: Collection[Address] = ()) -> None:
        """`known` are servers of one's own that may be asked as well: address and port."""
        self._known = frozenset(known)

    async def fetch(self, url: str, most: int) -> bytes:
        """At most so many bytes. Raises FetchFailed, in words that hold nothing of the address."""
        if len(url) > _LONGEST or not url.lower().startswith(("http://", "https://")):
            raise FetchFailed("it is no address of the web")
        timeout = aiohttp.ClientTimeout(total=_WHOLE, sock_connect=_CONNECT, sock_read=_SILENT)
        try:
            async with (
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(socket_factory=self._socket, limit=1),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    timeout=timeout,
                    auto_decompress=False,  # packed, a few bytes could become any number
                    trust_env=False,  # a proxy would do the asking, behind our back
                ) as session,
                session.get(
                    url, headers={"Accept-Encoding": "identity"}, max_redirects=_REDIRECTS
                ) as answer,
            ):
                if answer.status != 200:
                    raise FetchFailed(f"the server does not hand it over ({answer.status})")
                return await _read(answer, most)
        except TimeoutError:
            raise FetchFailed("the server takes too long") from None
        except aiohttp.ClientConnectorDNSError:
            raise FetchFailed("there is no such server") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:  # its text holds the address
            raise FetchFailed(f"it cannot be fetched ({type(error).__name__})") from None

    def _socket(self, info: Any) -> socket.socket:
        family, kind, proto, _, where = info
        if tuple(where[:2]) not in self._known and not is_public(str(where[0])):
            raise OSError("an address that is not public")
        return socket.socket(family=family, type=kind, proto=proto)


def is_public(address: str) -> bool:
    """Whether it is one server of the internet's that everybody may reach."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if found.is_multicast or not found.is_global:
        return False
    if isinstance(found, IPv4Address):
        return found.packed[:3] != b"\xc0\x58\x63"  # 192.88.99.0/24, the way into 6to4
    return not any(found in net for net in _TUNNELS)


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    pieces: list[bytes] = []
    size = answer.content_length or 0
    if size <= most:
        size = 0
        async for piece in answer.content.iter_chunked(_STEP):
            size += len(piece)
            if size > most:
                break
            pieces.append(piece)
    if size > most:
        raise FetchFailed("the file is too large")
    return b"".join(pieces)
