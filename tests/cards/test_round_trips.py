"""Nothing is lost: card to character to card, and character to card to character."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cards import CardFile, card_json, character_file, read_card
from core.cards.drawing import plain_picture
from core.cards.shapes import Spec
from core.cards.writing import in_charx, in_json, in_png
from core.character import Character, read_character
from tests.cards import makers

PROJECT = Path(__file__).resolve().parents[2]

TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=40
) | st.sampled_from(
    [
        "",
        " ",
        "\n",
        "{{char}} and {{user}}",
        "<START>\n{{user}}: a\n{{char}}: b",
        "<START>\r\n{{user}}: a \n{{char}}:b\n\n<start>\nsomebody: c",
        "{{random_user_3}}: x\nHaruhi: y",
        "a\\nb\\nc",
        "@@depth 3\n@@@role user\nTold.",
        "{{user12345678}}: x",
        "{{user1}}: <USER>",
    ]
)
NAME = st.text(st.characters(categories=("L", "N", "Zs")), min_size=1, max_size=12).filter(
    lambda name: bool(name.strip())
)
KEY = st.text("abcdefgh_/- ", max_size=8)
PLAIN = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(0, 9) | TEXT
ANYTHING = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
OBJECT = st.dictionaries(KEY, ANYTHING, max_size=3)
NUMBER = st.integers(-1000, 1000) | st.floats(-10, 10, allow_nan=False)


def entries(spec: Spec) -> st.SearchStrategy[dict[str, Any]]:
    needed = {
        "keys": st.lists(TEXT, max_size=3),
        "content": TEXT,
        "extensions": OBJECT,
        "enabled": st.booleans(),
        "insertion_order": NUMBER,
    }
    may = {
        "case_sensitive": st.booleans(),
        "constant": st.booleans(),
        "name": TEXT,
        "priority": NUMBER,
        "id": st.integers() | TEXT,
        "comment": TEXT,
        "selective": st.booleans(),
        "secondary_keys": st.lists(TEXT, max_size=2),
        "position": st.sampled_from(["before_char", "after_char"]),
        "unknown": ANYTHING,
    }
    if spec == "v3":
        needed["use_regex"] = st.booleans()
    else:
        may["use_regex"] = st.booleans()
    return st.fixed_dictionaries(needed, optional=may)


def books(spec: Spec) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"extensions": OBJECT, "entries": st.lists(entries(spec), max_size=3)},
        optional={
            "name": TEXT,
            "description": TEXT,
            "scan_depth": st.integers(0, 50),
            "token_budget": st.integers(0, 5000),
            "recursive_scanning": st.booleans(),
            "unknown": ANYTHING,
            "path": TEXT,
        },
    )


def cards(spec: Spec) -> st.SearchStrategy[dict[str, Any]]:
    """Of every card that its specification allows, some, and what else may stand on one."""
    needed: dict[str, st.SearchStrategy[Any]] = {
        "name": NAME,
        **dict.fromkeys(
            (
                *("description", "personality", "scenario", "first_mes", "mes_example"),
                *("creator_notes", "system_prompt", "post_history_instructions"),
                *("creator", "character_version"),
            ),
            TEXT,
        ),
        "alternate_greetings": st.lists(TEXT, max_size=3),
        "tags": st.lists(TEXT, max_size=3),
        "extensions": OBJECT,
    }
    may: dict[str, st.SearchStrategy[Any]] = {"character_book": books(spec), "unknown": ANYTHING}
    if spec == "v3":
        needed["group_only_greetings"] = st.lists(TEXT, max_size=2)
        asset = dict.fromkeys(("type", "uri", "name", "ext"), TEXT)
        may |= {
            "nickname": TEXT.filter(lambda name: "\\n" not in name),
            "assets": st.lists(st.fixed_dictionaries(asset), max_size=2),
            "creator_notes_multilingual": st.dictionaries(st.sampled_from(["en", "de"]), TEXT),
            "source": st.lists(TEXT, max_size=2),
            "creation_date": st.integers(0, 2**31),
            "modification_date": st.integers(0, 2**31),
        }
    data = st.fixed_dictionaries(needed, optional=may)
    named = ("chara_card_v2", "2.0") if spec == "v2" else ("chara_card_v3", "3.0")
    beside = {"create_date": TEXT, "fav": st.booleans(), "x": ANYTHING, "description": TEXT}
    return st.builds(
        lambda one, more: {**more, "spec": named[0], "spec_version": named[1], "data": one},
        data,
        st.fixed_dictionaries({}, optional=beside),
    )


def read(data: bytes) -> CardFile:
    return read_card(data, "card")


def as_character(data: bytes) -> Character:
    made = character_file(read(data).card, trusted=True)
    reading = read_character(json.loads(json.dumps(made.file)), where="x")
    assert reading.findings == ()
    assert reading.character is not None
    return reading.character


def plain(character: Character) -> dict[str, Any]:
    """Her file, but for what an editor needs and what is written even where there is none."""
    file = character.to_file()
    return {name: one for name, one in file.items() if name != "$schema" and one != {}}


@pytest.mark.parametrize("spec", ["v2", "v3"])
@settings(max_examples=120, deadline=None)
@given(st.data())
def test_a_card_is_the_same_after_having_been_a_character(spec: Spec, data: st.DataObject) -> None:
    card = data.draw(cards(spec))
    character = as_character(in_json(card))
    assert card_json(character) == card
    # And of the file that it became, the same.
    file = character_file(read(in_json(card)).card).file
    assert plain(character) == file


@settings(max_examples=150, deadline=None)
@given(cards("v3"))
def test_a_v3_card_survives_being_a_v2_card(card: dict[str, Any]) -> None:
    older = card_json(as_character(in_json(card)), spec="v2")
    assert older["spec"] == "chara_card_v2"
    newer = {"assets", "nickname", "source", "creation_date", "modification_date"}
    assert newer.isdisjoint(older["data"])
    again = card_json(as_character(in_json(older)), spec="v3")
    assert again == card


@settings(max_examples=100, deadline=None)
@given(cards("v2"))
def test_a_v2_card_as_v3_says_the_same(card: dict[str, Any]) -> None:
    newer = card_json(as_character(in_json(card)), spec="v3")
    assert newer["data"]["group_only_greetings"] == []
    assert newer["data"].keys() - {"group_only_greetings"} == card["data"].keys()
    for name, one in card["data"].items():
        if name not in ("character_book",):
            assert newer["data"][name] == one


@settings(max_examples=60, deadline=None)
@given(cards("v3"), st.dictionaries(st.sampled_from(["a.png", "assets/b/c.bin"]), st.binary()))
def test_every_kind_of_file_gives_back_the_card(
    card: dict[str, Any], files: dict[str, bytes]
) -> None:
    assert card_json(as_character(in_png(card, plain_picture("x")))) == card
    packed = in_charx(card, files)
    archive = read(packed).archive
    assert archive is not None
    assert dict(archive.contents()) == files
    assert card_json(as_character(packed)) == card


# --- characters that were never cards ----------------------------------------------------------------

LINE = st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1, max_size=20).filter(
    lambda line: bool(line.strip())
)
LINES = st.lists(LINE, min_size=1, max_size=3)
SAID = st.fixed_dictionaries({"text": LINE}, optional={"actions": LINES})
FILES = st.fixed_dictionaries(
    {"name": NAME.map(str.strip), "bio": LINES},
    optional={
        "username": st.text("abc_", min_size=1, max_size=5),
        "system": LINE,
        "lore": LINES,
        "topics": LINES,
        "adjectives": LINES,
        "style": st.fixed_dictionaries(
            {}, optional={"all": LINES, "chat": LINES, "post": LINES}
        ).filter(bool),
        "messageExamples": st.lists(
            st.lists(
                st.fixed_dictionaries(
                    {
                        "name": st.sampled_from(["{{user1}}", "{{user2}}", "Kim", "x"]),
                        "content": SAID,
                    }
                ),
                min_size=1,
                max_size=3,
            ),
            min_size=1,
            max_size=2,
        ),
        "postExamples": LINES,
        "personality": LINE,
        "scenario": LINE,
        "greetings": LINES,
        "finalInstructions": LINE,
        "plugins": LINES,
        "knowledge": LINES,
        "templates": st.fixed_dictionaries({"messageHandlerTemplate": LINE}),
        "settings": st.dictionaries(st.sampled_from(["model", "x"]), LINE, min_size=1),
        "lorebook": books("v3"),
        "unknown": LINE,
    },
)


@settings(max_examples=120, deadline=None)
@given(FILES, st.sampled_from(["v2", "v3"]))
def test_a_character_is_the_same_after_having_been_a_card(file: dict[str, Any], spec: Spec) -> None:
    if "lorebook" in file:
        file["lorebook"].pop("path", None)
    reading = read_character(file, where="x")
    assert reading.character is not None
    card = card_json(reading.character, spec=spec)
    assert plain(as_character(in_json(card))) == plain(reading.character)


@pytest.mark.parametrize("spec", ["v2", "v3"])
@pytest.mark.parametrize("name", ["ada", "eliza"])
def test_the_characters_that_come_with_it_survive_being_cards(name: str, spec: Spec) -> None:
    file = json.loads((PROJECT / f"characters/{name}.json").read_text(encoding="utf-8"))
    character = read_character(file, where=name).character
    assert character is not None
    card = card_json(character, spec=spec)
    assert plain(as_character(in_json(card))) == plain(character)
    assert "How {{char}} writes:" in card["data"]["description"]
    bare = card_json(character, spec=spec, bare=True)
    assert bare["data"]["extensions"] == {}
    assert bare["data"]["description"] == card["data"]["description"]


def written(**more: Any) -> Character:
    file = {"name": "Bob", "bio": ["Bob builds.", "And rests."], "lore": ["He fell once."], **more}
    character = read_character(file, where="bob").character
    assert character is not None
    return character


def test_what_was_changed_on_the_card_counts_and_the_rest_stays_hers() -> None:
    bob = written(
        topics=["bricks"], postExamples=["A wall."], adjectives=["calm"], greetings=["Hello."]
    )
    card = card_json(bob)
    card["data"]["first_mes"] = "Good day."
    card["data"]["extensions"]["fav"] = True
    again = as_character(in_json(card))
    assert again.greetings == ("Good day.",)
    assert again.bio == ("Bob builds.", "And rests.")
    assert again.post_examples == ("A wall.",)
    card["data"]["description"] = "Bob is somebody else."
    other = as_character(in_json(card))
    assert other.bio == ("Bob is somebody else.",)
    assert (other.lore, other.topics) == ((), ())
    assert other.adjectives == ("calm",)
    assert card_json(other)["data"]["extensions"]["fav"] is True


def test_a_field_that_was_changed_in_the_file_is_changed_on_the_card() -> None:
    card = makers.v3(first_mes="", mes_example="odd\n<START>\n{{user}}:hi\n{{char}}:  yes")
    haru = as_character(in_json(card))
    assert card_json(haru) == card
    changed = haru.model_copy(update={"greetings": ("New.", "Other."), "name": "Ruhi"})
    back = card_json(changed)["data"]
    assert (back["first_mes"], back["alternate_greetings"]) == ("New.", ["Other."])
    assert (back["name"], back.get("nickname")) == ("Ruhi", None)
    assert back["creator"] == card["data"]["creator"]


def test_a_strangers_card_brings_no_plugins_settings_files_or_ids() -> None:
    bob = written(
        plugins=["evil"],
        settings={"OPENAI_BASE_URL": "https://example.org"},
        knowledge=[{"path": "/etc/passwd"}],
        templates={"messageHandlerTemplate": "x"},
        id="00000000-0000-0000-0000-000000000001",
    )
    card = card_json(bob)
    made = character_file(read(in_json(card)).card)
    assert made.withheld == ("id", "knowledge", "plugins", "settings", "templates")
    assert set(made.withheld).isdisjoint(made.file)
    assert made.file["lore"] == ["He fell once."]
    # They are not lost: whoever trusts it gets them from the card that it becomes again.
    reading = read_character(made.file, where="x")
    assert reading.character is not None
    again = in_json(card_json(reading.character))
    assert plain(as_character(again)) == plain(bob)


def test_a_card_says_when_it_was_made_unless_nobody_shall_know() -> None:
    fresh = card_json(written(), now=5)["data"]
    assert (fresh["creation_date"], fresh["modification_date"]) == (5, 5)
    known = card_json(as_character(in_json(makers.v3())), now=5)["data"]
    assert (known["creation_date"], known["modification_date"]) == (1700000000, 5)
    quiet = in_json(makers.v3(creation_date=0, modification_date=0))
    hidden = card_json(as_character(quiet), now=5)["data"]
    assert (hidden["creation_date"], hidden["modification_date"]) == (0, 0)
    assert "creation_date" not in card_json(written(), spec="v2", now=5)["data"]
