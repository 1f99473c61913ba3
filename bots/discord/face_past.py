"""What was said before a bot came is read back once, and remembered by each of its faces too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from core.ids import Account
from core.messages import Received
from core.ports import Chronicle

Shared = Callable[[Sequence[Received]], Sequence[Received]]
"""The same as the bot and each of its faces hear of it, with what they have said themselves."""


class SharedPast:
    """Implements Chronicle: that of a bot, who keeps the plan, and what is remembered for others."""

    def __init__(
        self, own: Chronicle, shared: Shared, of: Callable[[Account], Chronicle | None]
    ) -> None:
        """`of` gives the chronicle of a face, if it is to remember anything."""
        self._own = own
        self._shared = shared
        self._of = of

    async def planned(self, world: str) -> Mapping[str, int]:
        return await self._own.planned(world)

    async def plan(self, world: str, rooms: Mapping[str, int]) -> Mapping[str, int]:
        return await self._own.plan(world, rooms)

    async def remember(self, world: str, room: str, said: Sequence[Received]) -> int:
        told: dict[Account, list[Received]] = {}
        for one in self._shared(said):
            told.setdefault(one.address.account, []).append(one)
        account = said[0].address.account if said else None
        # The bot's comes last: by it the room is done, and whatever is missing is read anew.
        for whose, rows in told.items():
            if whose != account and (chronicle := self._of(whose)) is not None:
                await chronicle.remember(world, room, rows)
        own = [] if account is None else told.get(account, [])
        return await self._own.remember(world, room, own)

    def tell(self, done: int, every: int) -> None:
        self._own.tell(done, every)
