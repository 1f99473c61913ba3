"""Killed while what was said and read is taken in: in the end each of it can be found once, and whole."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from tests.fakes.databases import in_use
from tests.fakes.model_server import ModelServer
from tests.faults import ledgers
from tests.faults.ledgers import Crowd, until
from tests.faults.process import GatewayProcess, gateway_process

KILLS = 2
ROOMS = 8
PAGES = 1_000
"""Of each document: so many pieces take several writes."""


def book(number: int) -> str:
    return "\n\n".join(
        f"Rule {page} of book {number}: whoever finds owl {page * 7} feeds it. " * 12
        for page in range(PAGES)
    )


def metadata(row: Mapping[str, Any]) -> Mapping[str, Any]:
    found = row["metadata"]
    kept: Mapping[str, Any] = json.loads(found) if isinstance(found, str) else found
    return kept


def documents(data: Path) -> dict[str, Mapping[str, Any]]:
    rows = in_use.now.ask(data, "SELECT id, metadata FROM memories WHERE type = 'documents'")
    return {row["id"]: metadata(row) for row in rows}


def left(data: Path) -> int:
    """How many memories with words have no passage, or no vector."""
    (row,) = in_use.now.ask(
        data,
        "SELECT count(*) AS n FROM memories m LEFT JOIN passages p ON p.seq = m.seq "
        "LEFT JOIN embeddings e ON e.seq = m.seq "
        "WHERE m.type <> 'documents' AND (p.seq IS NULL OR e.seq IS NULL)",
    )
    return int(row["n"])


def check_memory(data: Path, books: int) -> None:
    """Nothing is there twice or in part."""
    there = documents(data)
    assert len(there) == books
    assert {one["state"] for one in there.values()} == {"whole"}
    rows = in_use.now.ask(data, "SELECT metadata FROM memories WHERE type = 'knowledge'")
    pieces = Counter(metadata(row)["documentId"] for row in rows)
    assert pieces == {id: one["chunks"] for id, one in there.items()}
    assert {metadata(row)["title"] for row in rows} == {one["title"] for one in there.values()}
    for table in ("passages", "embeddings"):
        (row,) = in_use.now.ask(
            data,
            f"SELECT count(*) AS n, count(DISTINCT seq) AS m, "
            f"(SELECT count(*) FROM memories WHERE type <> 'documents') AS k FROM {table}",
        )
        assert row["n"] == row["m"] == row["k"], table
    if in_use.now.kind == "sqlite":
        with closing(sqlite3.connect(data / "troupe.db")) as file:
            # Raises where the index and what it is made of do not agree.
            file.execute(
                "INSERT INTO passages_fts(passages_fts, rank) VALUES('integrity-check', 1)"
            )


@pytest.mark.usefixtures("database")
@pytest.mark.timeout(180)
async def test_what_was_said_and_read_is_found_once_and_whole_however_often_it_is_killed(
    tmp_path: Path,
    stage: Stage,
    model: ModelServer,
    thinks: Callable[..., dict[str, str]],
) -> None:
    """While people talk, documents are taken in, and vectors are made; G1 holds as before."""
    chance = random.Random(5)
    settings = thinks(
        OPENAI_EMBEDDING_DIMENSIONS="0",
        TROUPE_EMBEDDINGS_PER_MESSAGE="5",
        TROUPE_REFLECTION="false",
    )
    shelf = tmp_path / "data" / "knowledge" / "ada"
    shelf.mkdir(parents=True)
    async with gateway_process(tmp_path, stage, "Ada", **settings) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], ROOMS)
        await gateway.until()
        for kill in range(KILLS):
            (shelf / f"book {kill}.txt").write_text(book(kill))
            await gateway.kill()
            await gateway.start()
            crowd.says(3)
            await _midst(gateway, kill, chance)
            await gateway.kill()
            assert ledgers.confirmed(crowd) <= ledgers.stored(crowd, gateway.data)
            await gateway.start()
        await crowd.until_answered(len(crowd.said))
        await until(lambda: len(documents(gateway.data)) == KILLS, lambda: gateway.log[-2000:])
        (shelf / "last.txt").write_text("The last page.")  # what is new is not left waiting
        await until(lambda: len(documents(gateway.data)) == KILLS + 1, lambda: gateway.log[-2000:])
        # A full backlog has used up what messages have earned; these earn the rest.
        crowd.says(1)
        await crowd.until_answered(len(crowd.said))
        (shelf / "very last.txt").write_text("The end.")
        await until(
            lambda: len(documents(gateway.data)) == KILLS + 2 and not left(gateway.data),
            lambda: f"{left(gateway.data)} {model.embeddings}\n{gateway.log[-2000:]}",
            timeout=90,
        )
        assert await gateway.end() == 0
    ledgers.check(crowd, gateway.data)
    check_memory(gateway.data, KILLS + 2)
    assert "Traceback" not in gateway.log


async def _midst(gateway: GatewayProcess, kill: int, chance: random.Random) -> None:
    """Until a document is half there, or what was read is being taken in."""
    before = len(documents(gateway.data))

    def begun() -> bool:
        return any(one["state"] == "part" for one in documents(gateway.data).values()) or (
            len(documents(gateway.data)) > before
        )

    await until(begun, lambda: gateway.log[-2000:])
    await asyncio.sleep(chance.uniform(0, 0.3) if kill % 2 else 0)
