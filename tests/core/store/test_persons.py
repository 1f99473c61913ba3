"""What is kept of a person goes as a whole, or into their hands; nobody else's is touched."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from core.ids import Account, CharacterId, EntityId, MemoryId, TurnId, turn_of, unique_uuid
from core.kept import Component, Relationship, Spending, Step, StepStatus, Task
from core.messages import (
    Address,
    ChannelType,
    Content,
    DeliveryStatus,
    Entity,
    InboundStatus,
    Kind,
    Memory,
    Outcome,
    Received,
    Room,
)
from core.ports import Unit
from core.store.engine import SqlStore, open_store
from tests.core.store.rows import ADA, BOB, NOON, delivery, room, world
from tests.fakes.databases import Database, in_use

ROOT = Path(__file__).resolve().parents[3]
PEOPLE = ("11", "12", "13")
ACCOUNTS = {ADA: Account("telegram:1"), BOB: Account("telegram:2")}
SHARED = "-5"
_CANARY = re.compile(r"canary[0-9a-z]+")


def person(number: str, character: CharacterId = ADA) -> EntityId:
    return EntityId(unique_uuid(character, f"{ACCOUNTS[character]}:{number}"))


def mark(whose: str, character: CharacterId) -> str:
    """How every canary of somebody's begins."""
    return f"canary{whose}{character}n"


def direct(number: str, character: CharacterId) -> Room:
    where = Address("telegram", ACCOUNTS[character], number)
    return replace(
        room(f"d{number}", character, where),
        world=world(character, f"d{number}").id,
        name=mark(number, character) + "room",
    )


def group(character: CharacterId) -> Room:
    where = Address("telegram", ACCOUNTS[character], SHARED)
    return replace(room("g", character, where), channel=ChannelType.GROUP, name="Friends")


@dataclass
class House:
    """Writes down what a gateway would, each piece with a canary that says whose it is."""

    unit: Unit
    number: int = 0
    inbox: int = 100
    messages: dict[tuple[CharacterId, str], list[MemoryId]] = field(default_factory=dict)

    def canary(self, character: CharacterId, whose: str) -> str:
        self.number += 1
        return f"{mark(whose, character)}{self.number}"

    def furnish(self, character: CharacterId) -> None:
        rooms = [group(character), *(direct(one, character) for one in PEOPLE)]
        worlds = [world(character), *(world(character, f"d{one}") for one in PEOPLE)]
        worlds[0] = replace(
            worlds[0],
            metadata={
                "roles": {person(one, character): "ADMIN" for one in PEOPLE},
                "ownership": {"ownerId": person(PEOPLE[0], character)},
            },
        )
        self.unit.rooms.ensure(worlds, rooms)
        for one in PEOPLE:
            name = mark(one, character) + "name"
            self.unit.people.meet(
                [
                    Entity(
                        person(one, character),
                        character,
                        (name,),
                        {"telegram": {"id": one, "name": name, "userName": ""}, "isBot": False},
                    )
                ]
            )
            for here in (group(character), direct(one, character)):
                them = [person(one, character), EntityId(character)]
                self.unit.people.join(character, here.id, them)

    def says(self, character: CharacterId, who: str, here: Room, words: str) -> TurnId:
        """With its inbox row, the answer, and what was sent."""
        self.inbox += 1
        memory = self._memory(character, here, person(who, character), words)
        self.messages.setdefault((character, who), []).append(memory.id)
        told = orjson.dumps(
            {"from": {"id": int(who), "name": mark(who, character) + "name"}, "t": words}
        )
        row = Received(here.address, f"u{self.inbox}", who, 1, Kind.MESSAGE, told, id=self.inbox)
        self.unit.inbox.add([row], NOON)
        turn = turn_of(self.inbox)
        answer = self._memory(
            character, here, EntityId(character), f"yes, {words}", in_reply_to=memory.id
        )
        sent = delivery(turn, address=here.address, payload=orjson.dumps({"text": f"yes, {words}"}))
        self.unit.memories.add([memory, answer])
        (kept,) = self.unit.deliveries.add([sent], NOON)
        self.unit.deliveries.settle(kept.seq, DeliveryStatus.SENT, NOON)
        step = Step(turn, 0, "REPLY", StepStatus.STARTED, {"text": words})
        self.unit.steps.begin(step, NOON)
        self.unit.steps.end(turn, 0, StepStatus.DONE, {"text": words}, NOON)
        self.unit.inbox.close([self.inbox], Outcome(InboundStatus.ANSWERED, "direct"), NOON)
        spent = Spending(character, "m", "TEXT_LARGE", 10, 5, cost=0.5, turn=turn, room=here.id)
        self.unit.spendings.add([replace(spent, entity=person(who, character))], NOON)
        return turn

    def quotes(self, character: CharacterId, who: str, whom: str, words: str) -> None:
        """Somebody answers to a person, whose words the platform repeats; nobody answers."""
        self.inbox += 1
        told = {
            "from": {"id": int(who), "name": mark(who, character) + "name"},
            "reply_to": {"from": {"id": int(whom)}, "text": words},
        }
        here = group(character).address
        row = Received(
            here, f"u{self.inbox}", who, 1, Kind.MESSAGE, orjson.dumps(told), id=self.inbox
        )
        self.unit.inbox.add([row], NOON)
        self.unit.inbox.close([self.inbox], Outcome(InboundStatus.SILENT, "not"), NOON)

    def knows(self, character: CharacterId, who: str, what: str, words: str) -> None:
        unit, them, here = self.unit, person(who, character), group(character)
        match what:
            case "fact":
                about = {"type": "fact", "about": them}
                unit.memories.add(
                    [self._memory(character, here, them, words, table="facts", metadata=about)]
                )
            case "document":
                whole = self._memory(
                    character,
                    here,
                    EntityId(character),
                    words,
                    table="documents",
                    metadata={"sentBy": them},
                )
                piece = self._memory(
                    character,
                    here,
                    EntityId(character),
                    words,
                    table="knowledge",
                    metadata={"documentId": whole.id},
                )
                unit.memories.add([whole, piece])
            case "bond":
                tags = frozenset({words})
                unit.bonds.put_relationship(
                    Relationship(words, character, them, EntityId(character), tags)
                )
            case "detail":
                unit.bonds.put_component(Component(words, them, character, "mood", {"is": words}))
            case "setting":
                unit.notes.put(them, "OPENAI_SMALL_MODEL", words)
            case "task":
                unit.tasks.put(Task(words, character, "REMIND", words, entity=them))
            case "cache":
                unit.cache.put(character, f"seen:{them}", {"words": words})

    def _memory(
        self,
        character: CharacterId,
        here: Room,
        author: EntityId,
        text: str,
        *,
        table: str = "messages",
        in_reply_to: MemoryId | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> Memory:
        self.number += 1
        return Memory(
            id=MemoryId(f"m{self.number}"),
            character=character,
            room=here.id,
            author=author,
            content=Content(text=text, in_reply_to=in_reply_to),
            created_at=NOON + timedelta(seconds=self.number),
            world=here.world,
            table=table,
            metadata=metadata or {"type": "message"},
        )


KNOWN = ("fact", "document", "bond", "detail", "setting", "task")
TABLES = (
    "memories", "inbox", "deliveries", "entities", "participants", "rooms", "worlds", "settings",
    "tasks", "components", "relationships", "spendings", "steps", "cache", "passages",
)  # fmt: skip


def canaries(text: str) -> set[str]:
    return set(_CANARY.findall(text))


def snapshot(data: Path) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    return {
        table: [str(sorted(row.items())) for row in in_use.now.ask(data, f"SELECT * FROM {table}")]
        for table in TABLES
    }


events = st.lists(
    st.tuples(
        st.sampled_from([ADA, BOB]),
        st.sampled_from(PEOPLE),
        st.sampled_from(["direct", "group", "quote", *KNOWN, "cache"]),
    ),
    max_size=25,
)
Events = list[tuple[CharacterId, str, str]]


def play(unit: Unit, events: Events, whom: str) -> set[str]:
    """Everything happens; what of it a person must get who asks for what is kept of them."""
    house = House(unit)
    for character in (ADA, BOB):
        house.furnish(character)
    return {mark(whom, ADA) + "name"} | go_on(house, events, whom)


def go_on(house: House, events: Events, whom: str) -> set[str]:
    theirs, last = set[str](), dict[str, str]()
    for character, who, what in events:
        words = house.canary(character, who)
        if what == "direct":
            house.says(character, who, direct(who, character), words)
        elif what == "group":
            house.says(character, who, group(character), words)
        elif what == "quote":
            other = next(one for one in PEOPLE if one != who)
            house.quotes(character, other, who, words)
        else:
            house.knows(character, who, what, words)
        if (character, who) != (ADA, whom) or what in ("quote", "cache"):
            continue
        if what in ("setting", "bond"):
            last[what] = words  # it takes the place of an earlier one
        else:
            theirs.add(words)
    return theirs | set(last.values())


async def indexed(store: SqlStore) -> None:
    while await store.write(lambda unit: unit.passages.behind(50)):
        pass


@given(events=events, later=events, whom=st.sampled_from(PEOPLE))
@how(max_examples=20, deadline=None)
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


def in_bytes(data: Path) -> set[str]:
    """What can be read in the file and beside it."""
    found = [path.read_bytes().decode("latin-1") for path in data.glob("troupe.db*")]
    return {one for part in found for one in canaries(part)}


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
from tests.core.store.test_persons import person

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
