"""A place in flight goes from one room to the next in the commit that ends the first."""

from __future__ import annotations

import asyncio

from core.errors import SendDelayed
from core.flow.pace import Rate
from core.messages import Delivery, DeliveryStatus
from core.ports import Limits
from tests.core.flow.test_outbox import make_desk, owed, room, sending
from tests.fakes.clock import settle

ONE_PLACE = Limits(max_text=100, sends_in_flight=1)


async def test_who_waits_for_a_place_is_marked_in_the_commit_that_frees_it() -> None:
    desk = make_desk(limits=ONE_PLACE)

    async def slow(delivery: Delivery) -> None:
        await settle()  # the others come to stand in line

    desk.platform.script.extend([slow] * 4)
    async with sending(desk):
        desk.give(*(owed(name, name) for name in "abcd"))
        await settle(400)
    assert desk.texts == ["a", "b", "c", "d"]
    assert desk.ledger.statuses() == ["sent"] * 4
    assert desk.ledger.commits == 5  # the first is marked alone


async def test_a_row_is_marked_before_its_room_gets_the_place() -> None:
    desk = make_desk(limits=ONE_PLACE)
    seen: list[DeliveryStatus] = []

    async def look(delivery: Delivery) -> None:
        await settle()
        seen.append(desk.ledger.rows[delivery.seq].status)

    desk.platform.script.extend([look] * 3)
    async with sending(desk):
        desk.give(*(owed(name, name) for name in "abc"))
        await settle(100)
    assert seen == [DeliveryStatus.SENDING] * 3


async def test_a_place_is_not_lost_when_a_send_has_to_be_repeated() -> None:
    desk = make_desk(limits=ONE_PLACE)
    desk.platform.script.append(SendDelayed("unreachable"))
    async with sending(desk):
        desk.give(owed("a", "a"), owed("b", "b"))
        await settle(100)
        assert desk.texts == ["b"]
        await desk.clock.advance(5)
        await settle(100)
        assert desk.texts == ["b", "a"]
        assert desk.outbox.grant(room("c"), direct=True)


async def test_a_room_that_must_wait_for_the_pace_is_not_marked_early() -> None:
    async with sending(make_desk(limits=ONE_PLACE, rate=Rate(1, 1.0))) as desk:
        desk.give(owed("a", "a"), owed("b", "b"))
        await settle(100)
        assert desk.ledger.statuses() == ["sent", "pending"]
        await desk.clock.advance(1.1)
        await settle(100)
        assert desk.ledger.statuses() == ["sent", "sent"]


async def test_when_the_link_goes_down_between_two_rooms_both_are_sent_by_the_next() -> None:
    desk = make_desk(limits=ONE_PLACE)
    ends = asyncio.Event()

    async def last(delivery: Delivery) -> None:
        ends.set()
        await asyncio.Event().wait()

    desk.platform.script.append(last)
    async with sending(desk):
        desk.give(owed("a", "a"), owed("b", "b"))
        await ends.wait()
    async with sending(desk):
        await settle(200)
        await desk.clock.advance(10)
        await settle(200)
    assert sorted(set(desk.texts)) == ["a", "b"]
    assert desk.ledger.statuses() == ["sent"] * 2
