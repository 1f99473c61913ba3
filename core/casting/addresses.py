"""A character from an address: a few seconds, a few megabytes, JSON, no way into other schemes."""

from __future__ import annotations

import asyncio
from urllib.parse import urljoin, urlsplit

import aiohttp

from core.errors import BadInput, Finding

PATIENCE = 10.0
_LARGEST = 4_000_000
_MOST_MOVES = 5
_MOVED = (301, 302, 303, 307, 308)


def fetched(url: str, where: str, *, patience: float = PATIENCE) -> str:
    """The text there; raises BadInput. It runs a loop of its own, so call it beside yours."""
    try:
        return asyncio.run(_fetched(url, where, patience))
    except TimeoutError:
        what = f"has not answered in full within {patience:g} seconds"
        raise BadInput(Finding(where, what)) from None
    except UnicodeDecodeError:
        raise BadInput(Finding(where, "is not UTF-8 text")) from None


async def _fetched(url: str, where: str, patience: float) -> str:
    headers = {"Accept": "application/json", "User-Agent": "troupe"}
    try:
        async with asyncio.timeout(patience), aiohttp.ClientSession(headers=headers) as session:
            for _ in range(_MOST_MOVES + 1):
                async with session.get(url, allow_redirects=False) as response:
                    if response.status not in _MOVED:
                        return (await _body(response, where)).decode("utf-8-sig")
                    url = _moved(url, response.headers.get("Location", ""), where)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if isinstance(error, TimeoutError | UnicodeDecodeError):
            raise
        # Its text would quote the whole address.
        raise BadInput(Finding(where, f"cannot be reached ({type(error).__name__})")) from None
    raise BadInput(Finding(where, f"leads on more than {_MOST_MOVES} times"))


async def _body(response: aiohttp.ClientResponse, where: str) -> bytes:
    if response.status != 200:
        raise BadInput(
            Finding(where, f"answers {response.status}", "Is it public, and still there?")
        )
    if response.content_type == "text/html":
        mend = "Use the address of the file itself, often called raw"
        raise BadInput(Finding(where, "is a web page, not a character", mend))
    body = bytearray()
    async for piece in response.content.iter_chunked(64 * 1024):
        body += piece
        if len(body) > _LARGEST:
            raise BadInput(Finding(where, "is too large for a character"))
    return bytes(body)


def _moved(url: str, location: str, where: str) -> str:
    target = urljoin(url, location)
    before, after = urlsplit(url).scheme.lower(), urlsplit(target).scheme.lower()
    if not location or after not in ("http", "https") or (before, after) == ("https", "http"):
        what = "leads on to something that is not as safe" if location else "leads nowhere"
        raise BadInput(Finding(where, what, "Use the address that it leads to"))
    return target
