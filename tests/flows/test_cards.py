"""What an action says with cards, menus and buttons, as people get it on either platform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.models.scripted import Scripted
from core.plugins import Plugin, Turn
from core.ports import ModelRequest
from tests.faults import ledgers
from tests.flows.on_discord import Server, calls, on_discord
from tests.flows.talk import playing, question, reply, until

pytestmark = pytest.mark.usefixtures("database")

FOUND = {
    "embeds": [
        {
            "title": "Teas",
            "fields": [{"name": "Assam", "value": "[Read](https://tea.org/assam)"}],
            "color": 0x0099FF,
            "timestamp": "2026-11-21T12:00:00.000Z",
        }
    ],
    "components": [
        {
            "type": "ACTION_ROW",
            "components": [
                {
                    "type": "SELECT_MENU",
                    "customId": "tea_menu",
                    "placeholder": "Which tea?",
                    "options": [
                        {"label": "The mild one", "value": "mild"},
                        {"label": "The strong one", "value": "strong"},
                    ],
                }
            ],
        },
        {"type": 1, "components": [{"type": 2, "label": "More", "custom_id": "more", "style": 1}]},
    ],
}


def teas(content: dict[str, Any]) -> Plugin:
    plugin = Plugin("teas")

    @plugin.action()
    async def show_teas(turn: Turn) -> str:
        """Show what teas there are."""
        await turn.say(content)
        return ""

    return plugin


def model(request: ModelRequest) -> str:
    if "teas" in question(request):
        return "<response><actions>SHOW_TEAS</actions></response>"
    return reply(f"heard: {question(request)}")


async def test_on_discord_cards_and_menus_come_without_a_word_and_what_is_chosen_is_said(
    tmp_path: Path,
) -> None:
    """D-38, D-39, D-40."""
    asked = Scripted(model)
    async with on_discord("Ada", model=asked, data=tmp_path, plugins=[teas(FOUND)]) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general = server.owner, server.general
        bob.says(general, "Ada, what teas are there?")
        said = await stage.next_from(ada, general)
        assert said.text == ""
        assert [card["title"] for card in said.more["embeds"]] == ["Teas"]
        menu, button = (row["components"][0] for row in said.more["components"])
        assert (menu["custom_id"], button["custom_id"]) == ("tea_menu", "more")
        assert not said.more["flags"] & 4, "else the card would be hidden"
        bob.presses(said, "tea_menu", values=["strong"])
        answer = await stage.next_from(ada, general)
        assert "strong" in answer.text
        bob.presses(said, "more")
        assert "More" in (await stage.next_from(ada, general)).text


async def test_what_shows_nothing_is_not_sent(tmp_path: Path) -> None:
    nothing = {"text": "", "embeds": [{}], "components": [{"type": "ACTION_ROW"}]}
    plugins = [teas(nothing)]
    async with on_discord("Ada", model=Scripted(model), data=tmp_path, plugins=plugins) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        server.owner.says(server.general, "Ada, what teas are there?")
        await until(lambda: all(row["status"] != "new" for row in ledgers.read(play.data).inbox))
        await stage.quiet(server.general)
        assert not calls(stage, "create_message")


async def test_on_telegram_a_card_is_text_and_a_menu_a_button_for_each_option(
    tmp_path: Path,
) -> None:
    asked = Scripted(model)
    async with playing("Ada", model=asked, data=tmp_path, plugins=[teas(FOUND)]) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "what teas are there?")
        said = await play.stage.next_from(ada, dm)
        assert said.text.startswith("Teas\n\nAssam: Read")
        keys = [key for row in said.markup["inline_keyboard"] for key in row]
        assert [(key["text"], key["callback_data"]) for key in keys] == [
            ("The mild one", "tea_menu:mild"),
            ("The strong one", "tea_menu:strong"),
            ("More", "more"),
        ]
        bob.presses(said, "tea_menu:strong")
        assert "The strong one" in (await play.stage.next_from(ada, dm)).text
