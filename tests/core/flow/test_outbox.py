"""What is owed is sent: in order, at the pace, once, and nothing of it is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import cast

import pytest

from core.errors import (
    LinkRejected,
    Moved,
    SendDelayed,
    SendUncertain,
    Throttled,
    Unsendable,
)
from core.flow.outbox import Outbox
from core.flow.pace import Pace, Rate
from core.ids import Account, TurnId
from core.messages import Address, Delivery, DeliveryKind, DeliveryStatus, Live
from core.ports import Limits, Store
from tests.fakes.clock import FakeClock, settle
from tests.fakes.ledger import FakeLedger
from tests.fakes.platform import FakePlatform

ONE = Account("telegram:1")


def room(name: str = "a") -> Address:
    return Address("telegram", ONE, name)


def owed(text: str = "hello", where: str = "a", **changes: object) -> Delivery:
    plain = Delivery(
        address=room(where),
        kind=DeliveryKind.SEND,
        payload=text.encode(),
        nonce=text,
        turn=TurnId(text),
        direct=True,
        created_at=FakeClock().now().timestamp(),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # named by the tests below


@dataclass
class Desk:
    outbox: Outbox
    ledger: FakeLedger
    clock: FakeClock
    platform: FakePlatform
    settled: list[DeliveryStatus] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [one.payload.decode() for one in self.platform.sent]

    def give(self, *deliveries: Delivery) -> None:
        self.outbox.accept(self.ledger.put(*deliveries))


def make_desk(
    *, rate: Rate | None = None, limits: Limits | None = None, repeats: bool = True
) -> Desk:
    clock, ledger, settled = FakeClock(), FakeLedger(), list[DeliveryStatus]()
    free = Rate(0, 1.0)
    platform = FakePlatform(ONE, limits=limits)
    outbox = Outbox(
        ONE,
        cast(Store, ledger),
        clock,
        Pace(rate or free, free, free, clock.monotonic),
        platform.limits,
        repeats_uncertain=lambda: repeats,
        settled=lambda delivery, status, message: settled.append(status),
    )
    return Desk(outbox, ledger, clock, platform, settled)


@asynccontextmanager
async def sending(desk: Desk) -> AsyncIterator[Desk]:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(desk.outbox.run(desk.platform))
        await settle()
        yield desk
        running.cancel()


async def test_what_is_accepted_is_sent_and_written_down_with_its_message() -> None:
    async with sending(make_desk()) as desk:
        desk.give(owed())
        await settle()
    assert desk.texts == ["hello"]
    assert desk.ledger.statuses() == ["sent"]
    assert desk.ledger.messages == {1: "message 1"}
    assert desk.settled == [DeliveryStatus.SENT]
    assert desk.outbox.owed == 0


async def test_a_row_is_marked_before_it_is_sent() -> None:
    async with sending(make_desk()) as desk:
        seen: list[str] = []

        async def look(delivery: Delivery) -> None:
            seen.append(desk.ledger.rows[delivery.seq].status.value)

        desk.platform.script.append(look)
        desk.give(owed())
        await settle()
    assert seen == ["sending"]


async def test_before_a_link_is_made_anew_what_was_asked_is_answered_and_nothing_more_is_asked() -> (
    None
):
    desk = make_desk()
    answer = asyncio.Event()

    async def slowly(delivery: Delivery) -> None:
        await answer.wait()

    async with sending(desk):
        desk.platform.script.append(slowly)
        desk.give(owed("first"))
        await settle()
        resting = asyncio.create_task(desk.outbox.rest())
        await settle()
        assert not resting.done()
        assert not desk.outbox.grant(room("b"), direct=True)
        desk.give(owed("second"), owed("elsewhere", "b"))
        await settle()
        answer.set()
        await resting
        await settle()
        assert desk.texts == ["first"]
    async with sending(desk):
        pass
    assert sorted(desk.texts) == ["elsewhere", "first", "second"]
    assert desk.ledger.statuses() == ["sent"] * 3


async def test_a_granted_row_needs_no_commit_of_its_own_before_it_is_sent() -> None:
    async with sending(make_desk()) as desk:
        assert desk.outbox.grant(room(), direct=True)
        desk.give(owed(status=DeliveryStatus.SENDING, attempt=1))
        await settle()
    assert desk.texts == ["hello"]
    assert desk.ledger.commits == 1


async def test_a_room_that_owes_already_is_not_granted() -> None:
    async with sending(make_desk()) as desk:
        desk.platform.script.append(Throttled(10))
        desk.give(owed())
        await settle()
        assert not desk.outbox.grant(room(), direct=True)
        assert desk.outbox.grant(room("b"), direct=True)


async def test_a_throttled_message_holds_its_room_and_no_other() -> None:
    async with sending(make_desk()) as desk:
        desk.platform.script.append(Throttled(30))
        desk.give(owed("a1"), owed("a2"), owed("b1", "b"))
        await desk.clock.advance(29)
        assert desk.texts == ["b1"]
        assert desk.ledger.rows[1].not_before == pytest.approx(
            desk.clock.now().timestamp() + 1, abs=0.1
        )
        await desk.clock.advance(2)
    assert desk.texts == ["b1", "a1", "a2"]


async def test_a_penalty_outlives_the_process() -> None:
    desk = make_desk()
    [row] = desk.ledger.put(owed(not_before=desk.clock.now().timestamp() + 20))
    await desk.outbox.load()
    async with sending(desk):
        await desk.clock.advance(19)
        assert desk.texts == []
        await desk.clock.advance(2)
    assert desk.texts == ["hello"]
    assert desk.ledger.rows[row.seq].status is DeliveryStatus.SENT


async def test_many_throttled_rooms_silence_the_whole_account() -> None:
    async with sending(make_desk()) as desk:
        desk.platform.script.extend(Throttled(5) for _ in range(3))
        desk.give(*(owed(f"t{name}", name) for name in "abc"))
        await settle()
        desk.give(owed("d", "d"))
        await desk.clock.advance(4)
        assert desk.texts == []
        await desk.clock.advance(2)
        assert "d" in desk.texts


async def test_what_can_never_arrive_is_closed_and_its_room_goes_on() -> None:
    async with sending(make_desk()) as desk:
        desk.platform.script.append(Unsendable("she has blocked us"))
        desk.give(owed("one"), owed("two"))
        await settle()
    assert desk.texts == ["two"]
    assert desk.ledger.statuses() == ["failed", "sent"]
    assert desk.ledger.reasons[1] == "she has blocked us"


async def test_what_surely_did_not_arrive_is_sent_again_later_and_later() -> None:
    async with sending(make_desk()) as desk:
        desk.platform.script.extend(SendDelayed("refused") for _ in range(3))
        desk.give(owed())
        await desk.clock.advance(2 + 4 + 7)
        assert desk.texts == []
        await desk.clock.advance(2)
    assert desk.texts == ["hello"]
    assert desk.platform.sent[0].attempt == 4


async def test_after_six_attempts_it_has_failed() -> None:
    async with sending(make_desk()) as desk:
        desk.platform.script.extend(SendDelayed("refused") for _ in range(9))
        desk.give(owed())
        await desk.clock.advance(1000)
    assert desk.ledger.statuses() == ["failed"]
    assert desk.ledger.reasons[1] == "unreachable"


async def test_a_doubtful_direct_answer_is_repeated_and_marked_as_doubtful() -> None:
    async with sending(make_desk()) as desk:
        desk.platform.script.append(SendUncertain("the line broke"))
        desk.give(owed())
        await desk.clock.advance(3)
    assert desk.texts == ["hello"]
    assert desk.platform.sent[0].status is DeliveryStatus.UNCERTAIN


@pytest.mark.parametrize(
    ("changes", "repeats"),
    [({"direct": False}, True), ({"created_at": 0.0}, True), ({}, False)],
    ids=["in a group", "long ago", "switched off"],
)
async def test_any_other_doubtful_message_is_not_repeated(
    changes: dict[str, object], repeats: bool
) -> None:
    async with sending(make_desk(repeats=repeats)) as desk:
        desk.platform.script.append(SendUncertain("the line broke"))
        desk.give(owed(**changes))
        await desk.clock.advance(100)
    assert desk.texts == []
    assert desk.ledger.reasons[1] == "uncertain-not-repeated"


async def test_a_platform_that_drops_doubles_gets_every_doubtful_message_again() -> None:
    desk = make_desk(limits=Limits(max_text=2000, idempotent_send=True))
    async with sending(desk):
        desk.platform.script.append(SendUncertain("the line broke"))
        desk.give(owed(direct=False, created_at=0.0))
        await desk.clock.advance(3)
    assert desk.texts == ["hello"]


async def test_rows_that_a_crash_left_in_mid_send_are_doubtful() -> None:
    desk = make_desk()
    desk.ledger.put(owed(status=DeliveryStatus.SENDING, attempt=1))
    await desk.outbox.load()
    async with sending(desk):
        await settle()
    assert desk.platform.sent[0].status is DeliveryStatus.UNCERTAIN


async def test_a_room_that_moved_is_followed_with_all_it_is_owed() -> None:
    async with sending(make_desk()) as desk:
        desk.platform.script.append(Moved("-100"))
        desk.give(owed("one"), owed("two"))
        await settle()
    assert [(one.address.room, one.payload) for one in desk.platform.sent] == [
        ("-100", b"one"),
        ("-100", b"two"),
    ]


async def test_a_room_that_moves_for_ever_is_given_up() -> None:
    async with sending(make_desk()) as desk:
        desk.platform.script.extend(Moved(f"-{number}") for number in range(20))
        desk.give(owed())
        await settle(200)
    assert desk.ledger.reasons[1] == "moved-too-often"


async def test_a_refused_account_keeps_what_it_owes() -> None:
    desk = make_desk()
    desk.platform.script.append(LinkRejected("the token was revoked"))
    desk.ledger.put(owed())
    await desk.outbox.load()
    with pytest.raises(ExceptionGroup) as refused:
        await desk.outbox.run(desk.platform)
    assert refused.group_contains(LinkRejected)
    assert desk.ledger.statuses() == ["pending"]
    async with sending(desk):
        await settle()
    assert desk.texts == ["hello"]


async def test_a_bug_in_a_client_costs_one_row_and_not_its_room(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with sending(make_desk()) as desk:
        desk.platform.script.append(KeyError("oops"))
        desk.give(owed("one"), owed("two"))
        await settle()
    assert desk.ledger.statuses() == ["failed", "sent"]
    assert "failed in the client" in caplog.text


async def test_a_link_that_dies_in_mid_send_leaves_the_row_doubtful_and_owed() -> None:
    desk = make_desk()
    stuck = asyncio.Event()

    async def hang(delivery: Delivery) -> None:
        stuck.set()
        await asyncio.Event().wait()

    desk.platform.script.append(hang)
    async with sending(desk):
        desk.give(owed())
        await stuck.wait()
    assert desk.outbox.owed == 1
    async with sending(desk):
        await settle()
    assert desk.platform.sent[0].status is DeliveryStatus.UNCERTAIN


async def test_never_more_in_flight_than_the_platform_allows() -> None:
    desk = make_desk(limits=Limits(max_text=4096, sends_in_flight=3))
    flying = most = 0
    gate = asyncio.Event()

    async def fly(delivery: Delivery) -> None:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await gate.wait()
        flying -= 1

    async with sending(desk):
        desk.platform.script.extend(fly for _ in range(20))
        desk.give(*(owed(f"t{number}", f"r{number}") for number in range(20)))
        await settle()
        gate.set()
        await settle(200)
    assert most == 3
    assert len(desk.texts) == 20


async def test_the_account_keeps_its_rate_over_many_rooms() -> None:
    async with sending(make_desk(rate=Rate(10, 1.0))) as desk:
        desk.give(*(owed(f"t{number}", f"r{number}") for number in range(25)))
        await settle(100)
        assert len(desk.texts) == 10
        await desk.clock.advance(1.06)
        assert len(desk.texts) == 20
        await desk.clock.advance(1.06)
        assert len(desk.texts) == 25


async def test_typing_is_shown_only_when_the_answer_takes_its_time() -> None:
    async with sending(make_desk()) as desk:
        with desk.outbox.typing(room()):
            await desk.clock.advance(0.15)
        await desk.clock.advance(1)
        assert desk.platform.shown == []
        with desk.outbox.typing(room()):
            await desk.clock.advance(0.35)
            assert [one.text for one in desk.platform.shown] == [""]
            await desk.clock.advance(8.2)
    assert len(desk.platform.shown) == 3


async def test_drafts_are_coalesced_and_none_comes_after_the_real_message() -> None:
    async with sending(make_desk()) as desk:
        due = desk.clock.monotonic() + 0.1
        for text in ("H", "He", "Hel"):
            desk.outbox.signs.draft(room(), partial(Live, room(), 7, text), due)
        await desk.clock.advance(0.15)
        desk.outbox.signs.draft(room(), partial(Live, room(), 7, "Hello wor"))
        desk.give(owed("Hello world"))
        await desk.clock.advance(2)
    assert [one.text for one in desk.platform.shown] == ["Hel"]
    assert desk.texts == ["Hello world"]


class Refusing(FakePlatform):
    """It asks for silence at every sign of life, as soon as it may."""

    def __init__(self) -> None:
        super().__init__(ONE)
        self.may = asyncio.Event()

    async def show(self, live: Live) -> None:
        self.shown.append(live)
        await self.may.wait()
        raise Throttled(10)


async def test_a_sign_that_is_refused_holds_an_answer_that_has_its_place_already() -> None:
    desk = make_desk()
    desk.platform = refusing = Refusing()
    async with sending(desk):
        desk.outbox.signs.draft(room(), partial(Live, room(), 7, "Hel"))
        await settle()
        assert len(refusing.shown) == 1
        assert desk.outbox.grant(room(), direct=True)
        desk.outbox.accept(desk.ledger.put(owed(status=DeliveryStatus.SENDING, attempt=1)))
        await settle()
        refusing.may.set()
        await desk.clock.advance(9)
        assert desk.texts == []
        assert desk.ledger.statuses() == ["pending"]
        await desk.clock.advance(2)
    assert desk.texts == ["hello"]


async def test_a_penalty_for_a_sign_is_known_to_the_next_process() -> None:
    desk = make_desk()
    desk.platform = refusing = Refusing()
    refusing.may.set()
    async with sending(desk):
        desk.outbox.signs.draft(room(), partial(Live, room(), 7, "Hel"))
        await settle()
    later = make_desk()
    later.ledger.cache = desk.ledger.cache
    await later.outbox.load()
    async with sending(later):
        later.give(owed())
        await later.clock.advance(9)
        assert later.texts == []
        later.give(owed("b", "b"))
        await later.clock.advance(0.5)
        assert later.texts == ["b"]
        await later.clock.advance(1)
    assert later.texts == ["b", "hello"]
