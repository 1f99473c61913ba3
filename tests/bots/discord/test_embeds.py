"""Cards and menus: drawn as far as Discord can, cut where they are too long, said in words else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from bots.discord.embeds import cards
from bots.discord.rendering import MAX_TEXT, render
from bots.sandbox.faults import Fault
from core.errors import Unsendable
from core.messages import Button, Delivery, DeliveryKind, Embed, Menu, Reply
from tests.bots.discord.conftest import delivery
from tests.contracts import discordapi

CARD = Embed("Tea", "It is **good**.", fields=(("Green", "mild", True), ("Black", "strong", True)))
HIDDEN = 1 << 2


def payloads(reply: Reply) -> list[dict[str, Any]]:
    return [orjson.loads(one) for one in render(reply)]


def length(shown: list[dict[str, Any]]) -> int:
    return sum(
        len(card.get("title", ""))
        + len(card.get("description", ""))
        + len(card.get("footer", {}).get("text", ""))
        + sum(len(one["name"]) + len(one["value"]) for one in card.get("fields", ()))
        for card in shown
    )


async def says(link: Any, room: Any, reply: Reply, **more: Any) -> list[Delivery]:
    rows = [
        replace(delivery(link, room, **more), payload=payload, nonce=f"n{number}")
        for number, payload in enumerate(link.render(reply))
    ]
    return [replace(row, target=(await link.perform(row)).message) for row in rows]


def sends(stage: Any) -> list[Any]:
    return [call.params for call in stage.discord.journal if call.method == "create_message"]


# --- what is drawn -----------------------------------------------------------------------------


def test_a_card_has_all_that_it_was_given() -> None:
    whole = replace(
        CARD, url="https://tea.org/", colour=0x00FF00, footer="Ed", at="2026-11-21T12:00:00Z"
    )
    assert cards([whole]) == [
        {
            "title": "Tea",
            "url": "https://tea.org/",
            "description": "It is **good**.",
            "fields": [
                {"name": "Green", "value": "mild", "inline": True},
                {"name": "Black", "value": "strong", "inline": True},
            ],
            "footer": {"text": "Ed"},
            "color": 0x00FF00,
            "timestamp": "2026-11-21T12:00:00+00:00",
        }
    ]


@discordapi.needs_contract
@pytest.mark.parametrize(
    "embed",
    [
        Embed("t" * 1000, "d" * 9000),
        Embed("T", fields=tuple((f"name {n}" * 60, "value " * 400, False) for n in range(40))),
        Embed("T", "```py\n" + "code\n" * 2000 + "```"),
        Embed("T", "👩‍🚀" * 3000, footer="f" * 3000),
        Embed("T", url="javascript:alert(1)", colour=-5, at="yesterday"),
        Embed("T", colour=1 << 30, fields=(("", "no name", False), ("no value", "", True))),
        Embed(text="| a | b |\n|---|---|\n| 1 | 2 |"),
    ],
)
def test_what_is_too_much_or_odd_is_cut_to_what_discord_takes(embed: Embed) -> None:
    shown = cards([embed] * 12)
    assert 1 <= len(shown) <= 10
    assert length(shown) <= 6000
    assert discordapi.request_problems("POST", "/channels/1/messages", {"embeds": shown}) == []
    for card in shown:
        assert card.get("description", "").count("```") % 2 == 0
        assert all(one["name"] and one["value"] for one in card.get("fields", ()))


def test_a_card_that_shows_nothing_is_left_out() -> None:
    assert cards([Embed(), Embed(" ", "\u200b", colour=5, at="2026-11-21T12:00:00Z")]) == []
    assert render(Reply("", embeds=(Embed(),))) == ()


def test_a_card_is_said_without_words_as_well() -> None:
    (alone,) = payloads(Reply("", "7", embeds=(CARD,)))
    assert alone["content"] == ""
    assert alone["reference"] == "7"
    assert [card["title"] for card in alone["embeds"]] == ["Tea"]


def test_cards_stand_below_the_last_words() -> None:
    first, last = payloads(
        Reply("Tea is good. " * 200, embeds=(CARD,), buttons=(Button("Y", "y"),))
    )
    assert "embeds" not in first
    assert last["embeds"]
    assert last["components"]


def test_a_menu_stands_above_the_buttons_of_a_message() -> None:
    menu = Menu("settings_menu", (("style", "Style"), ("language", "Language")), "What?", most=5)
    (shown,) = payloads(Reply("Settings", menus=(menu,), buttons=(Button("Close", "close"),)))
    top, below = shown["components"]
    assert top["components"] == [
        {
            "type": 3,
            "custom_id": "settings_menu",
            "options": [
                {"label": "Style", "value": "style"},
                {"label": "Language", "value": "language"},
            ],
            "placeholder": "What?",
            "min_values": 1,
            "max_values": 2,
        }
    ]
    assert [key["label"] for key in below["components"]] == ["Close"]


@discordapi.needs_contract
def test_menus_and_buttons_are_never_more_than_a_message_holds() -> None:
    options = tuple((f"v{n}" * 20, "L" * 300) for n in range(40))
    menus = tuple(Menu(f"m{n}", options, "p" * 300, most=99) for n in range(3))
    buttons = tuple(Button(f"b{n}", f"b{n}") for n in range(40))
    (shown,) = payloads(Reply("Choose", menus=(*menus, menus[0]), buttons=buttons))
    rows = shown["components"]
    assert [len(row["components"]) for row in rows] == [1, 1, 1, 5, 5]
    assert all(len(row["components"][0]["options"]) == 25 for row in rows[:3])
    asked = {"content": "Choose", "components": rows}
    assert discordapi.request_problems("POST", "/channels/1/messages", asked) == []


@pytest.mark.parametrize(
    "menu", [Menu("", (("a", "A"),)), Menu("m", ()), Menu("m" * 101, (("a", "A"),))]
)
def test_a_menu_that_discord_would_refuse_is_left_out(menu: Menu) -> None:
    (shown,) = payloads(Reply("Choose", menus=(menu,)))
    assert "components" not in shown


# --- what is sent ------------------------------------------------------------------------------


async def test_cards_are_seen_and_no_address_in_words_is_looked_up(link, stage, general) -> None:
    await says(link, general, Reply("Tea: https://tea.org/secret", embeds=(CARD,)))
    words, shown = sends(stage)
    assert words["flags"] & HIDDEN
    assert "embeds" not in words
    assert not shown["flags"] & HIDDEN
    assert "://" not in shown["content"]
    await says(link, general, Reply("Tea.", embeds=(CARD,)))
    assert sends(stage)[-1]["content"] == "Tea."
    assert not sends(stage)[-1]["flags"] & HIDDEN


async def test_an_edit_brings_cards_and_menus_and_takes_them_away(link, stage, general) -> None:
    (row,) = await says(link, general, Reply("Tea?"))
    menu = Menu("m", (("a", "A"),))
    for reply, seen in ((Reply("Tea.", embeds=(CARD,), menus=(menu,)), 1), (Reply("Milk."), 0)):
        (payload,) = link.render(reply)
        await link.perform(replace(row, kind=DeliveryKind.EDIT, payload=payload))
        (said,) = stage.messages(general)
        assert len(said.more.get("embeds") or ()) == seen
        assert len(said.more.get("components") or ()) == seen


async def test_who_may_show_no_cards_says_them_in_words(link, stage, general) -> None:
    stage.discord.faults.add(Fault("refuse", method="create_message", status=403, code=50013))
    await says(link, general, Reply("Here:", embeds=(CARD,), buttons=(Button("Y", "y"),)))
    (said,) = stage.messages(general)
    assert said.text == "Here:\n\n**Tea**\nIt is **good**.\n\n**Green:** mild\n**Black:** strong"
    assert said.more["components"]
    assert said.more["flags"] & HIDDEN


async def test_a_long_card_in_words_is_cut_to_one_message(link, stage, general) -> None:
    stage.discord.faults.add(Fault("refuse", method="create_message", status=403, code=50013))
    await says(link, general, Reply("Here. " * 100, embeds=(Embed("T", "word " * 2000),)))
    (said,) = stage.messages(general)
    assert 1500 < len(said.text) <= MAX_TEXT


async def test_where_nothing_may_be_said_a_card_is_not_tried_again_and_again(
    link, stage, general
) -> None:
    stage.discord.faults.add(
        Fault("refuse", method="create_message", status=403, code=50013, times=None)
    )
    for _ in range(3):
        with pytest.raises(Unsendable, match="no right"):
            await says(link, general, Reply("", embeds=(CARD,)))
    assert len(sends(stage)) == 2


async def test_an_edit_that_may_bring_no_cards_brings_the_words(link, stage, general) -> None:
    (row,) = await says(link, general, Reply("Once"))
    stage.discord.faults.add(Fault("refuse", method="update_message", status=403, code=50013))
    (payload,) = link.render(Reply("Once upon", embeds=(CARD,)))
    await link.perform(replace(row, kind=DeliveryKind.EDIT, payload=payload))
    (said,) = stage.messages(general)
    assert said.text.startswith("Once upon\n\n**Tea**")
