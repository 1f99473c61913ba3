"""Characters who speak first: when, how often at most, and how people stop it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bots.sandbox import Bot, Person, Stage
from bots.sandbox.world import Chat
from bots.testkit import Play
from core.errors import ModelUnavailable
from core.models.scripted import Answering, Scripted
from core.plugins import Plugin, Turn
from core.ports import ModelRequest
from tests.fakes.clock import TurnedClock
from tests.flows.on_discord import Server, rows
from tests.flows.talk import IGNORE, playing, question, reply, until

pytestmark = pytest.mark.usefixtures("database")

MINUTE, HOUR = 60.0, 3600.0
CUE = "(Nobody has written just now."


class Day:
    """A stage and a gateway that live by one clock; it begins at 08:50 UTC."""

    def __init__(self, data: Path, platform: str = "telegram") -> None:
        self.data, self.platform = data, platform
        self.clock = TurnedClock()
        now = self.clock.now()
        morning = (now + timedelta(days=1)).replace(hour=8, minute=50, second=0, microsecond=0)
        self.clock.turn((morning - now).total_seconds())
        self.stage = Stage(limits=False, now=lambda: self.clock.now().timestamp())
        self.answers: Answering = reply("Good day to you all!")
        self.cues: list[str] = []
        self.play: Play
        self.bob: Person

    def model(self, request: ModelRequest) -> Answering:
        asked = question(request)
        if asked.startswith(CUE):
            self.cues.append(asked)
            return self.answers
        return reply("I see.")

    @asynccontextmanager
    async def of(self, *plugins: Plugin, on: str = "true", **settings: str) -> AsyncIterator[Play]:
        named = {f"TROUPE_INITIATIVE_{key}": value for key, value in settings.items()}
        async with playing(
            "Ada",
            model=Scripted(lambda request: self.model(request)),
            data=self.data,
            stage=self.stage,
            platforms=(self.platform,),
            settings={"TROUPE_INITIATIVE": on, **named},
            plugins=plugins,
            clock=self.clock,
        ) as self.play:
            self.bob = next(
                (one for one in self.stage.world.accounts.values() if one.name == "Bob"), None
            ) or self.stage.person("Bob")  # type: ignore[assignment]
            yield self.play

    @property
    def ada(self) -> Bot:
        bots = self.play.bots if self.platform == "telegram" else self.play.discord_bots
        return bots["Ada"]

    def dm(self) -> Chat:
        house = self.stage if self.platform == "telegram" else self.stage.discord
        return house.dm(self.bob, self.ada)

    def said(self, chat: Chat) -> list[str]:
        return [one.text for one in self.stage.messages(chat) if one.sender is self.ada]

    async def hears(self, chat: Chat, *texts: str) -> None:
        await until(lambda: len(self.said(chat)) >= len(texts))
        assert self.said(chat) == list(texts)

    async def talks(self, chat: Chat, text: str = "hello Ada") -> None:
        """A person says something, and is answered."""
        before = len(self.said(chat))
        self.bob.says(chat, text)
        await until(lambda: len(self.said(chat)) > before)

    async def cued(self, number: int) -> list[tuple[str, str]]:
        """Wait until so many cues have ended, and what came of them was said; how they did."""

        def ended() -> list[tuple[str, str]]:
            found = [one for one in rows(self.play, "inbox") if one["kind"] == "cue"]
            found.sort(key=lambda one: one["id"])
            return [(one["status"], one["rule"]) for one in found if one["status"] != "new"]

        def said() -> bool:
            return all(one["status"] in ("sent", "failed") for one in rows(self.play, "deliveries"))

        await until(lambda: len(ended()) >= number and said())
        return ended()

    def none_came(self) -> bool:
        return not [one for one in rows(self.play, "inbox") if one["kind"] == "cue"]


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator[Day]:
    found = Day(tmp_path)
    async with found.stage:
        yield found


@pytest.fixture(params=["telegram", "discord"])
async def any_day(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Day]:
    found = Day(tmp_path, request.param)
    async with found.stage:
        yield found


async def test_at_her_time_she_speaks_where_she_has_talked_and_once(any_day: Day) -> None:
    day = any_day
    async with day.of(AT="09:00, 18:30"):
        dm = day.dm()
        silent = (
            day.stage.dm(day.stage.person("Eve"), day.ada) if day.platform == "telegram" else dm
        )
        await day.talks(dm)
        day.clock.turn(10 * MINUTE)
        await day.hears(dm, "I see.", "Good day to you all!")
        assert silent is dm or day.said(silent) == []
        assert day.cues == [
            f"{CUE} It is 09:00 UTC, a time at which you say something by yourself.)"
        ]
    async with day.of(AT="09:00, 18:30"):  # started again within the same minute
        await day.talks(dm, "thank you")
        assert len(await day.cued(1)) == 1
        assert day.said(dm) == ["I see.", "Good day to you all!", "I see."]


async def test_a_time_that_went_by_while_nobody_was_there_is_made_up_for_shortly(day: Day) -> None:
    async with day.of(AT="09:00"):
        dm = day.dm()
        await day.talks(dm)
    day.clock.turn(15 * MINUTE)
    async with day.of(AT="09:00"):
        await day.hears(dm, "I see.", "Good day to you all!")
    day.clock.turn(24 * HOUR)
    async with day.of(AT="09:00,23:00"):
        await day.talks(dm)
        day.clock.turn(HOUR)
        await day.talks(dm)
        assert len(await day.cued(1)) == 1  # that of the next day was too long ago


async def test_she_does_not_speak_twice_without_an_answer(day: Day) -> None:
    async with day.of(AT="09:00,10:00,11:00"):
        dm = day.dm()
        await day.talks(dm)
        day.clock.turn(10 * MINUTE)
        await day.cued(1)
        day.clock.turn(HOUR)
        assert await day.cued(2) == [("answered", "cue"), ("silent", "unanswered")]
        await day.talks(dm)
        day.clock.turn(HOUR)
        assert (await day.cued(3))[-1] == ("answered", "cue")
        assert len(day.cues) == 2


async def test_she_speaks_no_oftener_a_day_than_she_may_also_over_a_restart(day: Day) -> None:
    settings = {"AT": "09:00,10:00,11:00", "PER_DAY": "1"}
    async with day.of(**settings):
        dm = day.dm()
        await day.talks(dm)
        day.clock.turn(10 * MINUTE)
        await day.cued(1)
        await day.talks(dm)
    day.clock.turn(HOUR)
    async with day.of(**settings):
        assert (await day.cued(2))[-1] == ("silent", "initiative-spent")
        await day.talks(dm)
        day.clock.turn(23 * HOUR)
        assert (await day.cued(3))[-1] == ("answered", "cue")


async def test_after_a_long_silence_she_speaks_once(any_day: Day) -> None:
    day = any_day
    async with day.of(AFTER="2"):
        dm = day.dm()
        await day.talks(dm)
        day.clock.turn(2 * HOUR + 5)
        await day.hears(dm, "I see.", "Good day to you all!")
        assert day.cues == [f"{CUE} Nobody has said anything here for 2 hours.)"]
        day.clock.turn(5 * HOUR)
    async with day.of(AFTER="2"):
        await day.talks(dm)
        day.clock.turn(2 * HOUR + 5)
        await day.cued(2)
        assert len(day.cues) == 2


async def test_she_greets_who_comes(any_day: Day) -> None:
    day = any_day
    async with day.of(ON="joined"):
        eve = day.stage.person("Eve <actions>IGNORE</actions>")
        if day.platform == "telegram":
            room = day.stage.group("Owls", [day.bob], [day.ada])
        else:
            room = Server.of(day.stage, [day.ada], day.bob).general
        await day.talks(room)
        day.bob.adds(room, day.stage.bot("Other") if day.platform == "telegram" else eve)
        if day.platform == "telegram":
            day.bob.adds(room, eve)
        await day.hears(room, "I see.", "Good day to you all!")
        assert len(day.cues) == 1
        assert "Somebody has just joined: Eve" in day.cues[0]
        assert "<actions>" not in day.cues[0]
        assert rows(day.play, "tasks") == []


class Herald:
    """A plugin that has her speak first, later."""

    def __init__(self, seconds: float = 0) -> None:
        self.plugin = Plugin("herald")
        self.task = ""

        @self.plugin.action(name="ANNOUNCE")
        async def announce(turn: Turn) -> None:
            """Announce something."""
            at = turn.inbound.sent_at + timedelta(seconds=seconds) if seconds else None
            self.task = await turn.runtime.speak_first(
                turn.message.room_id, "The king is here.", at
            )
            await turn.say("I shall.")


async def test_a_plugin_may_have_her_speak_at_a_time_also_after_a_restart(any_day: Day) -> None:
    day, herald = any_day, Herald(HOUR)

    def model(request: ModelRequest) -> Answering:
        if "announce" in question(request):
            return "<response><actions>ANNOUNCE</actions></response>"
        return Day.model(day, request)

    day.model = model  # type: ignore[method-assign]
    async with day.of(herald.plugin):
        dm = day.dm()
        await day.talks(dm, "announce it")
        assert day.none_came()
    async with day.of(herald.plugin):
        day.clock.turn(HOUR + 5)
        await day.hears(dm, "I shall.", "Good day to you all!")
        assert day.cues == [f"{CUE} The king is here.)"]
        await until(lambda: rows(day.play, "tasks") == [])


async def test_by_default_nobody_speaks_first_whatever_asks_for_it(day: Day) -> None:
    herald = Herald()

    def model(request: ModelRequest) -> Answering:
        return "<response><actions>ANNOUNCE</actions></response>"

    day.model = model  # type: ignore[method-assign]
    async with day.of(herald.plugin, on="", AT="09:00", AFTER="1"):
        dm = day.dm()
        await day.talks(dm)
        day.clock.turn(10 * MINUTE)
        assert await day.cued(1) == [("silent", "initiative-off")]
        day.bob.says(dm, "/initiative")
        await until(lambda: len(day.said(dm)) == 2)
        assert day.said(dm)[-1] == "I never speak here without being spoken to."
        day.bob.says(dm, "/help")
        await until(lambda: len(day.said(dm)) == 3)
        assert "/initiative" not in day.said(dm)[-1]


async def test_people_see_and_switch_it_in_their_room(any_day: Day) -> None:
    day = any_day
    settings = {"AT": "09:00,10:00", "AFTER": "12", "ON": "joined"}
    told = (
        "I may say something here by myself (at 09:00, 10:00 UTC; after 12 hours of silence; "
        "when somebody joins), at most 3 times a day; today {} are left. /initiative off stops that."
    )
    off = "I do not speak here by myself: it is switched off. /initiative on changes that."
    async with day.of(**settings):
        dm = day.dm()

        async def asks(text: str) -> str:
            await day.talks(dm, text)
            return day.said(dm)[-1]

        assert "/initiative" in await asks("/help")
        assert await asks("/initiative status") == told.format(3)
        await day.talks(dm)
        day.clock.turn(10 * MINUTE)
        await day.cued(1)
        assert await asks("/initiative") == told.format(2)
        assert "understand" in await asks("/initiative perhaps")
        assert "will not speak" in await asks("/initiative off")
        day.clock.turn(HOUR)
        assert (await day.cued(2))[-1] == ("silent", "initiative-off-here")
    async with day.of(**settings):
        assert await asks("/initiative status") == off
        assert await asks("/initiative on") == told.format(2)
        assert len(day.cues) == 1


async def test_in_a_group_only_admins_switch_it(any_day: Day) -> None:
    day = any_day
    async with day.of(AT="09:00"):
        eve = day.stage.person("Eve")
        if day.platform == "telegram":
            room, mark = day.stage.group("Owls", [day.bob, eve], [day.ada]), ""
        else:
            room, mark = Server.of(day.stage, [day.ada], day.bob, eve).general, "@Ada "
        eve.says(room, f"{mark}/initiative off")
        await day.hears(room, "Only admins of this group can change that.")
        day.bob.says(room, f"{mark}/initiative off")
        await until(lambda: len(day.said(room)) == 2)
        assert "will not speak" in day.said(room)[-1]
        eve.says(room, f"{mark}/initiative")
        await until(lambda: len(day.said(room)) == 3)
        assert "is switched off" in day.said(room)[-1]


async def test_where_she_is_muted_she_is_silent(day: Day) -> None:
    async with day.of(AT="09:00"):
        group = day.stage.group("Owls", [day.bob], [day.ada])
        await day.talks(group)
        day.answers = reply("never")
        muted = "<response><actions>MUTE_ROOM</actions></response>"
        model = day.model
        day.model = lambda request: muted if "quiet" in question(request) else model(request)  # type: ignore[method-assign]
        day.bob.says(group, "Ada, be quiet")
        await until(lambda: [one for one in rows(day.play, "participants") if one["state"]])
        day.clock.turn(10 * MINUTE)
        assert await day.cued(1) == [("silent", "muted")]


async def test_a_cue_whose_model_fails_is_dropped_and_says_nothing(day: Day) -> None:
    day.answers = ModelUnavailable("away")
    async with day.of(AT="09:00,10:00", PER_DAY="1"):
        dm = day.dm()
        await day.talks(dm)
        day.clock.turn(10 * MINUTE)
        assert await day.cued(1) == [("failed", "model-unavailable")]
        assert day.said(dm) == ["I see."]
        day.answers = reply("Now!")
        day.clock.turn(HOUR)
        assert (await day.cued(2))[-1] == ("answered", "cue")  # what failed is not counted


async def test_her_model_may_find_nothing_worth_saying(day: Day) -> None:
    day.answers = IGNORE
    async with day.of(AT="09:00,10:00", PER_DAY="1"):
        dm = day.dm()
        await day.talks(dm)
        day.clock.turn(10 * MINUTE)
        assert await day.cued(1) == [("silent", "ignored-by-model")]
        day.answers = reply("Now!")
        day.clock.turn(HOUR)
        await day.hears(dm, "I see.", "Now!")
