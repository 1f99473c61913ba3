"""`troupe knowledge`: what is known is told, given and taken away, whether or not a gateway runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from bots.cli import BAD_INPUT, STOPPED, command


@pytest.fixture(autouse=True)
def a_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ada and Bob, in the folder in which the command is given."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "characters"
    (folder / "books").mkdir(parents=True)
    (folder / "books/hers.txt").write_text("She knew this before.")
    for name, knowledge in (("Ada", ["A text.", {"path": "books"}]), ("Bob", [])):
        (folder / f"{name.lower()}.json").write_text(
            json.dumps({"name": name, "bio": "Knows.", "knowledge": knowledge})
        )
    (tmp_path / "ferry.md").write_text("# Ferries\n\nThe ferry leaves at nine.")
    return tmp_path


async def does(*words: str) -> int:
    """Beside the loop, as the command has one of its own."""
    return await asyncio.to_thread(command, ["knowledge", *words])


def lines(capsys: pytest.CaptureFixture[str]) -> Sequence[str]:
    return capsys.readouterr().out.splitlines()


async def test_a_file_is_given_to_a_character_and_taken_away_again(
    a_house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await does("add", "ferry.md", "--character", "ada") == STOPPED
    assert lines(capsys) == ["Ada knows Ferries (1 piece)."]
    assert (a_house / "data/knowledge/ada/ferry.md").exists()
    assert await does("list") == STOPPED
    shown = "\n".join(lines(capsys))
    assert "Ferries" in shown
    assert "A text." in shown
    assert "the character's file" in shown
    assert await does("list", "--character", "Bob") == STOPPED
    assert lines(capsys) == ["No documents are known."]
    assert await does("remove", "ferry.md") == STOPPED
    assert lines(capsys) == ["Ada has forgotten Ferries."]
    assert not (a_house / "data/knowledge/ada/ferry.md").exists()
    assert (a_house / "ferry.md").exists()


async def test_what_all_are_to_know_lies_in_the_shared_folder(
    a_house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await does("add", "ferry.md", "--shared") == STOPPED
    assert lines(capsys) == ["everybody knows Ferries (1 piece)."]
    assert (a_house / "data/knowledge/shared/ferry.md").exists()
    assert await does("add", "ferry.md", "--shared") == STOPPED
    assert lines(capsys) == ["everybody knows Ferries (1 piece)."]


async def test_what_stands_elsewhere_is_not_deleted_there(
    a_house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await does("add", "ferry.md", "--character", "Ada")
    for document in ("A text.", "hers.txt", "nothing"):
        assert await does("remove", document) == BAD_INPUT
    told = capsys.readouterr().err
    assert "stands in the character's file" in told
    assert "hers.txt" in told
    assert "there is no such document" in told
    assert (a_house / "characters/books/hers.txt").exists()


@pytest.mark.parametrize("name", [".env", "picture.png", "missing.txt", "characters"])
async def test_what_is_no_document_is_not_copied(
    name: str, a_house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (a_house / ".env").write_text("SECRET=1")
    (a_house / "picture.png").write_bytes(b"x")
    assert await does("add", name, "--character", "Ada") == BAD_INPUT
    assert name in capsys.readouterr().err
    assert not (a_house / "data").exists()


async def test_a_character_nobody_knows_gets_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await does("add", "ferry.md", "--character", "Eve") == BAD_INPUT
    assert "nobody here is called Eve" in capsys.readouterr().err
