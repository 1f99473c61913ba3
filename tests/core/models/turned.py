"""A clock that is turned instead of waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime


class Turned:
    def __init__(self) -> None:
        self.at = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> Awaitable[None]:
        self.slept.append(seconds)
        self.at += seconds
        return asyncio.sleep(0)


async def told(pieces: AsyncIterator[str]) -> str:
    return "".join([piece async for piece in pieces])
