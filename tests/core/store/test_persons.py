"""What is kept of a person goes as a whole, or into their hands; nobody else's is touched."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from core.messages import (
    DeliveryStatus,
    InboundStatus,
    Kind,
    Outcome,
    Received,
)
from core.ports import Unit
from core.store.engine import SqlStore, open_store
from tests.core.store.people_said import (
    ACCOUNTS,
    KNOWN,
    PEOPLE,
    Events,
    House,
    canaries,
    direct,
    go_on,
    group,
    in_bytes,
    mark,
    person,
    play,
    snapshot,
)
from tests.core.store.rows import ADA, BOB, NOON, delivery, world
from tests.fakes.databases import Database, in_use

ROOT = Path(__file__).resolve().parents[3]

events = st.lists(
    st.tuples(
        st.sampled_from([ADA, BOB]),
        st.sampled_from(PEOPLE),
        st.sampled_from(["direct", "group", "quote", *KNOWN, "cache"]),
    ),
    max_size=25,
)


async def indexed(store: SqlStore) -> None:
    while await store.write(lambda unit: unit.passages.behind(50)):
        pass


@given(events=events, later=events, whom=st.sampled_from(PEOPLE))
@how(max_examples=10, deadline=None)
async def test_all_of_theirs_goes_and_nothing_of_anybody_elses(
    tmp_path_factory: pytest.TempPathFactory, events: Events, later: Events, whom: str
) -> None:
    data = tmp_path_factory.mktemp("forgetting")
    async with open_store(None, data) as store:
        await _forgets(store, data, events, whom, later)
        assert await store.scrub()
        assert not {one for one in in_bytes(data) if one.startswith(mark(whom, ADA))}


async def test_a_server_forgets_as_well(
    store: SqlStore, tmp_path: Path, database: Database
) -> None:
    chance = random.Random(5)
    what = ["direct", "group", "quote", *KNOWN, "cache"]
    events = [
        (chance.choice([ADA, BOB]), chance.choice(PEOPLE), chance.choice(what)) for _ in range(150)
    ]
    await _forgets(store, tmp_path, events[:75], "11", events[75:])
    assert await store.scrub()


async def _forgets(
    store: SqlStore, data: Path, events: Events, whom: str, later: Events | None = None
) -> None:
    theirs = await store.write(lambda unit: play(unit, events, whom))
    traced = await store.read(lambda unit: unit.persons.traced(ADA, person(whom)))
    if later:
        # What is said after the look, and before they are forgotten.
        await store.write(lambda unit: go_on(House(unit, 5_000, 5_000), later, whom))
    await indexed(store)
    kept = await store.read(lambda unit: unit.persons.export(ADA, person(whom)))
    if not later:
        assert canaries(orjson.dumps(kept).decode()) == theirs
    before = snapshot(data)
    spent = await store.read(lambda unit: unit.spendings.total("character"))
    seen = traced if later else None
    await store.write(lambda unit: unit.persons.forget(ADA, person(whom), NOON, seen))
    after = snapshot(data)
    traces = (mark(whom, ADA), person(whom), f"d{whom}-{ADA}")
    for table, rows in after.items():
        assert not [row for row in rows if any(one in row for one in traces)], table
        untouched = [row for row in before[table] if not any(one in row for one in traces)]
        assert set(untouched) <= set(rows), table
    assert await store.read(lambda unit: unit.spendings.total("character")) == spent
    again = await store.write(lambda unit: unit.persons.forget(ADA, person(whom), NOON))
    assert (again.total, again.files) == (0, ())


# --- what is told, and who is meant ----------------------------------------------------------------


async def test_what_is_gone_is_counted_in_peoples_words(store: SqlStore) -> None:
    def put(unit: Unit) -> None:
        events: Events = [(ADA, "11", what) for what in ("direct", "direct", "group", *KNOWN)]
        play(unit, [*events, (ADA, "12", "group")], "11")

    await store.write(put)
    gone = await store.write(lambda unit: unit.persons.forget(ADA, person("11"), NOON))
    assert gone.counts == {
        "messages": 3,
        "answers": 3,
        "facts": 1,
        "documents": 1,
        "relationships": 1,
        "details": 1,
        "settings": 1,
        "tasks": 1,
    }
    assert set(gone.rooms) == {group(ADA).id, direct("11", ADA).id}
    assert len(gone.tasks) == 1


async def test_somebody_is_found_by_name_platform_id_or_entity_id(store: SqlStore) -> None:
    await store.write(lambda unit: play(unit, [], "11"))
    name = mark("11", ADA) + "name"
    for asked in (name, f"@{name.upper()}", person("11")):
        found = await store.read(lambda unit, asked=asked: unit.persons.named(asked))
        assert found == [(ADA, person("11"), name)]
    found = await store.read(lambda unit: unit.persons.named("11"))
    assert [(one[0], one[1]) for one in found] == [(one, person("11", one)) for one in (ADA, BOB)]
    found = await store.read(lambda unit: unit.persons.named("11", BOB))
    assert [one[0] for one in found] == [BOB]
    assert await store.read(lambda unit: unit.persons.named("")) == []


async def test_whose_name_was_never_written_down_is_forgotten_by_the_inbox(
    store: SqlStore, tmp_path: Path, database: Database
) -> None:
    def put(unit: Unit) -> None:
        told = b'{"text": "canary11ada words"}'
        unit.inbox.add([Received(group(ADA).address, "u1", "11", 1, Kind.MESSAGE, told)], NOON)
        unit.rooms.ensure([world()], [group(ADA)])
        unit.inbox.close([1], Outcome(InboundStatus.SILENT, "not"), NOON)

    await store.write(put)
    await store.write(lambda unit: unit.persons.forget(ADA, person("11"), NOON))
    (row,) = in_use.now.ask(tmp_path, "SELECT * FROM inbox")
    assert (row["payload"], row["author"], row["event_key"]) == ("", "", "u1")


async def test_what_is_open_goes_on_and_its_words_go_when_it_is_sent(
    store: SqlStore, tmp_path: Path, database: Database
) -> None:
    def put(unit: Unit) -> int:
        house = House(unit)
        house.furnish(ADA)
        house.says(ADA, "11", direct("11", ADA), "words")
        here = direct("11", ADA).address
        unit.inbox.add([Received(here, "new", "11", 2, Kind.MESSAGE, b'"next"')], NOON)
        (kept,) = unit.deliveries.add([delivery("t9", address=here)], NOON)
        return kept.seq

    seq = await store.write(put)
    await store.write(lambda unit: unit.persons.forget(ADA, person("11"), NOON))
    (open_row,) = await store.read(lambda unit: unit.inbox.waiting(ACCOUNTS[ADA]))
    assert open_row.author == "11"
    (owed,) = await store.read(lambda unit: unit.deliveries.open())
    assert owed.payload == delivery("t9").payload
    await store.write(lambda unit: unit.deliveries.settle(seq, DeliveryStatus.SENT, NOON))
    rows = in_use.now.ask(tmp_path, "SELECT payload FROM deliveries")
    assert {one["payload"] for one in rows} == {""}


# --- with time -------------------------------------------------------------------------------------


async def test_old_talk_goes_step_by_step_and_what_is_known_stays(store: SqlStore) -> None:
    def put(unit: Unit) -> None:
        house = House(unit)
        house.furnish(ADA)
        house.furnish(BOB)
        for number in range(10):
            house.says(ADA, "11", group(ADA), f"words {number}")
            house.says(BOB, "11", group(BOB), f"words {number}")
        for what in ("fact", "document"):
            house.knows(ADA, "11", what, what)

    await store.write(put)
    counted = lambda unit: [  # noqa: E731  (a look that is taken several times)
        unit.memories.count(one, table=table)
        for one in (ADA, BOB)
        for table in ("messages", "facts", "documents", "knowledge")
    ]
    assert await store.read(counted) == [20, 1, 1, 1, 20, 0, 0, 0]
    later = NOON + timedelta(days=1)
    expire = lambda unit: unit.persons.expire(ADA, later, facts=9, limit=15)  # noqa: E731
    assert [await store.write(expire) for _ in range(3)] == [15, 5, 0]
    assert await store.read(counted) == [0, 1, 1, 1, 20, 0, 0, 0]


async def test_of_each_room_the_surest_and_newest_facts_are_kept(store: SqlStore) -> None:
    def put(unit: Unit) -> None:
        house = House(unit)
        house.furnish(ADA)
        sure = [0.9, 0.2, None, 0.9, 0.2]
        unit.memories.add(
            [
                house._memory(
                    ADA,
                    group(ADA),
                    person("11"),
                    f"fact {number}",
                    table="facts",
                    metadata={"confidence": one} if one is not None else {"type": "fact"},
                )
                for number, one in enumerate(sure)
            ]
        )

    await store.write(put)
    long_ago = NOON - timedelta(days=1)
    dropped = await store.write(lambda unit: unit.persons.expire(ADA, long_ago, facts=2))
    kept = await store.read(lambda unit: unit.memories.find(ADA, table="facts"))
    assert dropped == 3
    assert [one.content.text for one in kept] == ["fact 3", "fact 2"]


# --- all or nothing --------------------------------------------------------------------------------

_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from core.store import erasing
from core.store.engine import open_store
from tests.core.store.rows import ADA, NOON
from tests.core.store.people_said import person

data, when = Path(sys.argv[1]), sys.argv[2]

async def main():
    async with open_store(None, data) as store:
        def forget(unit):
            if when == "amid":
                # The statements of one piece after another, and then nobody is there any more.
                erasing._roles = lambda *given: os.kill(os.getpid(), signal.SIGKILL)
            unit.persons.forget(ADA, person("11"), NOON)
            if when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
        await store.write(forget)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.parametrize(("when", "is_gone"), [("amid", False), ("before", False), ("after", True)])
async def test_whoever_is_killed_while_forgetting_has_forgotten_all_or_nothing(
    when: str, is_gone: bool, tmp_path: Path
) -> None:
    events: Events = [(ADA, "11", what) for what in ("direct", "group", *KNOWN)]
    async with open_store(None, tmp_path) as store:
        await store.write(lambda unit: play(unit, events, "11"))
    before = snapshot(tmp_path)
    done = subprocess.run(  # noqa: ASYNC221  (nothing else is to happen meanwhile)
        [sys.executable, "-c", _KILLED, str(tmp_path), when],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == -9, done.stderr.decode()
    async with open_store(None, tmp_path) as store:
        after = snapshot(tmp_path)
        if not is_gone:
            assert after == before
            return
        assert mark("11", ADA) not in str(after)
        assert mark("12", ADA) in str(after)
        # What the killed one owed is made up for by the next.
        assert await store.scrub()
    assert not {one for one in in_bytes(tmp_path) if one.startswith(mark("11", ADA))}
