"""An answer that is shown while it grows ends as one whole message, whatever happens between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import cast

from core.errors import SendDelayed, SendUncertain, Throttled, Unsendable
from core.flow.growing import Growing, finishing
from core.flow.outbox import Outbox
from core.flow.pace import Pace, Rate
from core.ids import Account, TurnId
from core.messages import Address, Delivery, DeliveryKind, DeliveryStatus
from core.ports import Limits, Store
from tests.fakes.clock import FakeClock, settle
from tests.fakes.ledger import FakeLedger
from tests.fakes.platform import FakePlatform

ONE = Account("discord:1")
ROOM = Address("discord", ONE, "5")
EDITS = Limits(max_text=2000, edits=True, idempotent_send=True)


def part(text: str, ordinal: int = 0, status: DeliveryStatus = DeliveryStatus.PENDING) -> Delivery:
    return Delivery(
        address=ROOM,
        kind=DeliveryKind.SEND,
        payload=text.encode(),
        nonce=f"nonce {ordinal}",
        turn=TurnId("turn"),
        ordinal=ordinal,
        status=status,
    )


@dataclass
class Desk:
    outbox: Outbox
    ledger: FakeLedger
    clock: FakeClock
    platform: FakePlatform

    async def begins(self, text: str = "Once upon a time") -> Growing | None:
        growing = self.outbox.grow(part(text, status=DeliveryStatus.GROWING))
        await settle()
        return growing

    async def ends(self, growing: Growing, *texts: str) -> None:
        """What a turn does at its end."""
        parts = [part(text, ordinal) for ordinal, text in enumerate(texts)]
        rows = finishing(await growing.settled(), parts)
        for row in rows:
            if row.seq:
                self.ledger.finish(row)
        new = self.ledger.add([row for row in rows if not row.seq], self.clock.now())
        self.outbox.accept([row for row in rows if row.seq] + new)
        await settle()


@asynccontextmanager
async def a_desk(
    *, limits: Limits = EDITS, chat: Rate | None = None, ledger: FakeLedger | None = None
) -> AsyncIterator[Desk]:
    clock, ledger, free = FakeClock(), ledger or FakeLedger(), Rate(0, 1.0)
    platform = FakePlatform(ONE, limits=limits)
    pace = Pace(free, chat or free, free, clock.monotonic)
    outbox = Outbox(ONE, cast(Store, ledger), clock, pace, platform.limits)
    await outbox.load()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(outbox.run(platform))
        await settle()
        yield Desk(outbox, ledger, clock, platform)
        running.cancel()


def done(desk: Desk) -> list[tuple[DeliveryKind, str | None, str]]:
    return [(one.kind, one.target, one.payload.decode()) for one in desk.platform.sent]


async def test_the_message_that_was_shown_is_edited_into_the_whole_answer() -> None:
    async with a_desk() as desk:
        growing = await desk.begins()
        assert growing is not None
        assert desk.ledger.statuses() == ["growing"]
        await desk.ends(growing, "Once upon a time there was a fox.", "And a crow.")
    assert done(desk) == [
        (DeliveryKind.SEND, None, "Once upon a time"),
        (DeliveryKind.EDIT, "message 1", "Once upon a time there was a fox."),
        (DeliveryKind.SEND, None, "And a crow."),
    ]
    assert desk.ledger.statuses() == ["sent", "sent"]


async def test_the_text_so_far_is_shown_in_that_message_ever_more_rarely() -> None:
    async with a_desk() as desk:
        growing = await desk.begins()
        assert growing is not None
        times: list[float] = []
        for step in range(300):
            growing.grow(lambda step=step: f"Once upon a time {step}", 7)  # type: ignore[misc]
            before = len(desk.platform.shown)
            await desk.clock.advance(0.1)
            times += [desk.clock.monotonic()] * (len(desk.platform.shown) - before)
        gaps = [later - earlier for earlier, later in pairwise([0.0, *times])]
        assert 8 <= len(times) <= 10
        assert min(gaps) >= 1.5 - 0.01, "Discord lets a message be edited once a second"
        assert gaps[-1] > 4
        assert {live.message for live in desk.platform.shown} == {"message 1"}
        await desk.ends(growing, "The end.")
        await desk.clock.advance(5)
        assert len(desk.platform.shown) == len(times)  # none comes after the whole one
        assert done(desk)[-1] == (DeliveryKind.EDIT, "message 1", "The end.")


async def test_an_answer_grows_only_where_no_message_has_to_wait_for_it() -> None:
    async with a_desk(chat=Rate(3, 3.0)) as desk:
        for number in range(2):
            desk.outbox.accept(desk.ledger.put(part("before", 5 + number)))
        await settle()
        assert await desk.begins() is None
        await desk.clock.advance(3.1)
        growing = await desk.begins()
        assert growing is not None
        for step in range(10):
            growing.grow(lambda step=step: f"Once {step}", 7)  # type: ignore[misc]
            await desk.clock.advance(0.2)
        await desk.ends(growing, "The end.")
        assert done(desk)[-1] == (DeliveryKind.EDIT, "message 3", "The end."), "at once"


async def test_nothing_is_shown_where_a_platform_cannot_edit_or_the_room_owes_already() -> None:
    async with a_desk(limits=Limits(max_text=2000)) as desk:
        assert await desk.begins() is None
    async with a_desk() as desk:
        desk.platform.script.append(Throttled(10))
        desk.outbox.accept(desk.ledger.put(part("owed", 5)))
        await settle()
        assert await desk.begins() is None


async def test_what_did_not_go_out_for_certain_is_sent_whole_at_the_end() -> None:
    for failure in (SendDelayed("away"), Unsendable("no"), RuntimeError("a bug")):
        async with a_desk() as desk:
            desk.platform.script.append(failure)
            growing = await desk.begins()
            assert growing is not None
            await desk.ends(growing, "The whole.")
            await settle()
            assert done(desk) == [(DeliveryKind.SEND, None, "The whole.")]
            assert desk.platform.sent[0].nonce == "nonce 0"


async def test_what_may_be_on_show_is_sent_again_by_the_same_nonce() -> None:
    async with a_desk() as desk:
        desk.platform.script.append(SendUncertain("cut"))
        growing = await desk.begins()
        assert growing is not None
        await desk.ends(growing, "The whole.")
    assert [(one.nonce, one.status) for one in desk.platform.sent] == [
        ("nonce 0", DeliveryStatus.UNCERTAIN)
    ]


async def test_a_turn_that_says_nothing_after_all_takes_back_what_was_shown() -> None:
    async with a_desk() as desk:
        growing = await desk.begins()
        assert growing is not None
        await desk.ends(growing)
    assert done(desk)[-1][:2] == (DeliveryKind.DELETE, "message 1")


async def test_where_somebody_has_deleted_what_grew_the_whole_is_said_all_the_same() -> None:
    async with a_desk() as desk:
        growing = await desk.begins()
        assert growing is not None
        desk.platform.script.append(Unsendable("message to edit not found"))
        await desk.ends(growing, "The whole.", "And more.")
        assert [one[2] for one in done(desk)] == ["Once upon a time", "The whole.", "And more."]
        assert done(desk)[1][:2] == (DeliveryKind.SEND, None)
        assert desk.ledger.statuses() == ["sent", "sent"]


async def test_where_a_chat_takes_nothing_any_more_what_grew_is_given_up() -> None:
    async with a_desk() as desk:
        growing = await desk.begins()
        assert growing is not None
        desk.platform.script.extend(Unsendable("kicked") for _ in range(2))
        await desk.ends(growing, "The whole.")
        assert len(done(desk)) == 1
        assert desk.ledger.statuses() == ["failed"]


async def test_after_a_crash_the_turn_finds_the_row_and_edits_its_message() -> None:
    async with a_desk() as desk:
        await desk.begins()
    async with a_desk(ledger=desk.ledger) as later:
        assert later.outbox.owed == 0
        assert await later.begins() is None  # it is on show already
        left = later.outbox.left_growing(TurnId("turn"))
        assert left is not None
        [row] = finishing(left, [part("The whole.")])
        assert (row.kind, row.target, row.seq) == (DeliveryKind.EDIT, "message 1", left.seq)
        assert later.outbox.left_growing(TurnId("turn")) is None


async def test_a_crash_before_the_message_was_known_makes_the_row_uncertain() -> None:
    left = part("Once", status=DeliveryStatus.GROWING)
    [row] = finishing(replace(left, seq=9), [part("The whole.")])
    assert (row.kind, row.status) == (DeliveryKind.SEND, DeliveryStatus.UNCERTAIN)


async def test_where_doubles_cannot_be_dropped_the_whole_goes_out_beside_what_may_be_a_beginning() -> (
    None
):
    limits = Limits(max_text=4096, edits=True, idempotent_send=False)
    async with a_desk(limits=limits) as desk:
        desk.platform.script.append(SendUncertain("cut"))
        growing = await desk.begins()
        assert growing is not None
        await desk.ends(growing, "The whole.")
        assert done(desk) == [(DeliveryKind.SEND, None, "The whole.")]
        assert desk.ledger.statuses() == ["sent"]


async def test_a_beginning_that_a_crash_left_without_its_message_costs_no_group_its_answer() -> (
    None
):
    limits = Limits(max_text=4096, edits=True, idempotent_send=False)
    ledger = FakeLedger()
    ledger.put(part("Once", status=DeliveryStatus.GROWING))
    async with a_desk(limits=limits, ledger=ledger) as desk:
        left = desk.outbox.left_growing(TurnId("turn"))
        assert left is not None
        [row] = finishing(left, [part("The whole.")])
        ledger.finish(row)
        desk.outbox.accept([row])
        await settle()
        assert done(desk) == [(DeliveryKind.SEND, None, "The whole.")]
        assert desk.platform.sent[0].status is DeliveryStatus.SENDING, "it is not called a repeat"


async def test_a_link_that_goes_down_in_mid_send_keeps_nobody_waiting() -> None:
    async with a_desk() as desk:

        async def hang(delivery: Delivery) -> None:
            await asyncio.Event().wait()

        desk.platform.script.append(hang)
        growing = await desk.begins()
        assert growing is not None
    row = await growing.settled()
    assert (row.status, row.target) == (DeliveryStatus.GROWING, None)
