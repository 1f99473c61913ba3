"""Characters show pictures: those that an action brings, and those that a model makes."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Person
from bots.sandbox.world import Chat
from bots.testkit import Play
from core.models.scripted import Scripted
from core.plugins import Plugin, Turn
from core.ports import ModelRequest, ModelType
from tests.contracts.theatres import pictures
from tests.fakes.pictures import png
from tests.flows.on_discord import ON_BOTH, rows
from tests.flows.talk import playing, question, reply, until, whole

pytestmark = pytest.mark.usefixtures("database")


def painter() -> Plugin:
    plugin = Plugin("painter")

    @plugin.action(name="SHOW")
    async def show(turn: Turn) -> None:
        """Show the owl."""
        await turn.say({"text": "An owl.", "attachments": [{"data": png(), "title": "Owl"}]})

    @plugin.action(name="SHOW_TWO")
    async def show_two(turn: Turn) -> None:
        """Show two owls."""
        address = "data:image/png;base64," + b64encode(png(seed=1)).decode()
        owls: list[dict[str, Any]] = [{"data": png()}, {"url": address}]
        await turn.say({"text": "Owls fly at night. " * 200, "attachments": owls})

    @plugin.action(name="SHOW_TOO_MUCH")
    async def show_too_much(turn: Turn) -> None:
        """Show an owl of nine megabytes."""
        await turn.say({"text": "An owl.", "attachments": [{"data": bytes(9_000_000)}]})

    @plugin.model(ModelType.IMAGE)
    async def draw(runtime: Any, params: Any) -> bytes:
        return png(seed=2)

    return plugin


def model(request: ModelRequest) -> str:
    said = question(request)
    if "draw" in said and "# Done just now" not in whole(request):
        params = '<params>{"GENERATE_IMAGE": {"prompt": "an owl"}}</params>'
        return f"<response><actions>GENERATE_IMAGE</actions>{params}</response>"
    for words, action in (("two", "SHOW_TWO"), ("much", "SHOW_TOO_MUCH"), ("owl", "SHOW")):
        if words in said and "# Done just now" not in whole(request):
            return f"<response><actions>{action}</actions></response>"
    return reply("I see.")


def direct(play: Play, platform: str) -> tuple[Person, Chat]:
    bob = play.stage.person("Bob")
    if platform == "telegram":
        return bob, play.stage.dm(bob, play.bots["Ada"])
    return bob, play.stage.discord.dm(bob, play.discord_bots["Ada"])


def heard(play: Play, room: Chat) -> list[str]:
    return [one.text for one in play.stage.messages(room) if one.sender.is_bot]


def stored(play: Play) -> list[str]:
    folder = play.data / "files"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


async def until_sent(play: Play, number: int) -> None:
    """Until so many messages are out, and known to be."""

    def sent() -> bool:
        found = [one["status"] for one in rows(play, "deliveries")]
        return len(found) >= number and set(found) == {"sent"}

    await until(sent)


@pytest.mark.parametrize("platform", ON_BOTH)
async def test_an_action_shows_a_picture_with_words(platform: str, tmp_path: Path) -> None:
    asked = Scripted(model)
    how: dict[str, Any] = {"platforms": (platform,), "plugins": [painter()]}
    async with playing("Ada", model=asked, data=tmp_path, **how) as play:
        bob, room = direct(play, platform)
        bob.says(room, "an owl, please")
        await until(lambda: pictures(play.stage, room))
        await until_sent(play, 1)
        assert pictures(play.stage, room) == [png()]
        assert heard(play, room) == ["An owl."]
        bob.says(room, "thank you")
        await until(lambda: heard(play, room)[1:] == ["I see."])
        assert "An owl." in whole(asked.requests[-1])
        (name,) = stored(play)
        memories = [json.loads(one["content"]) for one in rows(play, "memories")]
        (media,) = [one["attachments"] for one in memories if one.get("attachments")]
        assert media == [{"url": f"file:{name}", "contentType": "image/png", "title": "Owl"}]


@pytest.mark.parametrize("platform", ON_BOTH)
async def test_many_words_and_two_pictures_come_in_order(platform: str, tmp_path: Path) -> None:
    how: dict[str, Any] = {"platforms": (platform,), "plugins": [painter()]}
    async with playing("Ada", model=Scripted(model), data=tmp_path, **how) as play:
        bob, room = direct(play, platform)
        bob.says(room, "two, please")
        await until(lambda: len(pictures(play.stage, room)) == 2)
        await until_sent(play, 2 if platform == "telegram" else 3)  # there they are one album
        assert pictures(play.stage, room) == [png(), png(seed=1)]
        said = heard(play, room)
        assert "".join(said).count("Owls") == 200
        assert said[0].startswith("Owls")
        assert said[-1] == ""


@pytest.mark.parametrize("platform", ON_BOTH)
async def test_what_a_model_has_drawn_is_shown(platform: str, tmp_path: Path) -> None:
    how: dict[str, Any] = {"platforms": (platform,), "plugins": [painter()]}
    async with playing("Ada", model=Scripted(model), data=tmp_path, **how) as play:
        bob, room = direct(play, platform)
        bob.says(room, "please draw")
        await until(lambda: pictures(play.stage, room))
        await until_sent(play, 1)
        assert pictures(play.stage, room) == [png(seed=2)]
        (payload,) = [one["payload"] for one in rows(play, "deliveries")]
        assert "generated-image-" in payload


@pytest.mark.parametrize("platform", ON_BOTH)
async def test_of_a_private_talk_no_picture_stays(platform: str, tmp_path: Path) -> None:
    how: dict[str, Any] = {"platforms": (platform,), "plugins": [painter()]}
    private = {"DISABLE_MEMORY_CREATION": "true"}
    async with playing(
        "Ada", model=Scripted(model), data=tmp_path, settings=private, **how
    ) as play:
        bob, room = direct(play, platform)
        bob.says(room, "an owl, please")
        await until(lambda: pictures(play.stage, room))
        await until_sent(play, 1)
        await until(lambda: not stored(play))
        bob.says(room, "draw one")
        await until(lambda: len(pictures(play.stage, room)) == 2)
        await until_sent(play, 2)
        await until(lambda: not stored(play))
        assert not [one for one in rows(play, "deliveries") if "file:" in one["payload"]]
        assert not [one for one in rows(play, "steps") if "file:" in str(one["result"])]


async def test_a_file_that_no_platform_takes_costs_the_action_and_not_the_turn(
    tmp_path: Path,
) -> None:
    async with playing("Ada", model=Scripted(model), data=tmp_path, plugins=[painter()]) as play:
        bob, room = direct(play, "telegram")
        bob.says(room, "too much, please")
        await until(lambda: heard(play, room))
        assert heard(play, room) == ["I see."]
        assert stored(play) == []
        steps = {one["action"]: one["status"] for one in rows(play, "steps")}
        assert steps["SHOW_TOO_MUCH"] == "failed"
