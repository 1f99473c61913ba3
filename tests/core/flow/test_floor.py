"""One speaks after the other, the one who was named goes on, and a pair of bots has had enough."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from core.flow.floor import Floor, Uttered
from core.ids import Account
from core.messages import Address, ChannelType, Place

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PLACE = Place(ChannelType.GROUP, "The Commons")
ADA, BERT, CLEO = Account("telegram:1"), Account("telegram:2"), Account("telegram:3")

WITHOUT_A_WAIT = 2.0
"""Seconds; whoever waits for another's word takes it over only after ten."""


def at(account: Account, room: str = "-1") -> Address:
    return Address("telegram", account, room)


def together(*accounts: Account, room: str = "-1", wait: float = 10.0) -> Floor:
    floor = Floor(wait=wait)
    for account in accounts:
        floor.seen(at(account, room), PLACE)
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


async def test_in_another_room_nobody_waits_for_them() -> None:
    floor = together(ADA, BERT)
    floor.seen(at(BERT, "another room"), PLACE)
    async with asyncio.timeout(WITHOUT_A_WAIT):
        async with floor.word(at(ADA)), floor.word(at(BERT, "another room")):
            pass


async def test_where_nobody_of_ours_is_known_there_is_nothing_to_wait_for() -> None:
    floor = Floor()
    async with asyncio.timeout(WITHOUT_A_WAIT):
        async with floor.word(at(ADA)), floor.word(at(ADA)):
            pass


async def test_one_who_thinks_for_too_long_loses_the_word_once_for_everybody() -> None:
    floor = together(ADA, BERT, CLEO, wait=0.05)
    never, spoken = asyncio.Event(), list[Account]()
    both = asyncio.Event()

    async def ill() -> None:
        async with floor.word(at(ADA)):
            await never.wait()

    async def speak(account: Account) -> None:
        async with floor.word(at(account)):
            spoken.append(account)
            assert len(spoken) < 2 or both.is_set(), "they still wait for each other"
            await asyncio.sleep(0)
            both.set()

    async with asyncio.TaskGroup() as group:
        ada = group.create_task(ill())
        await asyncio.sleep(0)
        async with asyncio.TaskGroup() as others:
            others.create_task(speak(BERT))
            others.create_task(speak(CLEO))
        assert spoken == [BERT, CLEO]
        async with floor.word(at(BERT)):  # whoever is ill is not waited for a second time
            never.set()
            await ada
            assert not ada.cancelled()


async def test_one_who_gets_the_word_after_a_while_has_all_its_time() -> None:
    floor = together(ADA, BERT, CLEO, wait=0.2)
    thinking: list[Account] = []

    async def think(account: Account) -> None:
        async with floor.word(at(account)):
            thinking.append(account)
            assert len(thinking) == 1
            await asyncio.sleep(0.12)
            thinking.remove(account)

    async with asyncio.TaskGroup() as group:
        for account in (ADA, BERT, CLEO):
            group.create_task(think(account))


def said(account: Account, name: str, text: str, seconds: float = 0.0) -> Uttered:
    return Uttered(account, name, text, NOW + timedelta(seconds=seconds), f"{name} {seconds}")


def test_whoever_waited_sees_what_was_said_meanwhile_and_not_its_own_words() -> None:
    floor = together(ADA, BERT)
    floor.utter(at(ADA), said(ADA, "Ada", "Me first."))
    floor.utter(at(BERT), said(BERT, "Bert", "And I.", 1))
    assert [one.text for one in floor.unheard(at(BERT), NOW)] == ["Me first."]
    assert [one.text for one in floor.unheard(at(ADA), NOW)] == ["And I."]
    assert floor.unheard(at(BERT), NOW + timedelta(seconds=90)) == [], "that is old"


def test_what_was_heard_is_not_seen_a_second_time_however_the_platform_shows_it() -> None:
    floor = together(ADA, BERT, CLEO)
    floor.utter(at(ADA), said(ADA, "Ada", "**Seven**, I think.\n\nOr *eleven*."))
    floor.utter(at(ADA), said(ADA, "Ada", "No: nine.", 1))
    floor.heard(at(BERT), "1", "Seven, I think.")
    assert [one.text for one in floor.unheard(at(BERT), NOW)] == ["No: nine."]
    assert len(floor.unheard(at(CLEO), NOW)) == 2
    floor.forget(at(ADA), "Ada 1")
    assert floor.unheard(at(BERT), NOW) == []


def test_one_who_comes_later_has_missed_the_last_line() -> None:
    floor = together(ADA)
    floor.utter(at(ADA), said(ADA, "Ada", "Nobody hears me."))
    floor.utter(at(ADA), said(ADA, "Ada", "Or do they?", 1))
    assert floor.seen(at(BERT), PLACE)
    assert not floor.seen(at(BERT), PLACE)
    assert [one.text for one in floor.unheard(at(BERT), NOW)] == ["Or do they?"]


def test_the_word_is_given_to_somebody_who_is_there_and_runs_out() -> None:
    floor = together(ADA, BERT)
    floor.give(at(ADA), CLEO, 0.0, NOW)
    assert floor.given_to(at(ADA), 1.0) is None
    floor.give(at(ADA), BERT, 0.0, NOW)
    assert floor.given_to(at(BERT), 1.0) == BERT
    assert floor.given_to(at(BERT), 121.0) is None
    floor.taken(at(BERT))
    assert floor.given_to(at(BERT), 1.0) is None


def test_a_time_in_whole_seconds_is_not_before_what_came_earlier_in_that_second() -> None:
    """As Telegram tells times."""
    floor = together(ADA, BERT)
    floor.give(at(ADA), BERT, 0.0, NOW.replace(microsecond=400_000))
    floor.taken(at(BERT), NOW)
    assert floor.given_to(at(BERT), 1.0) is None


def test_what_a_person_said_before_the_word_was_given_takes_it_from_nobody() -> None:
    """Each bot hears of it in its own time, and one may hear only when it was answered."""
    floor = together(ADA, BERT)
    floor.give(at(ADA), BERT, 0.0, NOW)
    floor.taken(at(BERT), NOW - timedelta(seconds=1))
    assert floor.given_to(at(BERT), 1.0) == BERT
    floor.taken(at(BERT), NOW + timedelta(seconds=1))
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
    floor.left(at(BERT))
    assert floor.others(at(ADA)) == [CLEO]


async def test_nobody_takes_the_word_from_somebody_who_is_being_heard() -> None:
    floor = together(ADA, BERT, wait=0.1)
    order: list[str] = []
    speaks = asyncio.Event()

    async def ada() -> None:
        async with floor.word(at(ADA), aloud=True):
            speaks.set()
            for _ in range(10):
                await asyncio.sleep(0.03)
                floor.speaks(at(ADA))
            order.append("Ada ends")

    async def bert() -> None:
        await speaks.wait()
        async with floor.word(at(BERT), aloud=True):
            order.append("Bert begins")

    async with asyncio.TaskGroup() as group:
        group.create_task(ada())
        group.create_task(bert())
    assert order == ["Ada ends", "Bert begins"]


async def test_whoever_writes_does_not_wait_for_whoever_is_heard() -> None:
    floor = together(ADA, BERT, wait=5.0)
    async with asyncio.timeout(1), floor.word(at(ADA), aloud=True), floor.word(at(BERT)):
        floor.speaks(at(ADA))
