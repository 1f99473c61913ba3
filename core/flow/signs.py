"""Signs of life while an answer is made: typing, drafts, edits, a mark that it was seen."""

from __future__ import annotations

import asyncio
import heapq
import logging
import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from core.bell import Bell
from core.clock import Clock
from core.errors import LinkRejected, SendFailed, Throttled, Unsendable
from core.flow.pace import DRAFT, EDIT, REACTION, TYPING, Flight, Pace, Use
from core.messages import Address, Live
from core.ports import Platform

log = logging.getLogger(__name__)

Showing = Callable[[], Live | None]
"""What is to be seen by now; None for nothing after all. Asked only when it can be shown."""
Refused = Callable[[str, float], Awaitable[None]]

_TYPING_AFTER = 0.2
"""Seconds: an answer that comes at once needs no announcement, which would cost a request."""
_TYPING_EVERY = 4.0
"""Telegram and Discord show it for 5 and 10 s."""
_GRID = 10
"""Typing is shown at tenths of a second, so that many rooms are looked at in one go."""
_DRAFT_EVERY = 0.5
_EDIT_EVERY = 1.5
"""Discord lets a channel's messages be edited five times in five seconds: one is left for the end."""
_SLOWER = 1.2
_SLOWEST = 5.0
"""A group's minute holds 20 messages and edits; what grows for long is edited ever more rarely."""
_PATIENCE = 5.0
_LOOK_AGAIN = 1.0


@dataclass(slots=True, eq=False)
class _Room:
    planned: float = math.inf
    typing: int = 0
    """Turns that are thinking there."""
    typing_due: float = math.inf
    growth: Showing | None = None
    use: Use = DRAFT
    direct: bool = True
    due: float = 0.0
    """When the text may be shown at the earliest; its newest is shown then."""
    shown_at: float = -math.inf
    gap: float = _EDIT_EVERY
    impossible: bool = False
    """A text cannot be shown there while it is made."""
    showing: asyncio.Event | None = None
    """Set when the request that is under way has been answered."""


@dataclass(slots=True, eq=False)
class _Mark:
    """The emoji on one message."""

    address: Address
    message: str
    emoji: str
    direct: bool
    on_show: bool = False
    wanted: bool = True
    busy: bool = False


class Signs:
    """One task for a whole account, which sleeps until the next sign is due.

    Never ledgered; each takes of the pace only what is to spare, texts before marks before typing.
    """

    def __init__(self, pace: Pace, clock: Clock, refused: Refused) -> None:
        """`refused` is told the room, and for how long it wants to hear nothing."""
        self._pace = pace
        self._clock = clock
        self._refused = refused
        self._rooms: dict[Address, _Room] = {}
        self._plan: list[tuple[float, int, Address | _Mark]] = []
        self._numbers = count()
        self._bell = Bell()

    @contextmanager
    def typing(self, address: Address) -> Iterator[None]:
        room = self._rooms.setdefault(address, _Room())
        room.typing += 1
        due = self._clock.monotonic() + _TYPING_AFTER
        room.typing_due = math.ceil(due * _GRID) / _GRID
        self._look(address, room, room.typing_due)
        try:
            yield
        finally:
            room.typing -= 1
            if not room.typing:
                room.typing_due, room.growth = math.inf, None
                self._drop(address, room)

    @contextmanager
    def seen(
        self, address: Address, message: str, emoji: str, due: float, *, direct: bool = False
    ) -> Iterator[None]:
        """Put an emoji on a message if this lasts until `due`; take it away again afterwards."""
        mark = _Mark(address, message, emoji, direct)
        self._put(due, mark)
        try:
            yield
        finally:
            mark.wanted = False
            if mark.on_show:
                self._put(self._clock.monotonic(), mark)

    def draft(self, address: Address, growth: Showing, due: float = 0.0) -> None:
        """Show a text that nobody sees as a message yet."""
        self._grow(address, growth, DRAFT, due, every=_DRAFT_EVERY, direct=True)

    def edit(self, address: Address, growth: Showing, *, direct: bool) -> None:
        """Show a text in the message that will hold the whole."""
        room = self._rooms.setdefault(address, _Room())
        self._grow(address, growth, EDIT, 0.0, every=room.gap, direct=direct)

    def begun(self, address: Address) -> None:
        """The message that is going to be edited has just been sent."""
        room = self._rooms.setdefault(address, _Room())
        room.shown_at, room.gap = self._clock.monotonic(), _EDIT_EVERY

    async def clear(self, address: Address) -> None:
        """The real message goes out now: a draft must not overtake it or come after it."""
        room = self._rooms.get(address)
        if room is None:
            return
        room.growth = None
        showing = room.showing
        self._drop(address, room)
        if showing is not None:
            await showing.wait()

    async def run(self, platform: Platform) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                for due in sorted(self._ripe(), key=self._rank):
                    if isinstance(due, _Mark):
                        self._turn_to_mark(due, platform, group)
                    elif (room := self._rooms.get(due)) is not None:
                        self._turn_to(due, room, platform, group)
                self._bell = Bell()
                async with self._bell.interrupts():
                    if self._plan:
                        await self._clock.sleep(self._plan[0][0] - self._clock.monotonic())
                    else:
                        await self._bell.heard()

    # --- when ----------------------------------------------------------------------------------

    def _grow(
        self, address: Address, growth: Showing, use: Use, due: float, *, every: float, direct: bool
    ) -> None:
        room = self._rooms.setdefault(address, _Room())
        if room.impossible:
            return
        room.growth, room.use, room.direct = growth, use, direct
        room.due = max(due, room.shown_at + every)
        self._look(address, room, room.due)

    def _look(self, address: Address, room: _Room, due: float) -> None:
        # Asked at every piece of an answer: most of them change nothing.
        if due < room.planned and room.showing is None:
            room.planned = due
            self._put(due, address)

    def _put(self, due: float, what: Address | _Mark) -> None:
        entry = (due, next(self._numbers), what)
        heapq.heappush(self._plan, entry)
        if self._plan[0] is entry:
            self._bell.ring()

    def _ripe(self) -> set[Address | _Mark]:
        now, ripe = self._clock.monotonic(), set[Address | _Mark]()
        while self._plan and self._plan[0][0] <= now:
            _, _, what = heapq.heappop(self._plan)
            ripe.add(what)
            if not isinstance(what, _Mark) and (room := self._rooms.get(what)) is not None:
                room.planned = math.inf
        return ripe

    def _rank(self, what: Address | _Mark) -> int:
        if isinstance(what, _Mark):
            return 1
        room = self._rooms.get(what)
        return 0 if room is not None and room.growth is not None else 2

    def _drop(self, address: Address, room: _Room) -> None:
        if not room.typing and room.growth is None and self._rooms.get(address) is room:
            del self._rooms[address]

    # --- what ----------------------------------------------------------------------------------

    def _turn_to(
        self, address: Address, room: _Room, platform: Platform, group: asyncio.TaskGroup
    ) -> None:
        """Show what is due in a room, or plan when to look again."""
        if room.showing is not None:
            return  # it looks again by itself
        now = self._clock.monotonic()
        grows = room.growth is not None and room.due <= now
        if not grows and room.typing_due > now:
            self._look(address, room, min(room.due if room.growth else math.inf, room.typing_due))
            return
        use = room.use if grows else TYPING
        wait = self._pace.leisure(address, use, direct=room.direct)
        if wait > 0:
            self._look(address, room, now + min(wait, _LOOK_AGAIN))
            return
        live: Live | None = Live(address, draft=1)
        if grows:
            assert room.growth is not None
            live, room.growth = _so_far(room.growth), None
        if live is None:
            self._look(address, room, room.typing_due)
            return
        if grows:
            room.shown_at = now
            room.gap = min(room.gap * _SLOWER, _SLOWEST)
        if room.typing:
            room.typing_due = now + _TYPING_EVERY
        flight = self._pace.spend(address, use, direct=room.direct)
        room.showing = asyncio.Event()
        group.create_task(self._show(platform, address, room, live, flight, room.showing))

    async def _show(
        self,
        platform: Platform,
        address: Address,
        room: _Room,
        live: Live,
        flight: Flight,
        shown: asyncio.Event,
    ) -> None:
        try:
            if not await self._ask(platform, live) and live.text:
                room.impossible, room.growth = True, None
        finally:
            flight.land()
            room.showing = None
            shown.set()
            if self._rooms.get(address) is room:
                due = room.due if room.growth is not None else math.inf
                self._look(address, room, min(due, room.typing_due))

    def _turn_to_mark(self, mark: _Mark, platform: Platform, group: asyncio.TaskGroup) -> None:
        if mark.busy or mark.wanted == mark.on_show:
            return
        wait = self._pace.leisure(mark.address, REACTION, direct=mark.direct)
        if wait > 0:
            self._put(self._clock.monotonic() + min(wait, _LOOK_AGAIN), mark)
            return
        flight = self._pace.spend(mark.address, REACTION, direct=mark.direct)
        mark.busy, mark.on_show = True, mark.wanted
        group.create_task(self._mark(platform, mark, flight))

    async def _mark(self, platform: Platform, mark: _Mark, flight: Flight) -> None:
        emoji = mark.emoji if mark.on_show else ""
        live = Live(mark.address, draft=1, message=mark.message, reaction=emoji)
        try:
            if not await self._ask(platform, live):
                mark.on_show = mark.wanted = False
        finally:
            flight.land()
            mark.busy = False
            if mark.on_show and not mark.wanted:
                self._put(self._clock.monotonic(), mark)

    async def _ask(self, platform: Platform, live: Live) -> bool:
        """Whether something like that can be shown there at all."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await platform.show(live)
        except Unsendable as error:
            log.debug("a sign of life cannot be shown: %s", error)
            return False
        except Throttled as throttled:
            await self._refused(live.address.room, throttled.seconds)
        except (SendFailed, TimeoutError, LinkRejected) as error:
            log.debug("a sign of life was not shown: %s", type(error).__name__)
        except Exception:  # this wall: a sign of life must never harm an answer
            log.exception("showing a sign of life failed")
        return True


def _so_far(growth: Showing) -> Live | None:
    try:
        return growth()
    except Exception:  # the same wall
        log.exception("a text so far could not be made")
        return None
