"""What people write, read as flags, numbers and lists."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.settings.layers import Environment, Settings
from core.settings.values import parse_csv, parse_flag, parse_number


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


@pytest.mark.parametrize("yes", ["yes", "Y", "TRUE", " t ", "1", "on", "enable", True, 1, 1.0])
def test_these_say_yes(yes: object) -> None:
    assert parse_flag(yes) is True


@pytest.mark.parametrize(
    "no", ["no", "N", "False", "f", "0", "off", "disable", "", None, False, 0, "perhaps", 2, 0.5]
)
def test_these_say_no(no: object) -> None:
    assert parse_flag(no) is False


@given(
    st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.binary(), st.lists(st.text()))
)
def test_a_flag_never_raises(value: object) -> None:
    assert parse_flag(value) in (True, False)


def test_a_flag_survives_what_cannot_be_printed(caplog: pytest.LogCaptureFixture) -> None:
    assert parse_flag(Unprintable()) is False
    assert "Unprintable" in caplog.text


words = st.lists(
    st.text(st.characters(exclude_characters=",", exclude_categories=["C", "Z"]), min_size=1)
    .map(str.strip)
    .filter(lambda word: word and word[0] not in "[")
)


@given(words)
def test_a_list_reads_the_same_in_all_three_spellings(items: list[str]) -> None:
    wanted = tuple(items)
    assert parse_csv(items) == wanted
    assert parse_csv(" , ".join(items) + ",") == wanted
    assert parse_csv(json.dumps(items)) == wanted


@pytest.mark.parametrize("empty", ["", "[]", " , ", []])
def test_an_empty_list_is_empty(empty: object) -> None:
    assert parse_csv(empty) == ()


@pytest.mark.parametrize("wrong", ["[1, 2", '[{"a": 1}]', "[true]", {"a": 1}, True])
def test_a_list_that_is_none_is_bad_input_without_its_value(wrong: Any) -> None:
    ada = Settings(Environment.of(), "Ada", plain={"ALLOW_MEMORY_SOURCE_IDS": wrong})
    if wrong is True:
        assert ada.csv("ALLOW_MEMORY_SOURCE_IDS") == ("true",)
        return
    with pytest.raises(BadInput) as caught:
        ada.csv("ALLOW_MEMORY_SOURCE_IDS")
    assert "ALLOW_MEMORY_SOURCE_IDS of Ada, in the character's settings" in str(caught.value)
    assert str(wrong) not in str(caught.value)


@pytest.mark.parametrize("wrong", ["ten", "nan", "inf", "", None, True, [], "9" * 400 + "x"])
def test_these_are_no_numbers(wrong: object) -> None:
    with pytest.raises(ValueError, match="number"):
        parse_number(wrong)


def test_a_malformed_number_names_key_and_place_but_not_the_value() -> None:
    shared = Settings(Environment.of({"MODEL_TIMEOUT": "sesame"}))
    with pytest.raises(BadInput, match="MODEL_TIMEOUT, in the environment: not a number") as caught:
        shared.number("MODEL_TIMEOUT")
    assert "sesame" not in str(caught.value)
    assert [one.where for one in shared.findings()] == ["MODEL_TIMEOUT, in the environment"]


def test_a_text_is_switched_off_with_false() -> None:
    assert Settings(Environment.of({"TROUPE_APOLOGY": "false"})).text("TROUPE_APOLOGY") == ""
    assert Settings(Environment.of()).text("TROUPE_APOLOGY").startswith("Sorry")


def test_every_default_is_what_its_key_takes() -> None:
    assert Settings(Environment.of()).findings() == []
