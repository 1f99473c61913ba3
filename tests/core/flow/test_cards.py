"""elizaOS' embeds and components are read however they are written, and told in words."""

from __future__ import annotations

from typing import Any

import pytest

from core.flow.cards import buttons_in, embeds_of, menus_in
from core.flow.speaking import reply_of, shows_anything
from core.messages import Embed, Menu
from core.messages.cards import words_of_card

MENU = {
    "type": "SELECT_MENU",
    "customId": "settings_menu",
    "placeholder": "What?",
    "options": [{"label": "Style", "value": "style"}, "language", {"label": "Notifications"}],
}
READ = Menu(
    "settings_menu",
    (("style", "Style"), ("language", "language"), ("Notifications", "Notifications")),
    "What?",
)


def test_a_card_is_read_with_all_that_it_has() -> None:
    given = {
        "title": "Results",
        "description": "Five of them",
        "url": "https://tea.org",
        "fields": [{"name": "1", "value": "a", "inline": True}, {"name": 2, "value": 3}, "odd"],
        "color": "#0099ff",
        "footer": {"text": "by Ada"},
        "timestamp": "2026-11-21T12:00:00Z",
    }
    whole = Embed(
        "Results",
        "Five of them",
        "https://tea.org",
        (("1", "a", True), ("2", "3", False)),
        0x0099FF,
        "by Ada",
        "2026-11-21T12:00:00Z",
    )
    assert embeds_of([given]) == (whole,)
    assert embeds_of(given) == (whole,)
    assert embeds_of([{"data": given}]) == (whole,), "as a builder makes it"
    assert embeds_of([whole]) == (whole,)


@pytest.mark.parametrize(
    ("moment", "read"),
    [
        (1_795_262_400_000, "2026-11-21T12:00:00+00:00"),
        (1_795_262_400, "2026-11-21T12:00:00+00:00"),
        (True, ""),
        (None, ""),
        (1e30, ""),
    ],
)
def test_a_time_may_be_a_number(moment: Any, read: str) -> None:
    assert embeds_of([{"title": "T", "timestamp": moment}])[0].at == read


@pytest.mark.parametrize("odd", [None, "text", 5, [None, "x", 7], {}])
def test_what_is_no_card_and_no_component_is_none(odd: Any) -> None:
    say = reply_of({"embeds": odd, "components": odd}, "")
    assert not say.menus
    assert not say.buttons
    assert all(one == Embed() for one in say.embeds)


@pytest.mark.parametrize(
    "components",
    [
        [{"type": "ACTION_ROW", "components": [MENU]}],
        [{"type": 1, "components": [{**MENU, "type": 3}]}],
        [{"type": 1, "components": [{**MENU, "type": "STRING_SELECT"}]}],
        [{"data": {"type": 1}, "components": [{"data": MENU}]}],
        [MENU],
        MENU,
    ],
)
def test_a_menu_is_read_however_it_is_written(components: Any) -> None:
    assert menus_in(components) == (READ,)
    say = reply_of({"components": components}, "")
    assert shows_anything(say)


def test_buttons_stand_in_the_rows_that_they_were_given() -> None:
    components = [
        {"type": "ACTION_ROW", "components": [{"type": "BUTTON", "label": "A", "customId": "a"}]},
        {
            "type": 1,
            "components": [
                {"type": 2, "label": "B", "custom_id": "b", "style": 1},
                {"type": 2, "label": "C", "url": "https://tea.org", "style": 5},
                {"type": 2, "label": "Off", "custom_id": "off", "disabled": True},
                {"type": 2, "label": "Nothing"},
            ],
        },
    ]
    a, b, c = buttons_in(components)
    assert (a.label, a.press, b.press, c.url) == ("A", "a", "b", "https://tea.org")
    assert a.row != b.row == c.row
    say = reply_of({"components": components, "buttons": [{"text": "D", "press": "d"}]}, "Hm.")
    assert [one.label for one in say.buttons] == ["D", "A", "B", "C"]


def test_more_than_fits_into_any_message_is_not_read() -> None:
    many = [{"type": 2, "label": str(n), "custom_id": str(n)} for n in range(500)]
    assert len(buttons_in(many)) == 25
    deep: Any = MENU
    for _ in range(50):
        deep = {"components": [deep]}
    assert menus_in([deep]) == ()


def test_a_card_in_words() -> None:
    card = Embed("A *tea*", "Good.", "https://tea.org", (("Green", "mild", True),), footer="Ed")
    assert words_of_card(card) == "[**A tea**](https://tea.org)\nGood.\n\n**Green:** mild\n\nEd"
    assert words_of_card(Embed("T", url="javascript:x")) == "**T**"
    assert words_of_card(Embed(fields=(("A", "", False), ("", "b", False)))) == "**A**\nb"
    assert words_of_card(Embed()) == ""
