"""One speaks after the other, the one who was named goes on, and a pair of bots has had enough."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from core.flow.floor import Floor, Uttered
from core.ids import Account
from core.messages import Address

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADA, BERT, CLEO = Account("telegram:1"), Account("telegram:2"), Account("telegram:3")


def at(account: Account, room: str = "-1") -> Address:
    return Address("telegram", account, room)


def together(*accounts: Account, room: str = "-1") -> Floor:
    floor = Floor()
    for account in accounts:
        floor.seen(at(account, room))
    return floor


async def test_two_characters_never_think_at_once_in_one_room() -> None:
    floor = together(ADA, BERT)
    order: list[str] = []

    async def speak(account: Account) -> None:
        async with floor.word(at(account)):
            order.append(f"{account} begins")
            await asyncio.sleep(0)
            order.append(f"{account} ends")

    async with asyncio.TaskGroup() as group:
        group.create_task(speak(ADA))
        group.create_task(speak(BERT))
    assert order == [f"{ADA} begins", f"{ADA} ends", f"{BERT} begins", f"{BERT} ends"]


async def test_a_character_alone_waits_for_nobody() -> None:
    floor = together(ADA)
    floor.seen(at(BERT, "another room"))
    async with floor.word(at(ADA)), floor.word(at(ADA)):
        pass


async def test_whoever_waited_sees_what_was_said_meanwhile_and_not_its_own_words() -> None:
    floor = together(ADA, BERT)
    floor.utter(at(ADA), Uttered(ADA, "Ada", "Me first.", NOW))
    floor.utter(at(BERT), Uttered(BERT, "Bert", "And I.", NOW + timedelta(seconds=1)))
    assert [one.text for one in floor.said_since(at(BERT), NOW)] == ["Me first."]
    assert [one.text for one in floor.said_since(at(ADA), NOW)] == ["And I."]
    assert floor.said_since(at(BERT), NOW + timedelta(seconds=1)) == []


def test_the_word_is_given_to_somebody_who_is_there_and_runs_out() -> None:
    floor = together(ADA, BERT)
    floor.give(at(ADA), CLEO, 0.0)
    assert floor.given_to(at(ADA), 1.0) is None
    floor.give(at(ADA), BERT, 0.0)
    assert floor.given_to(at(BERT), 1.0) == BERT
    assert floor.given_to(at(BERT), 121.0) is None
    floor.taken(at(BERT))
    assert floor.given_to(at(BERT), 1.0) is None


def test_g39_a_pair_exchanges_twenty_messages_a_minute_and_is_silent_for_the_next() -> None:
    floor = together(ADA, BERT)
    granted = [floor.may_exchange(at(BERT), "1", 20, second) for second in range(25)]
    assert granted == [True] * 20 + [False] * 5
    assert not floor.may_exchange(at(ADA), "2", 20, 79.0), "both of them are silent"
    assert floor.may_exchange(at(ADA), "2", 20, 80.0)
    assert floor.may_exchange(at(CLEO), "2", 20, 30.0), "another pair is another matter"


def test_slow_talk_is_never_too_much() -> None:
    floor = together(ADA, BERT)
    assert all(floor.may_exchange(at(BERT), "1", 20, 3.1 * one) for one in range(200))


def test_who_has_left_is_not_among_the_others() -> None:
    floor = together(ADA, BERT, CLEO)
    floor.gone(BERT)
    assert floor.others(at(ADA)) == [CLEO]
