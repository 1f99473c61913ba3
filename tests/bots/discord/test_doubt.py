"""A message in doubt is told from what else we and others have said in its room."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bots.discord.doubt import FORGOTTEN, PAGE, arrived, is_doubtful
from core.ids import Account, TurnId
from core.messages import Address, Delivery, DeliveryKind, DeliveryStatus

US, THEM = "1048576000000000000", "7"
NOW = 1_790_000_000.0
AGE = 600.0
ROW = Delivery(
    address=Address("discord", Account(f"discord:{US}"), "55"),
    kind=DeliveryKind.SEND,
    payload=b"{}",
    nonce="ABC",
    turn=TurnId("turn"),
    created_at=NOW - AGE,
    status=DeliveryStatus.UNCERTAIN,
)


def said(content: str, ago: float, by: str = US, **more: Any) -> dict[str, Any]:
    number = int((NOW - ago - 1_420_070_400.0) * 1000) << 22
    return {"id": str(number), "content": content, "author": {"id": by}, "type": 0, **more}


class Room:
    """Gives its messages as Discord does, and counts how often it was asked."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.newest_first = sorted(messages, key=lambda one: -int(one["id"]))
        self.asked = 0

    async def __call__(self, before: int | None) -> list[dict[str, Any]]:
        self.asked += 1
        older = [one for one in self.newest_first if before is None or int(one["id"]) < before]
        return older[:PAGE]


async def found(
    room: Room, content: str, *, reference: str | None = None, row: Delivery = ROW
) -> str | None:
    it = await arrived(row, {"content": content, "reference": reference}, US, room)
    return it["content"] if it else None


def test_only_what_is_in_doubt_for_longer_than_a_nonce_lives_is_looked_up() -> None:
    assert is_doubtful(ROW, NOW)
    assert not is_doubtful(ROW, NOW - AGE + FORGOTTEN)
    assert not is_doubtful(replace(ROW, status=DeliveryStatus.SENDING), NOW)


async def test_what_arrived_is_found_behind_what_others_have_said_since() -> None:
    others = [said("blah", 590 - number, THEM) for number in range(150)]
    room = Room(said("Hello", 599), *others)
    assert await found(room, "Hello") == "Hello"
    assert room.asked == 2


async def test_the_same_words_said_before_are_another_message() -> None:
    assert await found(Room(said("Hello", AGE + 60)), "Hello") is None


async def test_only_the_last_thing_that_we_said_can_be_it() -> None:
    assert await found(Room(said("Hello", 590), said("Bye", 580)), "Hello") is None
    assert await found(Room(said("Hello", 590, THEM)), "Hello") is None


async def test_an_answer_is_known_by_what_it_answers() -> None:
    room = Room(said("A beginning", 590, message_reference={"message_id": "9"}))
    assert await found(room, "Something else", reference="9") == "A beginning"
    assert await found(room, "A beginning", reference="8") is None
    assert await found(room, "A beginning") is None


async def test_a_beginning_is_known_by_its_words_where_nothing_is_answered() -> None:
    room = Room(said("Once upon", 590))
    assert await found(room, "Once upon a time") == "Once upon"
    assert await found(room, "Once upon a time", row=replace(ROW, ordinal=1)) is None


async def test_what_discord_says_in_our_name_is_passed_over() -> None:
    pin = said("", 580, type=6, message_reference={"message_id": "9"})
    assert await found(Room(said("Hello", 590), pin), "Hello", reference="9") == "Hello"


async def test_a_talkative_room_is_not_read_for_ever() -> None:
    others = [said("blah", 590 - number / 10, THEM) for number in range(3000)]
    room = Room(said("Hello", 599), *others)
    assert await found(room, "Hello") is None
    assert room.asked == 5
