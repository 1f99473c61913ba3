"""The ledger of deliveries in memory: what the outbox asks of a store, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar, cast

from core.ids import Account
from core.messages import Delivery, DeliveryStatus
from core.ports import Unit

T = TypeVar("T")


class FakeCache:
    """core.ports.Cache, as far as it goes."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], tuple[Any, datetime | None]] = {}

    def get(self, character: str, key: str, now: datetime) -> Any:
        value, expires = self.rows.get((character, key), (None, None))
        return value if expires is None or expires > now else None

    def put(self, character: str, key: str, value: Any, expires: datetime | None = None) -> None:
        self.rows[character, key] = (value, expires)


class FakeLedger:
    """A core.ports.Store whose units know deliveries, rooms and the cache only."""

    def __init__(self) -> None:
        self.rows: dict[int, Delivery] = {}
        self.reasons: dict[int, str] = {}
        self.messages: dict[int, str] = {}
        self.commits = 0
        self.cache = FakeCache()

    def put(self, *deliveries: Delivery) -> list[Delivery]:
        stored = []
        for delivery in deliveries:
            row = replace(delivery, seq=len(self.rows) + 1)
            self.rows[row.seq] = row
            stored.append(row)
        return stored

    def statuses(self) -> list[str]:
        return [row.status.value for row in self.rows.values()]

    # --- core.ports.Store ----------------------------------------------------------------------

    async def write(self, work: Callable[[Unit], T]) -> T:
        self.commits += 1
        return work(cast(Unit, self))

    async def read(self, work: Callable[[Unit], T]) -> T:
        return work(cast(Unit, self))

    async def scrub(self, *, whole: bool = False) -> bool:
        return True

    # --- core.ports.Unit, as far as it goes ------------------------------------------------------

    @property
    def deliveries(self) -> FakeLedger:
        return self

    @property
    def rooms(self) -> FakeLedger:
        return self

    def open(self, account: Account | None = None) -> list[Delivery]:
        return [
            row
            for row in self.rows.values()
            if row.status not in (DeliveryStatus.SENT, DeliveryStatus.FAILED)
        ]

    def add(self, deliveries: Sequence[Delivery], now: datetime) -> list[Delivery]:
        there = {(row.turn, row.step, row.ordinal) for row in self.rows.values()}
        return self.put(*[d for d in deliveries if (d.turn, d.step, d.ordinal) not in there])

    def shown(self, seq: int, message: str) -> None:
        self.rows[seq] = replace(self.rows[seq], target=message)

    def finish(self, growing: Delivery) -> None:
        self.rows[growing.seq] = growing

    def start(self, seqs: Iterable[int]) -> None:
        for seq in seqs:
            row = self.rows[seq]
            self.rows[seq] = replace(row, status=DeliveryStatus.SENDING, attempt=row.attempt + 1)

    def settle(
        self,
        seq: int,
        status: DeliveryStatus,
        now: datetime,
        *,
        message: str | None = None,
        reason: str = "",
        not_before: float = 0.0,
    ) -> None:
        self.rows[seq] = replace(self.rows[seq], status=status, not_before=not_before)
        self.reasons[seq] = reason
        if message:
            self.messages[seq] = message

    def move(self, account: Account, old_room: str, new_room: str) -> int:
        for seq, row in self.rows.items():
            if row.address.room == old_room:
                self.rows[seq] = replace(row, address=row.address._replace(room=new_room))
        return 0
