"""What a character has on offer on one account, and which menu its platform was shown last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.clock import Clock
from core.flow import commands, house_rules
from core.flow.cast import Cast
from core.ids import Account, CharacterId
from core.ports import Offer, Store


class OnOffer:
    """core.ports.Offering."""

    def __init__(
        self, cast: Cast, store: Store, clock: Clock, account: Account, character: CharacterId
    ) -> None:
        self._cast = cast
        self._store = store
        self._clock = clock
        self._whose = character
        self._account = account
        self._key = f"troupe:menu:{account}"

    def now(self) -> Sequence[Offer]:
        return commands.offers(self._cast.on(self._account))

    async def mark(self) -> str:
        now = self._clock.now()
        found = await self._store.read(lambda unit: unit.cache.get(self._whose, self._key, now))
        return found if isinstance(found, str) else ""

    async def keep(self, mark: str) -> None:
        await self._store.write(lambda unit: unit.cache.put(self._whose, self._key, mark))

    def suggest(
        self, command: str, option: str, typed: str, given: Mapping[str, str]
    ) -> Sequence[str]:
        if command != commands.SETTINGS.name:
            return ()
        return house_rules.suggested(option, typed, given)
