"""What is written as being sent is what may be on its way: a crash doubles no more than that."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

from core.messages import Delivery, DeliveryStatus
from core.ports import Limits
from tests.core.flow.test_outbox import make_desk, owed, room, sending
from tests.fakes.clock import settle

TWO = Limits(max_text=100, sends_in_flight=2)


async def test_no_more_rows_are_granted_than_may_be_in_flight() -> None:
    async with sending(make_desk(limits=TWO)) as desk:
        granted = [desk.outbox.grant(room(name), direct=True) for name in "abc"]
        assert granted == [True, True, False]
        desk.outbox.release(room("a"))
        assert desk.outbox.grant(room("c"), direct=True)


async def test_a_place_that_was_given_back_twice_is_still_one() -> None:
    async with sending(make_desk(limits=TWO)) as desk:
        assert desk.outbox.grant(room("a"), direct=True)
        desk.outbox.release(room("a"))
        desk.outbox.release(room("a"))
        granted = [desk.outbox.grant(room(name), direct=True) for name in "abc"]
        assert granted == [True, True, False]


async def test_in_a_crowd_no_more_rows_say_sending_than_may_be_in_flight() -> None:
    desk = make_desk(limits=TWO)
    most = Counter[str]()

    async def look(delivery: Delivery) -> None:
        most["sending"] = max(most["sending"], desk.ledger.statuses().count("sending"))
        await asyncio.sleep(0)

    desk.platform.script.extend([look] * 18)
    async with sending(desk):
        for name in "abcdef":
            granted = desk.outbox.grant(room(name), direct=True)
            status = DeliveryStatus.SENDING if granted else DeliveryStatus.PENDING
            rows = [owed(f"{name}{one}", name) for one in range(3)]
            desk.give(replace(rows[0], status=status), *rows[1:])
        await settle(300)
    assert desk.ledger.statuses() == ["sent"] * 18
    assert most["sending"] == 2
