"""Files of several years: each loads without loss, is written anew, and is the same when read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.casting import LoadedCharacter, load_character
from core.character import Character, Reading, read_character

HERE = Path(__file__).parent
YEARS = ("year2024", "year2025", "year2026")


def of(year: str) -> LoadedCharacter:
    return load_character(HERE / f"{year}.json")


def content(year: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((HERE / f"{year}.json").read_text(encoding="utf-8"))
    return data


def noted(notes: tuple[str, ...]) -> list[str]:
    return [note.split()[0] for note in notes]


def read(**data: Any) -> Reading:
    return read_character({"name": "Bob", "bio": "x", **data}, where="bob.json")


def character(**data: Any) -> Character:
    reading = read(**data)
    assert reading.character is not None, reading.findings
    return reading.character


@pytest.mark.parametrize("year", YEARS)
def test_a_file_of_each_year_is_the_same_when_it_is_written_and_read_again(year: str) -> None:
    once = of(year).character
    again = read_character(json.loads(json.dumps(once.to_file())), where=year)
    assert again.findings == ()
    assert again.character == once
    assert once.to_file() == once.to_file()


@pytest.mark.parametrize("year", YEARS)
def test_every_field_of_a_file_is_in_what_is_written_but_for_its_secrets(year: str) -> None:
    written = of(year).character.to_file()
    empty: tuple[object, ...] = (None, "", [], {})
    missing = {
        name
        for name, value in content(year).items()
        if value not in empty and name not in written and name != "secrets"
    }
    assert missing == set()
    assert "sk-sample" not in json.dumps(written)


def test_a_file_of_2024_is_understood_and_says_what_has_no_effect() -> None:
    tilda = of("year2024")
    she = tilda.character
    assert she.bio == (content("year2024")["bio"],)
    assert [(said.name, said.content.actions) for said in she.message_examples[0]] == [
        ("{{user1}}", ()),
        ("Tilda", ("CONTINUE",)),
    ]
    assert she.message_examples[1][1].content.text == ""
    assert she.knowledge[1] == {"path": "tides/spring.md", "shared": True}
    assert list(tilda.secrets) == ["OPENAI_API_KEY"]
    assert tilda.settings["voice"] == content("year2024")["settings"]["voice"]
    assert set(she.extra) == {
        *("imageModelProvider", "model", "extends", "clientConfig"),
        *("twitterProfile", "twitterSpaces", "nft"),
    }
    assert sorted(noted(tilda.notes)) == [
        *("clientConfig", "clients", "extends", "imageModelProvider", "model", "modelProvider"),
        *("nft", "people", "settings.model", "settings.modelConfig"),
        *("twitterProfile", "twitterSpaces"),
    ]


def test_a_file_of_2025_keeps_what_its_messages_hold_beside_their_words() -> None:
    orrin = of("year2025")
    asked, answered = orrin.character.message_examples[0]
    assert asked.content.extra == {"source": "telegram"}
    assert answered.content.actions == ("REPLY", "TAKE_IN")
    assert answered.content.extra["providers"] == ["TIME"]
    assert orrin.character.style.extra == {"letters": ["sign with the hour"]}
    assert noted(orrin.notes) == ["style.letters"]
    assert orrin.id == content("year2025")["id"]
    settings = content("year2025")["settings"]
    assert {name: orrin.settings[name] for name in ("mcp", "google_safety", "discord")} == {
        name: settings[name] for name in ("mcp", "google_safety", "discord")
    }


def test_a_file_of_2026_has_its_conversations_and_documents_as_everybody_elses() -> None:
    sefa = of("year2026").character
    assert [len(conversation) for conversation in sefa.message_examples] == [2, 1]
    assert sefa.documents == (
        {"path": "./maps/legend.md"},
        {"path": "./maps/coast.md", "shared": True},
        {"directory": "./maps/inland", "shared": False},
    )
    assert [type(one) for one in sefa.to_file()["messageExamples"]] == [list, list]
    assert noted(of("year2026").notes) == [
        *("advancedPlanning", "advancedMemory", "enabled", "status", "createdAt", "updatedAt"),
    ]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"action": "WAVE"}, {"text": "hi", "actions": ["WAVE"]}),
        ({"actions": "WAVE"}, {"text": "hi", "actions": ["WAVE"]}),
        ({"action": None}, {"text": "hi"}),
        ({"action": "A", "actions": ["B"]}, {"text": "hi", "actions": ["B"], "action": "A"}),
    ],
)
def test_what_somebody_does_in_an_example_is_a_list_whatever_the_year(
    given: Mapping[str, Any], kept: Mapping[str, Any]
) -> None:
    bob = character(messageExamples=[[{"name": "a", "content": {"text": "hi", **given}}]])
    assert bob.to_file()["messageExamples"] == [[{"name": "a", "content": kept}]]


def test_null_is_as_good_as_absent_at_any_depth() -> None:
    bob = character(system=None, style={"all": None, "chat": ["x"]}, postExamples=None, nft=None)
    assert bob == character(style={"chat": ["x"]})
    assert read(nft=None).notes == ()


def test_a_template_that_is_a_function_works_and_is_not_written_to_files() -> None:
    def ask(values: Mapping[str, Any]) -> str:
        return "Hello"

    reading = read(templates={"messageHandlerTemplate": ask, "other": "x"})
    assert reading.character is not None
    assert reading.character.templates["messageHandlerTemplate"] is ask
    assert reading.character.to_file()["templates"] == {"other": "x"}
    assert noted(reading.notes) == ["templates.messageHandlerTemplate"]


def test_a_secret_in_an_odd_place_is_named_and_kept_nowhere() -> None:
    reading = read(
        TELEGRAM_BOT_TOKEN="odd-mark-1",
        clientConfig={"telegram": {"token": "odd-mark-2", "groups": [{"apiKey": "odd-mark-3"}]}},
        templates={"shareSecret": "the secret of {{agentName}}"},
    )
    assert reading.character is not None
    assert reading.character.extra == {"clientConfig": {"telegram": {"groups": [{}]}}}
    assert [note.split()[0] for note in reading.notes if "secret" in note] == [
        "TELEGRAM_BOT_TOKEN",
        "clientConfig.telegram.token",
        "clientConfig.telegram.groups[0].apiKey",
    ]
    assert "odd-mark" not in repr(reading)
    assert reading.character.templates == {"shareSecret": "the secret of {{agentName}}"}


def test_the_names_of_older_models_are_notes_that_name_the_setting_in_their_place() -> None:
    notes = read(modelProvider="groq", settings={"embeddingModel": "x"}).notes
    assert notes == (
        "modelProvider is not used: which model answers is a setting: OPENAI_LARGE_MODEL",
        "settings.embeddingModel is not used: it is OPENAI_EMBEDDING_MODEL",
    )
