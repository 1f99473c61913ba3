"""What came in and what goes out: once, in order, and forgotten in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.messages import DeliveryStatus, InboundStatus, Outcome
from core.ports import Unit
from core.store.engine import SqlStore, open_store
from tests.core.store.rows import NOON, ONE, TWO, address, delivery, received
from tests.fakes.databases import Database

WORDS = "a-canary-that-sings"
ANSWERED = Outcome(InboundStatus.ANSWERED, "direct")


async def test_the_second_of_two_alike_is_a_double_whether_it_comes_at_once_or_later(
    store: SqlStore,
) -> None:
    def add(unit: Unit) -> list[int | None]:
        return unit.inbox.add([received("m:7:1"), received("m:7:1"), received("m:7:2")], NOON)

    first, double, other = await store.write(add)
    assert first is not None
    assert other is not None
    assert double is None
    assert await store.write(add) == [None, None, None]
    same_key = received("m:7:1", address(account=TWO))
    assert await store.write(lambda unit: unit.inbox.add([same_key], NOON)) != [None]


async def test_a_double_is_known_after_its_answer_and_until_the_row_is_forgotten(
    store: SqlStore,
) -> None:
    (row,) = await store.write(lambda unit: unit.inbox.add([received("m:7:1")], NOON))
    assert row is not None
    await store.write(lambda unit: unit.inbox.close([row], ANSWERED, NOON))
    again = received("m:7:1")
    assert await store.write(lambda unit: unit.inbox.add([again], NOON)) == [None]
    later = NOON + timedelta(seconds=1)
    assert await store.write(lambda unit: unit.inbox.forget(later)) == 1
    assert await store.write(lambda unit: unit.inbox.add([again], NOON)) != [None]


async def test_waiting_are_the_open_rows_of_one_account_in_the_order_they_came(
    store: SqlStore,
) -> None:
    mine = [received(f"m:7:{n}") for n in (3, 1, 2)]
    theirs = received("m:7:9", address(account=TWO))
    ids = await store.write(lambda unit: unit.inbox.add([*mine, theirs], NOON))
    await store.write(lambda unit: unit.inbox.close([ids[1] or 0], ANSWERED, NOON))
    found = await store.read(lambda unit: unit.inbox.waiting(ONE))
    assert [one.id for one in found] == [ids[0], ids[2]]
    assert {one.address for one in found} == {address()}


async def test_only_open_rows_are_loaded_in_the_order_of_their_ids_and_as_they_came(
    store: SqlStore,
) -> None:
    one, two, three = (
        received(f"m:7:{n}", address(thread="5"), f'{{"text":"né {n}"}}'.encode()) for n in range(3)
    )
    ids = await store.write(lambda unit: unit.inbox.add([one, two, three], NOON))
    first, second, third = (row or 0 for row in ids)
    await store.write(lambda unit: unit.inbox.close([second], ANSWERED, NOON))
    found = await store.read(lambda unit: unit.inbox.load([third, second, first]))
    assert found == [replace(one, id=first), replace(three, id=third)]


async def test_finished_rows_of_both_ledgers_go_after_thirty_days_and_open_ones_stay(
    store: SqlStore,
) -> None:
    def fill(unit: Unit) -> None:
        rows = unit.inbox.add([received(f"m:7:{n}") for n in range(3)], NOON)
        old, young, _ = (row or 0 for row in rows)
        unit.inbox.close([old], ANSWERED, NOON)
        unit.inbox.close([young], ANSWERED, NOON + timedelta(days=1))
        sent, failed, _, _ = unit.deliveries.add([delivery("t1", n) for n in range(4)], NOON)
        unit.deliveries.settle(sent.seq, DeliveryStatus.SENT, NOON, message="11")
        unit.deliveries.settle(failed.seq, DeliveryStatus.FAILED, NOON + timedelta(days=1))

    await store.write(fill)
    before = NOON + timedelta(hours=1)
    assert await store.write(lambda unit: unit.inbox.forget(before)) == 1
    assert await store.write(lambda unit: unit.deliveries.forget(before)) == 1
    ever = NOON + timedelta(days=400)
    assert await store.write(lambda unit: unit.inbox.forget(ever)) == 1
    assert await store.write(lambda unit: unit.deliveries.forget(ever)) == 1
    assert len(await store.read(lambda unit: unit.inbox.waiting(ONE))) == 1
    assert len(await store.read(lambda unit: unit.deliveries.open(ONE))) == 2


async def test_numbers_of_forgotten_rows_are_never_given_again(store: SqlStore) -> None:
    """A turn is named after its row: a reused number would take an old reply for its own."""
    (row,) = await store.write(lambda unit: unit.inbox.add([received("m:7:1")], NOON))
    assert row is not None
    await store.write(lambda unit: unit.inbox.close([row], ANSWERED, NOON))
    await store.write(lambda unit: unit.inbox.forget(NOON + timedelta(days=31)))
    (following,) = await store.write(lambda unit: unit.inbox.add([received("m:7:2")], NOON))
    assert following is not None
    assert following > row


async def test_a_replayed_turn_adds_no_second_reply(store: SqlStore) -> None:
    reply = [delivery("t1", 0), delivery("t1", 1)]
    assert len(await store.write(lambda unit: unit.deliveries.add(reply, NOON))) == 2
    assert await store.write(lambda unit: unit.deliveries.add(reply, NOON)) == []
    longer = [*reply, delivery("t1", 2)]
    (added,) = await store.write(lambda unit: unit.deliveries.add(longer, NOON))
    assert added.ordinal == 2


async def test_open_deliveries_come_back_whole_and_in_order(store: SqlStore) -> None:
    wanted = [
        delivery("t1", 0, direct=True, private=True, payload='{"text":"né"}'.encode()),
        delivery("t1", 1, address=address(thread="5"), target="12", step=3),
        delivery("t2", 0, status=DeliveryStatus.SENDING, attempt=1),
    ]
    stored = await store.write(lambda unit: unit.deliveries.add(wanted, NOON))
    assert [replace(one, seq=0, created_at=0.0) for one in stored] == wanted
    assert {one.created_at for one in stored} == {NOON.timestamp()}
    assert await store.read(lambda unit: unit.deliveries.open(ONE)) == stored
    assert await store.read(lambda unit: unit.deliveries.open(TWO)) == []


async def test_a_delivery_goes_through_its_states(store: SqlStore) -> None:
    (row,) = await store.write(lambda unit: unit.deliveries.add([delivery("t1")], NOON))
    await store.write(lambda unit: unit.deliveries.start([row.seq]))
    (now,) = await store.read(lambda unit: unit.deliveries.open(ONE))
    assert (now.status, now.attempt) == (DeliveryStatus.SENDING, 1)
    later = NOON.timestamp() + 30
    await store.write(
        lambda unit: unit.deliveries.settle(
            row.seq, DeliveryStatus.PENDING, NOON, reason="throttled", not_before=later
        )
    )
    (now,) = await store.read(lambda unit: unit.deliveries.open(ONE))
    assert (now.status, now.not_before) == (DeliveryStatus.PENDING, later)
    await store.write(
        lambda unit: unit.deliveries.settle(row.seq, DeliveryStatus.SENT, NOON, message="11")
    )
    assert await store.read(lambda unit: unit.deliveries.open(ONE)) == []


async def test_private_words_are_kept_only_as_long_as_they_are_needed(
    database: Database, tmp_path: Path
) -> None:
    payload = f'{{"text":"{WORDS}"}}'.encode()

    def words(unit: Unit) -> list[bytes]:
        return [one.payload for one in unit.deliveries.open(ONE)]

    async with open_store(database.url, tmp_path) as store:
        (row,) = await store.write(
            lambda unit: unit.inbox.add([received("m:7:1", payload=payload)], NOON)
        )
        assert row is not None
        said = [delivery("t1", n, private=True, payload=payload) for n in range(2)]
        sent, failed = await store.write(lambda unit: unit.deliveries.add(said, NOON))
        for state in (DeliveryStatus.PENDING, DeliveryStatus.UNCERTAIN):
            await store.write(lambda unit, to=state: unit.deliveries.settle(sent.seq, to, NOON))
            assert await store.read(words) == [payload, payload]  # it has yet to be sent
        await store.write(lambda unit: unit.inbox.close([row], ANSWERED, NOON, private=True))
        await store.write(lambda unit: unit.deliveries.settle(sent.seq, DeliveryStatus.SENT, NOON))
        await store.write(
            lambda unit: unit.deliveries.settle(failed.seq, DeliveryStatus.FAILED, NOON)
        )
        again = received("m:7:1", payload=payload)
        assert await store.write(lambda unit: unit.inbox.add([again], NOON)) == [None]
        assert await store.read(lambda unit: unit.inbox.waiting(ONE)) == []
    rows = database.ask(tmp_path, "SELECT payload FROM inbox")
    rows += database.ask(tmp_path, "SELECT payload FROM deliveries")
    assert [row["payload"] for row in rows] == ["", "", ""]


async def test_words_that_are_not_private_stay_in_their_rows(store: SqlStore) -> None:
    (row,) = await store.write(lambda unit: unit.inbox.add([received("m:7:1")], NOON))
    reopened = Outcome(InboundStatus.NEW, "")
    await store.write(lambda unit: unit.inbox.close([row or 0], ANSWERED, NOON))
    await store.write(lambda unit: unit.inbox.close([row or 0], reopened, NOON))
    (found,) = await store.read(lambda unit: unit.inbox.load([row or 0]))
    assert found.payload == received("m:7:1").payload


@pytest.mark.parametrize("final", [DeliveryStatus.SENT, DeliveryStatus.FAILED])
async def test_what_a_room_is_owed_moves_with_it_and_what_it_had_stays(
    store: SqlStore, final: DeliveryStatus
) -> None:
    rows = [delivery("t1", n) for n in range(2)]
    rows += [delivery("t2", address=address("8")), delivery("t3", address=address("7", TWO))]
    done, *_ = await store.write(lambda unit: unit.deliveries.add(rows, NOON))
    await store.write(lambda unit: unit.deliveries.settle(done.seq, final, NOON))
    assert await store.write(lambda unit: unit.deliveries.move(ONE, "7", "-1007")) == 1
    found = await store.read(lambda unit: unit.deliveries.open())
    assert [(one.address.account, one.address.room) for one in found] == [
        (ONE, "-1007"),
        (ONE, "8"),
        (TWO, "7"),
    ]


async def test_what_a_caller_asked_for_outlives_the_process(store: SqlStore) -> None:
    asked = [
        replace(received(f"m:{number}"), keep=keep)
        for number, keep in enumerate((True, False, None))
    ]
    rows = await store.write(lambda unit: unit.inbox.add(asked, NOON))
    waiting = await store.read(lambda unit: unit.inbox.waiting(ONE))
    loaded = await store.read(lambda unit: unit.inbox.load([row for row in rows if row]))
    assert [one.keep for one in waiting] == [one.keep for one in loaded] == [True, False, None]
