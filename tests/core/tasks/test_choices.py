"""Buttons of a choice, and what they say when they are pressed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import CharacterId
from core.kept import Task
from core.tasks import ABORT, buttons, option_of, options_of, pressed, short, told


def choice(*options: object, **more: str) -> Task:
    return Task("c0ffee00-1234", CharacterId("ada"), "SERVE", metadata={"options": options}, **more)


@given(st.text(min_size=1, max_size=300))
def test_a_button_fits_every_platform_and_is_known_again(task: str) -> None:
    made = buttons(task, [{"name": "Tea"}, "Milk", {"about": "no name"}])
    assert [one.label for one in made] == ["Tea", "Milk"]
    assert all(len(one.press.encode()) <= 60 for one in made)
    assert [pressed(one.press) for one in made] == [(short(task), 0), (short(task), 1)]


@pytest.mark.parametrize("press", ["", "choice", "choice:", "choice::1", "choice:x:", "choice:x:-1",
                                   "choice:x:²", "vote:x:1"])  # fmt: skip
def test_any_other_button_is_none_of_ours(press: str) -> None:
    assert pressed(press) is None


def test_an_option_is_meant_by_its_name_in_any_case_and_a_choice_may_be_given_up() -> None:
    task = choice({"name": "Tea"}, "Milk")
    assert options_of(task) == ["Tea", "Milk"]
    assert [option_of(task, one) for one in (" tea ", "MILK", "Te", "", "abort")] == [
        "Tea", "Milk", "", "", ABORT,
    ]  # fmt: skip


@pytest.mark.parametrize("options", [None, "Tea", {"name": "Tea"}, 7])
def test_options_that_are_no_list_are_none(options: object) -> None:
    task = Task("t", CharacterId("ada"), "SERVE", metadata={"options": options})
    assert (options_of(task), told(task)["options"]) == ([], ())


def test_a_model_is_told_of_it_in_few_words() -> None:
    shown = told(choice("Tea", description="What to drink"))
    assert shown == {"task": "c0ffee00", "name": "What to drink", "options": ("Tea",)}
