"""Actions say more than words by elizaOS' content, and people get it whole: G31 and T-53 to T-58."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import samples
from core.models.scripted import Scripted
from core.plugins import Plugin, Turn
from core.ports import ModelRequest
from tests.bots.test_guarded import Canary
from tests.fakes.pictures import png
from tests.flows.on_discord import rows
from tests.flows.talk import playing, question, reply, settled, until, whole


@pytest.fixture
def canary() -> Any:
    made = Canary()
    yield made
    made.close()


def waiter(content: Any) -> Plugin:
    """Whoever orders gets what is said for it."""
    plugin = Plugin("waiter")

    @plugin.action(name="SERVE")
    async def serve(turn: Turn) -> None:
        """Serve."""
        await turn.say(content)

    return plugin


def model(request: ModelRequest) -> str:
    if "order" in question(request) and "# Done just now" not in whole(request):
        return "<response><actions>SERVE</actions></response>"
    return reply("Served.")


async def served(content: Any, data: Path) -> tuple[list[Any], Any]:
    """What somebody sees who orders it, and where."""
    how: dict[str, Any] = {"model": Scripted(model), "plugins": [waiter(content)]}
    async with playing("Ada", data=data, **how) as play:
        bob, ada = play.stage.person("Bob"), play.bots["Ada"]
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "I order it")
        await settled(play, 1)
        await until(lambda: {one["status"] for one in rows(play, "deliveries")} == {"sent"})
        return [one for one in play.stage.messages(dm) if one.sender is ada], play.stage


async def test_buttons_and_ready_answers_of_an_action_are_drawn(tmp_path: Path) -> None:
    keys = [
        [{"text": "Green", "callback_data": "green"}, {"text": "Black", "callback_data": "black"}],
        [{"text": "Read", "url": "https://tea.example"}],
    ]
    (said, *_), _stage = await served({"text": "Which?", "buttons": keys}, tmp_path)
    assert [[key["text"] for key in row] for row in said.markup["inline_keyboard"]] == [
        ["Green", "Black"],
        ["Read"],
    ]


async def test_a_flat_list_is_one_button_below_another(tmp_path: Path) -> None:
    flat = [{"text": "Yes", "callback_data": "y"}, {"text": "No", "callback_data": "n"}]
    (said, *_), _stage = await served({"text": "Tea?", "buttons": flat}, tmp_path)
    assert [len(row) for row in said.markup["inline_keyboard"]] == [1, 1]


async def test_a_poll_a_place_and_silence(tmp_path: Path) -> None:
    content = {
        "text": "Vote.",
        "poll": {"question": "Tea?", "options": ["Green", "Black"]},
        "location": {"latitude": 52.5, "longitude": 13.4},
        "silent": True,
    }
    said, stage = await served(content, tmp_path)
    assert [set(one.more) & {"poll", "location"} for one in said[:3]] == [
        set(),
        {"poll"},
        {"location"},
    ]
    for name in ("sendPoll", "sendLocation"):
        assert stage.journal.of(name)[0].params["disable_notification"] is True


async def test_pictures_come_as_one_album_and_a_sound_as_a_sound(tmp_path: Path) -> None:
    owls = [{"data": png(seed=n), "title": f"Owl {n}"} for n in range(3)]
    song = {"data": samples.mp3(1), "title": "song.mp3"}
    said, _stage = await served({"text": "Owls.", "attachments": [*owls, song]}, tmp_path)
    assert [one.text for one in said[:4]] == ["Owls.", "", "", ""]
    assert len({one.more["media_group_id"] for one in said[:3]}) == 1
    assert "audio" in said[3].more


async def test_g31_what_an_action_attaches_by_address_is_fetched_by_nobody_from_within(
    tmp_path: Path, canary: Canary
) -> None:
    """Neither by us nor, on our word, by the platform."""
    inside = f"http://127.0.0.1:{canary.port}/owl.png"
    content = {"text": "Look.", "attachments": [{"url": inside, "contentType": "image/png"}]}
    (said, *_), stage = await served(content, tmp_path)
    assert said.text == f"Look.\n{inside}"
    assert canary.hits == 0
    (call,) = [one for one in stage.journal.of("sendMessage") if "Look." in str(one.params)]
    assert call.params["link_preview_options"] == {"is_disabled": True}
    assert not stage.journal.of("sendPhoto")
