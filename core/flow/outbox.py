"""The governor of one account: claim, pace, send, settle; what is shown meanwhile shares its pace."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from core.clock import Clock
from core.errors import LinkRejected, Moved, SendDelayed, SendFailed, SendUncertain, Throttled
from core.flow.doubt import ATTEMPTS, is_given_up, unless_doubtful
from core.flow.growing import Beginnings, Growing
from core.flow.pace import BEGINNING, Flight, Pace
from core.flow.penalties import Penalties
from core.flow.places import Places
from core.flow.queues import Queues
from core.flow.signs import Signs
from core.flow.underway import Underway
from core.ids import Account, TurnId
from core.messages import Address, Delivery, DeliveryStatus, Receipt
from core.ports import Limits, Platform, Prepares, Store, Unit

log = logging.getLogger(__name__)


class Outbox:
    """What one account still owes, in order within each room, rooms side by side.

    The ledger is the truth; this holds its open rows. It outlives its link: while the link is
    away the rows wait. `granted` rows are those that a turn has written as `sending` already.
    """

    def __init__(
        self,
        account: Account,
        store: Store,
        clock: Clock,
        pace: Pace,
        limits: Limits,
        *,
        repeats_uncertain: Callable[[], bool] = lambda: True,
        settled: Callable[[Delivery, DeliveryStatus, str], object] = lambda *told: None,
        gone: Callable[[Delivery], bool] = lambda row: False,
    ) -> None:
        self._account = account
        self._store = store
        self._clock = clock
        self._pace = pace
        self._limits = limits
        self._repeats_uncertain = repeats_uncertain
        self._settled = settled
        self._gone = gone
        self._queues = Queues()
        self._busy: set[Address] = set()
        self._granted: dict[Address, Flight] = {}
        self._places = Places(limits.sends_in_flight)
        self._group: asyncio.TaskGroup | None = None
        self._platform: Platform | None = None
        self._maker: Prepares | None = None
        self._penalties = Penalties(account, store, clock, pace)
        self._underway = Underway()
        self._resting = False
        self.signs = Signs(pace, clock, self._penalties.note)
        self._beginnings = Beginnings(self.signs, repeats=limits.idempotent_send)

    @property
    def owed(self) -> int:
        return len(self._queues)

    def owes(self, address: Address) -> bool:
        """Whether more is to go to this room."""
        return bool(self._queues.of(address))

    async def load(self) -> None:
        """Take up the rows that an earlier run left open; those it was sending are uncertain."""
        await self._penalties.load()
        for row in await self._store.read(lambda unit: unit.deliveries.open(self._account)):
            if row.status is DeliveryStatus.GROWING:
                self._beginnings.left(row)  # its turn will come again
                continue
            uncertain = row.status in (DeliveryStatus.SENDING, DeliveryStatus.UNCERTAIN)
            self._queues.put(replace(row, status=DeliveryStatus.UNCERTAIN) if uncertain else row)

    def grant(self, address: Address, *, direct: bool) -> bool:
        """Whether a reply to this room may be written as `sending` at once.

        True reserves its place; hand the row to `accept`, or give the place back by `release`.
        """
        if (
            self._group is None
            or self._resting
            or address in self._queues
            or address in self._granted
            or self._pace.wait(address, direct=direct) > 0
            # A crash doubles what is marked as being sent, so no more is marked than may fly.
            or not self._places.take_now()
        ):
            return False
        self._granted[address] = self._pace.take(address, direct=direct)
        return True

    def release(self, address: Address) -> None:
        if (flight := self._granted.pop(address, None)) is not None:
            flight.land()
            self._places.give_back()

    def accept(self, deliveries: Sequence[Delivery]) -> None:
        """Rows that have just been committed."""
        for delivery in deliveries:
            self._queues.put(delivery)
            self._wake(delivery.address)

    def typing(self, address: Address) -> AbstractContextManager[None]:
        """People see that an answer is being made, unless it comes at once."""
        return self.signs.typing(address)

    @property
    def drafts(self) -> bool:
        return self._group is not None and self._limits.drafts

    @property
    def edits(self) -> bool:
        return self._group is not None and self._limits.edits

    def seen(
        self, address: Address, message: str, emoji: str, due: float, *, direct: bool = False
    ) -> AbstractContextManager[None]:
        """From `due` on a message bears this emoji, until what is done about it is done."""
        if not (emoji and message and self._limits.reactions):
            return nullcontext()
        return self.signs.seen(address, message, emoji, due, direct=direct)

    def grow(self, row: Delivery) -> Growing | None:
        """Send the beginning of an answer that is still being made; None where that cannot be now.

        The row has the status GROWING; whoever makes the answer finishes it.
        """
        address, direct = row.address, row.direct
        if (
            not self.edits
            or row.turn in self._beginnings
            or self._pace.leisure(address, BEGINNING, direct=direct) > 0
            or not self.grant(address, direct=direct)
        ):
            return None
        assert self._group is not None
        growing = self._beginnings.add(row)
        self._group.create_task(self._begin(growing))
        return growing

    def left_growing(self, turn: TurnId) -> Delivery | None:
        """The row under which an earlier process has shown a part of this turn's answer."""
        return self._beginnings.take(turn)

    async def run(self, platform: Platform) -> None:
        """Send until cancelled; raises LinkRejected when the platform refuses the account."""
        self._platform, self._resting = platform, False
        self._maker = platform if isinstance(platform, Prepares) else None
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for address in self._queues:
                    self._wake(address)
                try:
                    await self.signs.run(platform)
                finally:
                    self._group = None  # a group that ends takes nothing more
        finally:
            self._platform = self._maker = None
            self._beginnings.end()
            self._busy.clear()
            self._granted.clear()
            self._pace.land_all()
            self._places = Places(self._limits.sends_in_flight)

    async def flush(self) -> None:
        """Return when everything is sent; at once while the link is away."""
        if self._group is not None:
            await self._queues.empty()

    async def rest(self) -> None:
        """Begin nothing more until the next `run`; return when all that was asked is answered."""
        self._resting = True
        await self._underway.none()

    def _wake(self, address: Address) -> None:
        if self._group is not None and address not in self._busy:
            self._busy.add(address)
            self._group.create_task(self._room(address))

    async def _room(self, address: Address) -> None:
        """Send what one room is owed, oldest first."""
        queue = self._queues.of(address)
        try:
            while queue and not self._resting:
                await self._one(address, queue)
        finally:
            self._busy.discard(address)
            self._queues.left(address)

    async def _one(self, address: Address, queue: deque[Delivery]) -> None:
        row = queue[0]
        now = self._clock.now().timestamp()
        if is_given_up(row, self._limits, now, self._repeats_uncertain):
            doubt = "uncertain-not-repeated"
            await self._settle(queue, row, DeliveryStatus.FAILED, reason=doubt, passes_on=False)
            return
        if self._gone(row):
            await self._drop(queue, row)
            return
        places = self._places
        if address not in self._granted:
            await self._until_due(row)
            if self._maker is not None and self._maker.takes_time(row):
                await self._maker.prepare(row)
            await places.take(address)
        if (flight := self._granted.pop(address, None)) is not None:
            row = queue[0]  # whoever handed over its place has marked it meanwhile
        elif self._pace.wait(address, direct=row.direct) > 0:
            places.give_back()
            return  # somebody else was faster; wait in line again
        else:
            flight = self._pace.take(address, direct=row.direct)
        handed_on = False
        try:
            await self.signs.clear(address)
            if (silence := self._pace.silent(address.room)) > 0:  # since it got its place
                await self._later(queue, row, silence, "throttled")
                return
            if row.status is not DeliveryStatus.SENDING:
                row = await self._start(queue, row)
            handed_on = await self._perform(queue, row, flight)
        finally:
            flight.land()
            if not handed_on:
                places.give_back()

    async def _drop(self, queue: deque[Delivery], row: Delivery) -> None:
        """Somebody has taken away what it would finish: the rest is not said either."""
        self.release(row.address)
        failed = DeliveryStatus.FAILED
        while queue and queue[0].turn == row.turn:
            await self._settle(queue, queue[0], failed, reason="taken-away", passes_on=False)

    async def _start(self, queue: deque[Delivery], row: Delivery) -> Delivery:
        await self._store.write(lambda unit: unit.deliveries.start([row.seq]))
        status = unless_doubtful(row, DeliveryStatus.SENDING)
        queue[0] = replace(row, attempt=row.attempt + 1, status=status)
        return queue[0]

    async def _perform(self, queue: deque[Delivery], row: Delivery, flight: Flight) -> bool:
        """Whether the place in flight has been handed on."""
        assert self._platform is not None
        if self._resting:
            return False
        try:
            # What is written down next takes no place of the rates.
            with flight, self._underway:
                receipt = await self._platform.perform(row)
        except asyncio.CancelledError:
            # The link is going down in mid-send: nobody knows whether it arrived.
            queue[0] = replace(row, status=DeliveryStatus.UNCERTAIN)
            raise
        except Throttled as throttled:
            await self._penalties.note(row.address.room, throttled.seconds)
            await self._later(queue, row, throttled.seconds, "throttled")
        except Moved as moved:
            return await self._move(queue, row, moved.room)
        except SendUncertain as error:
            log.warning("delivery %d may or may not have arrived: %s", row.seq, error)
            queue[0] = replace(row, status=DeliveryStatus.UNCERTAIN)
            return await self._backoff(queue, queue[0], "uncertain")
        except SendDelayed as error:
            log.warning("delivery %d did not go out: %s", row.seq, error)
            return await self._backoff(queue, row, "unreachable")
        except LinkRejected:
            await self._later(queue, row, 0.0, "link-rejected")
            raise
        except SendFailed as error:
            log.warning("delivery %d cannot be sent: %s", row.seq, error)
            if (anew := self._beginnings.anew(row)) is not None:
                queue[0] = anew
                await self._store.write(lambda unit: unit.deliveries.finish(anew))
                return False
            return await self._settle(queue, row, DeliveryStatus.FAILED, reason=str(error))
        except Exception:  # one row's wall: a bug in a client must not stop its room
            log.exception("delivery %d failed in the client", row.seq)
            return await self._settle(queue, row, DeliveryStatus.FAILED, reason="client-error")
        else:
            return await self._settle(queue, row, DeliveryStatus.SENT, receipt=receipt)
        return False

    async def _begin(self, growing: Growing) -> None:
        assert self._platform is not None
        try:
            with self._underway:
                await growing.begin(self._store, self._platform, self._clock)
        except Throttled as throttled:
            await self._penalties.note(growing.row.address.room, throttled.seconds)
        finally:
            self._beginnings.begun(growing)
            self.release(growing.row.address)

    async def _until_due(self, row: Delivery) -> None:
        while True:
            later = row.not_before - self._clock.now().timestamp()
            wait = max(later, self._pace.wait(row.address, direct=row.direct))
            if wait <= 0:
                return
            await self._clock.sleep(wait)

    async def _settle(
        self,
        queue: deque[Delivery],
        row: Delivery,
        status: DeliveryStatus,
        *,
        receipt: Receipt | None = None,
        reason: str = "",
        passes_on: bool = True,
    ) -> bool:
        """Close a row and, in the same commit, open the one that gets its place in flight.

        `passes_on` is whether there is a place to hand on; True tells that somebody got it.
        """
        self._queues.take(queue)
        self._beginnings.over(row)
        now = self._clock.now()
        following = self._following(queue, now.timestamp()) if passes_on else None
        other = None
        if passes_on and following is None and (first := self._places.first) is not None:
            following = self._following(self._queues.of(first), now.timestamp())
            other = self._places.call_up() if following else None

        def work(unit: Unit) -> None:
            unit.deliveries.settle(
                row.seq, status, now, message=receipt.message if receipt else None, reason=reason
            )
            if following is not None:
                unit.deliveries.start([following.seq])

        if following is not None:
            flight = self._pace.take(following.address, direct=following.direct)
            self._granted[following.address] = flight
            self._queues.of(following.address)[0] = replace(
                following, status=DeliveryStatus.SENDING, attempt=following.attempt + 1
            )
        await self._store.write(work)
        if other is not None:
            other.seat()
        self._settled(row, status, (receipt.message if receipt else None) or "")
        return following is not None

    def _following(self, queue: deque[Delivery], now: float) -> Delivery | None:
        """The oldest row of a room, if it may go at once."""
        row = queue[0] if queue else None
        if row is None or row.status is not DeliveryStatus.PENDING or row.not_before > now:
            return None
        if self._pace.wait(row.address, direct=row.direct) > 0:
            return None
        return None if self._maker is not None and self._maker.takes_time(row) else row

    async def _backoff(self, queue: deque[Delivery], row: Delivery, reason: str) -> bool:
        if row.attempt >= ATTEMPTS:
            return await self._settle(queue, row, DeliveryStatus.FAILED, reason=reason)
        await self._later(queue, row, 2.0**row.attempt, reason)
        return False

    async def _later(
        self, queue: deque[Delivery], row: Delivery, seconds: float, reason: str
    ) -> None:
        """Written down, so that a restart does not forget a penalty."""
        now = self._clock.now()
        due = now.timestamp() + seconds
        status = unless_doubtful(row, DeliveryStatus.PENDING)
        queue[0] = replace(row, status=status, not_before=due)
        await self._store.write(
            lambda unit: unit.deliveries.settle(row.seq, status, now, reason=reason, not_before=due)
        )

    async def _move(self, queue: deque[Delivery], row: Delivery, room: str) -> bool:
        """The room has a new id: its rows and its talk go there."""
        if row.attempt >= ATTEMPTS:
            return await self._settle(queue, row, DeliveryStatus.FAILED, reason="moved-too-often")
        old = row.address.room

        def work(unit: Unit) -> None:
            unit.rooms.move(self._account, old, room)
            unit.deliveries.move(self._account, old, room)

        await self._store.write(work)
        log.info("%s: a room has a new id; its open messages go there", self._account)
        new, pending = row.address._replace(room=room), DeliveryStatus.PENDING
        self.accept(
            [replace(row, address=new, status=pending) for row in self._queues.drain(queue)]
        )
        return False
