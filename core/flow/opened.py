"""The messages that a running turn answers, and what may break it off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping

from core.bell import Bell
from core.messages import Address, Kind, Received
from core.ports import Waiting

_SAYS_MORE = frozenset({Kind.MESSAGE, Kind.COMMAND, Kind.EDIT})


class Superseded(Exception):
    """The same person has said more; the next turn answers everything."""


class Postponed(Exception):
    """It cannot be answered now; the room waits `seconds` for it, and takes up no place meanwhile."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds:g} s")
        self.seconds = seconds


class Open:
    """core.ports.Batch: the messages that a running turn answers."""

    __slots__ = (
        "_behind",
        "_bell",
        "_committed",
        "_gone",
        "_keep",
        "_unstored",
        "address",
        "items",
        "stopped",
    )

    def __init__(
        self,
        address: Address,
        items: tuple[Received, ...],
        bell: Bell,
        unstored: Mapping[int, asyncio.Event],
        behind: Callable[[], Collection[Waiting]] = tuple,
        gone: Collection[str] = (),
        *,
        keep: bool,
    ) -> None:
        """`behind` is what waits in the room meanwhile, `gone` the keys that it takes back."""
        self.address = address
        self.items = items
        self._bell = bell
        self._unstored = unstored
        self._keep = keep
        self._behind = behind
        self._gone = gone
        self._committed = False
        self.stopped = Bell()

    @property
    def is_stored(self) -> bool:
        return not any(one.id in self._unstored for one in self.items)

    async def stored(self) -> None:
        for one in self.items:
            if (commit := self._unstored.get(one.id)) is not None:
                await commit.wait()

    def commit_to(self) -> None:
        """Raises Superseded when that has happened already."""
        if self._bell.rung and not self._committed:
            raise Superseded
        self._committed = True

    @property
    def author(self) -> str:
        return self.items[0].author

    @property
    def crowded(self) -> bool:
        return any(one.kind is Kind.MESSAGE and one.author != self.author for one in self._behind())

    @property
    def overtaken(self) -> bool:
        return any(
            one.kind is Kind.DELETE or (one.kind in _SAYS_MORE and one.author == self.author)
            for one in self._behind()
        )

    @property
    def taken_back(self) -> bool:
        return all(map(self.is_gone, self.items))

    def is_gone(self, item: Received) -> bool:
        return item.event_key in self._gone

    def answers(self, keys: Collection[str]) -> bool:
        return any(one.event_key in keys for one in self.items)

    def yields_to(self, waiting: Waiting) -> bool:
        """Whether this turn is to be broken off, because the next one knows better."""
        if self._committed:
            return False
        if waiting.unsays:
            return self.answers(waiting.unsays)
        if waiting.author != self.author:
            return False
        match self.items[0].kind:
            case Kind.MESSAGE:
                return waiting.kind is Kind.MESSAGE and not self._keep
            case Kind.EDIT:
                return waiting.kind in _SAYS_MORE
        return False

    def meet(self, waiting: Waiting) -> None:
        """Something has come behind it."""
        if waiting.kind is Kind.STOP:
            if self.author == waiting.author:
                self.stopped.ring()
        elif self.yields_to(waiting):
            self.interrupt()
        elif self.answers(waiting.unsays):
            self.stopped.ring()  # what is on show of it goes next

    def interrupt(self) -> None:
        self._bell.ring()
