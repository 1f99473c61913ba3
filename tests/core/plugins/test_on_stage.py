"""Plugins in the whole gateway: an author's own test, and a culprit among plugins."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from bots.testkit import playing
from core.models.scripted import Scripted
from core.plugins import Plugin, Turn
from tests.docs.test_docs import blocks

PAGE = "docs/plugins.md"
NAME = "the_page_on_stage"


class City(BaseModel):
    city: str


@pytest.fixture
def page() -> Iterator[ModuleType]:
    """Every block of the page for authors, run in order."""
    module = ModuleType(NAME)
    sys.modules[NAME] = module
    try:
        for block in blocks(PAGE, "python"):
            exec(compile(block, PAGE, "exec"), vars(module))
        yield module
    finally:
        del sys.modules[NAME]


async def test_the_gateway_test_of_the_page_for_authors_passes(
    page: ModuleType, tmp_path: Path
) -> None:
    await page.test_ada_tells_the_weather(tmp_path)


async def test_progress_is_shown_while_an_action_goes_on(tmp_path: Path) -> None:
    weather = Plugin("weather")

    @weather.action
    async def check_weather(turn: Turn, place: City) -> str:
        """Look up the weather in a city."""
        await turn.say(f"I look at the sky of {place.city} ...")
        return "rain"

    model = Scripted(
        [
            "<response><actions>CHECK_WEATHER</actions>"
            '<params>{"CHECK_WEATHER": {"city": "Oslo"}}</params></response>',
            "<response><text>It rains.</text></response>",
        ]
    )
    ada = {"name": "Ada", "bio": "Ada looks up.", "plugins": ["weather"]}
    async with playing(ada, plugins=[weather], model=model, data=tmp_path) as play:
        bob = play.stage.person("Bob")
        dm = play.stage.dm(bob, play.bots["Ada"])
        bob.says(dm, "Oslo?")
        first = await play.stage.next_from(play.bots["Ada"], dm)
        second = await play.stage.next_from(play.bots["Ada"], dm)
        assert [first.text, second.text] == ["I look at the sky of Oslo ...", "It rains."]


async def test_a_broken_plugin_takes_down_itself_and_nothing_else(tmp_path: Path) -> None:
    broken, dice = Plugin("broken"), Plugin("dice")

    @broken.resource
    async def never(settings: Any) -> Any:
        raise RuntimeError("no wheels")
        yield

    @broken.action
    async def drive(turn: Turn) -> str:
        """Drive away."""
        return "away"

    @broken.provider
    async def fuel(turn: Turn) -> str:
        raise AssertionError("it is off, so nobody asks")

    @dice.action(says=True)
    async def roll(turn: Turn) -> str:
        """Roll a die."""
        return "A four."

    @dice.provider
    async def luck(turn: Turn) -> Mapping[str, Any]:
        raise RuntimeError("out of luck")

    model = Scripted(["<response><actions>ROLL</actions></response>"])
    ada = {"name": "Ada", "bio": "Ada plays.", "plugins": ["broken", "no-such-one", "dice"]}
    bea = {"name": "Bea", "bio": "Bea plays."}
    async with playing(ada, bea, plugins=[broken, dice], model=model, data=tmp_path) as play:
        bob = play.stage.person("Bob")
        dm = play.stage.dm(bob, play.bots["Ada"])
        bob.says(dm, "roll!")
        assert (await play.stage.next_from(play.bots["Ada"], dm)).text == "A four."
        assert "DRIVE" not in str(model.requests)
