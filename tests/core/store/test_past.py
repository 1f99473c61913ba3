"""A turn that is over is found by what was said to it, by what it said, and as the last of its room."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.ids import TurnId
from core.kept import Spending
from core.messages import DeliveryStatus, InboundStatus, Kind, Outcome
from core.ports import Unit, message_key
from core.store.engine import SqlStore
from tests.core.store.rows import ADA, BOB, NOON, ONE, TWO, address, delivery, received

SECOND = timedelta(seconds=1)
SAID = (Kind.MESSAGE,)
ANSWERED = Outcome(InboundStatus.ANSWERED, "direct")


async def test_what_was_said_leads_to_how_it_ended_on_its_account_alone(store: SqlStore) -> None:
    def put(unit: Unit) -> None:
        mine, theirs = received("m:7:1"), received("m:7:1", address(account=TWO))
        first, _ = unit.inbox.add([mine, theirs], NOON)
        unit.inbox.close([first or 0], ANSWERED, NOON + SECOND)

    await store.write(put)
    found = await store.read(lambda unit: unit.past.named(ONE, message_key("7", "1")))
    assert found is not None
    assert (found.status, found.rule, found.author) == (InboundStatus.ANSWERED, "direct", "bob")
    assert (found.received_at, found.closed_at) == (NOON, NOON + SECOND)
    assert await store.read(lambda unit: unit.past.row(found.id)) == found
    other = await store.read(lambda unit: unit.past.named(TWO, "m:7:1"))
    assert other is not None
    assert (other.status, other.closed_at) == (InboundStatus.NEW, None)
    assert await store.read(lambda unit: unit.past.named(ONE, "m:7:2")) is None


async def test_the_last_of_a_room_is_the_one_that_ended_last_of_its_kind_and_author(
    store: SqlStore,
) -> None:
    bob, kim = received("a"), replace(received("b"), author="kim")
    command = replace(received("c"), kind=Kind.COMMAND)
    elsewhere, topic = received("d", address("8")), received("e", address(thread="5"))
    still_open = received("f")

    def put(unit: Unit) -> list[int | None]:
        rows = [bob, kim, command, elsewhere, topic, still_open]
        ids = unit.inbox.add(rows, NOON)
        for at, row in enumerate(ids[:5]):
            unit.inbox.close([row or 0], ANSWERED, NOON + at * SECOND)
        return ids

    first, second, third, _, fifth, _ = await store.write(put)

    def look(unit: Unit) -> list[int | None]:
        past = unit.past
        found = (
            past.last(address(), SAID),
            past.last(address(), SAID, author="bob"),
            past.last(address(), [Kind.MESSAGE, Kind.COMMAND]),
            past.last(address(thread="5"), SAID),
            past.last(address("9"), SAID),
        )
        return [one.id if one else None for one in found]

    assert await store.read(look) == [second, first, third, fifth, None]


async def test_a_message_of_ours_leads_to_its_turn_and_all_that_it_has_said(
    store: SqlStore,
) -> None:
    def put(unit: Unit) -> None:
        rows = [delivery("t1", 1), delivery("t1"), delivery("t2", address=address("8"))]
        for row, message in zip(unit.deliveries.add(rows, NOON), ("12", "11", "11"), strict=True):
            unit.deliveries.start([row.seq])
            unit.deliveries.settle(row.seq, DeliveryStatus.SENT, NOON + SECOND, message=message)

    await store.write(put)
    found = await store.read(lambda unit: unit.past.told(ONE, "7", "11"))
    assert found is not None
    assert (found.turn, found.attempt, found.settled_at) == ("t1", 1, NOON + SECOND)
    sent = await store.read(lambda unit: unit.past.sent(TurnId("t1")))
    assert [one.ordinal for one in sent] == [0, 1]
    assert await store.read(lambda unit: unit.past.told(TWO, "7", "11")) is None
    assert await store.read(lambda unit: unit.past.told(ONE, "7", "13")) is None


async def test_what_a_turn_has_cost_is_summed_by_model_within_its_time(store: SqlStore) -> None:
    turn = TurnId("t1")
    known = Spending(ADA, "small", "TEXT_SMALL", 100, 10, 50, cost=0.25, turn=turn)
    spent = [
        known,
        replace(known, cost=None),
        replace(known, model="vast", cost=2.0),
        replace(known, character=BOB),
        replace(known, turn=TurnId("t2")),
        replace(known, at=NOON + 10 * SECOND),
    ]
    await store.write(lambda unit: unit.spendings.add(spent, NOON))
    found = await store.read(lambda unit: unit.past.spent(ADA, turn, NOON, NOON + SECOND))
    assert [(one.model, calls, unpriced) for one, calls, unpriced in found] == [
        ("vast", 1, 0),
        ("small", 2, 1),
    ]
    assert (found[1][0].prompt_tokens, found[1][0].cost) == (200, 0.25)
