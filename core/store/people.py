"""Who is where: entities, rooms, worlds and who takes part in what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import orjson
import sqlalchemy as sa

from core.ids import Account, CharacterId, EntityId, RoomId, WorldId
from core.messages import Address, ChannelType, Entity, Room, World
from core.store import inserts, tables

_E, _P, _R, _W = tables.entities, tables.participants, tables.rooms, tables.worlds


_MEET = inserts.put(_E, ["id"], ["names", "metadata"])
_JOIN = inserts.add(_P)
_STATE = inserts.put(_P, ["room_id", "entity_id"], ["state"])
_WORLD = inserts.put(_W, ["id"], ["name"])
_ROOM = inserts.put(_R, ["id"], ["name"])
_KNOWN = sa.select(_E).where(
    _E.c.id.in_(sa.bindparam("ids", expanding=True)), _E.c.character_id == sa.bindparam("who")
)
_STATE_OF = sa.select(_P.c.state).where(
    _P.c.room_id == sa.bindparam("room"),
    _P.c.entity_id == sa.bindparam("entity"),
    _P.c.character_id == sa.bindparam("who"),
)
_FIND = sa.select(_R).where(
    _R.c.character_id == sa.bindparam("who"),
    _R.c.account == sa.bindparam("account"),
    _R.c.channel == sa.bindparam("channel"),
    _R.c.thread == sa.bindparam("thread"),
)
_THERE = _R.alias("there")
_MOVE = (
    sa.update(_R)
    .where(
        _R.c.account == sa.bindparam("whose"),
        _R.c.channel == sa.bindparam("old"),
        # Somebody spoke at the new address before the move was told: that room stays as it is.
        ~sa.exists().where(
            _THERE.c.account == sa.bindparam("whose"), _THERE.c.channel == sa.bindparam("new")
        ),
    )
    .values(channel=sa.bindparam("new"))
)
_FORGOTTEN = sa.select(_R.c.forgotten_before).where(
    _R.c.id == sa.bindparam("room"), _R.c.character_id == sa.bindparam("who")
)
_FORGET = (
    sa.update(_R)
    .where(_R.c.id == sa.bindparam("room"), _R.c.character_id == sa.bindparam("who"))
    .values(forgotten_before=sa.bindparam("at"))
)


class PeopleRows:
    """core.ports.People over one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def meet(self, entities: Sequence[Entity]) -> None:
        if entities:
            self._db.execute(
                _MEET,
                [
                    {
                        "id": one.id,
                        "character_id": one.character,
                        "names": orjson.dumps(one.names).decode(),
                        "metadata": orjson.dumps(one.metadata).decode(),
                    }
                    for one in entities
                ],
            )

    def known(self, character: CharacterId, ids: Sequence[EntityId]) -> list[Entity]:
        return [
            Entity(
                id=EntityId(row["id"]),
                character=CharacterId(row["character_id"]),
                names=tuple(orjson.loads(row["names"])),
                metadata=orjson.loads(row["metadata"]),
            )
            for row in self._db.execute(_KNOWN, {"ids": ids, "who": character}).mappings()
        ]

    def join(self, character: CharacterId, room: RoomId, entities: Sequence[EntityId]) -> None:
        if entities:
            self._db.execute(
                _JOIN,
                [
                    {"room_id": room, "entity_id": one, "character_id": character, "state": ""}
                    for one in entities
                ],
            )

    def state(self, character: CharacterId, room: RoomId, entity: EntityId) -> str:
        found = self._db.execute(_STATE_OF, {"room": room, "entity": entity, "who": character})
        return found.scalar() or ""

    def set_state(self, character: CharacterId, room: RoomId, entity: EntityId, state: str) -> None:
        self._db.execute(
            _STATE,
            {"room_id": room, "entity_id": entity, "character_id": character, "state": state},
        )


class RoomRows:
    """core.ports.Rooms over one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def ensure(self, worlds: Sequence[World], rooms: Sequence[Room]) -> None:
        if worlds:
            self._db.execute(
                _WORLD,
                [
                    {
                        "id": one.id,
                        "character_id": one.character,
                        "server_id": one.server,
                        "name": one.name,
                    }
                    for one in worlds
                ],
            )
        if rooms:
            self._db.execute(
                _ROOM,
                [
                    {
                        "id": one.id,
                        "character_id": one.character,
                        "world_id": one.world,
                        "account": one.address.account,
                        "channel": one.address.room,
                        "thread": one.address.thread,
                        "type": one.channel.value,
                        "name": one.name,
                        "source": one.source,
                    }
                    for one in rooms
                ],
            )

    def find(self, character: CharacterId, address: Address) -> Room | None:
        row = self._db.execute(
            _FIND,
            {
                "who": character,
                "account": address.account,
                "channel": address.room,
                "thread": address.thread,
            },
        ).one_or_none()
        if row is None:
            return None
        return Room(
            id=RoomId(row.id),
            character=character,
            world=WorldId(row.world_id),
            address=address,
            channel=ChannelType(row.type),
            name=row.name,
            source=row.source,
        )

    def move(self, account: Account, old_room: str, new_room: str) -> int:
        return self._db.execute(
            _MOVE, {"whose": account, "old": old_room, "new": new_room}
        ).rowcount

    def forgotten_before(self, character: CharacterId, room: RoomId) -> datetime | None:
        return self._db.execute(_FORGOTTEN, {"room": room, "who": character}).scalar()

    def forget_before(self, character: CharacterId, room: RoomId, when: datetime) -> None:
        self._db.execute(_FORGET, {"room": room, "who": character, "at": when})
