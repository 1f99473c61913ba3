"""What is read back beside the talk: asked for again and again, until Discord has said something."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any

import discord

from bots.discord.errors import link_failure
from core.clock import Clock
from core.errors import LinkRejected

PAGE = 100
"""Messages of a room that Discord gives at once."""
# Boards hold posts, categories hold channels; neither holds text.
NO_TEXT = frozenset({4, 14, 15, 16})
_TRIES = 5
_PATIENCE = 15.0


class Unread(Enum):
    """Why there is no answer."""

    CLOSED = "we may not look"
    SENSELESS = "what came made no sense to the last"


async def patiently(
    ask: Callable[[], Awaitable[Any]], clock: Clock, turn: Callable[[], Awaitable[object]]
) -> Any:
    """The answer, or an Unread; `turn` is waited for before each try. Raises LinkRejected."""
    for attempt in range(_TRIES):
        await turn()
        try:
            async with asyncio.timeout(_PATIENCE):
                answer = await ask()
            if not isinstance(answer, str):  # what is not JSON comes as a text
                return answer
        except (discord.Forbidden, discord.NotFound):
            return Unread.CLOSED
        except discord.RateLimited as error:
            await clock.sleep(error.retry_after)
            continue
        except Exception as error:  # noqa: BLE001 - the wall round one room: the others are read
            if isinstance(failure := link_failure(error), LinkRejected):
                raise failure from None
        await clock.sleep(2.0**attempt)
    return Unread.SENSELESS
