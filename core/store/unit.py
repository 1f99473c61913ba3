"""Unit of work: the repositories of one open transaction."""

from __future__ import annotations

from functools import cached_property

import sqlalchemy as sa

from core.store.bonds import BondRows
from core.store.cache import CacheRows
from core.store.ledgers import DeliveryRows, InboxRows
from core.store.memories import MemoryRows
from core.store.notes import NoteRows, Vault
from core.store.own import OwnTables
from core.store.passages import PassageRows
from core.store.past import PastRows
from core.store.people import PeopleRows
from core.store.persons import PersonRows
from core.store.rooms import RoomRows
from core.store.spendings import SpendingRows
from core.store.steps import StepRows
from core.store.tasks import TaskRows
from core.store.vectors import Nearby, VectorRows


class SqlUnit:
    """core.ports.Unit over one connection; nothing of it outlives the transaction."""

    def __init__(
        self, connection: sa.Connection, vault: Vault, nearby: Nearby | None = None
    ) -> None:
        self._db = connection
        self._vault = vault
        self._nearby = nearby

    @cached_property
    def inbox(self) -> InboxRows:
        return InboxRows(self._db)

    @cached_property
    def deliveries(self) -> DeliveryRows:
        return DeliveryRows(self._db)

    @cached_property
    def memories(self) -> MemoryRows:
        return MemoryRows(self._db)

    @cached_property
    def people(self) -> PeopleRows:
        return PeopleRows(self._db)

    @cached_property
    def rooms(self) -> RoomRows:
        return RoomRows(self._db)

    @cached_property
    def notes(self) -> NoteRows:
        return NoteRows(self._db, self._vault)

    @cached_property
    def steps(self) -> StepRows:
        return StepRows(self._db)

    @cached_property
    def tasks(self) -> TaskRows:
        return TaskRows(self._db)

    @cached_property
    def bonds(self) -> BondRows:
        return BondRows(self._db)

    @cached_property
    def spendings(self) -> SpendingRows:
        return SpendingRows(self._db)

    @cached_property
    def cache(self) -> CacheRows:
        return CacheRows(self._db)

    @cached_property
    def persons(self) -> PersonRows:
        return PersonRows(self._db, self.notes.get)

    @cached_property
    def past(self) -> PastRows:
        return PastRows(self._db)

    @cached_property
    def passages(self) -> PassageRows:
        return PassageRows(self._db)

    @cached_property
    def vectors(self) -> VectorRows:
        return VectorRows(self._db, self._nearby)

    def own(self, owner: str) -> OwnTables:
        return OwnTables(self._db, owner)
