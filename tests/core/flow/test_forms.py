"""What is filled in: by a form, or as the words behind a command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from core.flow.forms import given_of
from core.ports import Offer, Option, OptionKind
from tests.core.flow.test_commands import said

SIDES = Option("sides", "How many sides", OptionKind.NUMBER, required=True, least=2, most=100)
COLOUR = Option("colour", "Of which colour", choices=("red", "green"))
LUCKY = Option("lucky", "Whether it is", OptionKind.FLAG)
WHOM = Option("whom", "For whom", OptionKind.PERSON)
NOTE = Option("note", "What it is for", least=3, most=20)
DICE = Offer("dice", "Throws", options=(SIDES, COLOUR, LUCKY, WHOM, NOTE))


def read(offer: Offer, text: str) -> Mapping[str, str] | str:
    return given_of(offer, replace(said(offer.name), arguments=text))


def test_words_are_taken_in_the_order_of_the_options_and_the_last_has_the_rest() -> None:
    assert read(DICE, "6") == {"sides": "6"}
    assert read(DICE, "006 RED yes <@!77> for the  king") == {
        "sides": "6",
        "colour": "red",
        "lucky": "true",
        "whom": "77",
        "note": "for the  king",
    }


def test_what_a_form_brings_is_by_name_and_counts_before_the_words() -> None:
    filled = replace(said("dice"), arguments="6 green", given={"sides": "8", "whom": "77"})
    assert given_of(DICE, filled) == {"sides": "8", "whom": "77"}


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        ("", "“sides”, a whole number, 2 to 100"),
        ("six", "“sides”, a whole number, 2 to 100"),
        ("1", "“sides”, a whole number, 2 to 100"),
        ("9" * 5000, "“sides”, a whole number, 2 to 100"),
        ("6 blue", "“colour”: red, green"),
        ("6 red perhaps", "“lucky”, yes or no"),
        ("6 red no 77 x", "“note”, a text, 3 to 20 characters"),
    ],
)
def test_whoever_says_something_else_is_told_what_is_wanted(text: str, wants: str) -> None:
    assert wants in str(read(DICE, text))
    assert str(read(DICE, text)).startswith("/dice wants ")


def test_a_command_without_options_takes_whatever_stands_behind_it() -> None:
    assert read(Offer("card", "Draws"), "any words") == {}
