"""Signs of life while an answer is made: typing and drafts, coalesced, never ledgered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.clock import Clock
from core.errors import LinkRejected, SendFailed
from core.flow.pace import Pace
from core.messages import Address, Live
from core.ports import Platform

log = logging.getLogger(__name__)

_TICK = 0.1
_TYPING_AFTER = 0.2
"""Seconds: an answer that comes at once needs no announcement, which would cost a request."""
_TYPING_EVERY = 4.0
"""Telegram and Discord show it for 5 and 10 s."""
_DRAFT_EVERY = 0.5
_EDIT_EVERY = 1.5
"""Discord lets a channel's messages be edited five times in five seconds: one is left for the end."""
_PATIENCE = 5.0


@dataclass(slots=True)
class _Sign:
    typing: int = 0
    """Turns that are thinking there."""
    typed_at: float = float("-inf")
    draft: Live | None = None
    drafted_at: float = float("-inf")
    showing: asyncio.Event | None = None
    """Set when the request that is under way has been answered."""


class Signs:
    """One ticking task for a whole account, asleep while nobody thinks."""

    def __init__(self, pace: Pace, clock: Clock) -> None:
        self._pace = pace
        self._clock = clock
        self._rooms: dict[Address, _Sign] = {}
        self._wake = asyncio.Event()

    @contextmanager
    def typing(self, address: Address) -> Iterator[None]:
        sign = self._rooms.setdefault(address, _Sign())
        sign.typing += 1
        # as if it had been shown just so long ago that the first is due after the grace time
        sign.typed_at = self._clock.monotonic() + _TYPING_AFTER - _TYPING_EVERY
        self._wake.set()
        try:
            yield
        finally:
            sign.typing -= 1
            if not sign.typing and sign.draft is None:
                self._rooms.pop(address, None)

    def draft(self, live: Live) -> None:
        self._rooms.setdefault(live.address, _Sign()).draft = live
        self._wake.set()

    async def clear(self, address: Address) -> None:
        """The real message goes out now: a draft must not overtake it or come after it."""
        sign = self._rooms.get(address)
        if sign is None:
            return
        sign.draft = None
        if not sign.typing:
            self._rooms.pop(address, None)
        if sign.showing is not None:
            await sign.showing.wait()

    async def run(self, platform: Platform) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                if not self._rooms:
                    self._wake.clear()
                    await self._wake.wait()
                await self._clock.sleep(_TICK)
                now = self._clock.monotonic()
                for address, sign in list(self._rooms.items()):
                    live = self._due(address, sign, now)
                    if live is not None and self._pace.spare():
                        sign.showing = asyncio.Event()
                        group.create_task(self._show(platform, sign, live, sign.showing))

    def _due(self, address: Address, sign: _Sign, now: float) -> Live | None:
        if sign.showing is not None:
            return None
        every = _EDIT_EVERY if sign.draft is not None and sign.draft.message else _DRAFT_EVERY
        if sign.draft is not None and now - sign.drafted_at >= every:
            live, sign.draft, sign.drafted_at = sign.draft, None, now
            return live
        if sign.typing and now - max(sign.typed_at, sign.drafted_at) >= _TYPING_EVERY:
            sign.typed_at = now
            return Live(address, draft=1)
        return None

    async def _show(
        self, platform: Platform, sign: _Sign, live: Live, shown: asyncio.Event
    ) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                await platform.show(live)
        except (SendFailed, TimeoutError, LinkRejected) as error:
            log.debug("a sign of life was not shown: %s", type(error).__name__)
        except Exception:  # this wall: a sign of life must never harm an answer
            log.exception("showing a sign of life failed")
        finally:
            sign.showing = None
            shown.set()
