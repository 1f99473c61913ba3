"""Where there are no cards and no menus, they are words and buttons."""

from __future__ import annotations

from typing import Any

import orjson

from bots.telegram.rendering import render
from core.messages import Button, Embed, Menu, Reply

MENU = Menu("tea", (("mild", "Mild"), ("strong", "Strong")), "Which tea?")


def payloads(reply: Reply) -> list[dict[str, Any]]:
    return [orjson.loads(one) for one in render(reply)]


def keys(shown: dict[str, Any]) -> list[tuple[str, str]]:
    return [(key["text"], key["callback_data"]) for row in shown["keyboard"] for key in row]


def test_a_card_stands_behind_the_words_with_its_title_in_bold() -> None:
    (shown,) = payloads(Reply("Here:", embeds=(Embed("Tea", "Good.", fields=(("A", "b", True),)),)))
    assert shown["text"] == "Here:\n\nTea\nGood.\n\nA: b"
    bold = [one for one in shown["entities"] if one["type"] == "bold"]
    assert [shown["text"][one["offset"] :][: one["length"]] for one in bold] == ["Tea", "A:"]


def test_a_menu_is_a_button_for_each_of_its_first_25_options() -> None:
    (shown,) = payloads(Reply("Choose", menus=(MENU,), buttons=(Button("No", "no"),)))
    assert keys(shown) == [("Mild", "tea:mild"), ("Strong", "tea:strong"), ("No", "no")]
    long = Menu("m", tuple((str(n), f"Option {n}") for n in range(40)))
    assert len(keys(payloads(Reply("Choose", menus=(long,)))[0])) == 25


def test_a_menu_without_words_says_what_is_to_be_chosen() -> None:
    (shown,) = payloads(Reply("", menus=(MENU,)))
    assert shown["text"] == "Which tea?"
    assert render(Reply("", embeds=(Embed(),))) == ()
