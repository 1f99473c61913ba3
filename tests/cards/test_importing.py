"""`troupe import` and `troupe export`: what they write, what they say, what they leave alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bots.cli import BAD_INPUT, STOPPED, command
from core.cards import card_json, read_card_file
from core.cards.drawing import plain_picture
from core.cards.png import holds_card
from core.casting import load_character, load_characters, sources_of
from tests.cards import makers


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def put(name: str, content: bytes | dict[str, Any]) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def file(path: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return data


def test_a_png_becomes_a_file_and_a_picture_and_every_field_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put("haruhi.png", makers.sillytavern_png(makers.sillytavern(nickname="Haru")))
    assert command(["import", "haruhi.png"]) == STOPPED
    told = capsys.readouterr().out
    for line in (
        "haruhi.png -> characters/haru.json, characters/haru.png",
        "  Character Card V3, chunk ccv3 (tEXt) of a PNG",
        "  used: name + nickname -> name, description -> bio, personality, scenario, first_mes + "
        "alternate_greetings -> greetings, mes_example -> messageExamples, character_book -> "
        "lorebook, extensions.depth_prompt -> a note between the messages",
        "  lorebook: 1 entry (1 with patterns; decorators @@depth)",
        "  changed: name: 'Haru', the nickname, which {{char}} stands for",
        "  kept without effect: creator_notes (for people, never for a model)",
        "  kept without effect: character_version (for people)",
        "  start: troupe run --character haru",
    ):
        assert line in told.splitlines()
    card = makers.sillytavern()
    for name in ("tags", "creator", "extensions.talkativeness", "extensions.world", "create_date"):
        assert f"kept without effect: {name}" in told
    assert "extensions.world (the lorebook's name)" in told
    assert "kept without effect: chat (beside data)" in told
    assert card["data"]["creator_notes"] not in told
    with Path("characters/haru.png").open("rb") as picture:
        assert not holds_card(picture)
    assert Path("characters/haru.png").read_bytes() == makers.picture()
    assert [one.name for one in load_characters(sources_of([])).loaded] == ["Haru"]


def test_nothing_is_written_over_unless_forced(capsys: pytest.CaptureFixture[str]) -> None:
    put("haruhi.png", makers.sillytavern_png(makers.v2()))
    put("characters/haruhi.png", b"mine")
    assert command(["import", "haruhi.png"]) == BAD_INPUT
    assert "characters/haruhi.png: is there already. --force writes over it" in (
        capsys.readouterr().err
    )
    assert not Path("characters/haruhi.json").exists()
    assert Path("characters/haruhi.png").read_bytes() == b"mine"
    assert command(["import", "haruhi.png", "--force"]) == STOPPED
    assert Path("characters/haruhi.png").read_bytes() == makers.picture()


def test_a_card_that_lies_in_the_folder_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    data = makers.sillytavern_png(makers.v2())
    put("characters/haruhi.png", data)
    assert command(["import", "characters/haruhi.png"]) == STOPPED
    assert Path("characters/haruhi.png").read_bytes() == data
    # One of the two plays, and it is the file.
    assert sources_of([]) == (Path("characters/haruhi.json"),)
    put("characters/x.json", makers.v2(name="x"))
    assert command(["import", "characters/x.json", "--force"]) == BAD_INPUT
    assert file("characters/x.json") == makers.v2(name="x")


def test_several_files_have_each_their_report_and_a_bad_one_stops_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put("in/a.json", makers.v2(name="Ann"))
    put("in/b.png", b"\x89PNG")
    put("in/c.charx", makers.charx(makers.v3(nickname="Cem")))
    put("in/d.png", makers.picture())
    put("in/e.json", {"name": "Bob", "bio": "Bob builds."})
    put("in/f.txt", b"nothing")
    put("g.jpg", makers.JPEG)
    assert command(["import", "in", "g.jpg", "ghost.png", "--out", "out"]) == BAD_INPUT
    said = capsys.readouterr()
    assert sorted(path.name for path in Path("out").iterdir()) == ["ann.json", "cem.json"]
    assert "in/e.json: is a character file; it needs no importing" in said.out
    assert "troupe: g.jpg: is a JPEG without a card" in said.err
    assert "troupe: ghost.png: does not exist" in said.err
    assert "in/d.png" not in said.out + said.err
    assert "  start: troupe run --character out/ann.json" in said.out


def test_a_folder_without_cards_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    assert command(["import", "empty"]) == BAD_INPUT
    assert "empty: holds no cards" in capsys.readouterr().err


def test_a_card_that_would_play_beside_its_own_file_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put("characters/download.charx", makers.charx(makers.v3()))
    assert command(["import", "characters/download.charx"]) == STOPPED
    assert "characters/download.charx lies there as well and would play, too" in (
        capsys.readouterr().out
    )
    put("characters/haruhi.card.json", makers.v2())
    put("characters/haruhi.json", {"name": "Haruhi", "bio": "x"})
    Path("characters/download.charx").unlink()
    assert sources_of([]) == (Path("characters/haru.json"), Path("characters/haruhi.json"))


def test_a_yaml_of_text_generation_webui_is_imported() -> None:
    put("bot.yaml", b"name: Bot\ngreeting: |-\n  Hello!\ncontext: |-\n  Bot helps.\n")
    put("bob.yaml", b"name: Bob\nbio: Bob builds.\n")
    assert command(["import", "bot.yaml", "bob.yaml"]) == STOPPED
    assert file("characters/bot.json") == {
        "name": "Bot",
        "bio": ["Bot helps."],
        "greetings": ["Hello!"],
    }
    assert not Path("characters/bob.json").exists()


def test_an_elizaos_file_alone_is_no_failure() -> None:
    put("bob.json", {"name": "Bob", "bio": "Bob builds."})
    assert command(["import", "bob.json"]) == STOPPED


ASSETS = {
    "assets/icon/images/main.png": plain_picture("H"),
    "assets/other/audio/a.mp3": b"sound",
    "module.risum": b"o\0",
}


def rich() -> dict[str, Any]:
    icon = {"type": "icon", "uri": "embeded://assets/icon/images/main.png", "name": "main"}
    return makers.risu(assets=[{**icon, "ext": "png"}])


def test_assets_lie_beside_the_file_and_go_back_into_the_archive() -> None:
    put("h.charx", makers.charx(rich(), {**ASSETS, "../evil": b"x"}))
    assert command(["import", "h.charx"]) == STOPPED
    there = {
        path.relative_to("characters/haru").as_posix(): path.read_bytes()
        for path in Path("characters/haru").rglob("*")
        if path.is_file()
    }
    assert there == ASSETS
    assert not Path("characters/evil").exists()
    put("characters/haru/private.txt", b"of her owner")
    assert command(["export", "haru", "--to", "back.charx"]) == STOPPED
    back = read_card_file(Path("back.charx"))
    assert back.archive is not None
    assert dict(back.archive.contents()) == ASSETS
    known = {**rich()["data"], "modification_date": back.card.data["modification_date"]}
    assert back.card.data == known


def test_an_asset_that_would_burst_is_left_out_and_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put("h.charx", makers.charx(rich(), {**ASSETS, "big.bin": b"\0" * (4 << 20)}))
    assert command(["import", "h.charx"]) == STOPPED
    told = capsys.readouterr().out
    assert "  the archive holds 'big.bin', which is not what it seems; it is left out" in told
    assert not Path("characters/haru/big.bin").exists()
    assert "big.bin" not in file("characters/haru.json")["card"]["files"]


def test_a_picture_without_one_is_her_icon_then_a_plain_one() -> None:
    put("h.charx", makers.charx(rich(), ASSETS))
    command(["import", "h.charx"])
    assert command(["export", "haru", "--to", "a.png"]) == STOPPED
    kinds = [one for one in makers.chunks_of(Path("a.png").read_bytes()) if one[0] != b"tEXt"]
    assert kinds == makers.chunks_of(plain_picture("H"))
    put("characters/bob.json", {"name": "Bob", "bio": "Bob builds."})
    assert command(["export", "bob", "--to", "b.png"]) == STOPPED
    kinds = [one for one in makers.chunks_of(Path("b.png").read_bytes()) if one[0] != b"tEXt"]
    assert kinds == makers.chunks_of(plain_picture("Bob"))


def test_the_picture_beside_her_file_or_the_one_that_is_named_is_on_her_card() -> None:
    put("characters/bob.json", {"name": "Bob", "bio": "Bob builds."})
    put("characters/bob.png", makers.animated())
    put("other.png", makers.picture(after=(makers.text("Comment", b"x"),)))
    command(["export", "bob", "--to", "a.png"])
    command(["export", "bob", "--to", "b.png", "--picture", "other.png"])
    assert b"acTL" in Path("a.png").read_bytes()
    assert b"Comment" in Path("b.png").read_bytes()
    assert command(["export", "bob", "--to", "c.png", "--picture", "characters/bob.json"]) == (
        BAD_INPUT
    )
    command(["export", "bob", "--to", "d.charx"])
    there = read_card_file(Path("d.charx")).archive
    assert there is not None
    assert dict(there.contents()) == {"assets/icon/images/main.png": makers.animated()}


def test_a_charx_that_plays_as_it_is_goes_out_with_all_that_is_in_it() -> None:
    put("h.charx", makers.charx(rich(), ASSETS))
    assert command(["export", "h.charx", "--to", "back.charx"]) == STOPPED
    there = read_card_file(Path("back.charx")).archive
    assert there is not None
    assert dict(there.contents()) == ASSETS
    put("new.png", makers.picture())
    command(["export", "h.charx", "--to", "other.charx", "--picture", "new.png"])
    other = read_card_file(Path("other.charx")).archive
    assert other is not None
    assert dict(other.contents()) == {**ASSETS, "assets/icon/images/main.png": makers.picture()}
    assert command(["export", "h.charx", "--to", "x.charx", "--spec", "v2"]) == BAD_INPUT


def test_what_a_png_cannot_take_along_and_what_is_gone_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put("h.charx", makers.charx(rich(), ASSETS))
    command(["import", "h.charx"])
    Path("characters/haru/module.risum").unlink()
    command(["export", "haru", "--to", "a.png"])
    told = capsys.readouterr().out
    assert "  files of hers that are not in it: 2; a .charx holds them" in told
    assert "  files that came with her card and are gone: module.risum" in told


def test_an_export_says_what_goes_along_and_bare_leaves_it_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bob = {"name": "Bob", "bio": "Bob builds.", "plugins": ["x"], "topics": ["walls"]}
    put("bob.json", bob)
    assert command(["export", "bob.json", "--to", "card.json", "--spec", "v2"]) == STOPPED
    told = capsys.readouterr().out
    assert "  look before you share it: plugins are in it" in told
    assert file("card.json")["spec"] == "chara_card_v2"
    assert command(["export", "bob.json", "--to", "card.json"]) == BAD_INPUT
    assert command(["export", "bob.json", "--to", "card.json", "--bare", "--force"]) == STOPPED
    assert file("card.json")["spec"] == "chara_card_v3"
    assert file("card.json")["data"]["extensions"] == {}
    assert command(["export", "bob.json", "--to", "card.gif"]) == BAD_INPUT


def test_only_a_trusted_card_brings_its_plugins_along(capsys: pytest.CaptureFixture[str]) -> None:
    put("bob.json", {"name": "Bob", "bio": ["Bob."], "plugins": ["x"], "lore": ["y"]})
    command(["export", "bob.json", "--to", "card.png"])
    assert command(["import", "card.png", "--out", "a"]) == STOPPED
    assert "not taken from a card: plugins; --trust takes them" in capsys.readouterr().out
    assert "plugins" not in file("a/bob.json")
    assert file("a/bob.json")["lore"] == ["y"]
    assert command(["import", "card.png", "--out", "b", "--trust"]) == STOPPED
    assert file("b/bob.json")["plugins"] == ["x"]


# --- cards that play as they are -------------------------------------------------------------------


def test_cards_in_the_folder_play_and_pictures_do_not() -> None:
    put("characters/a.png", makers.sillytavern_png(makers.v2(name="Ann")))
    put("characters/b.png", makers.picture())
    put("characters/c.charx", makers.charx(makers.v3(nickname="Cem")))
    put("characters/d.card.json", makers.v2(name="Dee"))
    put("characters/e.json", makers.v2(name="Eve"))
    put("characters/f.jpg", makers.charx(makers.v3(nickname="Flo"), before=makers.JPEG))
    put("characters/g.png", b"no picture at all")
    roster = load_characters(sources_of([]))
    assert [one.name for one in roster.loaded] == ["Ann", "Cem", "Dee", "Eve"]
    assert roster.findings == ()
    assert any("fields of the card without effect here: " in one for one in roster.loaded[0].notes)


def test_a_card_that_is_named_plays_and_a_picture_without_one_is_told() -> None:
    put("characters/ann.png", makers.sillytavern_png(makers.v2(name="Ann")))
    put("flo.jpg", makers.charx(makers.v3(nickname="Flo"), before=makers.JPEG))
    put("plain.png", makers.picture())
    named = sources_of(["ann", "flo.jpg", "plain.png"])
    roster = load_characters(named)
    assert [one.name for one in roster.loaded] == ["Ann", "Flo"]
    (finding,) = roster.findings
    assert str(finding) == "plain.png: is a picture without a card"


def test_a_json_card_that_is_not_strict_json_plays_as_well() -> None:
    raw = json.dumps(makers.v2()).replace("leads", "leads\t").encode()
    assert load_character(put("x.json", raw)).name == "Haruhi"


def test_a_card_played_and_a_card_imported_are_the_same_character() -> None:
    path = put("haruhi.png", makers.sillytavern_png(makers.sillytavern()))
    command(["import", "haruhi.png"])
    played, imported = load_character(path), load_character(Path("characters/haruhi.json"))
    assert card_json(played.character) == card_json(imported.character)
    assert played.id == imported.id
