"""What was said before it came: read back once, slowly, and never in anybody's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from bots.discord.client import DiscordLink
from bots.discord.quota import Quota
from bots.discord.ways import Ways
from bots.sandbox import Bot, Stage
from bots.sandbox.discord import talking
from core.clock import SystemClock
from core.messages import Received
from tests.bots.discord.conftest import Notebook, until
from tests.bots.discord.test_quota import answered, asks
from tests.fakes.clock import FakeClock

ALL = Ways(history=1000)


class Annals:
    """A chronicle that remembers as the store does."""

    def __init__(self) -> None:
        self.plans: dict[str, dict[str, int]] = {}
        self.rooms: dict[str, list[Received]] = {}
        self.times: dict[str, int] = {}
        self.progress: list[tuple[int, int]] = []
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def planned(self, world: str) -> Mapping[str, int]:
        return dict(self.plans.get(world, {}))

    async def plan(self, world: str, rooms: Mapping[str, int]) -> Mapping[str, int]:
        self.plans[world] = {**rooms, **self.plans.get(world, {})}
        return self.plans[world]

    async def remember(self, world: str, room: str, said: Sequence[Received]) -> int:
        await self.may_end.wait()
        self.plans[world][room] = 0
        self.rooms[room] = list(said)
        self.times[room] = self.times.get(room, 0) + 1
        return len(said)

    def tell(self, done: int, every: int) -> None:
        self.progress.append((done, every))

    def texts(self, room: Any) -> list[str]:
        return [orjson.loads(one.payload)["d"]["content"] for one in self.rooms[str(room.id)]]


@pytest.fixture
def annals() -> Annals:
    return Annals()


@asynccontextmanager
async def coming(
    make_link: Callable[..., DiscordLink],
    annals: Annals,
    notebook: Notebook | None = None,
    ways: Ways = ALL,
    **choices: Any,
) -> AsyncIterator[tuple[DiscordLink, Notebook]]:
    """It listens until the block ends, and hears from its beginning."""
    notebook, clock = notebook or Notebook(), SystemClock()
    begun, is_known = asyncio.Event(), bool(notebook.received)
    made = make_link(chronicle=annals, ways=ways, clock=clock, **choices)
    async with made as link, asyncio.TaskGroup() as group:
        ears = group.create_task(link.listen(notebook, begun.set))
        await (begun.wait() if is_known else notebook.worlds())
        yield link, notebook
        ears.cancel()


def asked(stage: Stage, room: Any) -> int:
    """How many pages of a room were asked for."""
    return sum(call.chat == room.id for call in stage.discord.journal.of("list_messages"))


async def test_what_was_said_before_is_told_oldest_first_with_what_it_has_said_itself(
    make_link: Any, stage: Stage, general: Any, ada: Bot, ed: Any, annals: Annals
) -> None:
    ed.says(general, "one")
    stage_says(stage, ada, general, "two, of an earlier life")
    ed.says(general, "three")
    async with coming(make_link, annals) as (link, notebook):
        await until(lambda: annals.rooms)
        assert annals.texts(general) == ["one", "two, of an earlier life", "three"]
        told = [link.read(one) for one in annals.rooms[str(general.id)]]
        assert [one.author.name for one in told] == ["Ed", "Ada", "Ed"]
        assert {one.place.name for one in told} == {general.title}
        ed.says(general, "four")
        assert await notebook.hears(1) == ["four"], "nothing of it comes in as if it were new"


async def test_so_many_and_no_more_are_read_in_pages(
    make_link: Any, stage: Stage, general: Any, ed: Any, annals: Annals
) -> None:
    for number in range(260):
        ed.says(general, str(number))
    async with coming(make_link, annals, ways=Ways(history=250)):
        await until(lambda: annals.rooms, 10)
    assert annals.texts(general) == [str(number) for number in range(10, 260)]
    assert asked(stage, general) == 3


async def test_without_the_setting_nothing_is_read_back(
    make_link: Any, stage: Stage, general: Any, ed: Any, annals: Annals
) -> None:
    ed.says(general, "long ago")
    async with coming(make_link, annals, ways=Ways()) as (_, notebook):
        ed.says(general, "now")
        assert await notebook.hears(1) == ["now"]
        await asyncio.sleep(0.8)
    assert annals.plans == {}
    assert asked(stage, general) == 0


async def test_a_room_that_is_done_is_never_asked_again(
    make_link: Any, stage: Stage, general: Any, ed: Any, annals: Annals
) -> None:
    ed.says(general, "once")
    notebook = Notebook()
    for _ in range(2):
        async with coming(make_link, annals, notebook):
            await until(lambda: annals.rooms)
            await asyncio.sleep(0.7)
    assert annals.times == {str(general.id): 1}


async def test_who_was_cut_off_goes_on_with_the_rooms_that_are_left(
    make_link: Any, stage: Stage, guild: Any, general: Any, ed: Any, annals: Annals
) -> None:
    other = stage.discord.channel(guild, "other")
    for room in (other, general):  # the liveliest is read first
        ed.says(room, f"in {room.title}")
    notebook = Notebook()
    annals.may_end.clear()
    async with coming(make_link, annals, notebook):
        await until(lambda: asked(stage, general) == 1)
        ed.says(other, "talk that makes a room known")
        await notebook.hears(1)
    assert annals.rooms == {}
    assert set(annals.plans[str(guild.id)].values()) != {0}, "what is left is written down"
    annals.may_end.set()
    async with coming(make_link, annals, notebook):
        await until(lambda: len(annals.rooms) == 2)
    assert annals.texts(general) == [f"in {general.title}"]
    assert annals.texts(other) == ["in other"], "what was heard meanwhile is none of it"


async def test_rooms_of_which_something_is_stored_are_not_asked(
    make_link: Any, stage: Stage, guild: Any, general: Any, ed: Any, annals: Annals
) -> None:
    quiet = stage.discord.channel(guild, "quiet")
    ed.says(quiet, "nobody has heard this")
    ed.says(general, "before")
    notebook = Notebook()
    async with coming(make_link, Annals(), notebook, ways=Ways()):
        ed.says(general, "heard")
        await notebook.hears(1)
    async with coming(make_link, annals, notebook):
        await until(lambda: annals.rooms)
        await asyncio.sleep(0.4)
    assert list(annals.rooms) == [str(quiet.id)]


async def test_a_server_that_invites_it_later_is_read_back_too(
    make_link: Any, stage: Stage, general: Any, ada: Bot, ed: Any, annals: Annals
) -> None:
    async with coming(make_link, annals) as (_, notebook):
        late = stage.discord.guild("Late", [ed], [])
        room = next(iter(late.channels.values()))
        ed.says(room, "before you came")
        stage.discord.invite(late, ada)
        ed.says(room, "welcome")
        await until(lambda: str(room.id) in annals.rooms)
        assert "welcome" in await notebook.hears(1)
    assert annals.texts(room)[0] == "before you came"


async def test_what_is_closed_to_it_is_not_asked_for_and_may_be_opened_later(
    make_link: Any, stage: Stage, guild: Any, general: Any, ada: Bot, ed: Any, annals: Annals
) -> None:
    secret = stage.discord.channel(guild, "secret")
    stage.discord.close_channel(secret, ada)
    ed.says(secret, "not for bots")
    ed.says(general, "for all")
    notebook = Notebook()
    async with coming(make_link, annals, notebook):
        await until(lambda: annals.rooms)
        await asyncio.sleep(0.4)
    assert asked(stage, secret) == 0, "each refusal is held against the host"
    stage.discord.close_channel(secret, ada, on=False)
    async with coming(make_link, annals, notebook):
        await until(lambda: str(secret.id) in annals.rooms)
    assert annals.texts(secret) == ["not for bots"]


async def test_threads_and_posts_are_read_with_their_places(
    make_link: Any, stage: Stage, guild: Any, general: Any, ed: Any, annals: Annals
) -> None:
    thread = stage.discord.thread(general, "On oolong", ed)
    ed.says(thread, "leaves")
    board = stage.discord.channel(guild, "questions", "board")
    post = stage.discord.post(board, "Moths", ed, "why the light?")
    async with coming(make_link, annals) as (link, _):
        await until(lambda: {str(thread.id), str(post.id)} <= annals.rooms.keys())
        place = link.read(annals.rooms[str(thread.id)][0]).place
    assert place.name == "On oolong"
    assert annals.texts(post) == ["why the light?"]
    assert str(board.id) not in annals.rooms


async def test_how_far_it_is_can_be_seen(
    make_link: Any, stage: Stage, guild: Any, ed: Any, annals: Annals
) -> None:
    for number in range(4):
        ed.says(stage.discord.channel(guild, f"room {number}"), "hello")
    async with coming(make_link, annals):
        await until(lambda: annals.progress and annals.progress[-1] == (0, 0))
    assert annals.progress == [(0, 4), (1, 4), (2, 4), (3, 4), (0, 0)]


async def test_it_reads_on_only_while_little_else_is_asked_for() -> None:
    clock = FakeClock()
    quota = Quota(clock)
    assert quota.at_leisure
    for _ in range(10):
        await asks(quota)
    assert not quota.at_leisure, "so much is under way"
    for _ in range(10):
        await answered(quota, 200)
    assert not quota.at_leisure, "so much was just asked"
    await clock.advance(2.0)
    assert quota.at_leisure


def stage_says(stage: Stage, bot: Bot, room: Any, text: str) -> None:
    talking.say(stage.world, bot, room, text)
