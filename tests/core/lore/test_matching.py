"""Which entries speak: by what was said, how long ago, and what else their author asks for."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.lore import Reader, after, read_book
from core.lore.book import Logic
from core.prompting.budget import tokens
from tests.core.lore.books import entry, names, reader, spoken, told

# --- keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "said", "found"),
    [
        ("rex", "Who is REX?", True),
        ("rex", "Trexes are big", True),
        ("Straße", "in der STRASSE", True),
        ("cafe\u0301", "at the Café", True),
        ("old king", "the old  king", False),
        ("old  king", "the old king", True),
        ("wo", "two", True),
        ("猫", "我有一只猫", True),
        ("rex", "nobody", False),
        ("/r[aeiou]x/", "rox", True),
        ("/r[aeiou]x/", "ROX", False),
        ("/r[aeiou]x/i", "ROX", True),
        ("/^rex$/m", "hello\nrex", True),
        (r"/\bking\b/i", "The King!", True),
        (r"/\bking\b/i", "kingdom", False),
        ("/cat|dog/", "a dogged man", True),
        (r"/\u{1F431}+/u", "a 🐱 here", True),
        (r"/a\/b/", "a/b", True),
        ("/[^]{3}x/", "a\nbx", True),
        ("/(/", "(", False),
        ("and/or", "this and/or that", True),
        ("{{char}}'s hat", "Ada's hat", True),
        ("{{user}}", "anything", False),
    ],
)
def test_a_key_is_found(key: str, said: str, found: bool) -> None:
    assert told(entry(key, name="x"), say=said) == (["x"] if found else [])


@pytest.mark.parametrize(
    ("key", "said", "found"),
    [
        ("rex", "Trexes", False),
        ("rex", "T-rex.", True),
        ("rex", "trex rex", True),
        ("c++", "I write c++!", True),
        ("猫", "我有一只猫吗", True),
        ("ไก่", "ฉันชอบไก่มาก", True),
    ],
)
def test_whole_words_end_where_words_end(key: str, said: str, found: bool) -> None:
    one = entry(key, name="x", extensions={"match_whole_words": True})
    assert bool(told(one, say=said)) == found


def test_case_matters_where_the_author_says_so() -> None:
    one = entry("Rose", name="x", case_sensitive=True)
    assert told(one, say="a rose") == []
    assert told(one, say="İ am Rose") == ["x"]


def test_patterns_without_slashes_are_patterns_where_the_book_says_so() -> None:
    assert told(entry("r.x", name="x", use_regex=True), say="rox") == ["x"]
    assert told(entry("r.x", name="x"), say="rox") == []
    assert told(entry("r.x", name="x", use_regex=True, case_sensitive=False), say="ROX") == ["x"]


def test_an_entry_that_is_off_or_empty_says_nothing() -> None:
    assert told(entry("a", enabled=False), entry("a", name="b", content="\n"), say="a") == []


def test_a_pattern_that_takes_too_long_is_off_and_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    book = reader(entry("/(?:a|aa|a?b?)+$/", name="slow"), entry("quick"))
    said = "a" * 5_000 + "! quick"
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert names(spoken(book, said)) == ["quick"]
    assert len(caplog.records) == 1
    assert "is off" in caplog.text
    assert "aaaa" not in caplog.text
    assert names(spoken(book, "aab")) == [], "it stays off"


@pytest.mark.parametrize(
    "bomb", ["/(a{65000}){65000}/", "/" + "(" * 900 + "a" + ")" * 900 + "/", "/a{1,2}{9999}{9999}/",
             r"/\p{Nonsense}/", r"/\L<names>/", "/" + "a?" * 3000 + "/"],
)  # fmt: skip
def test_a_pattern_that_would_need_too_much_is_never_made(bomb: str) -> None:
    book = reader(entry(bomb, name="bomb"), entry("fine"))
    assert book.invalid == 1
    assert names(spoken(book, "aaaa fine")) == ["fine"]


# --- secondary keys ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("logic", "neither", "one", "both"),
    [
        (Logic.ANY, False, True, True),
        (Logic.ALL, False, False, True),
        (Logic.NOT_ANY, True, False, False),
        (Logic.NOT_ALL, True, True, False),
    ],
)
def test_secondary_keys_decide_by_their_logic(
    logic: Logic, neither: bool, one: bool, both: bool
) -> None:
    rex = entry(
        "rex", selective=True, secondary_keys=["hat", "cat"], extensions={"selectiveLogic": logic}
    )
    said = [bool(told(rex, say=f"rex {more}")) for more in ("", "hat", "hat cat")]
    assert said == [neither, one, both]
    assert told(rex, say="hat cat") == []


def test_secondary_keys_mean_nothing_unless_the_entry_is_selective() -> None:
    assert told(entry("rex", secondary_keys=["hat"]), say="rex") == ["rex"]


def test_additional_and_excluded_keys_are_heeded() -> None:
    one = entry("rex", name="x", content="@@additional_keys hat, cat\n@@exclude_keys dog\nx")
    assert told(one, say="rex") == []
    assert told(one, say="rex has a hat") == ["x"]
    assert told(one, say="rex has a hat and a dog") == []
    always = entry(name="y", constant=True, content="@@exclude_keys dog\ny")
    assert told(always, say="a cat") == ["y"]
    assert told(always, say="a dog") == []


def test_with_patterns_additional_keys_are_further_ones() -> None:
    one = entry("re+x", name="x", use_regex=True, content="@@additional_keys ca+t\nx")
    assert told(one, say="caaat") == told(one, say="reex") == ["x"]


# --- how far back --------------------------------------------------------------------------------


def test_only_so_many_messages_are_looked_at() -> None:
    talk = ("rex", "b", "c", "d")
    assert told(entry("rex"), say=talk, scan_depth=3) == []
    assert told(entry("rex"), say=talk, scan_depth=4) == ["rex"]
    assert told(entry("rex"), say=talk) == ["rex"]
    deeper = entry("rex", content="@@scan_depth 4\nx", name="rex")
    assert told(deeper, say=talk, scan_depth=1) == ["rex"]
    nearer = entry("/re+x/", content="@@scan_depth 1\nx", name="rex")
    assert told(nearer, say=talk, scan_depth=9) == []
    assert told(nearer, say=(*talk, "reex")) == ["rex"]
    assert told(entry("d"), say=talk, scan_depth=0) == []


def test_keys_never_reach_from_one_message_into_the_next() -> None:
    assert told(entry("one two"), say=("one", "two")) == []
    assert told(entry("two one"), say=("one", "two")) == []
    assert told(entry("/two.one/"), say=("one", "two")) == []


# --- recursion -----------------------------------------------------------------------------------

CHAIN = [entry(f"key{at}", name=f"e{at}", content=f"leads to key{at + 1}.") for at in range(9)]


def test_what_entries_say_triggers_others_as_far_as_is_wise() -> None:
    assert told(*CHAIN, say="key0") == ["e0"]
    found = told(*CHAIN, say="key0", recursive_scanning=True)
    assert found == ["e0", "e1", "e2", "e3", "e4", "e5"]


def test_entries_that_trigger_each_other_come_to_an_end() -> None:
    ring = [entry("a", name="x", content="b"), entry("b", name="y", content="a")]
    assert told(*ring, say="a", recursive_scanning=True) == ["x", "y"]


def test_the_reason_names_the_key_and_who_said_it() -> None:
    book = reader(
        entry("rex", name="Rex", content="He has a crown."), entry("crown", name="Crown"),
        entry(name="Rain", content="It rains.", constant=True), recursive_scanning=True,
    )  # fmt: skip
    assert [one.trace for one in spoken(book, "rex").told] == [
        {"entry": "Rex", "why": "key: rex"},
        {"entry": "Crown", "why": "key: crown, in “Rex”"},
        {"entry": "Rain", "why": "always"},
    ]


def test_entries_may_keep_out_of_recursion() -> None:
    first = entry("a", name="x", content="b c")
    shy = entry("b", name="y", extensions={"exclude_recursion": True})
    assert told(first, shy, say="a", recursive_scanning=True) == ["x"]
    assert told(first, shy, say="a b", recursive_scanning=True) == ["x", "y"]
    quiet = {**first, "extensions": {"prevent_recursion": True}}
    assert told(quiet, entry("c", name="z"), say="a", recursive_scanning=True) == ["x"]
    late = entry("b", name="w", extensions={"delay_until_recursion": True})
    assert told(late, say="b", recursive_scanning=True) == []
    assert told(first, late, say="a b", recursive_scanning=True) == ["x", "w"]


def test_a_hidden_key_triggers_others_and_a_comment_does_not() -> None:
    first = entry("a", name="x", content="x {{hidden_key:b}} {{// c}}")
    found = told(first, entry("b"), entry("c"), say="a", recursive_scanning=True)
    assert found == ["x", "b"]


# --- the moment ----------------------------------------------------------------------------------


def test_an_entry_may_wait_for_answers_or_come_at_every_so_many() -> None:
    one = entry("a", name="x", content="@@activate_only_after 3\nx")
    assert [bool(told(one, say="a", answers=at)) for at in (2, 3, 4)] == [False, True, True]
    one = entry(name="x", content="@@activate_only_every 3\nx", constant=True)
    assert [bool(told(one, say="a", answers=at)) for at in (2, 3, 4)] == [False, True, False]


def test_the_greeting_decides_where_it_is_known() -> None:
    one = entry("a", name="x", content="@@is_greeting 1\nx")
    found = [bool(told(one, say="a", greeting=at)) for at in (None, 0, 1)]
    assert found == [True, False, True]


def test_activate_goes_before_everything_and_dont_activate_before_the_keys() -> None:
    assert told(entry(name="x", content="@@activate\nx"), say="") == ["x"]
    assert told(entry("a", name="x", content="@@dont_activate\nx"), say="a") == []
    assert told(entry(name="x", content="@@dont_activate\n@@activate\nx"), say="") == ["x"]


def test_some_entries_are_kept_and_some_told_once() -> None:
    book = reader(
        entry("rex", name="kept", content="@@keep_activate_after_match\nx"),
        entry("rex", name="once", content="@@dont_activate_after_match\ny"),
    )
    past: dict[str, int] = {}
    seen = []
    for count, said in enumerate(("hi", "rex", "rex", "hi"), 1):
        speaking = spoken(book, said, past=past, messages=count)
        past = after(past, speaking, count)
        seen.append(names(speaking))
    assert seen == [[], ["kept", "once"], ["kept"], ["kept"]]


def test_an_entry_may_stay_and_rest_for_some_messages() -> None:
    book = reader(entry("rex", name="x", extensions={"sticky": 2, "cooldown": 3}))
    past: dict[str, int] = {}
    seen = []
    for count in range(1, 9):
        speaking = spoken(book, "rex" if count != 2 else "hi", past=past, messages=count)
        past = after(past, speaking, count)
        seen.append(bool(speaking.told))
    assert seen == [True, True, True, False, False, False, True, True]


def test_chance_is_the_same_for_the_same_moment() -> None:
    one = entry("a", name="x", extensions={"probability": 30, "useProbability": True})
    found = [bool(told(one, say="a", seed=at)) for at in range(400)]
    assert found == [bool(told(one, say="a", seed=at)) for at in range(400)]
    assert 60 < sum(found) < 180


def test_of_a_group_one_speaks() -> None:
    rivals = [entry("a", name=f"e{at}", extensions={"group": "g"}) for at in range(4)]
    found = {tuple(told(*rivals, say="a", seed=at)) for at in range(60)}
    assert found == {("e0",), ("e1",), ("e2",), ("e3",)}
    rivals[2]["extensions"]["group_override"] = True
    assert told(*rivals, say="a") == ["e2"]


def test_words_are_filled_in_for_who_is_there() -> None:
    book = reader(entry("a", content="{{user}} and {{char}}, {{pick:x}}{{// no}}{{getvar::x}}"))
    assert spoken(book, "a", user="{{char}}").told[0].text == "{{char}} and Ada, x"


# --- the budget ----------------------------------------------------------------------------------


def test_the_least_important_goes_first_when_the_budget_is_short() -> None:
    rows = [entry("a", name=f"e{at}", content=f"Entry number {at}.") for at in range(3)]
    cost = tokens("Entry number 0.")
    for row, priority, order in zip(rows, (1, 9, 5), (3, 2, 1), strict=True):
        row |= {"priority": priority, "insertion_order": order}
    book = reader(*rows)
    assert names(spoken(book, "a", budget=9 * cost)) == ["e2", "e1", "e0"]
    assert names(spoken(book, "a", budget=2 * cost)) == ["e2", "e1"]
    rows[1]["content"] = "@@ignore_on_max_context\nEntry number 1."
    assert names(spoken(reader(*rows), "a", budget=2 * cost)) == ["e2", "e0"]


def test_without_priorities_the_later_in_order_are_kept() -> None:
    rows = [entry("a", name=f"e{at}", content="x", insertion_order=at) for at in range(3)]
    assert names(spoken(reader(*rows), "a", budget=2)) == ["e1", "e2"]


def test_what_always_stands_in_the_sheet_is_taken_from_the_budget() -> None:
    always = entry(name="always", content="word " * 10, constant=True)
    book = reader(always, entry("a", name="x", content="word " * 10), token_budget=26)
    assert [one.name for one in book.settled] == ["always"]
    assert names(spoken(book, "a", budget=26)) == ["always", "x"]
    assert names(spoken(book, "a", budget=15)) == ["always"]
    large = reader(entry(name="x", content="word " * 3_000, constant=True))
    assert large.settled == ()


@pytest.mark.parametrize(
    "moving",
    ["@@depth 1\nx", "@@is_greeting 0\nx", "It is {{time}}.", "{{roll:6}}", "@@exclude_keys y\nx",
     "@@activate_only_after 1\nx"],
)  # fmt: skip
def test_what_may_change_never_stands_in_the_stable_part(moving: str) -> None:
    assert reader(entry(name="x", content=moving, constant=True)).settled == ()


_KEYS = st.lists(st.sampled_from(["a", "b", "cc", "/a+b/", "/(/", "longer key", "é"]), max_size=3)
_HEADS = st.sampled_from(
    ["", "@@depth 2\n", "@@activate\n", "@@keep_activate_after_match\n", "@@exclude_keys a\n",
     "@@ignore_on_max_context\n", "@@scan_depth 1\n"]
)  # fmt: skip
_ENTRIES = st.fixed_dictionaries(
    {
        "keys": _KEYS,
        "content": st.builds(
            lambda head, words: head + words, _HEADS, st.text("abc é猫", max_size=60)
        ),
        "enabled": st.booleans(),
        "insertion_order": st.integers(-5, 5),
        "constant": st.booleans(),
        "selective": st.booleans(),
        "secondary_keys": _KEYS,
    },
    optional={
        "priority": st.integers(-3, 3),
        "extensions": st.fixed_dictionaries(
            {},
            optional={
                "group": st.sampled_from(["", "g", "g,h"]),
                "sticky": st.integers(0, 3),
                "cooldown": st.integers(0, 3),
                "probability": st.integers(0, 100),
                "selectiveLogic": st.integers(0, 3),
                "delay_until_recursion": st.booleans(),
            },
        ),
    },
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(_ENTRIES, max_size=12),
    st.lists(st.text("ab c é\n", max_size=30), max_size=6),
    st.booleans(),
    st.integers(0, 60),
    st.integers(0, 1000),
)
def test_it_ends_stays_within_its_budget_and_decides_the_same_again(
    rows: list[dict[str, Any]], lines: list[str], recursive: bool, budget: int, seed: int
) -> None:
    book = read_book({"entries": rows, "recursive_scanning": recursive})
    first = spoken(Reader(book, "Ada"), *lines, budget=budget, seed=seed)
    again = spoken(Reader(book, "Ada"), *lines, budget=budget, seed=seed)
    assert first == again
    told_now = [one for one in first.told if not one.settled]
    assert first.spent == sum(tokens(one.text) for one in told_now) <= budget
    marks = [id(one.entry) for one in first.told]
    assert len(marks) == len(set(marks)), "each is told once"
    assert all(one.entry.enabled and (one.text or one.settled) for one in first.told)
    orders = [one.entry.order for one in first.told]
    assert orders == sorted(orders)
