"""What one of ours has said in a group reaches the others, where the platform does not tell bots."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.clock import Clock
from core.flow.cast import Cast, Part
from core.flow.floor import Floor, Uttered
from core.flow.inner import overheard
from core.flow.speaking import Spoken
from core.ids import Account
from core.messages import (
    Address,
    Author,
    Delivery,
    DeliveryStatus,
    InboundStatus,
    Outcome,
    Place,
    Received,
)
from core.ports import Lanes, Store, Waiting

_MOST = 2_000


@dataclass(slots=True)
class _Told:
    """What the others will hear once the platform has taken all the rows that it consists of."""

    rows: Sequence[Received]
    owed: set[int]
    said: bool = False
    """People can read a part of it."""


class Hearsay:
    """It is stored in the commit that says it, and heard when the platform has all of it: nobody
    answers what people cannot read yet. After a crash it is heard at once.
    """

    def __init__(
        self,
        cast: Cast,
        floor: Floor,
        lanes: Lanes,
        store: Store,
        number: Callable[[datetime], int],
        clock: Clock,
        listens: Callable[[Address], bool] = lambda address: False,
    ) -> None:
        """`number` gives the next row of the inbox its id; `listens` tells whether one of ours is
        in that voice channel, and hears what is said there."""
        self._cast = cast
        self._floor = floor
        self._lanes = lanes
        self._store = store
        self._number = number
        self._clock = clock
        self._listens = listens
        self._told: OrderedDict[int, _Told] = OrderedDict()
        self._unsaid: deque[Sequence[Received]] = deque()
        self._wake = asyncio.Event()

    def of(self, part: Part, spoken: Spoken, now: datetime) -> Sequence[Received]:
        """What goes into the inbox of each of the others; hand what became of it to `said`."""
        address = spoken.where.address
        if spoken.where.direct or spoken.say.only_for or not (spoken.say.text or spoken.aloud):
            return ()
        uttered = _uttered(part, spoken, now)
        # Whoever is seen there from now on has missed it.
        self._floor.utter(address, uttered)
        others = [address._replace(account=one) for one in self._floor.others(address)]
        return self._rows(others, uttered, now)

    def said(self, spoken: Spoken, told: Sequence[Received], rows: Sequence[Delivery]) -> None:
        """Both have been committed and nobody has sent the rows yet; none for a repeat."""
        if not rows and spoken.aloud:
            self._remind(told)  # everybody has heard it by now
            return
        if not rows:
            self._floor.forget(spoken.where.address, _key(spoken))
            return
        one = _Told(told, {row.seq for row in rows})
        for row in rows:
            self._told[row.seq] = one
        while len(self._told) > _MOST:
            self._told.popitem(last=False)

    async def here(self, address: Address, place: Place) -> None:
        """One of ours is in a room, and perhaps has missed what another one has just said.

        The first time, look up who else has been there: a bot that hears only what is meant for
        it would else be nobody to the others until then.
        """
        others: list[Account] = []
        if not self._floor.knows(address):
            us = address.account
            ours = [
                one.platform.account for one in self._cast if one.platform.name == address.platform
            ]
            if asked := [one for one in ours if one != us]:
                others = await self._store.read(
                    lambda unit: unit.rooms.shared(asked, address.room, address.thread)
                )
        if not self._floor.seen(address, place, others):
            return
        now = self._clock.now()
        missed = [
            row
            for one in self._floor.unheard(address, now)
            for row in self._rows([address], one, now)
        ]
        if missed:
            stored = await self._store.write(lambda unit: unit.inbox.add(missed, now))
            self._remind(one for one, row in zip(missed, stored, strict=True) if row is not None)

    def settled(self, delivery: Delivery, status: DeliveryStatus) -> None:
        """The platform has a part of it, or will never have it."""
        told = self._told.pop(delivery.seq, None)
        if told is None:
            return
        told.owed.discard(delivery.seq)
        told.said |= status is DeliveryStatus.SENT
        if told.owed:
            return
        if not told.said:
            self._unsaid.append(told.rows)
            self._wake.set()
            return
        self._remind(told.rows)

    async def run(self) -> None:
        """Close what was never said, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._unsaid:
                if ids := [one.id for one in self._unsaid.popleft()]:
                    await self._close(ids)

    def _rows(
        self, hearers: Iterable[Address], uttered: Uttered, now: datetime
    ) -> Sequence[Received]:
        """Empty where the platform tells them itself, as it does not of what is spoken."""
        speaks = self._cast.on(uttered.account)
        told: list[Received] = []
        if speaks is None or (speaks.platform.limits.hears_bots and not uttered.aloud):
            return told
        number, handle = uttered.account.partition(":")[2], speaks.platform.handle
        author = Author(number, uttered.name, handle.lstrip("@"), True)
        for address in hearers:
            hears, place = self._cast.on(address.account), self._floor.place(address)
            if hears is None or place is None or (uttered.aloud and not self._listens(address)):
                continue
            one = overheard(
                address,
                place,
                author,
                uttered.text,
                handle=hears.platform.handle,
                aloud=uttered.aloud,
                key=uttered.key,
                now=uttered.at,
            )
            told.append(replace(one, id=self._number(now)))
        return told

    def _remind(self, rows: Iterable[Received]) -> None:
        for one in rows:
            waiting = Waiting(one.id, one.address, one.author, one.kind, one.keep, aloud=one.aloud)
            self._lanes.remind(waiting)

    async def _close(self, ids: Sequence[int]) -> None:
        outcome, now = Outcome(InboundStatus.SILENT, "never-said"), self._clock.now()
        await self._store.write(lambda unit: unit.inbox.close(ids, outcome, now))


def _uttered(part: Part, spoken: Spoken, now: datetime) -> Uttered:
    account = spoken.where.address.account
    # What is written as well, the platform brings.
    aloud = spoken.aloud and not spoken.say.text
    text = spoken.content.text if aloud else spoken.say.text
    return Uttered(account, part.character.name, text, now, _key(spoken), aloud)


def _key(spoken: Spoken) -> str:
    return f"{spoken.where.address.account}:{spoken.turn}:{spoken.step}:{spoken.number}"
