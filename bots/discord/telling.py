"""Every server is told of at the start, a few at a time beside the talk; what is known is not stored anew."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import discord

from bots.discord.walls import Walls
from core.clock import Clock
from core.ports import Intake

_AT_ONCE = 5
_PAUSE = 0.05
"""Seconds between so many servers and the next: their rooms are written while people talk."""
_ANEW = 7 * 86_400_000 << 22
"""A week of Discord's numbers. A server is told of once in each, whatever is known: what changed to
and fro while nobody listened looks like a repeat."""


async def tell(
    servers: Sequence[discord.Guild],
    mark: int,
    walls: Walls,
    intake: Intake,
    clock: Clock,
    enough: asyncio.Event,
) -> Sequence[discord.Guild]:
    """Hand in those that are not known to have been told of as they stand; those that are left
    when it is `enough`.

    Which they are is known from the keys of what is stored: of two alike it keeps the first.
    """
    for start in range(0, len(servers), _AT_ONCE):
        if enough.is_set():
            return servers[start:]
        told = [
            walls.server(one, mark, unless=str(mark // _ANEW))
            for one in servers[start : start + _AT_ONCE]
            if one.id not in walls.changed
        ]
        if told:
            await intake(told)
        await clock.sleep(_PAUSE)
    return ()
