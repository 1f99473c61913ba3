"""Whoever presses a button sees at once that it was heard: else Discord says that nobody did."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

import aiohttp
import discord
from discord.webhook.async_ import async_context, interaction_response_params

from bots.discord.envelope import loads, snowflake
from core.ids import Account
from core.messages import Kind, Received

log = logging.getLogger(__name__)

_HEARD = 6
"""The kind of answer that changes nothing: whatever is said, is said as a message."""
_AT_ONCE = 8
_MOST = 500
_PATIENCE = 10.0
_TOO_LATE = frozenset({10062, 40060})
"""Discord waits for three seconds; and what a RESUME repeats has been answered."""


class Presses:
    """A courtesy: it is never waited for, and nothing depends on it."""

    def __init__(self, client: discord.Client, account: Account) -> None:
        self._client = client
        self._account = account
        self._under_way: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._told = False

    def stored(self, group: asyncio.TaskGroup, batch: Iterable[Received]) -> None:
        """Answer the presses among these, which are safely written down."""
        for one in batch:
            if one.kind is not Kind.PRESS or len(self._under_way) >= _MOST:
                continue
            task = group.create_task(self._answer(one))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    def stop(self) -> None:
        """The line is lost; nobody waits for what is still to be answered."""
        for task in self._under_way:
            task.cancel()

    async def _answer(self, received: Received) -> None:
        number, token = _address_of(received)
        if not number or not token:
            return
        session: Any = getattr(self._client.http, "_HTTPClient__session", None)
        if not isinstance(session, aiohttp.ClientSession):
            return
        try:
            async with self._free, asyncio.timeout(_PATIENCE):
                # discord.py's own way for these; the other one writes addresses into the log,
                # and this address holds the interaction's token.
                await async_context.get().create_interaction_response(
                    number, token, session=session, params=interaction_response_params(_HEARD)
                )
        except discord.HTTPException as error:
            if error.code not in _TOO_LATE:
                self._failed(error)
        except (discord.DiscordException, OSError, aiohttp.ClientError) as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        if self._told:
            return
        self._told = True
        name = type(error).__name__  # its text may hold the token
        log.warning(
            "%s could not answer the press of a button (%s); said once", self._account, name
        )


def _address_of(received: Received) -> tuple[int, str]:
    """The interaction's id and its token; 0 and nothing where it has none."""
    try:
        said = loads(received.payload)["d"]
        number, token = snowflake(said.get("id")), said.get("token")
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0, ""
    is_one = isinstance(token, str) and token.isascii() and token.isprintable()
    return int(number or 0), token if is_one else ""
