"""Requests of which nobody knows yet what became of them: counted, and waited for."""

from __future__ import annotations

import asyncio


class Underway:
    """`with underway:` round each of them."""

    def __init__(self) -> None:
        self._many = 0
        self._told = asyncio.Event()

    def __enter__(self) -> None:
        self._many += 1

    def __exit__(self, *exc: object) -> None:
        self._many -= 1
        self._told.set()

    async def none(self) -> None:
        """Return when there are none."""
        while self._many:
            self._told.clear()
            await self._told.wait()
