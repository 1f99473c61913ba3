"""What is shown while an answer is made: when it is due, and only what is to spare."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest

from core.errors import SendDelayed, SendFailed, Throttled, Unsendable
from core.flow.pace import Pace, Rate
from core.flow.signs import Signs
from core.ids import Account
from core.messages import Address, Live
from tests.fakes.clock import FakeClock, settle
from tests.fakes.platform import FakePlatform

ONE = Account("telegram:1")
ROOM = Address("telegram", ONE, "a")
FREE = Rate(0, 1.0)


class Picky(FakePlatform):
    """Refuses what it shows, as often as there are failures; knows when each was shown."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(ONE)
        self.failures: list[SendFailed] = []
        self.times: list[float] = []
        self._clock = clock

    async def show(self, live: Live) -> None:
        self.shown.append(live)
        self.times.append(self._clock.monotonic())
        if self.failures:
            raise self.failures.pop(0)

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.shown]

    @property
    def emojis(self) -> list[str | None]:
        return [one.reaction for one in self.shown]


@dataclass
class Desk:
    signs: Signs
    clock: FakeClock
    platform: Picky
    pace: Pace
    refused: list[tuple[str, float]] = field(default_factory=list)


@asynccontextmanager
async def a_desk(*, overall: Rate = FREE, chat: Rate = FREE) -> AsyncIterator[Desk]:
    clock, refused = FakeClock(), list[tuple[str, float]]()

    async def note(room: str, seconds: float) -> None:
        refused.append((room, seconds))

    pace = Pace(overall, chat, FREE, clock.monotonic)
    desk = Desk(Signs(pace, clock, note), clock, Picky(clock), pace, refused)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(desk.signs.run(desk.platform))
        await settle()
        yield desk
        running.cancel()


def text(said: str, where: Address = ROOM) -> partial[Live]:
    return partial(Live, where, 7, said)


async def test_the_first_text_is_shown_in_the_moment_it_is_there() -> None:
    async with a_desk() as desk:
        desk.signs.draft(ROOM, text("H"))
        await settle()
        assert desk.platform.texts == ["H"], "without a tick of the clock"


async def test_what_is_due_later_is_shown_exactly_then_and_the_next_half_a_second_after_it() -> (
    None
):
    async with a_desk() as desk:
        for step in range(20):
            desk.signs.draft(ROOM, text(f"H{step}"), due=0.43)
            await desk.clock.advance(0.1)
        assert desk.platform.times == pytest.approx([0.43, 0.93, 1.43, 1.93])
        assert desk.platform.texts == ["H4", "H9", "H14", "H19"], "the newest wins"


async def test_nothing_is_shown_of_a_text_in_which_nothing_may_be_seen_yet() -> None:
    async with a_desk() as desk:
        desk.signs.draft(ROOM, lambda: None)
        await settle()
        desk.signs.draft(ROOM, text("Now"))
        await settle()
        assert desk.platform.texts == ["Now"], "and it did not cost half a second"


async def test_when_a_turn_is_over_nothing_of_it_is_shown_any_more() -> None:
    async with a_desk() as desk:
        with desk.signs.typing(ROOM):
            desk.signs.draft(ROOM, text("H"), due=0.5)
            await desk.clock.advance(0.1)
        await desk.clock.advance(5)
        assert desk.platform.shown == []


async def test_where_texts_cannot_be_shown_she_types_and_nobody_goes_on_trying() -> None:
    async with a_desk() as desk:
        desk.platform.failures.append(Unsendable("no drafts here"))
        with desk.signs.typing(ROOM):
            for step in range(90):
                desk.signs.draft(ROOM, text(f"H{step}"))
                await desk.clock.advance(0.1)
        assert desk.platform.texts == ["H0", "", ""]


async def test_a_sign_that_failed_once_is_tried_again() -> None:
    async with a_desk() as desk:
        desk.platform.failures.append(SendDelayed("away"))
        with desk.signs.typing(ROOM):
            for step in range(8):
                desk.signs.draft(ROOM, text(f"H{step}"))
                await desk.clock.advance(0.1)
        assert desk.platform.texts == ["H0", "H4"]


async def test_a_text_that_cannot_be_made_harms_no_other_room() -> None:
    async with a_desk() as desk:
        desk.signs.draft(ROOM, lambda: text("H" * (1 // 0))())
        desk.signs.draft(ROOM._replace(room="b"), text("H"))
        await settle()
        assert desk.platform.texts == ["H"]


async def test_a_refusal_is_told_with_its_room_and_time() -> None:
    async with a_desk() as desk:
        desk.platform.failures.append(Throttled(7))
        desk.signs.draft(ROOM, text("H"))
        await settle()
        assert desk.refused == [("a", 7)]


async def test_texts_go_before_marks_and_marks_before_typing() -> None:
    async with a_desk(overall=Rate(10, 1.0)) as desk:
        rooms = [ROOM._replace(room=str(number)) for number in range(9)]
        with (
            desk.signs.typing(rooms[0]),
            desk.signs.typing(rooms[1]),
            desk.signs.seen(rooms[2], "m1", "👀", 0.2),
        ):
            for room in rooms[3:]:
                desk.signs.draft(room, text("H", room), due=0.2)
            await desk.clock.advance(0.25)
            assert desk.platform.texts == ["H"] * 6
            await desk.clock.advance(1)
            assert desk.platform.emojis[6:] == ["👀", None, None]


async def test_a_mark_is_put_when_it_takes_long_and_taken_away_in_the_end() -> None:
    async with a_desk() as desk:
        with desk.signs.seen(ROOM, "m1", "👀", 2.0):
            await desk.clock.advance(1.9)
            assert desk.platform.shown == []
            await desk.clock.advance(0.2)
            assert desk.platform.emojis == ["👀"]
        await desk.clock.advance(0.1)
        assert desk.platform.emojis == ["👀", ""]
        assert {one.message for one in desk.platform.shown} == {"m1"}


async def test_what_is_answered_soon_gets_no_mark() -> None:
    async with a_desk() as desk:
        with desk.signs.seen(ROOM, "m1", "👀", 2.0):
            await desk.clock.advance(1.9)
        await desk.clock.advance(5)
        assert desk.platform.shown == []


async def test_a_mark_that_a_chat_does_not_allow_is_not_taken_away_either() -> None:
    async with a_desk() as desk:
        desk.platform.failures.append(Unsendable("reaction refused"))
        with desk.signs.seen(ROOM, "m1", "👀", 2.0):
            await desk.clock.advance(3)
        await desk.clock.advance(3)
        assert desk.platform.emojis == ["👀"]


async def test_a_mark_stays_until_there_is_a_place_to_take_it_away() -> None:
    async with a_desk(chat=Rate(3, 3.0)) as desk:
        with desk.signs.seen(ROOM, "m1", "👀", 0.5):
            await desk.clock.advance(1)
            desk.pace.take(ROOM, direct=False).land()
        await desk.clock.advance(1)
        assert desk.platform.emojis == ["👀"]
        await desk.clock.advance(3)
        assert desk.platform.emojis == ["👀", ""]
