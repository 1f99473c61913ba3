"""Short names of long ones: what an index repeats for every word or vector stays small in it.

Two that share one by chance would only make a search look at more; what is found is compared with
the whole names.
"""

from __future__ import annotations

import base64
import functools
import hashlib


@functools.lru_cache(maxsize=8192)
def code(*names: str) -> str:
    """Eight small letters and digits."""
    return base64.b32encode(_digest(names, 5)).decode().lower()


@functools.lru_cache(maxsize=8192)
def number(*names: str) -> int:
    """A positive number that every database can hold."""
    return int.from_bytes(_digest(names, 8), "big") >> 1


def _digest(names: tuple[str, ...], size: int) -> bytes:
    return hashlib.blake2b("\0".join(names).encode(), digest_size=size).digest()
