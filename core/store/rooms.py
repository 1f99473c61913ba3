"""Where a character is: rooms, and the worlds that they are in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.ids import Account, CharacterId, RoomId, WorldId
from core.messages import Address, ChannelType, Room, World
from core.store import inserts, tables
from core.store.values import read, written

_M, _P, _R, _W = tables.memories, tables.participants, tables.rooms, tables.worlds

# What is known of a world beside its name, its roles above all, is nothing that a platform undoes.
_WORLD = inserts.put(_W, ["id"], ["name"], filled=["metadata"])
_PUT_WORLD = inserts.put(_W, ["id"], ["name", "metadata"], owner="character_id")
_ROOM = inserts.put(_R, ["id"], ["name"])
_OWN_ROOMS = sa.select(_R).where(_R.c.character_id == sa.bindparam("who")).order_by(_R.c.id)
_OWN_WORLDS = sa.select(_W).where(_W.c.character_id == sa.bindparam("who")).order_by(_W.c.id)
_GET = _OWN_ROOMS.where(_R.c.id.in_(sa.bindparam("ids", expanding=True)))
_OF_WORLD = _OWN_ROOMS.where(_R.c.world_id == sa.bindparam("world"))
_A_WORLD = _OWN_WORLDS.where(_W.c.id == sa.bindparam("world"))
_FIND = sa.select(_R).where(
    _R.c.character_id == sa.bindparam("who"),
    _R.c.account == sa.bindparam("account"),
    _R.c.channel == sa.bindparam("channel"),
    _R.c.thread == sa.bindparam("thread"),
)
_SHARED = (
    sa.select(_R.c.account)
    .join(_P, sa.and_(_P.c.room_id == _R.c.id, _P.c.entity_id == _R.c.character_id))
    .where(
        _R.c.account.in_(sa.bindparam("accounts", expanding=True)),
        _R.c.channel == sa.bindparam("channel"),
        _R.c.thread == sa.bindparam("thread"),
    )
    .order_by(_R.c.account)
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
_ONE = sa.and_(_R.c.id == sa.bindparam("room"), _R.c.character_id == sa.bindparam("who"))
_FORGOTTEN = sa.select(_R.c.forgotten_before).where(_ONE)
_FORGET = sa.update(_R).where(_ONE).values(forgotten_before=sa.bindparam("at"))
_HERS = sa.select(_R.c.id).where(_ONE).scalar_subquery()
_DROP = [
    sa.delete(_M).where(_M.c.room_id == _HERS),
    sa.delete(_P).where(_P.c.room_id == _HERS),
    sa.delete(_R).where(_ONE),
]


class RoomRows:
    """core.ports.Rooms over one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def ensure(self, worlds: Sequence[World], rooms: Sequence[Room]) -> None:
        if worlds:
            self._db.execute(_WORLD, list(map(_world_row, worlds)))
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
        return None if row is None else _room(row)

    def get(self, character: CharacterId, ids: Sequence[RoomId]) -> list[Room]:
        return [_room(row) for row in self._db.execute(_GET, {"ids": ids, "who": character})]

    def shared(self, accounts: Sequence[Account], room: str, thread: str) -> list[Account]:
        asked = {"accounts": accounts, "channel": room, "thread": thread}
        return [Account(one) for one in self._db.execute(_SHARED, asked).scalars()]

    def within(self, character: CharacterId, world: WorldId | None = None) -> list[Room]:
        if world is None:
            rows = self._db.execute(_OWN_ROOMS, {"who": character})
        else:
            rows = self._db.execute(_OF_WORLD, {"who": character, "world": world})
        return [_room(row) for row in rows]

    def named(self, character: CharacterId, name: str) -> list[Room]:
        # Compared here: SQLite knows the cases of ASCII letters only.
        wanted = _bare(name)
        return [one for one in self.within(character) if _bare(one.name) == wanted]

    def world(self, character: CharacterId, world: WorldId) -> World | None:
        row = self._db.execute(_A_WORLD, {"who": character, "world": world}).one_or_none()
        return None if row is None else _world(row)

    def worlds(self, character: CharacterId) -> list[World]:
        return [_world(row) for row in self._db.execute(_OWN_WORLDS, {"who": character})]

    def put_world(self, world: World) -> None:
        self._db.execute(_PUT_WORLD, _world_row(world))

    def drop(self, character: CharacterId, room: RoomId) -> None:
        for statement in _DROP:
            self._db.execute(statement, {"room": room, "who": character})

    def move(self, account: Account, old_room: str, new_room: str) -> int:
        return self._db.execute(
            _MOVE, {"whose": account, "old": old_room, "new": new_room}
        ).rowcount

    def forgotten_before(self, character: CharacterId, room: RoomId) -> datetime | None:
        return self._db.execute(_FORGOTTEN, {"room": room, "who": character}).scalar()

    def forget_before(self, character: CharacterId, room: RoomId, when: datetime) -> None:
        self._db.execute(_FORGET, {"room": room, "who": character, "at": when})


def _bare(name: str) -> str:
    return name.strip().removeprefix("#").casefold()


def _world_row(world: World) -> dict[str, Any]:
    return {
        "id": world.id,
        "character_id": world.character,
        "server_id": world.server,
        "name": world.name,
        "metadata": written(world.metadata),
    }


def _world(row: Any) -> World:
    return World(
        id=WorldId(row.id),
        character=CharacterId(row.character_id),
        name=row.name,
        server=row.server_id,
        metadata=read(row.metadata),
    )


def _room(row: Any) -> Room:
    account = Account(row.account)
    return Room(
        id=RoomId(row.id),
        character=CharacterId(row.character_id),
        world=WorldId(row.world_id),
        # An account begins with its platform's name.
        address=Address(account.partition(":")[0], account, row.channel, row.thread),
        channel=ChannelType(row.type),
        name=row.name,
        source=row.source,
    )
