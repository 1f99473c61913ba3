"""`troupe costs`: plain tables, read-only, unknown prices told as unknown, names only when asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bots.checks import check
from bots.costs import BY, Asked, costs, since
from core.errors import BadInput
from core.ids import Account, CharacterId, EntityId, RoomId, WorldId, string_to_uuid
from core.kept import Spending
from core.messages import Address, ChannelType, Entity, Room, World
from core.ports import Unit
from core.settings.layers import Environment
from core.store.engine import SqlStore, open_store
from tests.fakes.databases import Database
from tests.flows.test_command_line import troupe

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADA, BOB = CharacterId(string_to_uuid("Ada")), CharacterId(string_to_uuid("Bob"))
KIM, LOBBY, WORLD = EntityId("e-1"), RoomId("r-1"), WorldId("w-1")
MINI, ODD = "openai:gpt-5-mini", "acme:odd"
SPENT = [
    Spending(ADA, MINI, "TEXT_LARGE", 1200, 30, 1000, cost=0.25, room=LOBBY, entity=KIM),
    Spending(ADA, ODD, "TEXT_SMALL", 100, 10, room=LOBBY, entity=KIM),
    Spending(ADA, MINI, "TEXT_SMALL", 80, 5, cost=0.5, at=NOW - timedelta(days=8)),
    Spending(BOB, ODD, "TEXT_LARGE", 7, 1),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "characters"
    folder.mkdir()
    (folder / "ada.json").write_text(json.dumps({"name": "Ada", "bio": "x"}))
    return folder


@pytest.fixture
def environment(tmp_path: Path, database: Database) -> Environment:
    return Environment.of({"TROUPE_DATA_DIR": str(tmp_path), **database.settings})


@pytest.fixture
async def store(tmp_path: Path, database: Database) -> AsyncIterator[SqlStore]:
    """Open all the while: the gateway runs."""
    async with open_store(database.url, tmp_path) as store:
        await store.write(furnish)
        yield store


def furnish(unit: Unit) -> None:
    address = Address("telegram", Account("telegram:1"), "42")
    world = World(WORLD, ADA, "Night owls", "w", {})
    room = Room(LOBBY, ADA, WORLD, address, ChannelType.GROUP, "The lobby", "telegram")
    unit.rooms.ensure([world], [room])
    unit.people.meet([Entity(KIM, ADA, ("Kim\x1b[31m\nAll",))])
    unit.spendings.add(SPENT, NOW)


async def told(environment: Environment, folder: Path, **asked: Any) -> list[list[str]]:
    lines = await asyncio.to_thread(costs, Asked(**asked), environment, folder)
    return [line.split() for line in lines]


async def test_each_characters_row_says_calls_tokens_and_dollars(
    store: SqlStore, environment: Environment, folder: Path
) -> None:
    *rows, last = await told(environment, folder)
    assert "MODEL_PRICES" in last
    assert rows == [
        ["character", "calls", "prompt", "cached", "completion", "dollars"],
        ["Ada", "3", "1,380", "1,000", "45", "0.7500", "+", "unknown"],
        [BOB, "1", "7", "0", "1", "unknown"],
        ["all", "4", "1,387", "1,000", "46", "0.7500", "+", "unknown"],
        [],
        ["The", "price", "of", ODD, "is", "not", "known", "(2", "calls)."],
    ]


async def test_one_character_a_span_of_time_and_another_order_can_be_asked_for(
    store: SqlStore, environment: Environment, folder: Path
) -> None:
    week = since("7d", NOW)
    models = await told(environment, folder, by="model", character="ada", since=week)
    assert [row[0] for row in models[1:4]] == [MINI, ODD, "all"]
    assert models[3][1] == "2"
    days = await told(environment, folder, by="day", character="Ada")
    assert [row[0] for row in days[1:4]] == ["2026-11-13", "2026-11-21", "all"]
    assert (await told(environment, folder, character="Bob"))[1][0] == BOB


async def test_a_sum_of_known_prices_alone_says_nothing_of_unknown_ones(
    store: SqlStore, environment: Environment, folder: Path
) -> None:
    rows = await told(environment, folder, since=NOW - timedelta(days=30), by="day")
    assert rows[1][-1] == "0.5000"
    with pytest.raises(BadInput, match=r"nobody here is called Eve\. There is Ada"):
        await told(environment, folder, character="Eve")


async def test_people_and_rooms_are_named_only_when_asked(
    store: SqlStore, environment: Environment, folder: Path
) -> None:
    for by in BY:
        assert "Kim" not in str(await told(environment, folder, by=by))
        assert "lobby" not in str(await told(environment, folder, by=by))
    people = await asyncio.to_thread(costs, Asked("person", names=True), environment, folder)
    rooms = await asyncio.to_thread(costs, Asked("room", names=True), environment, folder)
    assert any(line.startswith("e-1 Kim[31mAll ") for line in people), "a name stays on its line"
    assert any(line.startswith("r-1 The lobby ") for line in rooms)
    assert any(line.startswith("(none) ") for line in rooms)


async def test_looking_changes_nothing_and_a_stopped_gateways_database_will_do(
    tmp_path: Path, environment: Environment, folder: Path, database: Database
) -> None:
    async with open_store(database.url, tmp_path) as store:
        await store.write(furnish)
    before = database.ask(tmp_path, "SELECT * FROM spendings ORDER BY seq")
    assert (await told(environment, folder))[1][:2] == ["Ada", "3"]
    assert database.ask(tmp_path, "SELECT * FROM spendings ORDER BY seq") == before


async def test_nothing_spent_is_said_so(
    tmp_path: Path, environment: Environment, folder: Path, database: Database
) -> None:
    async with open_store(database.url, tmp_path):
        lines = await asyncio.to_thread(costs, Asked(), environment, folder)
    assert lines == ["No model has been asked in that time."]


async def test_the_command_prints_the_table_and_ends_with_0_and_with_2_for_what_is_wrong(
    tmp_path: Path, folder: Path, environment: Environment, database: Database, store: SqlStore
) -> None:
    where = {"TROUPE_DATA_DIR": str(tmp_path), **database.settings}
    code, said = await troupe(tmp_path, "costs", "--by", "model", "--since", "2026-11-20", **where)
    assert code == 0
    assert said.splitlines()[1].split()[0] == MINI
    code, said = await troupe(tmp_path, "costs", "--since", "always", **where)
    assert (code, said.count("\n")) == (2, 1)
    assert "troupe: --since: 'always' is no time" in said


def test_check_tells_whose_prices_are_in_force(tmp_path: Path, folder: Path) -> None:
    own = {"SERVER_PORT": "0", "TROUPE_DATA_DIR": str(tmp_path / "data")}
    assert check([], Environment.of(own), folder) == []
    prices = tmp_path / "prices.json"
    own["MODEL_PRICES"] = str(prices)
    (missing,) = check([], Environment.of(own), folder)
    assert missing.severity == "error"
    prices.write_text('{"prices": {"acme": {"odd": {"prompt": 1}, "even": {"prompt": 2}}}}')
    (note,) = check([], Environment.of(own), folder)
    assert note.severity == "note"
    assert f"MODEL_PRICES, {prices}: sets the prices of 2 models" in str(note)


async def test_a_note_keeps_all_from_being_called_well_no_more_than_nothing(
    tmp_path: Path, folder: Path
) -> None:
    (tmp_path / "prices.json").write_text('{"prices": {}}')
    where = {"TROUPE_DATA_DIR": str(tmp_path / "data"), "MODEL_PRICES": "prices.json"}
    code, said = await troupe(tmp_path, "check", SERVER_PORT="0", **where)
    assert code == 0
    assert said.startswith("note: MODEL_PRICES")
    assert said.endswith("All is well.\n")


def test_where_nobody_has_played_nothing_is_made(tmp_path: Path, folder: Path) -> None:
    data = tmp_path / "data"
    environment = Environment.of({"TROUPE_DATA_DIR": str(data)})
    with pytest.raises(BadInput, match="there is no such database"):
        costs(Asked(), environment, folder)
    assert not data.exists()
    (data / "stage").mkdir(parents=True)
    with pytest.raises(BadInput, match="--stage"):
        costs(Asked(), environment, folder)
    assert list(data.iterdir()) == [data / "stage"]


@pytest.mark.parametrize(
    ("revision", "words"), [("0002", "older than"), ("0999", "newer than"), ("", "holds nothing")]
)
async def test_a_database_of_another_version_is_left_alone(
    tmp_path: Path,
    environment: Environment,
    folder: Path,
    database: Database,
    revision: str,
    words: str,
) -> None:
    async with open_store(database.url, tmp_path):
        pass
    change = f"UPDATE alembic_version SET version_num = '{revision}'"
    database.ask(tmp_path, change if revision else "DELETE FROM alembic_version")
    with pytest.raises(BadInput, match=words):
        await told(environment, folder)


def test_a_file_that_is_no_database_is_told(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "troupe.db").write_text("something else, long enough to be looked at" * 9)
    with pytest.raises(BadInput, match="cannot be read"):
        costs(Asked(), Environment.of({"TROUPE_DATA_DIR": str(tmp_path)}), folder)


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("12h", NOW - timedelta(hours=12)),
        ("2w", NOW - timedelta(days=14)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_span_or_a_day(text: str, begins: datetime) -> None:
    assert since(text, NOW) == begins


def test_what_is_no_time_is_refused_with_an_example() -> None:
    with pytest.raises(BadInput, match="7d, 12h"):
        since("yesterday", NOW)
