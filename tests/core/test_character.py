"""Character files: what is accepted, what is refused and how, and where secrets go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.casting import (
    default_character,
    load_character,
    load_characters,
    sources_of,
)
from core.character import Character, json_schema, validate_character
from core.errors import BadInput
from core.ids import string_to_uuid
from core.secrets import Secret

PROJECT = Path(__file__).resolve().parents[2]
LEAST: dict[str, Any] = {"name": "Bob", "bio": "Bob builds."}


def written(folder: Path, data: object, name: str = "bob.json") -> Path:
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def complaint(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        load_character(path)
    return str(caught.value).replace(f"{path.parent.as_posix()}/", "")


def test_a_name_and_a_bio_are_enough(tmp_path: Path) -> None:
    bob = load_character(written(tmp_path, {"name": " Bob  the  Builder ", "bio": "Builds."}))
    assert bob.name == "Bob  the  Builder"
    assert bob.character.bio == ("Builds.",)
    assert bob.character.handle == "bob_the_builder"
    assert bob.id == string_to_uuid("Bob  the  Builder")
    assert bob.character.style.chat == ()


def test_both_spellings_and_old_examples_are_understood(tmp_path: Path) -> None:
    talk = [[{"user": "{{user1}}", "content": {"text": "hi", "action": "WAVE"}}]]
    for key in ("messageExamples", "message_examples"):
        bob = load_character(written(tmp_path, {**LEAST, key: talk})).character
        (said,) = bob.message_examples[0]
        assert (said.name, said.content.text, said.content.actions) == (
            "{{user1}}",
            "hi",
            ("WAVE",),
        )


def test_a_question_and_its_answer_in_one_flat_object_are_a_conversation(tmp_path: Path) -> None:
    """V-21: as elizaOS' pages on Discord and Telegram write them."""
    flat = [{"user": "robin", "content": "hi", "response": "Hello, robin."}]
    bob = load_character(written(tmp_path, {**LEAST, "messageExamples": flat})).character
    asked, answered = bob.message_examples[0]
    assert (asked.name, asked.content.text) == ("robin", "hi")
    assert (answered.name, answered.content.text) == ("{{char}}", "Hello, robin.")


def test_yaml_is_read_like_json(tmp_path: Path) -> None:
    text = "name: Bob\nbio:\n  - Builds.\nstyle:\n  chat: Short.\nsettings:\n  maxTokens: 9\n"
    bob = load_character(written(tmp_path, text, "bob.yaml"))
    assert bob.character.style.chat == ("Short.",)
    assert bob.settings == {"maxTokens": 9}


def test_unknown_and_old_fields_are_notes_not_errors(tmp_path: Path) -> None:
    data = {**LEAST, "$schema": "x", "modelProvider": "openai", "clients": ["discord"], "shoe": 43}
    notes = load_character(written(tmp_path, data)).notes
    assert [note.split()[0] for note in notes] == ["modelProvider", "clients", "shoe"]


def test_every_mistake_of_a_file_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    data = {
        "name": "  ",
        "bio": [" "],
        "id": "not-one",
        "topics": {"a": 1},
        "messageExamples": [[], [], [{"name": "x", "content": {"text": 5}}, {"name": "y"}]],
        "settings": {"secrets": ["A=1"], "SERVER_PORT": 1},
    }
    told = complaint(written(tmp_path, data))
    for line in (
        "bob.json: name: is empty",
        "bob.json: id: is not a UUID",
        "bob.json: topics: must be a list",
        "bob.json: messageExamples[2][0].content.text: must be a text",
        "bob.json: messageExamples[2][1].content: is missing",
        "bob.json: settings.secrets: must be an object, and is a list",
        "bob.json: settings.SERVER_PORT: belongs to the whole process",
    ):
        assert line in told


@pytest.mark.parametrize(
    "key",
    ["DISCORD_API_ROOT", "DISCORD_GATEWAY_URL", "DISCORD_CDN_ROOT", "DISCORD_VOICE_SCHEME"],
)
def test_where_discord_is_cannot_be_one_characters_own_matter(tmp_path: Path, key: str) -> None:
    told = complaint(written(tmp_path, {"name": "Bob", "bio": "x", "settings": {key: "ws://x"}}))
    assert f"settings.{key}: belongs to the whole process" in told


def test_an_empty_bio_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    assert "bio: is empty" in complaint(written(tmp_path, {"name": "Bob", "bio": ["", " "]}))
    assert "bio: is missing" in complaint(written(tmp_path, {"name": "Bob"}))


def test_a_flat_list_of_examples_is_explained(tmp_path: Path) -> None:
    flat = [{"name": "Bob", "content": {"text": "hi"}}]
    told = complaint(written(tmp_path, {**LEAST, "messageExamples": flat}))
    assert "messageExamples: must be a list of conversations" in told


@pytest.mark.parametrize(
    ("text", "name", "place"),
    [
        ('{"name": "Bob",\n "bio": "x",\n}', "bob.json", "bob.json:3:1: is not JSON"),
        ("name: Bob\nbio: [a\nb: c", "bob.yaml", "bob.yaml:3:2: is not YAML"),
        ("[]", "bob.json", "bob.json: is not one character"),
        ("[" * 100_000, "bob.json", "bob.json: cannot be understood"),
        ("x", "bob.txt", "bob.txt: is no JSON, YAML or Python"),
    ],
)
def test_what_is_no_character_is_told_with_line_and_column(
    tmp_path: Path, text: str, name: str, place: str
) -> None:
    assert place in complaint(written(tmp_path, text, name))


def test_a_missing_file_comes_with_the_nearest_name(tmp_path: Path) -> None:
    written(tmp_path, LEAST, "bobby.json")
    assert (
        complaint(tmp_path / "boby.json") == "boby.json: does not exist. Did you mean bobby.json?"
    )


def test_secrets_leave_the_file_at_once_and_are_shown_nowhere(tmp_path: Path) -> None:
    data = {
        **LEAST,
        "secrets": {"OPENAI_API_KEY": "outer-mark-1", "OTHER": "outer-mark-2", "BLANK": " "},
        "settings": {
            "secrets": {"OPENAI_API_KEY": "inner-mark-3", "OPENAI_LARGE_MODEL": "gpt-9"},
            "TELEGRAM_BOT_TOKEN": "plain-mark-4",
            "voice": {"model": "soft", "apiKey": "deep-mark-5"},
        },
    }
    bob = load_character(written(tmp_path, data))
    assert bob.secrets == {
        "OPENAI_API_KEY": Secret("inner-mark-3"),
        "OTHER": Secret("outer-mark-2"),
        "TELEGRAM_BOT_TOKEN": Secret("plain-mark-4"),
    }
    assert bob.settings["OPENAI_LARGE_MODEL"] == "gpt-9"
    assert bob.settings["voice"] == {"model": "soft", "apiKey": Secret("deep-mark-5")}
    assert bob.character.settings["voice"] == {"model": "soft"}
    shown = repr(bob) + bob.character.model_dump_json() + repr(bob.settings) + repr(bob.secrets)
    assert "-mark-" not in shown


def test_no_mistake_quotes_a_secret(tmp_path: Path) -> None:
    data = {"name": 5, "secrets": {"A": ["sesame-1"]}, "settings": {"secrets": "sesame-2"}}
    assert "sesame" not in complaint(written(tmp_path, data))
    assert "sesame" not in complaint(written(tmp_path, '{"secrets": {"A": "sesame-3" x}}'))
    assert "sesame" not in complaint(written(tmp_path, "A: *sesame-4", "bob.yaml"))


def test_validation_answers_with_all_errors() -> None:
    assert validate_character(LEAST).valid
    answer = validate_character({"bio": [], "topics": 3})
    assert not answer.valid
    assert len(answer.errors) == 3
    assert not validate_character([LEAST]).valid


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    paths = [written(tmp_path, "{", "a.json"), written(tmp_path, LEAST, "b.json")]
    roster = load_characters(paths)
    assert [one.name for one in roster.loaded] == ["Bob"]
    assert len(roster.findings) == 1
    assert not roster.fallback


def test_where_no_file_can_be_used_the_built_in_eliza_plays(tmp_path: Path) -> None:
    roster = load_characters([written(tmp_path, "{", "a.json")])
    assert [one.name for one in roster.loaded] == ["Eliza"]
    assert roster.fallback
    assert len(roster.findings) == 1
    assert load_characters([]).loaded == (default_character(),)


@pytest.mark.parametrize(
    "other",
    [
        {"name": "Bob"},
        {"name": "bob"},
        {"name": "Eve", "id": string_to_uuid("Bob")},
        {"name": "b.o.b", "id": None},
    ],
)
def test_two_that_cannot_be_told_apart_are_refused_naming_both(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    first = {"name": "B O B", "bio": "x"} if other["name"] == "b.o.b" else LEAST
    paths = [written(tmp_path, first, "a.json"), written(tmp_path, {**LEAST, **other}, "b.json")]
    roster = load_characters([*paths, written(tmp_path, {"name": "Zoë", "bio": "x"}, "c.json")])
    assert [one.name for one in roster.loaded] == [first["name"], "Zoë"]
    (finding,) = roster.findings
    assert "b.json" in finding.where
    assert first["name"] in finding.what
    assert "a.json" in finding.what


@pytest.mark.parametrize(
    "arguments",
    [["ada", "bob"], ["ada bob"], ["ada,bob"], ["ada.json, bob,"], ["ada,", "bob.json", "ada"]],
)
def test_names_come_with_spaces_commas_and_without_endings(
    tmp_path: Path, arguments: list[str]
) -> None:
    wanted = (written(tmp_path, LEAST, "ada.json"), written(tmp_path, LEAST, "bob.json"))
    assert sources_of(arguments, folder=tmp_path) == wanted


def test_without_names_the_whole_folder_plays_but_not_the_schema(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.json", "character.schema.json", "README.md"):
        written(tmp_path, LEAST, name)
    assert [path.name for path in sources_of([], folder=tmp_path)] == ["a.json", "b.yaml"]


def test_a_path_with_a_space_in_it_is_one_path(tmp_path: Path) -> None:
    path = written(tmp_path, LEAST, "my bob, the first.json")
    assert sources_of([str(path)]) == (path,)


def test_the_characters_we_ship_are_sound_and_hold_no_secret() -> None:
    roster = load_characters(sources_of([], folder=PROJECT / "characters"))
    assert [one.name for one in roster.loaded] == ["Ada", "Eliza"]
    assert roster.findings == ()
    for one in roster.loaded:
        assert one.path is not None
        assert (one.notes, one.secrets) == ((), {})
        jsonschema.validate(json.loads(one.path.read_text(encoding="utf-8")), json_schema())


def test_the_schema_for_editors_is_made_of_the_model() -> None:
    file = PROJECT / "characters" / "character.schema.json"
    assert json.loads(file.read_text(encoding="utf-8")) == json_schema()


EDITORS = jsonschema.Draft202012Validator(json_schema())
texts = st.text(min_size=1).filter(lambda text: bool(text.strip()))
names = texts.filter(lambda text: len(text.strip().splitlines()) == 1)
lines = st.lists(texts, max_size=3)
said = st.fixed_dictionaries({"text": texts}, optional={"actions": lines})
example = st.fixed_dictionaries({"name": texts, "content": said})


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {"name": names, "bio": texts | st.lists(texts, min_size=1)},
        optional={
            "system": st.text(),
            "topics": lines,
            "lore": lines,
            "postExamples": lines,
            "style": st.fixed_dictionaries({}, optional={"all": lines, "chat": lines}),
            "messageExamples": st.lists(st.lists(example, max_size=2), max_size=2),
            "templates": st.dictionaries(texts, st.text(), max_size=2),
            "settings": st.dictionaries(st.sampled_from("abc"), st.integers() | lines),
        },
    )
)
def test_a_character_survives_being_written_and_read_again(data: dict[str, Any]) -> None:
    EDITORS.validate(data)
    once = Character.model_validate(data)
    again = Character.model_validate_json(once.model_dump_json(by_alias=True))
    assert again == once
