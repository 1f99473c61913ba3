"""A conversation of 2,000 messages between March and November, put together from what is written in
`told` and `chatter`: the same one every time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from core.ids import Account, CharacterId, EntityId, MemoryId, RoomId, WorldId
from core.messages import Address, ChannelType, Content, Entity, Memory, Room, World
from core.ports import Unit
from tests.recall import chatter, told

LENGTH = 2_000
BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
ENDED = datetime(2026, 11, 20, 22, tzinfo=UTC)
PEOPLE = ("Robin", "Kim", "Lee", "Noor", "Tomas")
SEED = 20261121


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    answer: MemoryId
    same_words: bool


def questions() -> list[Question]:
    return [*_asked(told.SAME, same_words=True), *_asked(told.OTHER, same_words=False)]


def held_questions() -> list[Question]:
    """Those that no choice of ours has seen."""
    return _asked(told.HELD, same_words=False)


def _asked(asked: str, *, same_words: bool) -> list[Question]:
    return [Question(text, answer_id(number), same_words) for number, text in told.asked(asked)]


def answer_id(number: int) -> MemoryId:
    return MemoryId(f"told-{number}")


def place(character: CharacterId) -> tuple[World, Room]:
    world = World(WorldId(f"friends-{character}"), character, "Friends", "-100")
    where = Address("telegram", Account("telegram:1"), "-100")
    name = RoomId(f"friends-{character}")
    return world, Room(name, character, world.id, where, ChannelType.GROUP, "Friends", "telegram")


def conversation(character: CharacterId, name: str = "Ada") -> list[Memory]:
    """Oldest first."""
    random = Random(SEED)
    needles = [(who, text, answer_id(number)) for number, who, text in told.told()]
    near = [(who, text, MemoryId(f"near-{at}")) for at, (who, text) in enumerate(told.near())]
    hay = LENGTH - len(needles) - len(near)
    said = [*needles, *near, *_chatter(random, hay, name)]
    random.shuffle(said)
    _, room = place(character)
    moments = sorted(random.uniform(0, 1) for _ in said)
    return [
        Memory(
            id=id,
            character=character,
            room=room.id,
            author=EntityId(character if who == name else f"{who}-{character}"),
            content=Content(text),
            created_at=BEGAN + timedelta(seconds=int((ENDED - BEGAN).total_seconds() * at)),
            world=room.world,
            metadata={"type": "message", "entityName": who},
        )
        for (who, text, id), at in zip(said, moments, strict=True)
    ]


def furnish(unit: Unit, character: CharacterId) -> None:
    world, room = place(character)
    unit.rooms.ensure([world], [room])
    people = [Entity(EntityId(f"{who}-{character}"), character, (who,)) for who in PEOPLE]
    unit.people.meet(people)
    unit.people.join(character, room.id, [one.id for one in people])
    unit.memories.add(conversation(character))


def _chatter(random: Random, count: int, name: str) -> list[tuple[str, str, MemoryId]]:
    said: dict[str, str] = {}
    while len(said) < count:
        ours = random.random() < 0.12
        text = _filled(random, random.choice(chatter.answers() if ours else chatter.sayings()))
        if not ours and random.random() < 0.45:
            text = f"{random.choice(chatter.BEFORE)} {text}"
        if not ours and random.random() < 0.45:
            text = f"{text}, {random.choice(chatter.AFTER)}"
        if ours and text in said:
            continue
        said.setdefault(text, name if ours else random.choice(PEOPLE))
    return [(who, text, MemoryId(f"hay-{at}")) for at, (text, who) in enumerate(said.items())]


def _filled(random: Random, text: str) -> str:
    for slot, words in chatter.SLOTS.items():
        while f"{{{slot}}}" in text:
            text = text.replace(f"{{{slot}}}", random.choice(words), 1)
    return text
