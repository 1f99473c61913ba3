"""What a person has set for a character: their own key, their own model, something switched off."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from core.ids import EntityId
from core.ports import Store

_KEPT = 1_000
_NONE: Mapping[str, str | None] = {}


class Wishes:
    """Decrypted when a turn of that person needs them; never carried in the inbox.

    Hardly anybody has any, so who does is known from the start, and all others cost nothing.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._owners: set[str] | None = None
        self._read: OrderedDict[EntityId, Mapping[str, str | None]] = OrderedDict()

    async def of(self, person: EntityId) -> Mapping[str, str | None]:
        if self._owners is None:
            self._owners = await self._store.read(lambda unit: unit.notes.owners())
        if person not in self._owners:
            return _NONE
        known = self._read.get(person)
        if known is None:
            known = await self._store.read(lambda unit: unit.notes.get(person))
            self._read[person] = known
            if len(self._read) > _KEPT:
                self._read.popitem(last=False)
        return known

    def forget(self, person: EntityId) -> None:
        """They have none any more."""
        if self._owners is not None:
            self._owners.discard(person)
        self._read.pop(person, None)

    async def put(self, person: EntityId, key: str, value: str | None) -> None:
        """Set it for this person from the next turn on; None switches it off for them (RC-04)."""
        await self._store.write(lambda unit: unit.notes.put(person, key, value))
        if self._owners is not None:
            self._owners.add(person)
        self._read.pop(person, None)
