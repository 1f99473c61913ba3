"""A character's lorebook may lie in files of her own folder, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.casting import load_character, read_loaded
from core.errors import BadInput

WORLD = {"entries": [{"keys": ["rex"], "content": "A cat.", "enabled": True}]}


def her(folder: Path, lorebook: Any) -> Path:
    path = folder / "ada.json"
    path.write_text(json.dumps({"name": "Ada", "bio": "x", "lorebook": lorebook}))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(BadInput) as refused:
        load_character(path)
    return str(refused.value)


def test_a_book_beside_her_file_is_read_with_it(tmp_path: Path) -> None:
    (tmp_path / "worlds").mkdir()
    (tmp_path / "worlds" / "w.json").write_text(json.dumps(WORLD))
    loaded = load_character(her(tmp_path, {"path": "worlds/w.json"}))
    assert loaded.character.lorebook == WORLD
    assert loaded.notes == ()


def test_several_books_stand_beside_her_own(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(WORLD))
    (tmp_path / "b.yaml").write_text("entries: {0: {key: [x], content: y}}")
    loaded = load_character(her(tmp_path, {"entries": [], "path": ["a.json", "b.yaml"]}))
    assert loaded.character.lorebook == {
        "entries": [],
        "books": [WORLD, {"entries": {"0": {"key": ["x"], "content": "y"}}}],
    }


@pytest.mark.parametrize(
    "name", ["../w.json", "/etc/passwd.json", "worlds/../../w.json", "link.json", "sub/link.json"]
)
def test_a_book_outside_of_her_folder_is_refused(tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    (home / "worlds").mkdir(parents=True)
    (tmp_path / "w.json").write_text(json.dumps(WORLD))
    (home / "link.json").symlink_to(tmp_path / "w.json")
    (home / "sub").symlink_to(tmp_path)
    (tmp_path / "link.json").write_text(json.dumps(WORLD))
    told = refusal(her(home, {"path": name}))
    assert "lies outside" in told
    assert str(tmp_path / "w.json") not in told


@pytest.mark.parametrize(
    ("content", "named", "said"),
    [
        (None, "w.json", "does not exist"),
        (b"\xff", "w.json", "UTF-8"),
        (b"[1]", "w.json", "no lorebook"),
        (b"{", "w.json", "JSON"),
        (b"x", "w.txt", "no JSON or YAML"),
        (b"{}", "w\0.json", "cannot be read"),
    ],
)
def test_a_book_that_cannot_be_read_is_told_of(
    tmp_path: Path, content: bytes | None, named: str, said: str
) -> None:
    if content is not None and "\0" not in named:
        (tmp_path / named).write_bytes(content)
    assert said in refusal(her(tmp_path, {"path": named}))


@pytest.mark.parametrize(
    "lorebook", [{"entries": 3}, {"path": 3}, {"books": [1]}, {"colour": "red"}, [1], "w.json"]
)
def test_what_is_no_lorebook_is_refused(tmp_path: Path, lorebook: Any) -> None:
    assert "lorebook" in refusal(her(tmp_path, lorebook))


def test_a_card_names_no_files_of_whoever_plays_it(tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(json.dumps(WORLD))
    path = tmp_path / "ada.json"
    book = {"path": "w.json", "entries": []}
    path.write_text(json.dumps({"name": "Ada", "bio": "x", "card": {"a": 1}, "lorebook": book}))
    loaded = load_character(path)
    assert loaded.character.lorebook == {"entries": []}
    assert loaded.notes == ("lorebook.path of a card is not used",)


def test_who_comes_from_no_file_has_no_files() -> None:
    with pytest.raises(BadInput, match="no folder"):
        read_loaded({"name": "Ada", "bio": "x", "lorebook": {"path": "w.json"}})


def test_an_empty_book_is_none_of_anybodys_business(tmp_path: Path) -> None:
    assert load_character(her(tmp_path, {})).character.lorebook == {}
