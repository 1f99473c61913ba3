"""What an entry of `knowledge` means, and which files nobody reads for it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from core.knowledge.documents import SHARED
from core.knowledge.sources import Wanted, refusal, seen, shelf_names, wanted
from tests.core.knowledge.shelf import character


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "characters"
    folder.mkdir()
    (folder / "ferry.md").write_text("The ferry.")
    (folder / "books").mkdir()
    (folder / "books" / "one.txt").write_text("One.")
    (tmp_path / "outside.txt").write_text("Not hers.")
    return folder


def asked(home: Path, *knowledge: object, library: Path | None = None, **more: object) -> Wanted:
    ada = character("Ada", *knowledge, file=home / "ada.json", **more)
    return wanted([ada], home.parent / "data", library)


def read(found: Wanted) -> list[str]:
    """The files that would be opened."""
    return sorted(
        path.name
        for (_, path), (place, _) in seen(found).files.items()
        if not refusal(path, place, found)
    )


def test_a_string_is_a_text(home: Path) -> None:
    found = asked(home, "The moon is far away.\nVery far.", {"text": "And cold.", "shared": True})
    assert [(one.text, one.title, one.owner == SHARED) for one in found.written] == [
        ("The moon is far away.\nVery far.", "The moon is far away.", False),
        ("And cold.", "And cold.", True),
    ]
    assert not found.findings


def test_a_string_that_names_a_file_of_hers_is_read_and_that_is_said(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    found = asked(home, "ferry.md", "books/two.txt")
    assert read(found) == ["ferry.md"]
    assert [one.text for one in found.written] == ["books/two.txt"]
    assert any("names the file ferry.md" in one.message for one in caplog.records)


def test_a_string_that_names_a_file_of_others_stays_a_text_and_that_is_said(home: Path) -> None:
    found = asked(home, "../outside.txt")
    assert [one.text for one in found.written] == ["../outside.txt"]
    assert "outside" in str(found.findings[0])
    assert read(found) == []


def test_a_first_line_may_name_the_file(home: Path) -> None:
    found = asked(home, "Path: ferry.md", "path: trips/list.txt\nTallinn.\nHelsinki.")
    assert read(found) == ["ferry.md"]
    assert [(one.title, one.text) for one in found.written] == [("list.txt", "Tallinn.\nHelsinki.")]


@pytest.mark.parametrize(
    "entry",
    [{"path": "books"}, {"directory": "books"}, {"item": {"case": "directory", "value": "books"}}],
)
def test_a_path_may_be_a_folder(home: Path, entry: object) -> None:
    assert read(asked(home, entry)) == ["one.txt"]


def test_documents_name_files(home: Path) -> None:
    assert read(asked(home, documents=["ferry.md", {"path": "books/one.txt"}])) == [
        "ferry.md",
        "one.txt",
    ]


def test_what_is_missing_is_told_and_read_once_it_is_there(home: Path) -> None:
    found = asked(home, {"path": "late.txt"})
    assert "late.txt does not exist" in str(found.findings[0])
    assert read(found) == []
    (home / "late.txt").write_text("Here.")
    assert read(found) == ["late.txt"]


@pytest.mark.parametrize(
    "name",
    ["../outside.txt", "../../../../etc/passwd", "/etc/passwd", "..", "books/../../outside.txt",
     ".env", ".git/config", "link.txt", "away/outside.txt", "../data/secret.key"],
)  # fmt: skip
def test_nothing_outside_of_her_folders_is_read(home: Path, name: str) -> None:
    data = home.parent / "data"
    data.mkdir()
    (data / "secret.key").write_text("key")
    (home / ".env").write_text("TOKEN=1")
    (home / "link.txt").symlink_to(home.parent / "outside.txt")
    (home / "away").symlink_to(home.parent)
    found = asked(home, {"path": name})
    assert read(found) == []
    assert "is not read" in str(found.findings[0])


def test_a_link_that_turns_away_later_is_noticed_before_it_is_opened(home: Path) -> None:
    (home / "books/link.txt").symlink_to(home / "ferry.md")
    found = asked(home, {"directory": "books"})
    assert read(found) == ["link.txt", "one.txt"]
    (home / "books/link.txt").unlink()
    (home / "books/link.txt").symlink_to(home.parent / "outside.txt")
    assert read(found) == ["one.txt"]


def test_the_files_of_characters_are_no_documents(home: Path) -> None:
    """Their settings hold keys, and a card from anywhere may name the folder that it lies in."""
    for name in ("ada.json", "bob.yaml", "eve.py"):
        (home / name).write_text("{}")
    (home / "books" / "facts.json").write_text("{}")
    assert read(asked(home, {"directory": "."})) == ["facts.json", "ferry.md", "one.txt"]
    assert read(asked(home, {"path": "bob.yaml"}, "ada.json")) == []


def test_the_gateways_own_folder_is_no_document(home: Path) -> None:
    data = home / "data"
    (data / "knowledge/ada").mkdir(parents=True)
    (data / "knowledge/ada/given.txt").write_text("Given.")
    (data / "troupe.log").write_text("people's words")
    ada = character("Ada", {"directory": "."}, file=home / "ada.json")
    assert read(wanted([ada], data)) == ["ferry.md", "given.txt", "one.txt"]


def test_without_a_file_of_her_own_she_has_what_is_put_in_her_folder(tmp_path: Path) -> None:
    shelf = tmp_path / "knowledge/the_ada"
    shelf.mkdir(parents=True)
    (shelf / "one.txt").write_text("One.")
    ada = character("The Ada", {"path": "/etc/hostname"})
    found = wanted([ada], tmp_path)
    assert read(found) == ["one.txt"]
    assert "is not read" in str(found.findings[0])


def test_folders_are_named_after_handles_and_nobody_gets_anothers() -> None:
    odd = character("Odd", username="../../etc")
    shared = character("Shared")
    one, two = character("One", username="same"), character("Two", username="same")
    names = shelf_names([odd, shared, one, two])
    assert names[odd.id] == "_.._etc"
    assert names[shared.id] == f"shared-{shared.id[:8]}"
    assert len({names[one.id], names[two.id]}) == 2


def test_endings_that_are_no_documents_are_counted(home: Path) -> None:
    for number in range(3):
        (home / "books" / f"{number}.png").write_bytes(b"x")
    assert seen(asked(home, {"directory": "books"})).skipped == {".png": 3}
