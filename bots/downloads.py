"""A file from an address: never more than was asked for, never from somewhere else, never for ever."""

from __future__ import annotations

import aiohttp

from core.errors import FetchFailed

_STEP = 1 << 16
_GONE = frozenset({403, 404, 410})


async def download(
    session: aiohttp.ClientSession,
    url: str,
    most: int,
    *,
    where: str,
    connect: float = 10.0,
    silent: float = 20.0,
    whole: float = 120.0,
) -> bytes:
    """What lies there; raises FetchFailed, in words that hold nothing of the address.

    `where` is the server's name for people. Times are in seconds: to reach it, between two pieces,
    and for all.
    """
    timeout = aiohttp.ClientTimeout(total=whole, sock_connect=connect, sock_read=silent)
    # Packed, a few bytes could become more than anybody has asked for.
    headers = {"Accept-Encoding": "identity"}
    try:
        async with session.get(
            url, timeout=timeout, headers=headers, allow_redirects=False
        ) as answer:
            if answer.status in _GONE:
                raise FetchFailed(f"{where} does not have the file any more")
            if answer.status != 200:
                raise FetchFailed(f"{where} does not hand over the file ({answer.status})")
            if (answer.content_length or 0) > most:
                raise too_large(most)
            return await _read(answer.content, most)
    except TimeoutError:
        raise FetchFailed(f"{where} takes too long to hand over the file") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:  # its text holds the address
        raise FetchFailed(f"{where} cannot be reached ({type(error).__name__})") from None


async def _read(content: aiohttp.StreamReader, most: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in content.iter_chunked(_STEP):
        size += len(piece)
        if size > most:
            raise too_large(most)
        pieces.append(piece)
    return b"".join(pieces)


def too_large(most: int) -> FetchFailed:
    size = f"{most >> 20} MB" if most >= 1 << 20 else f"{most:,} bytes"
    return FetchFailed(f"the file is larger than {size}")
