"""A database with a long past, written past the program: memories by the million."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from time import time
from uuid import UUID

import orjson

from core.casting import load_character
from core.flow.presence import entity_id, room_id, world_id
from core.ids import Account, CharacterId
from core.messages import Address, ChannelType
from core.store import schema

_SAID = "The other day I read that the old bridge will be closed until the spring. " * 2
_DIRECT = ChannelType.DM.value
_AT_ONCE = 50_000


def fill(file: Path, character: Path, bot: int, people: Sequence[int], memories: int) -> None:
    """Spread over private rooms with these people, in turns, as if all of them had talked at once."""
    file.parent.mkdir(parents=True, exist_ok=True)
    schema.upgrade(file)
    who = load_character(character).id
    addresses = [Address("telegram", Account(f"telegram:{bot}"), str(one)) for one in people]
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=OFF")
        database.execute("PRAGMA cache_size=-400000")
        with database:
            _furnish(database, who, addresses)
        rows = _memories(who, addresses, memories)
        while some := list(islice(rows, _AT_ONCE)):
            with database:
                database.executemany(
                    "INSERT INTO memories (id, character_id, room_id, world_id, entity_id, type, "
                    "content, metadata, created_at) VALUES (?, ?, ?, ?, ?, 'messages', ?, ?, ?)",
                    some,
                )
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _furnish(database: sqlite3.Connection, who: CharacterId, addresses: Sequence[Address]) -> None:
    for address in addresses:
        world, room = world_id(who, address, address.room), room_id(who, address)
        database.execute(
            "INSERT INTO worlds (id, character_id, server_id, name) VALUES (?, ?, ?, '')",
            (world, who, address.room),
        )
        database.execute(
            "INSERT INTO rooms (id, character_id, world_id, account, channel, thread, type, name, "
            "source) VALUES (?, ?, ?, ?, ?, '', ?, '', 'telegram')",
            (room, who, world, address.account, address.room, _DIRECT),
        )


def _memories(
    who: CharacterId, addresses: Sequence[Address], many: int
) -> Iterator[tuple[str | int, ...]]:
    places = [
        (
            room_id(who, address),
            world_id(who, address, address.room),
            entity_id(who, address, address.room),
            orjson.dumps(
                {
                    "type": "message",
                    "source": "telegram",
                    "sourceId": address.room,
                    "entityName": "P",
                }
            ).decode(),
        )
        for address in addresses
    ]
    said = {"text": _SAID, "source": "telegram", "channelType": _DIRECT}
    answered = {"text": _SAID, "actions": ["REPLY"], "source": "telegram", "channelType": _DIRECT}
    texts = orjson.dumps(said).decode(), orjson.dumps(answered).decode()
    began = int(time() * 1000) - many * 1000
    for number in range(many):
        turn, at = divmod(number, len(places))
        room, world, person, metadata = places[at]
        ours = turn % 2
        # Spread over the whole index, as hashes are.
        key = str(UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 & (1 << 128) - 1))
        author = who if ours else person
        yield key, who, room, world, author, texts[ours], metadata, began + number * 1000
