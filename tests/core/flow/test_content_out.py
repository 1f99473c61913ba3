"""What content says beside its text goes out: buttons, ready answers, polls, places, stickers."""

from __future__ import annotations

from typing import Any

import pytest

from core.flow.speaking import buttons_of, reply_of, shows_anything
from core.messages import Attachment, Button, Location, Poll, Reply


def rows(buttons: Any) -> list[list[Button]]:
    found: dict[int | None, list[Button]] = {}
    for button in buttons_of({"buttons": buttons}):
        found.setdefault(button.row, []).append(button)
    return list(found.values())


def test_a_flat_list_of_buttons_is_one_below_another() -> None:
    """T-56, V-18: two buttons, two rows."""
    shown = rows([{"text": "A", "callback_data": "a"}, {"text": "B", "callback_data": "b"}])
    assert [[(one.label, one.press) for one in row] for row in shown] == [
        [("A", "a")],
        [("B", "b")],
    ]


def test_a_list_of_rows_keeps_its_rows() -> None:
    a, b, c = ({"text": word, "callback_data": word} for word in "ABC")
    assert [[one.label for one in row] for row in rows([[a, b], [c]])] == [["A", "B"], ["C"]]


@pytest.mark.parametrize(
    ("button", "made"),
    [
        ({"label": "A", "press": "a"}, Button("A", "a", row=0)),
        ({"text": "A", "data": "a"}, Button("A", "a", row=0)),
        ({"text": "A", "callbackData": "a"}, Button("A", "a", row=0)),
        ({"text": "A", "url": "https://tea.org"}, Button("A", url="https://tea.org", row=0)),
        ({"text": "A", "copy": "tea"}, Button("A", copy="tea", row=0)),
        ({"text": "A", "copy_text": {"text": "tea"}}, Button("A", copy="tea", row=0)),
        ({"text": "A", "app": "https://tea.org"}, Button("A", app="https://tea.org", row=0)),
        (
            {"text": "A", "web_app": {"url": "https://tea.org"}},
            Button("A", app="https://tea.org", row=0),
        ),
    ],
)
def test_every_word_for_a_button_is_understood(button: Any, made: Button) -> None:
    assert buttons_of({"buttons": [button]}) == (made,)


def test_buttons_of_ours_stay_as_they_are() -> None:
    tea = Button("Tea", "tea")
    assert buttons_of({"buttons": [tea]}) == (tea,)
    assert [one.row for one in buttons_of({"buttons": [[tea, tea], [tea]]})] == [0, 0, 1]


@pytest.mark.parametrize("odd", [None, 5, "x", [None, 5, {}], [[[]]], {"text": ""}, [{"text": 0}]])
def test_what_is_no_button_makes_none(odd: Any) -> None:
    assert buttons_of({"buttons": odd}) == ()


@pytest.mark.parametrize(
    ("keyboard", "made"),
    [
        ([["Yes", "No"], ["Later"]], (("Yes", "No"), ("Later",))),
        (["Yes", "No"], (("Yes",), ("No",))),
        ([[{"text": "Yes"}]], (("Yes",),)),
        ("Yes", (("Yes",),)),
        ([[], [""]], ()),
        (None, ()),
    ],
)
def test_ready_answers_are_rows_of_words(keyboard: Any, made: Any) -> None:
    """T-57."""
    assert reply_of({"keyboard": keyboard}, "Tea?").keyboard == made


@pytest.mark.parametrize(
    ("poll", "made"),
    [
        ({"question": "Tea?", "options": ["Yes", "No"]}, Poll("Tea?", ("Yes", "No"))),
        (
            {"question": "Tea?", "options": [{"text": "Yes"}, {"text": "No"}], "multiple": True},
            Poll("Tea?", ("Yes", "No"), several=True),
        ),
        (
            {"question": "Tea?", "answers": ["a", "b"], "is_anonymous": False},
            Poll("Tea?", ("a", "b"), anonymous=False),
        ),
        (Poll("Tea?", ("a", "b")), Poll("Tea?", ("a", "b"))),
        ("Tea?", None),
    ],
)
def test_a_poll_is_asked(poll: Any, made: Poll | None) -> None:
    assert reply_of({"poll": poll}, "").poll == made


@pytest.mark.parametrize(
    ("place", "made"),
    [
        ({"latitude": 52.5, "longitude": 13.4}, Location(52.5, 13.4)),
        ({"lat": "52.5", "lng": "13.4", "name": "Tea"}, Location(52.5, 13.4, "Tea")),
        ({"latitude": "north"}, None),
        ({"latitude": None, "longitude": 1}, None),
        ([52.5, 13.4], None),
    ],
)
def test_a_place_is_shown(place: Any, made: Location | None) -> None:
    assert reply_of({"location": place}, "").location == made


def test_all_of_it_goes_into_one_reply() -> None:
    file = Attachment("file:x", "image/png")
    say = reply_of(
        {"sticker": "CAACAgIAAxk", "silent": True, "buttons": [{"text": "A", "press": "a"}]},
        "Hm.",
        reply_to="7",
        files=[file],
        buttons=[Button("First", "f")],
        via="guest:5",
    )
    assert say == Reply(
        "Hm.",
        "7",
        (Button("First", "f"), Button("A", "a", row=0)),
        (file,),
        via="guest:5",
        silent=True,
        sticker="CAACAgIAAxk",
    )


def test_what_shows_nothing_is_known() -> None:
    assert not shows_anything(reply_of({"silent": True, "keyboard": ["Yes"]}, ""))
    assert shows_anything(reply_of({"location": {"lat": 1, "lon": 1}}, ""))
    assert shows_anything(reply_of({"sticker": "CAACAgIAAxk"}, ""))
