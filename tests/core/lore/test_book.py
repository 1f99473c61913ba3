"""Lorebooks of several programs and years are read as they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lore import Place, read_book, read_books, unknown_macros
from core.lore.book import SCAN_DEPTH, Entry, Logic
from core.lore.decorators import apart
from tests.core.lore.books import entry

EXPORT = {
    "entries": {
        "0": {
            "uid": 0,
            "key": ["Rex", "/kin(g|gs)/i"],
            "keysecondary": ["crown"],
            "comment": "The cat",
            "content": "Rex was a king.",
            "constant": False,
            "vectorized": True,
            "selective": True,
            "selectiveLogic": 3,
            "order": 90,
            "position": 4,
            "disable": False,
            "excludeRecursion": True,
            "preventRecursion": True,
            "probability": 50,
            "useProbability": True,
            "depth": 2,
            "group": "cats, kings",
            "groupOverride": True,
            "groupWeight": 7,
            "scanDepth": 9,
            "caseSensitive": True,
            "matchWholeWords": True,
            "role": 1,
            "sticky": 3,
            "cooldown": 4,
            "delay": 5,
        },
        "7": {"uid": 7, "key": ["x"], "content": "off", "disable": True, "position": 1},
    }
}


def only(**row: Any) -> Entry:
    return read_book({"entries": [row]}).entries[0]


def test_a_world_of_sillytavern_keeps_its_meaning() -> None:
    book = read_book(EXPORT)
    rex, off = book.entries
    assert (rex.name, rex.keys, rex.secondary) == ("The cat", ("Rex", "/kin(g|gs)/i"), ("crown",))
    assert (rex.logic, rex.order, rex.probability) == (Logic.ALL, 90.0, 50.0)
    assert (rex.place, rex.depth, rex.role, rex.scan_depth) == (Place.DEPTH, 2, "user", 9)
    assert (rex.untouched, rex.quiet, rex.case_sensitive, rex.whole_words) == (True,) * 4
    assert (rex.sticky, rex.cooldown, rex.delay) == (3, 4, 5)
    assert (rex.groups, rex.group_first, rex.group_weight) == (("cats", "kings"), True, 7.0)
    assert not off.enabled
    assert book.recursive, "as that program does unless told otherwise"
    assert book.notes == ("an entry is to be found by meaning; it is told by its keys alone",)


def test_the_same_on_a_card_is_read_from_its_extensions() -> None:
    one = only(
        keys=["Rex"],
        secondary_keys=["crown"],
        content="Rex was a king.",
        constant=True,
        selective=True,
        insertion_order=90,
        enabled=True,
        position="after_char",
        use_regex=True,
        extensions={
            "position": 4,
            "depth": None,
            "selectiveLogic": 1,
            "useProbability": False,
            "probability": 10,
            "match_whole_words": True,
            "exclude_recursion": True,
            "role": 2,
        },
    )
    assert not one.regex, "there it says of every entry that its keys are patterns"
    assert one.constant
    assert one.secondary == ("crown",)
    assert (one.place, one.depth, one.role) == (Place.DEPTH, 4, "assistant")
    assert (one.logic, one.probability, one.whole_words) == (Logic.NOT_ALL, 100.0, True)


def test_a_book_of_v3_is_taken_by_its_word() -> None:
    file = {
        "spec": "lorebook_v3",
        "data": {
            "name": "World",
            "scan_depth": 2.0,
            "token_budget": 300,
            "recursive_scanning": False,
            "entries": [
                entry(
                    r"r[aeiou]x",
                    use_regex=True,
                    constant=True,
                    selective=True,
                    secondary_keys=["ignored"],
                    position="before_char",
                    priority=5,
                )
            ],
        },
    }
    book = read_book(file)
    one = book.entries[0]
    assert (book.name, book.scan_depth, book.token_budget, book.recursive) == (
        "World",
        2,
        300,
        False,
    )
    assert (one.regex, one.constant, one.secondary) == (True, False, ())
    assert (one.place, one.priority) == (Place.BEFORE, 5.0)


@pytest.mark.parametrize(
    "book",
    [
        {"type": "risu", "ver": 1, "data": [{"key": "rex, king", "secondkey": "crown",
         "insertorder": 7, "comment": "Rex", "content": "A cat.", "mode": "normal",
         "alwaysActive": True, "selective": True}]},
        {"kind": "memory", "name": "World", "entries": [{"name": "Rex", "entry": "A cat.",
         "keywords": ["rex", "king"], "weight": 7, "priority": 3, "enabled": True,
         "constant": True, "selective": True, "secondary_keys": ["crown"]}]},
        {"lorebookVersion": 5, "entries": [{"text": "A cat.", "displayName": "Rex",
         "keys": ["rex", "king"], "enabled": True, "forceActivation": True, "order": 7,
         "selective": True, "secondary_keys": "crown"}]},
    ],
)  # fmt: skip
def test_files_of_other_programs_are_understood(book: dict[str, Any]) -> None:
    rex = read_book(book).entries[0]
    assert (rex.name, rex.content, rex.keys) == ("Rex", "A cat.", ("rex", "king"))
    assert (rex.order, rex.constant, rex.secondary) == (7.0, True, ("crown",))


def test_an_outlet_is_told_nowhere_and_named() -> None:
    book = read_book({"entries": {"1": {"uid": 1, "key": ["a"], "content": "b", "position": 7}}})
    assert not book.entries[0].enabled
    assert "outlet" in book.notes[0]


def test_books_beside_the_own_one_keep_their_settings() -> None:
    data = {"entries": [entry("a")], "books": [{"entries": [entry("b")], "scan_depth": 9}, {}]}
    assert [book.scan_depth for book in read_books(data)] == [SCAN_DEPTH, 9]
    assert read_books(None) == read_books({}) == ()


# --- decorators ----------------------------------------------------------------------------------


def test_decorators_are_taken_out_with_their_lines() -> None:
    words, given, unknown = apart(
        "\n@@depth 4\n@@role assistant\n@@unheard_of yes\n\nFirst line.\n\nSecond @@line.\n"
    )
    assert words == "First line.\n\nSecond @@line."
    assert given == {"depth": 4, "role": "assistant"}
    assert unknown == ("unheard_of",)


def test_a_fallback_counts_where_what_stands_above_does_not() -> None:
    words, given, unknown = apart(
        "@@theirs 4\n@@@others\n@@@activate_only_every 3\n@@@depth 9\n"
        "@@depth five\n@@@instruct_depth 5\n@@scan_depth 2\n@@@scan_depth 8\nx"
    )
    assert given == {"activate_only_every": 3, "scan_depth": 2}
    assert (words, unknown) == ("x", ("depth",))


def test_of_a_decorator_given_twice_the_first_counts() -> None:
    assert apart("@@depth 1\n@@depth 2\nx")[1] == {"depth": 1}


def test_a_fallback_without_anything_above_is_nothing() -> None:
    assert apart("@@@depth 1\nx") == ("x", {}, ())


@pytest.mark.parametrize(
    ("content", "place", "depth"),
    [
        ("@@depth 3\nx", Place.DEPTH, 3),
        ("@@depth -2\nx", Place.DEPTH, 0),
        ("@@position personality\n@@depth 3\nx", Place.PERSONALITY, None),
        ("@@position nowhere\n@@depth 3\nx", Place.DEPTH, 3),
        ("@@position before_desc\nx", Place.BEFORE, None),
        ("@@instruct_depth 3\n@@@depth 5\nx", Place.DEPTH, 5),
        ("@@instruct_depth 3\nx", Place.AFTER, None),
        ("@@reverse_depth 3\nx", Place.DEPTH, 3),
    ],
)
def test_where_an_entry_stands(content: str, place: Place, depth: int | None) -> None:
    one = only(keys=["x"], content=content, enabled=True, insertion_order=1)
    assert one.place is place
    assert depth is None or one.depth == depth
    assert one.from_oldest == ("reverse" in content)


# --- leniency ------------------------------------------------------------------------------------

_NAMES = (
    *("entries", "data", "name", "keys", "key", "content", "enabled", "disable", "position"),
    *("extensions", "selectiveLogic", "role", "depth", "probability", "group", "groupWeight"),
    *("insertion_order", "order", "priority", "scan_depth", "token_budget", "constant", "books"),
    *("secondary_keys", "uid", "id", "comment", "use_regex", "sticky", "case_sensitive"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6)
    ),
    max_leaves=25,
)


@given(JSON, st.lists(st.dictionaries(st.sampled_from(_NAMES), JSON, max_size=12), max_size=3))
def test_no_book_is_too_odd_to_be_read(data: object, rows: list[dict[str, Any]]) -> None:
    for odd in (data, {"entries": data}, {"entries": rows}):
        for book in (read_book(odd), *read_books(odd)):
            assert all(0 <= one.probability <= 100 and one.depth >= 0 for one in book.entries)


def test_macros_that_nobody_fills_in_are_named() -> None:
    text = (
        "{{char}} {{getvar::mood}} {{// {{x}} }} {{user1}} {{Outlet::a}} {{getvar::b}} {{roll:d6}}"
    )
    assert unknown_macros(text) == ("getvar", "x", "outlet")
    book = read_book({"entries": [entry("a", content="{{getvar::mood}}")]})
    assert book.notes == ("an entry holds {{getvar}}, which nobody fills in here",)
