"""Unit of work: the repositories of one open transaction."""

from __future__ import annotations

from functools import cached_property

import sqlalchemy as sa

from core.store.ledgers import DeliveryRows, InboxRows
from core.store.memories import MemoryRows
from core.store.notes import NoteRows, Vault
from core.store.people import PeopleRows, RoomRows


class SqlUnit:
    """core.ports.Unit over one connection; nothing of it outlives the transaction."""

    def __init__(self, connection: sa.Connection, vault: Vault) -> None:
        self._db = connection
        self._vault = vault

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
