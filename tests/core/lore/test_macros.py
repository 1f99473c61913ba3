"""Macros in authors' texts: few, harmless, and never those in people's names."""

from __future__ import annotations

import pytest

from core.character.macros import filled, names_the_person, scanned, volatile
from core.prompting.sheet import fill
from tests.core.scenes import NOON


def made(text: str, *, user: str = "Bob", seed: int = 0) -> str:
    return filled(text, char="Ada", user=user, now=NOON, seed=seed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{char}} and {{ User }}", "Ada and Bob"),
        ("<BOT>, <user>!", "Ada, Bob!"),
        ("<user>kept</user>", "<user>kept</user>"),
        ("{{date}} {{time}} {{weekday}}", "2026-11-21 12:05 Saturday"),
        ("a{{// {{char}} b}}c{{comment: d}}{{hidden_key:e}}", "ac"),
        ("{{reverse:Hello}}{{newline}}x", "olleH\nx"),
        ("{{pick:one}} {{random::{{user}}::{{user}}}}", "one Bob"),
        (r"{{pick:a\,b}}", "a,b"),
        ("{{roll:1}}{{roll:d1}}{{roll:1d1}}{{roll:x}}", "111"),
        ("{{getvar::x}}{{original}}", ""),
        ("{ {{char}} } [{x}]", "{ Ada } [{x}]"),
        ("{{ unclosed", "{{ unclosed"),
    ],
)
def test_a_macro_is_carried_out(text: str, expected: str) -> None:
    assert made(text) == expected


def test_a_name_is_never_a_macro() -> None:
    assert made("{{user}}", user="{{char}}") == "{{char}}"
    assert made("{{random:{{user}}}}", user="{{char}},b") == "{{char}},b"


def test_chance_is_decided_by_the_moment_and_picks_by_nothing() -> None:
    rolls = {made("{{roll:d6}}", seed=at) for at in range(99)}
    assert rolls == set("123456")
    assert {made("{{random:a,b}}", seed=at) for at in range(30)} == {"a", "b"}
    assert len({made("{{pick:a,b}}", seed=at) for at in range(30)}) == 1


def test_it_is_known_what_changes_and_for_whom() -> None:
    assert volatile("x {{TIME}}")
    assert volatile("{{random:a,b}}")
    assert not volatile("{{pick:a,b}} {{user}}")
    assert names_the_person("Hi <USER>")
    assert names_the_person("{{ user }}")
    assert not names_the_person("{{user1}} {{char}}")


def test_hidden_keys_are_looked_at_and_comments_are_not() -> None:
    assert scanned("{{char}} {{hidden_key:rex}} {{// no}}", char="Ada").split() == ["Ada", "rex"]


def test_numbered_people_of_examples_stay_who_they_are() -> None:
    assert fill("{{user1}} {{name2}} {{user}}", "Ada", "Bob") == "Robin Kim Bob"
    assert fill("{{user}}", "Ada") == "Robin"
