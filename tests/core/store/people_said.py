"""What a gateway would write down of several people, each piece with a canary that says whose it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

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
from tests.core.store.rows import ADA, BOB, NOON, delivery, room, world
from tests.fakes.databases import in_use

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


def in_bytes(data: Path) -> set[str]:
    """What can be read in the file and beside it."""
    found = [path.read_bytes().decode("latin-1") for path in data.glob("troupe.db*")]
    return {one for part in found for one in canaries(part)}
