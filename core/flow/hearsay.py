"""What one of ours has said in a group reaches the others, where the platform does not tell bots."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence

from core.clock import Clock
from core.flow.cast import Cast
from core.flow.floor import Floor
from core.flow.inner import overheard
from core.flow.writing import Work
from core.ids import TurnId, turn_of
from core.messages import Address, Author, Delivery, Place, Received

log = logging.getLogger(__name__)

_MOST = 1_000

Hand = Callable[[Sequence[Received]], Awaitable[None]]


class Hearsay:
    """Passed on when the platform has all of it: nobody answers what people cannot read yet.

    What was said just before a crash is not passed on; people and the room's memory have it.
    """

    def __init__(self, cast: Cast, floor: Floor, clock: Clock) -> None:
        self._cast = cast
        self._floor = floor
        self._clock = clock
        self._said: OrderedDict[TurnId, tuple[Address, Place, Author, list[str]]] = OrderedDict()
        self._ready: deque[list[Received]] = deque()
        self._wake = asyncio.Event()

    def said(self, work: Work, text: str) -> None:
        """It is on its way."""
        part, lead = work.part, work.lead
        if part.platform.limits.hears_bots:
            return
        turn = turn_of(lead.id)
        known = self._said.get(turn)
        if known is not None:
            known[3].append(text)
            return
        number = lead.address.account.partition(":")[2]
        author = Author(number, part.character.name, part.platform.handle.lstrip("@"), True)
        self._said[turn] = (lead.address, lead.place, author, [text])
        if len(self._said) > _MOST:
            self._said.popitem(last=False)

    def sent(self, delivery: Delivery, *, owes_more: bool) -> None:
        """The platform has a part of it."""
        if owes_more or (said := self._said.pop(delivery.turn, None)) is None:
            return
        address, place, author, texts = said
        key = f"{address.account}:{delivery.turn}"
        now = self._clock.now()
        told = [
            overheard(
                address._replace(account=other), place, author, "\n".join(texts), key=key, now=now
            )
            for other in self._floor.others(address)
            if self._cast.on(other) is not None
        ]
        if told:
            self._ready.append(told)
            self._wake.set()

    async def run(self, hand: Hand) -> None:
        """Hand it to the intake, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._ready:
                await hand(self._ready.popleft())
