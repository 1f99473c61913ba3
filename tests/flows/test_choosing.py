"""Something is to be chosen: by a button, in plain words, or by what the model makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Bot, Person, Stage
from bots.sandbox.world import Chat, Message
from bots.testkit import Play
from core.flow.choosing import OVER
from core.models.scripted import Scripted
from core.plugins import Plugin, Turn
from core.ports import ModelRequest
from core.tasks import AWAITING_CHOICE, buttons
from tests.flows.on_discord import Server, rows
from tests.flows.talk import playing, question, reply, until, whole

pytestmark = pytest.mark.usefixtures("database")

OPTIONS = [{"name": "Tea", "description": "hot"}, {"name": "Milk"}]


class Waiter:
    """A plugin that asks what somebody would like, and writes down what they have chosen."""

    def __init__(self, *, whose: str = "", fails: int = 0, speaks: bool = False) -> None:
        self.plugin = Plugin("waiter")
        self.chosen: list[str] = []
        self.fails = fails

        @self.plugin.action(name="ORDER")
        async def order(turn: Turn) -> None:
            """Ask what they would like."""
            task = await turn.runtime.create_task(
                {
                    "name": "SERVE",
                    "tags": [AWAITING_CHOICE],
                    "roomId": turn.message.room_id,
                    "entityId": turn.message.entity_id if whose == "asker" else None,
                    "metadata": {"options": OPTIONS},
                }
            )
            await turn.say("What would you like?", buttons=buttons(task, OPTIONS))

        @self.plugin.task("SERVE")
        async def serve(runtime: Any, options: Mapping[str, Any], task: Any) -> None:
            if self.fails:
                self.fails -= 1
                raise ValueError
            self.chosen.append(options["option"])
            if speaks:
                await runtime.send_message_to_target(task.room, "It comes.")


def model(request: ModelRequest) -> str:
    said = question(request)
    if "order" in said:
        return "<response><actions>ORDER</actions></response>"
    if "the white one" in said:
        params = '<params>{"CHOOSE_OPTION": {"option": "milk"}}</params>'
        return f"<response><actions>CHOOSE_OPTION</actions>{params}</response>"
    return reply("I see.")


def keys(message: Message, platform: str) -> dict[str, str]:
    """What stands on its buttons, and what each sends."""
    if platform == "telegram":
        lines = (message.markup or {}).get("inline_keyboard", [])
        return {key["text"]: key["callback_data"] for line in lines for key in line}
    found: dict[str, str] = {}
    for line in message.more.get("components", []):
        found |= {key["label"]: key["custom_id"] for key in line["components"]}
    return found


class Table:
    """Bob, and in a group Eve, with Ada."""

    def __init__(self, play: Play, platform: str, *, group: bool) -> None:
        self.play, self.platform = play, platform
        bots = play.bots if platform == "telegram" else play.discord_bots
        self.ada: Bot = bots["Ada"]
        self.bob: Person = play.stage.person("Bob")
        self.eve: Person = play.stage.person("Eve")
        if not group:
            house = play.stage if platform == "telegram" else play.stage.discord
            self.room: Chat = house.dm(self.bob, self.ada)
        elif platform == "telegram":
            self.room = play.stage.group("Owls", [self.bob, self.eve], [self.ada])
            self.bob.promotes(self.room, self.ada)  # so that she hears everything
        else:
            self.room = Server.of(play.stage, [self.ada], self.bob, self.eve).general

    async def hears(self, *texts: str) -> Message:
        await until(lambda: len(self.heard) >= len(texts))
        assert [one.text for one in self.heard] == list(texts)
        return self.heard[-1]

    @property
    def heard(self) -> list[Message]:
        return [one for one in self.play.stage.messages(self.room) if one.sender is self.ada]

    async def settled(self, kind: str, number: int) -> list[tuple[str, str]]:
        def ended() -> list[tuple[str, str]]:
            found = [one for one in rows(self.play, "inbox") if one["kind"] == kind]
            return [(one["status"], one["rule"]) for one in found if one["status"] != "new"]

        await until(lambda: len(ended()) >= number)
        return ended()


def at_table(
    platform: str,
    waiter: Waiter,
    data: Path,
    scripted: Scripted | None = None,
    stage: Stage | None = None,
) -> Any:
    return playing(
        "Ada",
        model=scripted or Scripted(model),
        data=data,
        stage=stage,
        platforms=(platform,),
        plugins=[waiter.plugin],
    )


@pytest.fixture(params=["telegram", "discord"])
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_button_makes_the_choice_once_and_is_answered(
    platform: str, tmp_path: Path
) -> None:
    waiter = Waiter()
    async with at_table(platform, waiter, tmp_path) as play:
        table = Table(play, platform, group=False)
        table.bob.says(table.room, "I would like to order")
        asked = await table.hears("What would you like?")
        assert list(keys(asked, platform)) == ["Tea", "Milk"]
        assert all(len(one.encode()) <= 60 for one in keys(asked, platform).values())
        table.bob.presses(asked, keys(asked, platform)["Milk"])
        await table.hears("What would you like?", "Chosen: Milk.")
        table.bob.presses(asked, keys(asked, platform)["Tea"])
        await table.hears("What would you like?", "Chosen: Milk.", OVER)
        table.bob.presses(asked, keys(asked, platform)["Tea"])
        assert await table.settled("press", 3) == [
            ("answered", "choice"),
            ("answered", "choice"),
            ("silent", "no-answer"),
        ]
        assert waiter.chosen == ["Milk"]
        assert rows(play, "tasks") == []
        assert len(table.heard) == 3


async def test_a_choice_is_made_by_writing_it_and_no_model_is_asked(
    platform: str, tmp_path: Path
) -> None:
    waiter, scripted = Waiter(speaks=True), Scripted(model)
    async with at_table(platform, waiter, tmp_path, scripted) as play:
        table = Table(play, platform, group=False)
        table.bob.says(table.room, "I would like to order")
        await table.hears("What would you like?")
        asked = len(scripted.requests)
        table.bob.says(table.room, "tea!")
        await table.hears("What would you like?", "It comes.")
        assert (waiter.chosen, len(scripted.requests)) == (["Tea"], asked)
        table.bob.says(table.room, "tea!")  # nothing is open any more: it is talk
        await table.hears("What would you like?", "It comes.", "I see.")


async def test_the_model_is_told_of_the_choice_and_may_take_it(
    platform: str, tmp_path: Path
) -> None:
    waiter, scripted = Waiter(), Scripted(model)
    async with at_table(platform, waiter, tmp_path, scripted) as play:
        table = Table(play, platform, group=False)
        table.bob.says(table.room, "I would like to order")
        await table.hears("What would you like?")
        assert "Still to be chosen" not in whole(scripted.requests[0])
        table.bob.says(table.room, "the white one, please")
        await until(lambda: waiter.chosen == ["Milk"])
        assert "Still to be chosen" in whole(scripted.requests[1])
        assert "“SERVE”: Tea (hot); Milk" in whole(scripted.requests[1])
        await until(lambda: rows(play, "tasks") == [])
        table.bob.says(table.room, "thank you")
        await until(lambda: len(scripted.requests) >= 3)
        await until(lambda: "thank you" in question(scripted.requests[-1]))
        assert "Still to be chosen" not in whole(scripted.requests[-1])


async def test_in_a_group_only_who_was_asked_may_choose(platform: str, tmp_path: Path) -> None:
    waiter = Waiter(whose="asker")
    async with at_table(platform, waiter, tmp_path) as play:
        table = Table(play, platform, group=True)
        table.eve.says(table.room, "Ada, I would like to order")
        asked = await table.hears("What would you like?")
        table.bob.presses(asked, keys(asked, platform)["Tea"])
        refused = "This choice is for somebody else."
        await table.hears("What would you like?", refused)
        table.bob.says(table.room, "Milk")  # from him it is talk
        await table.hears("What would you like?", refused, "I see.")
        assert waiter.chosen == []
        table.eve.says(table.room, "milk")
        await table.hears("What would you like?", refused, "I see.", "Chosen: Milk.")
        assert waiter.chosen == ["Milk"]


async def test_in_a_group_nobody_in_particular_was_asked_in_admins_choose(
    platform: str, tmp_path: Path
) -> None:
    waiter = Waiter()
    async with at_table(platform, waiter, tmp_path) as play:
        table = Table(play, platform, group=True)  # Bob is its owner
        table.eve.says(table.room, "Ada, I would like to order")
        asked = await table.hears("What would you like?")
        table.eve.presses(asked, keys(asked, platform)["Tea"])
        refused = "This choice is for somebody else."
        await table.hears("What would you like?", refused)
        table.bob.says(table.room, "Tea")  # said to the others, as far as anybody can tell
        await table.settled("message", 2)
        assert waiter.chosen == []
        table.bob.presses(asked, keys(asked, platform)["Tea"])
        await table.hears("What would you like?", refused, "Chosen: Tea.")


async def test_what_fails_may_be_chosen_again(tmp_path: Path) -> None:
    waiter = Waiter(fails=1)
    async with at_table("telegram", waiter, tmp_path) as play:
        table = Table(play, "telegram", group=False)
        table.bob.says(table.room, "I would like to order")
        asked = await table.hears("What would you like?")
        table.bob.presses(asked, keys(asked, "telegram")["Tea"])
        failed = "CHOOSE_OPTION did not work."
        await table.hears("What would you like?", failed)
        table.bob.presses(asked, keys(asked, "telegram")["Tea"])
        await table.hears("What would you like?", failed, "Chosen: Tea.")
        assert waiter.chosen == ["Tea"]


async def test_a_choice_is_given_up_in_a_word(tmp_path: Path) -> None:
    waiter = Waiter()
    async with at_table("telegram", waiter, tmp_path) as play:
        table = Table(play, "telegram", group=False)
        table.bob.says(table.room, "I would like to order")
        await table.hears("What would you like?")
        table.bob.says(table.room, "abort")
        await table.hears("What would you like?", "Cancelled.")
        assert (waiter.chosen, rows(play, "tasks")) == ([], [])


async def test_a_choice_waits_over_a_restart(platform: str, tmp_path: Path) -> None:
    waiter = Waiter()
    async with Stage(limits=False) as stage:
        async with at_table(platform, waiter, tmp_path, stage=stage) as play:
            table = Table(play, platform, group=False)
            table.bob.says(table.room, "I would like to order")
            asked = await table.hears("What would you like?")
        async with at_table(platform, waiter, tmp_path, stage=stage):
            table.bob.presses(asked, keys(asked, platform)["Tea"])
            await table.hears("What would you like?", "Chosen: Tea.")
    assert waiter.chosen == ["Tea"]
