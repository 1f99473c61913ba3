"""`troupe check` looks at what belongs to characters: their lorebooks and documents."""

from __future__ import annotations

from pathlib import Path

from tests.bots.test_checking_templates import checked


def test_what_of_a_lorebook_has_no_effect_is_told(tmp_path: Path) -> None:
    entries = [
        {"keys": ["/(/"], "content": "Never told."},
        {"keys": ["rex"], "content": "@@instruct_depth 3\nRex is a king of {{realm}}."},
    ]
    told = checked(tmp_path, lorebook={"entries": entries})
    assert {one.severity for one in told} == {"warning"}
    assert all(one.where.endswith("ada.json: lorebook") for one in told)
    said = "\n".join(one.what for one in told)
    for what in ("a key is no valid pattern", "@@instruct_depth", "{{realm}}"):
        assert what in said


def test_documents_that_are_not_there_or_not_hers_are_told(tmp_path: Path) -> None:
    away, missing = checked(tmp_path, knowledge=["A text.", {"path": "/etc/passwd"}, {"path": "x"}])
    assert away.where.endswith("ada.json: knowledge[1]")
    assert away.what.startswith("/etc/passwd lies outside of the character's folders")
    assert (missing.what, missing.severity) == ("x does not exist", "warning")


def test_a_good_book_and_a_text_are_no_matter(tmp_path: Path) -> None:
    book = {"entries": [{"keys": ["rex"], "content": "Rex is a king."}]}
    assert checked(tmp_path, lorebook=book, knowledge=["A text."]) == []
