"""One bot's updates: kept a day, confirmed by offset, as Telegram's queue does it."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

DAY = 86_400.0
OPT_IN = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(frozen=True, slots=True)
class Update:
    """An update as it will go over the wire; `place` and `message` say what it is about."""

    id: int
    kind: str
    body: bytes
    expires: float
    place: str = ""
    message: int | None = None


class UpdateQueue:
    """First in, first out; what was handed out stays until it is confirmed."""

    def __init__(self, now: Callable[[], float], first_id: int) -> None:
        self._now = now
        self._updates: deque[Update] = deque()
        self._echoes: deque[Update] = deque()
        self.next_id = first_id
        self.repeats = 0
        self.allowed: frozenset[str] | None = None
        self.arrival = asyncio.Event()

    def __len__(self) -> int:
        self._expire()
        return len(self._updates)

    def __iter__(self) -> Iterator[Update]:
        self._expire()
        return iter(tuple(self._updates))

    def wants(self, kind: str) -> bool:
        """Whether updates of this kind are delivered; some only when they were asked for by name."""
        return kind not in OPT_IN if self.allowed is None else kind in self.allowed

    def put(self, update: Update) -> None:
        self._updates.append(update)
        self.next_id = max(self.next_id, update.id + 1)
        self.arrival.set()

    def peek(self, limit: int) -> list[Update]:
        """The oldest updates, still unconfirmed; repeats that a fault asked for come first."""
        self._expire()
        batch = [self._echoes.popleft() for _ in range(min(limit, len(self._echoes)))]
        batch += [u for u, _ in zip(self._updates, range(limit - len(batch)), strict=False)]
        if not self._updates and not self._echoes:
            self.arrival.clear()
        return batch

    def confirm(self, below: int) -> list[Update]:
        """Forget everything below an update id; a negative one keeps that many of the newest."""
        gone = []
        if below < 0:
            while len(self._updates) > -below:
                gone.append(self._updates.popleft())
        else:
            while self._updates and self._updates[0].id < below:
                gone.append(self._updates.popleft())
        return self._forgotten(gone)

    def take(self, update_id: int) -> list[Update]:
        """Forget one update, wherever it stands: a webhook accepted it."""
        gone = [u for u in self._updates if u.id == update_id]
        if gone and self._updates[0] is gone[0]:
            self._updates.popleft()
        elif gone:
            self._updates.remove(gone[0])
        return self._forgotten(gone)

    def clear(self) -> list[Update]:
        gone = list(self._updates)
        self._updates.clear()
        return gone

    def _forgotten(self, gone: list[Update]) -> list[Update]:
        if gone and self.repeats:
            self._echoes.extend(u for u in gone for _ in range(self.repeats))
            self.arrival.set()
        return gone

    def _expire(self) -> None:
        now = self._now()
        while self._updates and self._updates[0].expires <= now:
            self._updates.popleft()
