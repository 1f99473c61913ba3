"""A database of an earlier release, full of talk that no index knows: it is taken in behind the flow."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson

from core.casting import read_loaded
from core.flow.presence import entity_id, room_id, world_id
from core.ids import Account
from core.messages import Address
from core.ports import Unit
from core.store import schema
from tests.fakes.databases import in_use
from tests.flows.olden import ASKED, TOLD, Olden, Place, a_place

RELEASE = "0003"
"""The last one before memories could be found."""
MESSAGES = 5_000


def said(number: int) -> str:
    return TOLD if number == 77 else f"The bus was late for the {number}th time."


def fill(place: Place) -> None:
    """As that release has left it: one direct chat of Zoe's with Ada."""
    ada, zoe = place.stage.bot("Ada"), place.stage.person("Zoe", username="zoe_of_old")
    where = Address("telegram", Account(f"telegram:{ada.id}"), str(place.stage.dm(zoe, ada).id))
    who = read_loaded({"name": "Ada", "bio": "Ada is made for a test."}).id
    world, room = world_id(who, where, where.room), room_id(who, where)
    person = entity_id(who, where, str(zoe.id))
    begun = int(place.clock.now().timestamp() * 1000) - MESSAGES * 60_000

    def rows() -> Iterator[tuple[object, ...]]:
        metadata = orjson.dumps({"type": "message", "entityName": "Zoe"}).decode()
        for number in range(MESSAGES):
            content = orjson.dumps({"text": said(number), "source": "telegram"}).decode()
            at = begun + number * 60_000
            yield f"old-{number}", who, room, world, person, "messages", content, metadata, at

    file = place.data / "troupe.db"
    schema.migrate(file, RELEASE)
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute(
            "INSERT INTO worlds (id, character_id, server_id, name) VALUES (?, ?, ?, '')",
            (world, who, where.room),
        )
        database.execute(
            "INSERT INTO rooms (id, character_id, world_id, account, channel, thread, type, name, "
            "source) VALUES (?, ?, ?, ?, ?, '', 'DM', '', 'telegram')",
            (room, who, world, where.account, where.room),
        )
        database.executemany(
            "INSERT INTO memories (id, character_id, room_id, world_id, entity_id, type, content, "
            f"metadata, created_at) VALUES ({', '.join('?' * 9)})",
            rows(),
        )


def vectors(unit: Unit, talk: Olden) -> int:
    return unit.vectors.count(talk.ada, talk.model)[0]


async def test_old_talk_of_an_earlier_release_is_taken_in_behind_the_talk_of_now(
    tmp_path: Path,
) -> None:
    async with a_place(tmp_path) as place:
        await asyncio.to_thread(fill, place)
        async with place.talk(TROUPE_EMBEDDINGS_PER_MESSAGE="5") as talk:
            assert "The bus was late for the 4999th time." in await talk.asks("Good morning.")
            await talk.taken_in()
            assert TOLD in await talk.asks(ASKED)
            async with asyncio.timeout(30):
                while await talk.read(lambda unit: vectors(unit, talk)) < MESSAGES - 64:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            # The last few are too few for a full request, which messages of now have to earn.
            await talk.says("What a day.", "What a night.")
            await talk.understood()
            assert place.server.embeddings <= MESSAGES // 64 + 10
    (row,) = in_use.now.ask(tmp_path, "SELECT count(*) AS n FROM passages")
    (kept,) = in_use.now.ask(tmp_path, "SELECT count(*) AS n FROM memories")
    (made,) = in_use.now.ask(tmp_path, "SELECT count(*) AS n FROM embeddings")
    assert row["n"] == kept["n"] == made["n"] == MESSAGES + 2 * 4
