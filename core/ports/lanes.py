"""What the flow asks of its lanes: order within a room, rooms side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.bell import Bell
from core.messages import Address, Received
from core.ports.storage import Waiting


class Handler(Protocol):
    async def __call__(self, batch: Batch) -> None: ...


class Batch(Protocol):
    """What a turn answers: the open messages of one person in one room, the last one leading."""

    @property
    def address(self) -> Address: ...
    @property
    def items(self) -> tuple[Received, ...]: ...
    @property
    def author(self) -> str:
        """The platform's id of the one person who said it all."""
        ...

    @property
    def crowded(self) -> bool:
        """Others have said something in this room meanwhile, and wait."""
        ...

    @property
    def overtaken(self) -> bool:
        """Its author has said, changed or taken back more in this room, which waits."""
        ...

    @property
    def taken_back(self) -> bool:
        """All of it is gone, and the word of that waits in this room."""
        ...

    def is_gone(self, item: Received) -> bool:
        """The same of one of the items."""
        ...

    def commit_to(self) -> None:
        """From here on nothing supersedes this turn: a word was shown, or an action began."""
        ...

    @property
    def stopped(self) -> Bell:
        """Rung when its author wants no more of the answer; what is on show by then stays."""
        ...

    @property
    def is_stored(self) -> bool:
        """Whether the inbox rows are durable; a turn may begin a moment earlier, and think."""
        ...

    async def stored(self) -> None:
        """Wait until they are: nothing may be written or shown before what it answers."""
        ...


class Lanes(Protocol):
    """Order within a room, rooms side by side; a database queue may stand behind it one day."""

    @property
    def open(self) -> int:
        """How many messages wait or are being answered."""
        ...

    def enqueue(self, received: Received, *, stored: bool = True) -> None:
        """Queue what has a row in the inbox; with `stored` off its commit is still under way."""
        ...

    def confirm(self, received: Sequence[Received]) -> None:
        """Their commit is through."""
        ...

    def withdraw(self, received: Sequence[Received]) -> None:
        """Their commit is not going to be: whatever has begun with them ends without a trace."""
        ...

    def remind(self, waiting: Waiting) -> None:
        """Queue a row of the inbox; one that waits here already stays where it is."""
        ...

    async def run(self, handler: Handler) -> None: ...
    async def settle(self) -> None:
        """Return when no turn is running."""
        ...
