"""Whoever presses a button sees at once that it was heard: the answer that ends its waiting sign."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from typing import Any

import telegram
from telegram.error import BadRequest, TelegramError

from core.ids import Account

log = logging.getLogger(__name__)

_AT_ONCE = 8
_MOST = 500
"""Further ones stay unanswered: their waiting sign ends by itself."""
_PATIENCE = 10.0


class Presses:
    """A courtesy: it is never waited for, and nothing depends on it."""

    def __init__(self, bot: telegram.Bot, account: Account) -> None:
        self._bot = bot
        self._account = account
        self._under_way: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._told = False

    def stored(self, group: asyncio.TaskGroup, updates: Iterable[object]) -> None:
        """Answer the presses among these updates, which are safely written down."""
        for number in _presses_in(updates):
            if len(self._under_way) >= _MOST:
                return
            task = group.create_task(self._answer(number))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    def stop(self) -> None:
        """The link is lost; nobody waits for what is still to be answered."""
        for task in self._under_way:
            task.cancel()

    async def _answer(self, number: str) -> None:
        try:
            async with self._free, asyncio.timeout(_PATIENCE):
                await self._bot.answer_callback_query(number)
        except BadRequest as error:
            # A repeat after a restart comes too late; then nobody waits any more.
            if "too old" not in error.message.lower():
                self._failed(error)
        except (TelegramError, TimeoutError) as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        if self._told:
            return
        self._told = True
        name = type(error).__name__  # its text may hold the token
        log.warning(
            "%s could not answer the press of a button (%s); said once", self._account, name
        )


def _presses_in(updates: Iterable[object]) -> Iterator[str]:
    for raw in updates:
        query: Any = raw.get("callback_query") if isinstance(raw, dict) else None
        number = query.get("id") if isinstance(query, dict) else None
        if isinstance(number, str) and number:
            yield number
