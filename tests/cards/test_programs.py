"""Cards as SillyTavern, RisuAI, chub, Agnai and others write them, with all their peculiarities."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from core.cards import Card, card_json, character_file, read_card, report_on
from core.character import Character, read_character
from core.errors import BadInput
from tests.cards import makers


def card_in(data: bytes | Mapping[str, Any]) -> Card:
    if isinstance(data, Mapping):
        data = json.dumps(data).encode()
    return read_card(data, "card").card


def character(data: bytes | Mapping[str, Any], *, name: str = "") -> Character:
    """The character of a card, read as her file is: nothing may be found wrong with it."""
    file = character_file(card_in(data), name=name).file
    reading = read_character(json.loads(json.dumps(file)), where="x")
    assert reading.findings == ()
    assert reading.notes == ()
    assert reading.character is not None
    return reading.character


def kept(data: bytes | Mapping[str, Any]) -> dict[str, str]:
    card = card_in(data)
    return dict(report_on(card, character_file(card)).kept)


def test_a_v1_card_is_a_character() -> None:
    haruhi = character(makers.tavernai_png(makers.V1))
    assert haruhi.name == "Haruhi"
    assert haruhi.bio == ("{{char}} leads a club.",)
    assert haruhi.personality == "energetic"
    assert haruhi.greetings == ("You're late, {{user}}!",)
    said = [[(one.name, one.content.text) for one in told] for told in haruhi.message_examples]
    assert said == [
        [("{{user1}}", "hi"), ("Haruhi", "hello")],
        [("{{user1}}", "hi"), ("Haruhi", "again")],
    ]
    assert card_json(haruhi, spec="v2")["data"].items() >= makers.V1.items()


def test_the_nickname_is_who_she_is() -> None:
    haru = character(makers.v3())
    assert haru.name == "Haru"
    assert haru.greetings == ("You're late, {{user}}!", "*looks up* Oh.")
    again = haru.message_examples[1][1]
    assert (again.name, again.content.text) == ("Haru", "again")
    assert card_json(haru) == makers.v3()


def test_sillytavern_writes_everything_twice_and_gets_it_back() -> None:
    card = makers.sillytavern()
    data = makers.sillytavern_png(card)
    haruhi = character(data)
    assert haruhi.card["beside"]["create_date"].startswith("2024-3-1")
    assert "description" in haruhi.card["mirrored"]
    back = card_json(haruhi)
    assert back["spec"] == "chara_card_v3"
    right = {**card["data"]["character_book"], "extensions": {}}
    assert back == {
        **card,
        "spec": "chara_card_v3",
        "spec_version": "3.0",
        "data": {**card["data"], "character_book": right},
    }
    told = kept(data)
    assert not any("depth_prompt" in name for name in told), "her author's note is told"
    assert told["extensions.world"] == "the lorebook's name"
    alone = makers.v2(extensions={"world": "Club", "depth_prompt": {"prompt": "", "depth": 4}})
    assert "not on the card" in kept(alone)["extensions.world"]
    assert not any("depth_prompt" in name for name in kept(alone))
    assert {"extensions.talkativeness", "creator_notes", "tags"} <= told.keys()
    assert {"create_date (beside data)", "chat (beside data)"} <= told.keys()


def test_what_she_says_in_a_mirrored_field_follows_her() -> None:
    haruhi = character(makers.sillytavern())
    changed = haruhi.model_copy(update={"bio": ("Another life.",)})
    back = card_json(changed, spec="v2")
    assert back["description"] == back["data"]["description"] == "Another life."


def test_chub_writes_null_numbers_and_one_text_for_many() -> None:
    card = card_in(makers.chub())
    assert card.data["alternate_greetings"] == ["1687194031049"]
    (entry,) = card.data["character_book"]["entries"]
    assert entry["position"] == "before_char"
    assert entry["probability"] == 100
    told = report_on(card, character_file(card))
    assert "alternate_greetings was not what a card holds there; it was put right" in told.changed
    assert character(makers.chub(character_book=None)).lorebook is None
    assert "character_book.entries[].probability" in dict(told.kept)


def test_a_card_without_a_name_is_called_as_its_file() -> None:
    card = card_in(makers.chub(name=""))
    made = character_file(card, name="Lola")
    assert made.file["name"] == "Lola"
    assert (
        "the card has no name; she is called Lola after the file" in report_on(card, made).changed
    )
    assert character_file(card).file["name"] == "Nobody"


def test_character_tavern_packs_its_chunks() -> None:
    assert character(makers.character_tavern_png(makers.v2())).name == "Haruhi"


def test_risu_brings_scripts_and_pictures_that_stay_where_they_are() -> None:
    data = makers.risu_png(makers.risu(), {"0": b"picture"})
    card = card_in(data)
    assert card.told == ("assets that stay inside the picture: 1",)
    assert character(data).lorebook == makers.risu()["data"]["character_book"]
    shown = "extensions.risuai: viewScreen, customScripts, sdData, backgroundHTML, largePortrait"
    assert "RisuAI" in kept(data)[shown]


def test_pygmalions_fields_are_those_of_v1_under_other_names() -> None:
    kawaii = character(makers.pygmalion())
    assert kawaii.name == "Kawaii"
    assert kawaii.bio == ("Kawaii is a librarian.",)
    assert kawaii.scenario == "A library."
    said = [(one.name, one.content.text) for one in kawaii.message_examples[0]]
    assert said == [
        ("{{user1}}", "Where are the maps?"),
        ("Kawaii", "Upstairs.\nThey are old."),
    ]
    assert kawaii.card["beside"]["metadata"]["version"] == 1


def test_an_editor_that_writes_both_names_is_read_once() -> None:
    haruhi = character(makers.zoltan())
    assert haruhi.bio == ("{{char}} leads a club.",)
    assert haruhi.card["beside"].keys() == {"metadata"}


def test_agnais_attributes_become_her_life_and_its_book_a_lorebook() -> None:
    robot = character(makers.agnai())
    assert robot.bio == ("species: robot\nmind: kind, caring",)
    assert robot.greetings == ("*beep*", "*boop*")
    assert robot.system == "Be kind."
    assert robot.final_instructions == "Beep."
    assert [one.content.text for one in robot.message_examples[0]] == [
        "News!",
        "*{{char}} beeps* What is it?",
    ]
    assert robot.lorebook is not None
    (entry,) = robot.lorebook["entries"]
    assert (entry["keys"], entry["content"]) == (["oil", "drink"], "Robots drink oil.")
    assert (entry["insertion_order"], entry["priority"]) == (2, 1)
    assert {"persona", "voice", "kind"} <= robot.card["beside"].keys()


def test_text_generation_webui_has_a_context_and_a_greeting() -> None:
    bot = character({"name": "Bot", "context": "Bot helps.", "greeting": "Hello!"})
    assert (bot.bio, bot.greetings) == (("Bot helps.",), ("Hello!",))


def test_a_book_as_sillytavern_keeps_it_is_one_of_a_card() -> None:
    castle = character(makers.v2(character_book=makers.world_info())).lorebook
    assert castle is not None
    first, second = castle["entries"]
    assert (first["keys"], first["secondary_keys"]) == (["castle"], ["gate"])
    assert (first["insertion_order"], first["position"], first["id"]) == (50, "before_char", 0)
    assert first["extensions"]["probability"] == 80
    assert first["extensions"]["exclude_recursion"] is True
    assert (first["enabled"], second["enabled"]) == (True, False)
    assert castle["recursive_scanning"] is True


def test_koboldais_book_beside_the_data_is_found() -> None:
    card = {**makers.v2(), "character_book": {"extensions": {}, "entries": [makers.entry()]}}
    assert character(card).lorebook is not None
    assert "character_book" not in character(card).card.get("beside", {})


def test_fields_that_stand_beside_where_they_should_be_are_read() -> None:
    flat = {"spec": "chara_card_v2", "spec_version": "2.0", **makers.V2_DATA}
    haruhi = character(flat)
    assert haruhi.greetings == ("You're late, {{user}}!", "*looks up* Oh.")
    assert card_json(haruhi, spec="v2") == makers.v2()


@pytest.mark.parametrize(
    ("field", "written", "meant"),
    [
        ("description", None, ""),
        ("description", 5, "5"),
        ("description", ["a", "b"], "a\nb"),
        ("description", {"a": 1}, '{"a": 1}'),
        ("character_version", 2, "2"),
        ("character_version", True, "true"),
        ("tags", "a, b", ["a", "b"]),
        ("tags", None, []),
        ("alternate_greetings", None, []),
        ("alternate_greetings", [None, 3, "x"], ["3", "x"]),
        ("alternate_greetings", {"0": "x"}, ["x"]),
        ("extensions", None, {}),
        ("extensions", [], {}),
        ("extensions", "x", {"value": "x"}),
        ("creation_date", "1700000000", 1700000000),
        ("creation_date", "last year", "last year"),
        ("assets", {"0": {"type": "icon"}}, [{"type": "icon", "uri": "", "name": "", "ext": ""}]),
        ("source", "https://example.org", ["https://example.org"]),
        ("creator_notes_multilingual", {"en": 1}, {"en": "1"}),
        ("group_only_greetings", "", []),
    ],
)
def test_what_is_not_as_it_should_be_is_put_right(field: str, written: Any, meant: Any) -> None:
    card = makers.v3(**{field: written})
    assert card_in(card).data[field] == meant
    assert card_json(character(card))["data"][field] == meant


@pytest.mark.parametrize(
    ("field", "written", "meant"),
    [
        ("keys", None, []),
        ("keys", "a, b", ["a", "b"]),
        ("keys", "/a,b/i", ["/a,b/i"]),
        ("keys", [1, "x"], ["1", "x"]),
        ("content", None, ""),
        ("extensions", None, {}),
        ("enabled", None, True),
        ("enabled", "false", False),
        ("enabled", 0, False),
        ("insertion_order", "7", 7),
        ("insertion_order", None, 0),
        ("insertion_order", "soon", 0),
        ("insertion_order", 1.5, 1.5),
        ("constant", "true", True),
        ("use_regex", "False", False),
        ("use_regex", None, False),
        ("position", 1, "after_char"),
        ("position", "0", "before_char"),
        ("position", "elsewhere", "elsewhere"),
        ("id", "a-b", "a-b"),
    ],
)
def test_entries_are_put_right_as_well(field: str, written: Any, meant: Any) -> None:
    book = {"extensions": {}, "entries": [makers.entry(**{field: written})]}
    haruhi = character(makers.v3(character_book=book))
    assert haruhi.lorebook is not None
    assert haruhi.lorebook["entries"][0][field] == meant


def test_line_breaks_that_were_written_out_are_line_breaks_and_the_card_keeps_its_own() -> None:
    card = makers.v2(description='One.\\nTwo says \\"hi\\".\\nThree.')
    haruhi = character(card)
    assert haruhi.bio == ('One.\nTwo says "hi".\nThree.',)
    assert card_json(haruhi, spec="v2") == card
    assert character(makers.v2(description="a \\n b")).bio == ("a \\n b",)


def test_tabs_and_line_breaks_inside_of_texts_are_read() -> None:
    raw = json.dumps(makers.v2()).replace("leads a club", "leads\ta\nclub")
    assert character(raw.encode()).bio == ("{{char}} leads\ta\nclub.",)


def test_a_card_in_another_encoding_is_read_and_that_is_told() -> None:
    for encoding in ("utf-16", "cp1252"):
        raw = json.dumps(makers.v2(creator="Zoë"), ensure_ascii=False).encode(encoding)
        card = card_in(raw)
        assert card.data["creator"] == "Zoë"
        assert len(card.told) == 1


def test_emoji_and_scripts_of_the_world_come_through() -> None:
    name, text = "龙胆 🌸", "👩‍🚀 Привет, {{user}} — שלום"
    data = makers.sillytavern_png(makers.v2(name=name, first_mes=text))
    assert character(data).name == name
    assert character(data).greetings[0] == text


def test_half_an_emoji_a_nul_and_no_number_are_let_go_and_told() -> None:
    raw = json.dumps(makers.v2(extensions={"x": "n"}))
    raw = raw.replace('"n"', "NaN").replace("leads a club", "leads \\ud83d a\\u0000 club")
    card = card_in(raw.encode())
    assert card.data["description"] == "{{char}} leads � a club."
    assert card.told == (
        "data.description held half of a character, often an emoji",
        "data.description held a NUL, which nothing can keep",
        "data.extensions.x was no finite number; it is empty now",
    )
    character(raw.encode())


def test_what_is_named_like_a_secret_is_left_out_and_told_without_it() -> None:
    key = "sk-" + "z" * 30
    card = card_in(makers.v2(extensions={"tts": {"api_key": key, "voice": "soft"}}))
    made = character_file(card)
    report = report_on(card, made)
    assert report.secrets == ("data.extensions.tts.api_key",)
    assert made.file["card"]["data"]["extensions"] == {"tts": {"voice": "soft"}}
    told = "\n".join(report.lines())
    assert "data.extensions.tts.api_key is named like a secret" in told
    assert key not in told + json.dumps(made.file)


def test_a_card_of_five_megabytes_is_a_card() -> None:
    book = {
        "extensions": {},
        "entries": [makers.entry(content=f"{at} " + "word " * 400, id=at) for at in range(2500)],
    }
    data = makers.sillytavern_png(makers.v2(character_book=book))
    assert len(data) > 10_000_000
    assert len((character(data).lorebook or {})["entries"]) == 2500


def test_a_newer_version_is_read_and_that_is_told() -> None:
    card = {**makers.v3(future="x"), "spec_version": "3.1"}
    assert "3.1" in card_in(card).told[0]
    assert card_json(character(card)) == card
    strange = {**makers.v3(), "spec": "chara_card_v4", "spec_version": "4.0"}
    assert "chara_card_v4, which we do not know" in card_in(strange).told[0]
    for version in (None, 2, "2.0", "two"):
        assert character({**makers.v2(), "spec_version": version}).name == "Haruhi"
    bare = {"data": makers.V2_DATA}
    assert character(bare).name == "Haruhi"


def test_macros_nobody_fills_in_and_what_nobody_says_are_named() -> None:
    card = card_in(
        makers.v2(
            system_prompt="{{original}} {{setvar::a::b}}",
            mes_example="A narrator begins.\n<START>\n{{user}}: hi\n{{char}}: yes",
        )
    )
    report = report_on(card, character_file(card))
    assert report.macros == ("setvar",)
    assert any("nobody we know says: 1" in one for one in report.changed)


def test_several_people_of_an_example_stay_apart() -> None:
    card = makers.v2(
        mes_example="<START>\n{{random_user_1}}: hi {{user}}\nNote: none\n{{char}}: both of you\n"
        "END_OF_DIALOG\n{{user}}: bye"
    )
    told = character(card).message_examples
    assert [(one.name, one.content.text) for one in told[0]] == [
        ("{{user2}}", "hi {{user1}}\nNote: none"),
        ("Haruhi", "both of you"),
    ]
    assert len(told) == 2
    assert card_json(character(card), spec="v2") == card


def test_a_strangers_book_names_no_files_of_ours() -> None:
    book = {"extensions": {}, "entries": [], "path": "../secret.json", "books": 5}
    haruhi = character(makers.v2(character_book=book))
    assert haruhi.lorebook is not None
    assert {"path", "books"}.isdisjoint(haruhi.lorebook)
    assert card_json(haruhi, spec="v2")["data"]["character_book"] == book


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ({"name": "Bob", "bio": "Bob builds."}, "is no character card"),
        (makers.world_info(), "is a lorebook, not a character"),
        ({"spec": "lorebook_v3", "data": {"entries": []}}, "is a lorebook, not a character"),
        ({"name": "", "first_mes": ""}, "is a card with nothing on it"),
        ({}, "is no character card"),
    ],
)
def test_data_that_is_no_card_is_refused(data: Any, what: str) -> None:
    with pytest.raises(BadInput, match=what):
        card_in(data)


def test_data_nested_without_end_is_refused() -> None:
    deep: Any = "x"
    for _ in range(60):
        deep = [deep]
    with pytest.raises(BadInput, match="nested too deeply"):
        card_in(makers.v2(extensions={"x": deep}))
    with pytest.raises(BadInput, match="is not JSON"):
        card_in(b'{"a":' + b"[" * 200_000)
    with pytest.raises(BadInput, match="holds too much"):
        card_in(makers.v2(extensions={"x": [0] * 200_000}))


def test_text_after_a_card_is_left_out_and_told() -> None:
    raw = json.dumps(makers.v2()).encode()
    assert card_in(raw + b" and more").told == ("something follows the card; it is left out",)
    packed = makers.picture(after=(makers.text("chara", base64.b64encode(raw + b"}}")),))
    assert card_in(packed).told == ("something follows the card; it is left out",)
